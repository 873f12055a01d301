"""Tables of a run made up by hand: three ops, one of which rides on another."""

from __future__ import annotations

import pandas as pd

HOSTILE = (
    "<script>alert(1)</script>",
    "\"quoted' \\name",
    "$x_1$ and $\\frac",
    "\N{PILE OF POO}\N{CJK UNIFIED IDEOGRAPH-5C42}\N{COMBINING ACUTE ACCENT}",
    "line\nbreak\ttab\r",
    "right\u202eto left\u2066",
    "_hidden",
    "book " * 2000,
    "",
)
"""Names that figures have to show as text."""


def ops(names=("a", "r", "b")) -> pd.DataFrame:
    a, r, b = names
    return pd.DataFrame(
        {
            "op": ["(input)", a, r, b],
            "place": ["dram", "array", a, "array"],
            "duration_s": [1e-6, 4e-6, 3e-6, 2e-6],
            "bound_by": ["DRAM", "array", f"with {a}", "buffer fill port"],
            "macs": [0, 8000, 0, 2000],
            "input_slices": [1, 1, 1, 2],
            "weight_slices": [1, 1, 1, 3],
        }
    )


def energy(names=("a", "b")) -> pd.DataFrame:
    a, b = names
    rows = [
        (b, "adc", 2e-9),
        (a, "dram", 5e-9),
        (a, "adc", 1e-9),
        (a, "flux", 4e-9),
        ("(idle)", "buffer", 3e-9),
    ]
    return pd.DataFrame(rows, columns=["op", "component", "energy_j"])


def actions(names=("a", "b")) -> pd.DataFrame:
    a, b = names
    rows = [
        (a, "dram.read_bit", 300),
        (f"{a} (weights)", "dram.read_bit", 500),
        (a, "dram.write_bit", 800),
        (a, "buffer.read_bit", 640),
        (a, "buffer.write_bit", 999),
        (b, "buffer.read_bit", 1600),
        (b, "adc.convert", 7),
    ]
    return pd.DataFrame(rows, columns=["op", "action", "count"])


def precision(names=("a", "b", "c")) -> pd.DataFrame:
    adc_bits = pd.array([8, 6, None], dtype="Int64")
    return pd.DataFrame({"op": names, "noise_bits": [3.5, None, 5.0], "adc_bits": adc_bits})


def counts(plans=("even", "by channel"), ops=("a", "b")) -> pd.DataFrame:
    (even, channel), (a, b) = plans, ops
    rows = [
        (even, a, 4.0, 30),
        (even, b, 4.0, 10),
        *((channel, a, count, 30) for count in (1.0, 2.0, 3.0, 6.0)),
        (channel, b, 7.0, 10),
    ]
    return pd.DataFrame(rows, columns=["plan", "op", "repetitions", "macs"])


def judged(runs=("one", "two")) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "run": runs,
            "energy_per_mac_j": [1e-12, 3e-12],
            "metric": "top1",
            "unit": "%",
            "accuracy": [90.0, 95.0],
            "quantised": 97.0,
            "examples_low": [88.0, 94.0],
            "examples_high": [91.0, 96.5],
            "seeds_low": [89.5, None],
            "seeds_high": [90.5, None],
        }
    )


def widths(ax) -> dict[str, dict[str, float]]:
    """Return the length of each part of each bar, by the names that the figure shows."""
    names = [label.get_text() for label in ax.get_yticklabels()]
    return {
        parts.get_label(): dict(zip(names, (bar.get_width() for bar in parts), strict=True))
        for parts in ax.containers
    }
