# %% [markdown]
# # A first look: where the energy of ResNet-50 goes on a photonic machine
#
# One call runs a network on a machine; what comes back is a report of data frames. This one says
# that light is cheap: memory and the converters that drive the array take most of the energy.

# %%
# %matplotlib inline
import os

import pandas as pd

import archsim
from archsim.report import figures

network = "resnet20_cifar10" if "ARCHSIM_FAST" in os.environ else "resnet50"
report = archsim.simulate("homodyne", network)
pd.set_option("display.float_format", "{:.4g}".format)
headline = ("latency_s", "throughput_per_s", "energy_j", "power_w", "area_m2", "utilization")
pd.Series({name: getattr(report, name) for name in headline})

# %% [markdown]
# Energy by component. The laser's part is what the light itself costs at the wall plug.

# %%
light = report.energy_by_component_j["laser"] / report.energy_j
ax = figures.energy_by_component(report.components)
ax.set_title(f"Light is {light:.1%} of the energy")
ax.figure

# %% [markdown]
# The ops that take longest, and the kind of unit that bounds each of them.

# %%
own = report.ops[~report.ops.bound_by.str.startswith("with ")]  # others ride along with these
longest = own.nlargest(5, "duration_s")
longest[["op", "kind", "bound_by", "duration_s", "stall_s", "energy_j", "utilization"]]

# %%
own.groupby("bound_by").duration_s.sum().div(own.duration_s.sum()).sort_values()

# %% [markdown]
# Twice the bandwidth of DRAM: is it worth it? A machine is a file, and any value of it can be set.

# %%
machine = archsim.load_hardware("homodyne", ["dram.bandwidth=512 GB/s"])
wider = archsim.simulate(machine, network)
{"latency": wider.latency_s / report.latency_s, "energy": wider.energy_j / report.energy_j}
