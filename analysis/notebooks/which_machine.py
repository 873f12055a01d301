# %% [markdown]
# # Which machine for which network?
#
# Five machines, three networks, one input at 8 bits: energy, time, and how much of the energy is
# light. None of the photonic machines spends most of its energy on light. `dota_b` has converters
# of 4 bits, so it does every product in slices here.

# %%
import os

import pandas as pd

import archsim

pd.set_option("display.float_format", "{:.4g}".format)
machines = ["homodyne", "ring_bank", "crossbar", "dota_b", "digital_int8"]
networks = ["resnet50", "mobilenet_v2", "bert_base"]
if "ARCHSIM_FAST" in os.environ:
    networks = ["resnet20_cifar10"]


# %%
def row(machine, network):
    """Run one of them, or say why it cannot be."""
    try:
        report = archsim.simulate(machine, network)
    except archsim.MappingError as refused:
        return {"refused": str(refused).splitlines()[0]}
    return {
        "energy_per_input_j": report.energy_per_input_j,
        "latency_s": report.latency_s,
        "area_m2": report.area_m2,
        "optical share": report.energy_by_component_j.get("laser", 0.0) / report.energy_j,
        "largest": max(report.energy_by_component_j, key=report.energy_by_component_j.get),
    }


runs = pd.DataFrame([{"network": n, "machine": m} | row(m, n) for n in networks for m in machines])
runs

# %% [markdown]
# The same relative to the digital machine. The machines differ in area and in their sources, and
# are designs rather than products; read `sources` in their files before you quote this.

# %%
digital = runs[runs.machine == "digital_int8"].set_index("network")
for column in ("energy_per_input_j", "latency_s"):
    runs[f"{column} / digital"] = runs[column] / runs.network.map(digital[column])
runs.pivot_table(
    index="machine",
    columns="network",
    values=["energy_per_input_j / digital", "latency_s / digital", "optical share"],
)
