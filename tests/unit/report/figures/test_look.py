from __future__ import annotations

import sys
from itertools import combinations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from archsim.errors import ConfigError
from archsim.report.figures import (
    accuracy,
    check,
    energy_by_component,
    energy_by_op,
    noise_bits,
    pareto,
    repetitions,
    roofline,
    roofline_points,
    save,
    time_by_op,
    utilization,
)
from archsim.report.figures.look import BOUNDS, COMPONENTS, OTHERS, SERIES
from archsim.report.figures.names import LONGEST, shown
from archsim.report.figures.scales import Quantity, linear, logarithmic
from tests.unit.report.figures import frames
from tests.unit.report.figures.frames import HOSTILE
from tests.unit.report.figures.test_energy import components
from tests.unit.report.figures.test_time import ACTIVITY, UNITS

VISION = {
    "normal": np.eye(3),
    "no red": [[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.0520]],
    "no green": [[0.3673, 0.8606, -0.2280], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.9689]],
    "no blue": [[1.2555, -0.0767, -0.1788], [-0.0784, 0.9308, 0.1476], [0.0047, 0.6914, 0.3039]],
}
"""What is seen of linear light: Machado et al., IEEE TVCG 15, 1291 (2009), severity 1."""


def lab(colour, seen):
    """Return a colour as it is seen, in CIELAB, where distances are those of perception."""
    light = np.array(to_rgb(colour))
    light = np.where(light <= 0.04045, light / 12.92, ((light + 0.055) / 1.055) ** 2.4)
    light = np.clip(np.array(seen) @ light, 0, 1)
    to_xyz = [[0.4125, 0.3576, 0.1804], [0.2127, 0.7152, 0.0722], [0.0193, 0.1192, 0.9503]]
    ratio = np.array(to_xyz) @ light / np.array([0.9505, 1, 1.0888])
    cubic = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio * 841 / 108 + 4 / 29)
    return np.array([
        116 * cubic[1] - 16, 500 * (cubic[0] - cubic[1]), 200 * (cubic[1] - cubic[2])
    ])  # fmt: skip


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("palette", ["components", "series"])
def test_colours_differ_for_every_kind_of_colour_vision(vision, palette):
    fills = [*COMPONENTS.values(), OTHERS]
    colours = [fill.colour for fill in fills] if palette == "components" else SERIES
    seen = [lab(colour, VISION[vision]) for colour in colours]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 10


def test_what_shares_a_colour_differs_in_pattern():
    fills = list(BOUNDS.values())
    assert len({(fill.colour, fill.hatch) for fill in fills}) == len(fills)


def draw_all(names):
    """Return every figure, with names where they can be."""
    one, two, three = names
    bounds = [("arrays", 1e12, None), ("DRAM", None, 1e9), ("buffer", None, 1e10)]
    roofs = pd.DataFrame(bounds, columns=["roof", "macs_per_s", "byte_per_s"])
    ops = frames.ops(names)
    points = roofline_points(ops, frames.actions((one, three)), 1)
    if points.empty:
        points = roofline_points(frames.ops(), frames.actions(), 1).assign(op=one)
    own = components().assign(component=["laser", one, two, three])
    rename = dict(zip(UNITS.unit, (one, two), strict=True))
    units = UNITS.assign(unit=list(rename.values()))
    busy = ACTIVITY.assign(unit=ACTIVITY.unit.map(rename))
    runs = frames.judged((one, two)).assign(metric=three, unit="")
    return {
        "energy-by-op": energy_by_op(
            frames.energy((one, three)).replace({"flux": two}), frames.ops(names)
        ),
        "energy-by-component": energy_by_component(own),
        "time-by-op": time_by_op(ops),
        "utilization": utilization(busy, units),
        "roofline": roofline(points, roofs),
        "noise-bits": noise_bits(frames.precision(names)),
        "repetitions": repetitions(frames.counts((one, two), (two, three))),
        "accuracy": accuracy(runs),
        "pareto": pareto(pd.DataFrame({one: [1.0, 2.0], two: [2.0, 1.0]}), one, two),
    }


def texts(ax):
    found = [*ax.texts, *ax.get_xticklabels(), *ax.get_yticklabels(), ax.title]
    found += [ax.xaxis.label, ax.yaxis.label]
    legend = ax.get_legend()
    return found + (legend.get_texts() if legend else [])


def refuse_bad_picture(ax, path):
    """Draw it, warnings such as of glyphs being errors: it shows something and cuts nothing off."""
    ax.figure.savefig(path, dpi=60)
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("L"))
    assert 0.01 < (pixels < 250).mean() < 0.9
    for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert (edge == 255).all()


@pytest.mark.parametrize("names", [HOSTILE[:3], HOSTILE[3:6], HOSTILE[6:]])
def test_any_name_is_drawn_as_text_and_nothing_is_cut_off(names, tmp_path):
    figures = draw_all(names)
    for ax in figures.values():
        assert not any(text.get_parse_math() for text in texts(ax) if "$" in text.get_text())
        assert all(len(text.get_text()) < 120 for text in texts(ax))
        refuse_bad_picture(ax, tmp_path / "figure.png")
    save(figures["time-by-op"], tmp_path / "figure.svg")
    ticks = [label.get_text() for label in figures["energy-by-op"].get_yticklabels()]
    assert ticks[:2] == [shown(names[0]), shown(names[2])]


