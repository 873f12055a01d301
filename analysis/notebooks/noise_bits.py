# %% [markdown]
# # Noise bits against digital bits
#
# A converter of 8 bits does not make a result of 8 bits. What noise leaves of a product is a number
# of *noise bits*: those of a quantiser over the product's range that is as noisy. Repeating a
# product four times buys one of them, as noise falls with the square root of K.

# %%
# %matplotlib inline
import os

import pandas as pd

import archsim
from archsim.functional import measure_precision
from archsim.report import figures
from archsim.report.precision import precision_rows

task = archsim.load_task("digits_cnn")
machine = archsim.load_hardware("homodyne")
counts = (1, 4) if "ARCHSIM_FAST" in os.environ else (1, 4, 16, 64)
found = {k: measure_precision(task, machine, k) for k in counts}

# %%
rows = pd.DataFrame([{"op": op.op, "K": k, "noise bits": op.noise_bits, "ADC bits": op.adc_bits}
                     for k, precision in found.items() for op in precision.ops])  # fmt: skip
bits = rows.pivot_table(index="op", columns="K", values="noise bits", sort=False)
bits.round(2)

# %% [markdown]
# Each step of four in K adds a bit, until what repetition cannot average away is left: errors that
# do not change from pass to pass, and the converter's own, which averaging in the analog domain
# meets once.

# %%
bits.diff(axis=1).iloc[:, 1:].round(2)

# %%
last = found[counts[-1]]
frame = pd.DataFrame(precision_rows(last))
ax = figures.noise_bits(frame)
ax.set_title(f"K = {counts[-1]}: fewer bits than the converter has")
ax.figure
