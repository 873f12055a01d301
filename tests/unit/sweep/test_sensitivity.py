from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from SALib.sample import morris, sobol

from archsim.errors import ConfigError
from archsim.sweep.samples import Samples
from archsim.sweep.sensitivity import of_design, of_points

A, B = 7.0, 0.1


def ishigami(shares):
    x = np.pi * (2 * shares - 1)
    return np.sin(x[:, 0]) + A * np.sin(x[:, 1]) ** 2 + B * x[:, 2] ** 4 * np.sin(x[:, 0])


def closed_form():
    """First-order and total indices of the Ishigami function (Ishigami and Homma 1990)."""
    alone = (1 + B * np.pi**4 / 5) ** 2 / 2, A**2 / 8, 0.0
    together = B**2 * np.pi**8 * (1 / 18 - 1 / 50)
    whole = sum(alone) + together
    first = [v / whole for v in alone]
    total = [(alone[0] + together) / whole, alone[1] / whole, together / whole]
    return first, total


def problem(axes):
    return {"num_vars": axes, "names": list("abcdef")[:axes], "bounds": [[0, 1]] * axes}


def saltelli(axes, count):
    return sobol.sample(problem(axes), count, calc_second_order=False, seed=0)


def table(values, **columns):
    frame = pd.DataFrame({"point": range(len(values)), "status": "done", "error": "", "y": values})
    return frame.assign(**columns)


def of_saltelli(shares, frame, points=None):
    names = tuple("abcdef")[: shares.shape[1]]
    points = np.arange(len(shares)) if points is None else points
    return of_design(frame, Samples("saltelli", names, shares, points), ["y"])


def column(found, name):
    return [row[name] for row in found.rows]


def test_the_closed_form_is_the_published_one():
    first, total = closed_form()
    assert first == pytest.approx([0.3139, 0.4424, 0], abs=5e-5)
    assert total == pytest.approx([0.5576, 0.4424, 0.2437], abs=5e-5)


def test_sobol_indices_agree_with_the_closed_form_of_the_ishigami_function():
    shares = saltelli(3, 4096)
    found = of_saltelli(shares, table(ishigami(shares)))
    first, total = closed_form()
    assert (found.method, found.points, found.samples) == ("sobol", 4096 * 5, 4096 * 5)
    assert column(found, "first") == pytest.approx(first, abs=0.01)
    assert column(found, "total") == pytest.approx(total, abs=0.01)


def test_intervals_hold_the_closed_form_and_shrink_with_the_root_of_the_samples():
    widths = []
    for count in (256, 4096):
        shares = saltelli(3, count)
        found = of_saltelli(shares, table(ishigami(shares)))
        for each, half, true in zip(
            column(found, "total"), column(found, "total_95"), closed_form()[1], strict=True
        ):
            assert abs(each - true) < half
        widths.append(np.mean(column(found, "total_95")))
    assert widths[0] / widths[1] == pytest.approx(4, rel=0.3)


def test_the_same_results_give_the_same_indices():
    shares = saltelli(3, 64)
    assert of_saltelli(shares, table(ishigami(shares))) == of_saltelli(
        shares, table(ishigami(shares))
    )


def test_samples_that_are_one_point_count_as_often_as_they_are():
    shares = saltelli(2, 512)
    steps = (shares * 3).astype(int)  # axes of three values: most samples are equal
    values = 2.0 * steps[:, 0] + steps[:, 1]
    _, kept, points = np.unique(steps, axis=0, return_index=True, return_inverse=True)
    frame = table(values).iloc[sorted(kept)]
    found = of_saltelli(shares, frame, kept[points.reshape(-1)])
    assert (found.points, found.samples) == (9, 2048)
    assert found.rows == of_saltelli(shares, table(values)).rows
    assert column(found, "total") == pytest.approx([0.8, 0.2], abs=0.03)


