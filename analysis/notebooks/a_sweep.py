# %% [markdown]
# # A sweep, and its front
#
# A sweep file says what varies; each point is timed, and evaluated where accuracy is asked. The
# front is what no other point beats in all objectives. Here more light and more repetitions buy the
# same accuracy, and light is the cheaper of the two.

# %%
# %matplotlib inline
import os
import tempfile
from pathlib import Path

import pandas as pd

import archsim
from archsim.report import figures

text = """
format: 1
hardware: homodyne
workload: digits_cnn
vary:
  tiles.laser.power: {from: 1 mW, to: 100 mW, points: 5, scale: log}
  dram.bandwidth: [128 GB/s, 256 GB/s]
  repetitions: [1, 2, 4, 8]
objectives: {energy_j: min, accuracy: max}
accuracy: {trials: 3, limit: 200}
"""
if "ARCHSIM_FAST" in os.environ:
    text = text.replace("points: 5", "points: 2").replace("[1, 2, 4, 8]", "[1, 4]")

# %%
folder = Path(tempfile.mkdtemp())
(folder / "sweep.yaml").write_text(text)
archsim.run_sweep(folder / "sweep.yaml", folder / "results")
points = archsim.load_sweep(folder / "results")

# %%
pd.set_option("display.float_format", "{:.4g}".format)
varied = ["tiles.laser.power_w", "dram.bandwidth_byte_per_s", "repetitions"]
points[[*varied, "energy_j", "latency_s", "accuracy"]].sort_values("energy_j").head(10)

# %%
figures.pareto(points, "energy_j", "accuracy", y_best="max").figure
