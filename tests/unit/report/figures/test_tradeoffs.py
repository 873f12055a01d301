from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from archsim.errors import ConfigError
from archsim.report.figures import accuracy, on_front, pareto
from tests.unit.report.figures.frames import judged

POINTS = pd.DataFrame(
    {
        "latency_s": [1e-6, 2e-6, 3e-6, 3e-6, 1e-6],
        "energy_j": [5e-9, 2e-9, 1e-9, 4e-9, 5e-9],
    }
)


def test_accuracy_shows_each_run_with_both_intervals():
    ax = accuracy(judged())
    dots = [line for line in ax.lines if line.get_marker() in {"o", "s"}]
    assert [(d.get_xdata()[0], d.get_ydata()[0]) for d in dots] == [(1e-12, 90), (3e-12, 95)]
    bars = [each for lines in ax.collections for each in lines.get_segments()]
    ends = [np.asarray(bar)[:, 1].tolist() for bar in bars if np.ndim(bar) > 1]
    assert ends[:3] == [[88, 91], [89.5, 90.5], [94, 96.5]]
    assert not np.isfinite(ends[3:]).any()  # the second had one trial
    dotted = [line.get_ydata()[0] for line in ax.lines if line.get_linestyle() == ":"]
    assert dotted == [97]
    assert ax.get_xlabel() == "energy of the machine per MAC [pJ]"
    assert ax.get_ylabel() == "top1 [%]"


def test_runs_of_different_metrics_are_refused():
    with pytest.raises(ConfigError, match=r"found the metrics top1, f1; expected one"):
        accuracy(judged().assign(metric=["top1", "f1"]))


def brute(points, signs):
    """Whether no other row is as good in both figures and better in one."""
    values = points.to_numpy() * signs
    return [
        not any((other <= row).all() and (other < row).any() for other in values) for row in values
    ]


@pytest.mark.parametrize(("x_best", "x_sign"), [("min", 1), ("max", -1)])
@pytest.mark.parametrize(("y_best", "y_sign"), [("min", 1), ("max", -1)])
def test_the_front_is_what_nothing_beats(x_best, x_sign, y_best, y_sign):
    points = pd.DataFrame(np.random.default_rng(3).integers(0, 9, (60, 2)), columns=["x", "y"])
    found = on_front(points, "x", "y", x_best=x_best, y_best=y_best)
    assert found.tolist() == brute(points, np.array([x_sign, y_sign]))


def test_pareto_draws_the_front_as_a_staircase_and_fades_the_rest():
    ax = pareto(POINTS, "latency_s", "energy_j")
    [faded], [front] = ax.collections, ax.lines
    np.testing.assert_array_equal(faded.get_offsets(), [[3e-6, 4e-9]])
    assert faded.get_alpha() < 1
    assert list(front.get_xdata()) == [1e-6, 1e-6, 2e-6, 3e-6]
    assert list(front.get_ydata()) == [5e-9, 5e-9, 2e-9, 1e-9]
    assert front.get_drawstyle() == "steps-post"
    assert ax.get_xlabel() == "latency [µs]\n(less is better)"
    assert ax.get_ylabel() == "energy [nJ]\n(less is better)"


def test_figures_far_apart_get_a_logarithmic_axis():
    wide = POINTS.assign(area_m2=[1e-9, 1e-8, 1e-7, 1e-6, 1e-5])
    ax = pareto(wide, "latency_s", "area_m2", y_best="max")
    assert (ax.get_xscale(), ax.get_yscale()) == ("linear", "log")
    assert ax.get_ylabel() == "area [m²]\n(more is better)"


def test_designs_without_figures_are_refused():
    failed = POINTS.assign(energy_j=[1.0, None, np.inf, "x", 2.0])
    with pytest.raises(ConfigError, match=r"found 3 designs without a finite latency_s and energ"):
        pareto(failed, "latency_s", "energy_j")
    with pytest.raises(ConfigError, match="latency_s: found 'least'; expected min or max"):
        pareto(POINTS, "latency_s", "energy_j", x_best="least")
    with pytest.raises(ConfigError, match="found no column edp among latency_s, energy_j"):
        pareto(POINTS, "latency_s", "edp")
    with pytest.raises(ConfigError, match="found no designs"):
        pareto(POINTS.iloc[:0], "latency_s", "energy_j")