def test_elementary_effects_of_a_straight_line_are_its_slopes():
    shares = morris.sample(problem(3), 8, num_levels=4, seed=0)
    values = 3e-9 * shares[:, 0] - 2e-9 * shares[:, 1] + 1
    samples = Samples("morris", ("a", "b", "c"), shares, np.arange(len(shares)))
    found = of_design(table(values), samples, ["y"])
    assert found.method == "morris"
    assert column(found, "mu_star") == pytest.approx([3e-9, 2e-9, 0], rel=1e-6, abs=1e-15)
    assert column(found, "mu") == pytest.approx([3e-9, -2e-9, 0], rel=1e-6, abs=1e-15)
    assert column(found, "sigma") == pytest.approx([0, 0, 0], abs=1e-15)


def test_elementary_effects_of_a_product_differ_from_place_to_place():
    shares = morris.sample(problem(2), 1000, num_levels=4, seed=0)
    samples = Samples("morris", ("a", "b"), shares, np.arange(len(shares)))
    found = of_design(table(shares[:, 0] * shares[:, 1]), samples, ["y"])
    # the effect of the one is the other's place, 0, 1/3, 2/3 or 1 alike
    assert column(found, "mu_star") == pytest.approx([0.5, 0.5], abs=0.04)
    assert column(found, "sigma") == pytest.approx([np.sqrt(5) / 6] * 2, abs=0.03)


def test_a_design_that_lacks_points_is_refused():
    shares = saltelli(2, 8)
    with pytest.raises(ConfigError, match=r"points: found 30 of 32 finished; expected all, .* run"):
        of_saltelli(shares, table(shares[:, 0]).iloc[2:])


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        ("outside", "take the limits away that exclude some"),
        ("invalid", "narrow the ranges of vary to what can be"),
        ("timeout", "run the sweep again with --retry, or with a longer --timeout"),
    ],
)
def test_a_design_with_points_that_did_not_run_is_refused_and_never_filled_in(status, remedy):
    shares = saltelli(2, 8)
    frame = table(shares[:, 0])
    frame.loc[[3, 5], "status"] = status
    frame.loc[[3, 5], "error"] = "tiles.rows: found\n" + "0" * 10_000
    with pytest.raises(ConfigError) as refused:
        of_saltelli(shares, frame)
    text = str(refused.value)
    assert text.startswith(f'points: of 32 found 2 {status} ("tiles.rows: found 000')
    assert text.endswith(remedy)
    assert len(text) < 500
    assert "\n" not in text


def test_a_figure_that_points_lack_is_refused():
    shares = saltelli(2, 8)
    values = shares[:, 0].copy()
    values[3] = np.nan
    with pytest.raises(ConfigError, match="figures: y: found none at 1 points; expected a num"):
        of_saltelli(shares, table(values))


def test_a_figure_that_never_moves_is_told_and_alone_refused():
    shares = saltelli(2, 8)
    samples = Samples("saltelli", ("a", "b"), shares, np.arange(len(shares)))
    frame = table(shares[:, 0], flat=1.0)
    found = of_design(frame, samples, ["flat", "y"])
    assert found.notes == ("flat has one value at all points: nothing that varies matters",)
    assert {row["figure"] for row in found.rows} == {"y"}
    with pytest.raises(ConfigError, match="figures: found flat with one value at all points"):
        of_design(frame, samples, ["flat"])


def test_a_figure_that_is_none_is_refused():
    shares = saltelli(2, 8)
    samples = Samples("saltelli", ("a", "b"), shares, np.arange(len(shares)))
    with pytest.raises(ConfigError, match=r"figures: found 'z', which is no column of numbers"):
        of_design(table(shares[:, 0]), samples, ["z"])


def grid_of(*values):
    return np.array(np.meshgrid(*values, indexing="ij")).reshape(len(values), -1)


def test_indices_of_a_grid_are_those_of_the_analysis_of_variance():
    a, b = grid_of([0, 1], [0, 1, 2])
    # y = ab has the means 0 and 1 over a, 0, 1/2 and 1 over b, and the variance 7/12
    found = of_points(table(a * b * 1.0, a=a, b=b), [["a"], ["b"]], ["y"])
    assert found.method == "grid"
    assert column(found, "first") == pytest.approx([(1 / 4) / (7 / 12), (1 / 6) / (7 / 12)])
    assert column(found, "total") == pytest.approx([1 - 2 / 7, 1 - 3 / 7])


