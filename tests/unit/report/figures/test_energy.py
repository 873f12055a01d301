from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from archsim.errors import ConfigError
from archsim.report.figures import energy_by_component, energy_by_op
from archsim.report.figures.bars import MOST_BARS
from archsim.report.figures.look import COMPONENTS, OTHERS
from tests.unit.report.figures.frames import energy, ops, widths


def test_energy_by_op_draws_every_figure_of_the_table():
    ax = energy_by_op(energy(), ops())
    found = widths(ax)
    assert found["adc"] == {"a": 1e-9, "b": 2e-9, "(idle)": 0}
    assert found["dram"] == {"a": 5e-9, "b": 0, "(idle)": 0}
    assert found["buffer"] == pytest.approx({"a": 0, "b": 0, "(idle)": 3e-9})
    assert found["flux"] == {"a": 4e-9, "b": 0, "(idle)": 0}
    assert list(found) == ["adc", "buffer", "dram", "flux"]  # what nobody knows comes last


def test_ops_stand_in_the_order_of_the_network_and_parts_beside_one_another():
    ax = energy_by_op(energy(), ops())
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b", "(idle)"]
    top, bottom = ax.get_ylim()[1], ax.get_ylim()[0]
    assert top < bottom  # the first is on top
    lefts = {parts.get_label(): parts[0].get_x() for parts in ax.containers}
    assert lefts == pytest.approx({"adc": 0, "buffer": 1e-9, "dram": 1e-9, "flux": 6e-9})


def test_a_component_keeps_its_colour():
    ax = energy_by_op(energy(), ops())
    colours = {parts.get_label(): parts[0].get_facecolor() for parts in ax.containers}
    from matplotlib.colors import to_rgba

    assert colours["adc"] == to_rgba(COMPONENTS["adc"].colour)
    assert colours["flux"] == to_rgba(OTHERS.colour)


def test_the_axis_says_the_unit_with_its_prefix():
    ax = energy_by_op(energy(), ops())
    assert ax.get_xlabel() == "energy of the run [nJ]"
    ax.figure.canvas.draw()
    assert "8" in [label.get_text() for label in ax.get_xticklabels()]


def many(sizes) -> tuple[pd.DataFrame, pd.DataFrame]:
    names = [f"op{n}" for n in range(len(sizes))]
    table = pd.DataFrame({"op": names, "component": "adc", "energy_j": sizes})
    return table, pd.DataFrame({"op": names})


def test_the_tail_of_many_ops_is_one_bar_and_nothing_is_lost():
    sizes = np.array([1.0] * 60 + [0.001] * 140)
    found = widths(energy_by_op(*many(sizes)))["adc"]
    assert len(found) == 61
    assert found["140 others"] == pytest.approx(0.14)
    assert sum(found.values()) == pytest.approx(sizes.sum())


def test_ops_that_are_alike_are_all_shown_or_all_grouped():
    sizes = [1.0] * 50 + [0.1] * 20  # ten of the twenty would do for a bar of 1
    assert len(widths(energy_by_op(*many(sizes)))["adc"]) == 70


def test_few_ops_are_all_shown_however_little_they_take():
    assert "2 others" not in widths(energy_by_op(*many([1.0, 1e-9, 1e-9])))["adc"]


def test_so_many_ops_that_no_figure_could_hold_them_are_cut_to_what_it_can():
    sizes = np.ones(1000)
    found = widths(energy_by_op(*many(sizes)))["adc"]
    assert len(found) == MOST_BARS + 1
    assert sum(found.values()) == pytest.approx(1000)


def components() -> pd.DataFrame:
    rows = [("laser", 0.0, 2e-6), ("adc", 5e-6, 1e-6), ("array", 0.0, 0.0), ("dac", 1e-9, 0.0)]
    table = pd.DataFrame(rows, columns=["component", "dynamic_j", "static_j"])
    return table.assign(energy_j=table.dynamic_j + table.static_j)


def test_energy_by_component_draws_both_kinds_largest_first():
    ax = energy_by_component(components())
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["adc", "laser", "dac", "array"]
    dynamic, static = ax.containers
    assert [bar.get_width() for bar in dynamic] == [5e-6, 0, 1e-9, 0]
    assert [bar.get_width() for bar in static] == pytest.approx([1e-6, 2e-6, 0, 0])
    assert [bar.get_x() for bar in static] == [5e-6, 0, 1e-9, 0]
    told = [text.get_text().strip() for text in ax.texts]
    assert told == ["6 µJ, 75.0%", "2 µJ, 25.0%", "1 nJ, <0.1%", "0 J, 0.0%"]
    assert ax.get_xlabel() == "energy of the run [µJ]"


def test_a_run_without_energy_is_drawn_too():
    nothing = components().assign(dynamic_j=0.0, static_j=0.0, energy_j=0.0)
    assert len(energy_by_component(nothing).containers) == 2


def test_other_tables_are_refused():
    with pytest.raises(ConfigError, match=r"found no column component, energy_j among op"):
        energy_by_op(ops()[["op"]], ops())
    with pytest.raises(ConfigError, match="found no energy; expected one at least"):
        energy_by_op(energy().iloc[:0], ops())
    with pytest.raises(ConfigError, match="found no components; expected one at least"):
        energy_by_component(components().iloc[:0])
