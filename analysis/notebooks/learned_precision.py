# %% [markdown]
# # Learned precision: energy where it matters
#
# Layers differ in the precision that they need. The same mean energy per MAC, shared out by
# learning, loses less accuracy than the same count everywhere; or the same accuracy is cheaper.

# %%
# %matplotlib inline
import os

import pandas as pd

import archsim
from archsim.functional.learning import Aim, Rules, learn
from archsim.report import figures

fast = "ARCHSIM_FAST" in os.environ
task = archsim.load_task("digits_cnn")
machine = archsim.load_hardware("homodyne")
rules = Rules(steps=60 if fast else 600)
plans = {
    granularity: learn(
        task, machine, Aim(granularity, target=4), rules=rules, trials=2 if fast else 16
    )
    for granularity in ("op", "channel")
}

# %%
uniform = plans["op"].uniform
rows = [("uniform", uniform.repetitions, uniform.noisy, uniform.drop)]
rows += [(name, plan.repetitions, plan.noisy, plan.drop) for name, plan in plans.items()]
pd.DataFrame(
    [(name, k, noisy.value, drop.value, drop.over_examples.low, drop.over_examples.high)
     for name, k, noisy, drop in rows],
    columns=["counts", "mean K", "accuracy", "drop", "drop, low", "drop, high"],
).round(2)  # fmt: skip

# %% [markdown]
# Repetitions of each layer, which are energy per MAC in units of the base pass, as the paper draws
# it (S. Garg et al., IEEE JSTQE 29(2), 2023).

# %%
ops = archsim.simulate(machine, "digits_cnn").ops
named = {"uniform": uniform.plan} | {name: plan.plan for name, plan in plans.items()}
counts = pd.concat(figures.plan_counts(name, plan.counts, ops) for name, plan in named.items())
figures.repetitions(counts).figure

# %% [markdown]
# The paper reports up to 89 % less energy than uniform counts for ResNet50 on ImageNet, and 24 %
# for BERT on MNLI. `analysis/README.md` holds what was measured here, on other networks and data:
# the least mean count at 2 points of drop, with intervals.