def test_words_are_values_too():
    a, b = grid_of([0, 1], [0, 1, 2])
    words = np.array(["<b>", "$x$", "\u202e"])[b]
    found = of_points(table(a * b * 1.0, a=a, b=words), [["a"], ["b"]], ["y"])
    assert column(found, "first") == pytest.approx([(1 / 4) / (7 / 12), (1 / 6) / (7 / 12)])


def test_a_value_that_is_left_out_is_one_of_its_own():
    a = np.array([0, 1, np.nan])
    found = of_points(table([1.0, 2.0, 5.0], a=a), [["a"]], ["y"])
    assert column(found, "total") == [1.0]


def test_parameters_that_move_in_step_are_one():
    a, b = grid_of([1, 2, 3], [1, 2])
    found = of_points(table(a + b * 1.0, a=a, c=10 * a, b=b), [["a", "c"], ["b"]], ["y"])
    assert column(found, "parameter") == ["a + c", "b"]
    assert column(found, "first") == pytest.approx([(2 / 3) / (11 / 12), (1 / 4) / (11 / 12)])


def test_first_order_indices_of_given_points_agree_with_the_closed_form():
    shares = np.random.default_rng(0).random((3000, 3))
    frame = table(ishigami(shares), a=shares[:, 0], b=shares[:, 1], c=shares[:, 2])
    found = of_points(frame, [["a"], ["b"], ["c"]], ["y"])
    assert found.method == "given"
    assert column(found, "first") == pytest.approx(closed_form()[0], abs=0.03)


def test_given_points_of_few_values_are_taken_value_by_value():
    rng = np.random.default_rng(1)
    a, b, c = rng.integers(0, 5, 600), rng.integers(0, 2, 600), rng.random(600)
    up_and_down = np.array([0.0, 5, 1, 7, 2])
    true = up_and_down.var() / (up_and_down.var() + 1 / 12)
    found = of_points(table(up_and_down[a] + c, a=a, b=b, c=c), [["a"], ["b"], ["c"]], ["y"])
    assert column(found, "first") == pytest.approx([true, 0, 1 - true], abs=0.02)


def test_the_order_of_given_points_does_not_matter_much():
    a, b = grid_of(np.arange(40), np.arange(40))
    frame = table(a + 3.0 * b, a=a, b=b).iloc[:-1]  # no whole grid
    found = of_points(frame, [["a"], ["b"]], ["y"])
    assert column(found, "first") == pytest.approx([0.1, 0.9], abs=0.04)


def test_few_points_that_are_no_grid_are_refused():
    a, b = grid_of([0, 1, 2], [0, 1, 2])
    frame = table(a + 1.0 * b, a=a, b=b)
    frame.loc[4, "status"] = "invalid"
    with pytest.raises(ConfigError, match=r"points: found 8 that are done, and no whole grid; exp"):
        of_points(frame, [["a"], ["b"]], ["y"])
    frame["status"] = "failed"
    with pytest.raises(ConfigError, match="points: found 0 that are done"):
        of_points(frame, [["a"], ["b"]], ["y"])


def test_given_points_say_what_they_are_about():
    shares = np.random.default_rng(0).random((150, 2))
    frame = table(shares[:, 0], a=shares[:, 0], b=shares[:, 1], c=1)
    frame.loc[:9, "status"] = "invalid"
    found = of_points(frame, [["a"], ["b"], ["c"]], ["y"])
    assert found.notes == (
        "c has one value here: it has no index",
        "10 of 150 points did not run: indices are about the others",
    )
    assert found.points == 140


def test_nothing_that_varies_is_refused():
    with pytest.raises(ConfigError, match="points: found no parameter with two values"):
        of_points(table(np.arange(200.0), a=1), [["a"]], ["y"])