def test_a_name_is_shown_as_it_is_where_it_can_be():
    assert shown("layer1.0.conv2") == "layer1.0.conv2"
    assert shown("µ-Ωhm × ‖x‖ Привет") == "µ-Ωhm × ‖x‖ Привет"
    assert shown("$x_1$ <b>") == "$x_1$ <b>"


def test_what_cannot_be_seen_or_has_no_glyph_is_spelled_out():
    assert shown("a\nb\u202ec") == r"a\nb\u202ec"
    assert shown("\u5c42 \N{PILE OF POO}") == r"\u5c42 \U0001f4a9"
    assert shown("\ud800") == r"\ud800"


def test_of_a_long_name_the_middle_is_left_out():
    assert shown("a" * 100 + "b" * 100, 11) == "aaaaa…bbbbb"
    assert len(shown("book " * 2000)) == LONGEST
    assert shown("x" * LONGEST) == "x" * LONGEST
    assert shown("\u5c42" * 200, 20) == r"\u5c42…\u5c42"  # an escape is shown whole or not at all


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_the_same_figure_gives_the_same_file_whatever_a_user_has_set(ending, tmp_path):
    def content():
        ax = time_by_op(frames.ops())  # has patterns, which have names in SVG and PDF
        path = tmp_path / f"figure.{ending}"
        save(ax, path)
        return path.read_bytes()

    first = content()
    with mpl.rc_context({"font.size": 30, "lines.linewidth": 9, "svg.hashsalt": "other"}):
        assert content() == first


def test_drawing_leaves_settings_and_open_figures_alone():
    before = dict(mpl.rcParams)
    noise_bits(frames.precision())
    assert dict(mpl.rcParams) == before
    assert (
        "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
    )


def test_a_saved_picture_has_the_size_of_its_figure(tmp_path):
    ax = noise_bits(frames.precision())
    save(ax, tmp_path / "figure.png")
    with Image.open(tmp_path / "figure.png") as picture:
        assert picture.size == pytest.approx(ax.figure.get_size_inches() * 200, abs=1)


def test_a_figure_can_be_drawn_on_axes_of_ones_own(tmp_path):
    left, right = Figure(figsize=(12, 4), layout="constrained").subplots(1, 2)
    assert energy_by_op(frames.energy(), frames.ops(), left) is left
    assert noise_bits(frames.precision(), right) is right
    save(left, tmp_path / "both.png")


def test_only_earlier_figures_are_replaced(tmp_path):
    ax = noise_bits(frames.precision())
    for ending in ("png", "svg", "pdf"):
        path = tmp_path / f"figure.{ending}"
        save(ax, path)
        check(path)
        path.write_bytes(path.read_bytes().replace(b"archsim figure", b"somebody else's"))
        with pytest.raises(ConfigError, match="found something that is no figure of archsim's"):
            save(ax, path)
        path.unlink()
        path.symlink_to("nowhere")
        with pytest.raises(ConfigError, match="choose another name with -o, so that nothing is"):
            save(ax, path)


def test_places_where_no_figure_can_go_are_refused(tmp_path):
    ax = noise_bits(frames.precision())
    with pytest.raises(ConfigError, match=r"found the extension '.pgn'; expected .png, .svg, .pdf"):
        save(ax, tmp_path / "a.pgn")
    with pytest.raises(ConfigError, match=r"found no folder .*; expected one to write to"):
        save(ax, tmp_path / "none/a.png")


@pytest.mark.parametrize(
    ("largest", "unit", "label", "tick"),
    [
        (3e-6, "J", "x [µJ]", "3"),
        (3e-7, "s", "x [ns]", "300"),
        (2.5, "bit", "x [bit]", "2.5"),
        (4e-6, "m²", "x [mm²]", "4"),
        (4e-9, "m²", "x [µm²]", "4000"),
        (5e4, "1/s", "x [10^3/s]", "50"),
        (2000, "", "x", "2000"),
        (0.0, "J", "x [J]", "0"),
    ],
)
def test_linear_axes_have_engineering_prefixes(largest, unit, label, tick):
    ax = Figure().add_subplot()
    ax.set_xlim(0 if largest else -1e-9, largest)
    linear(ax, "x", Quantity("x", unit))
    found = ax.xaxis.get_major_formatter()(largest, 0)
    if largest:
        assert ax.get_xlabel() == label
        assert found == tick


def test_logarithmic_axes_write_whole_figures():
    ax = Figure().add_subplot()
    ax.set_ylim(1e-15, 1e-9)
    logarithmic(ax, "y", Quantity("energy", "J"))
    write = ax.yaxis.get_major_formatter()
    assert [write(value, 0) for value in (1e-15, 1e-10, 1e-6)] == ["1 fJ", "100 pJ", "1 µJ"]
    ax.set_xlim(1.5, 40)
    logarithmic(ax, "x", Quantity("repetitions"))
    assert list(ax.get_xticks()) == [2, 5, 10, 20]


@pytest.mark.parametrize(
    ("column", "name", "unit"),
    [
        ("energy_per_input_j", "energy per input", "J"),
        ("throughput_per_s", "throughput", "1/s"),
        ("area_m2", "area", "m²"),
        ("top1", "top1", ""),
        ("adc_bits", "adc", "bit"),
    ],
)
def test_a_columns_ending_is_its_unit(column, name, unit):
    assert Quantity.of_column(column) == Quantity(name, unit)
