# %% [markdown]
# # Learned precision: light where it matters
#
# Under shot noise, repetitions are photons. Layers differ in how many they need: the same mean
# light for a multiply-accumulate, shared out by learning, loses less accuracy than the same count
# everywhere.

# %%
# %matplotlib inline
import os

import pandas as pd

import archsim
from archsim.functional import Settings
from archsim.functional.learning import Aim, Rules, learn
from archsim.hardware.light import optical_energy_per_mac_j
from archsim.report import figures

fast = "ARCHSIM_FAST" in os.environ
task = archsim.load_task("digits_cnn")
machine = archsim.load_hardware("homodyne", ["tiles.detector.photons_per_mac=1"])
shot_alone = Settings(sources=("detector.shot",), adc="ideal")
plans = {
    granularity: learn(
        task, machine, Aim(granularity, target=8),
        rules=Rules(steps=60 if fast else 600), trials=2 if fast else 16, settings=shot_alone,
    )
    for granularity in ("op", "channel")
}  # fmt: skip

# %%
uniform = plans["op"].uniform
photon_j = optical_energy_per_mac_j(machine)
rows = [("uniform", uniform.repetitions, uniform.noisy, uniform.drop)]
rows += [(name, plan.repetitions, plan.noisy, plan.drop) for name, plan in plans.items()]
pd.DataFrame(
    [(name, k, k * photon_j * 1e18, noisy.value, drop.value, drop.over_examples.low,
      drop.over_examples.high) for name, k, noisy, drop in rows],
    columns=["counts", "photons/MAC", "aJ/MAC", "accuracy", "drop", "drop, low", "drop, high"],
).round(2)  # fmt: skip

# %% [markdown]
# Energy per MAC of each layer, as the paper draws it (S. Garg et al., IEEE JSTQE 29(2), 2023); bars
# span an op's channels.

# %%
ops = archsim.simulate(machine, "digits_cnn").ops
named = {"uniform": uniform.plan} | {name: plan.plan for name, plan in plans.items()}
counts = pd.concat(figures.plan_counts(name, plan.counts, ops) for name, plan in named.items())
figures.repetitions(counts, one_j=photon_j).figure

# %% [markdown]
# The paper reports 2.7 aJ/MAC for ResNet50 on ImageNet, up to 89 % below uniform counts, and 1.6 aJ
# for BERT on MNLI, 24 % below. `analysis/README.md` holds what was measured here, on other networks
# and data: the least mean light at 2 points of drop, with intervals.
