from __future__ import annotations

import json
from dataclasses import replace
from math import inf

import numpy as np
import pytest

from archsim.functional import Estimate, Interval
from archsim.functional.learning import Crossing, Granularity, LearnedPlan
from archsim.functional.learning.crossing import Resampling
from archsim.functional.learning.learning import PointOfCurve, Uniform
from archsim.report.learning import CountsRow, PlanRow, learning_document
from archsim.report.learning_text import print_learned
from archsim.workload import RepetitionPlan
from tests.unit.report.test_text import line, page

NOISY = Estimate(96.0, Interval(95.0, 97.0), Interval(94.5, 97.25))
DROP = Estimate(2.0, Interval(1.0, 3.0), Interval(0.75, 3.5))
EVEN = Estimate(95.5, None, Interval(93.0, 97.0))
PLAN = RepetitionPlan(fingerprint="sha256:" + "0" * 64, counts={"a": [1, 2], "b": 3})
CROSSING = Crossing(
    drop=2.0,
    repetitions=12.5,
    bracket=Interval(10.0, 14.0),
    interval=Interval(11.0, 13.5),
    tried=Interval(5.0, 20.0),
    censored_low=0.0,
    censored_high=0.0,
    samples=np.log([12.0, 13.0]),
    resampling=Resampling(1200, 2, 7),
    targets_hash="",
)
ROWS = (
    CountsRow("a", 60, 2, 2, 1.5, 1, 2, 0.75, 0.6),
    CountsRow("b", 20, 5, 1, 3.0, 3, 3, 0.25, 0.4),
)
PLANS = (
    PlanRow("uniform", 4.0, 95.5, 2.5, 3e-6, 2e-6),
    PlanRow("channel", 1.875, 96.0, 2.0, 2e-6, 1.5e-6),
)
FOUND = LearnedPlan(
    task="tiny",
    hardware="tiny",
    granularity=Granularity.CHANNEL,
    plan=PLAN,
    repetitions=1.875,
    energy_per_mac_j=2.7e-18,
    price="edp",
    cost=2.5e-12,
    unit="J s",
    converged=True,
    steps=1500,
    metric="top1",
    metric_unit="%",
    examples=1200,
    trials=2,
    seed=7,
    quantised=98.0,
    noisy=NOISY,
    drop=DROP,
    crossing=CROSSING,
    curve=(PointOfCurve(5.0, DROP),),
    uniform=Uniform(PLAN, 4.0, EVEN, replace(EVEN, value=2.5)),
    notes=(),
)


def lines_of(found=FOUND, rows=ROWS, plans=PLANS, **words):
    return page(print_learned, found, rows, plans, **words)


def crossed(**changes):
    return lines_of(replace(FOUND, crossing=replace(CROSSING, **changes)))


def test_what_is_paid_and_what_it_is_worth_stand_together():
    lines = lines_of()
    assert lines[0] == "tiny on tiny: repetitions per channel"
    assert line(lines, "mean K") == "mean K 1.875 repetitions, over MACs on analog arrays"
    assert line(lines, "light").startswith("light 2.7 aJ/MAC")
    assert line(lines, "crossing") == "crossing 12.5 mean K at which 2 points are lost"
    assert line(lines, "11") == "11 to 13.5 95 % over examples and trials together"
    assert line(lines, "edp") == "edp 2.5 pJ s of one input, whole run"
    assert line(lines, "with noise") == "with noise 96.00% mean of 2 trials"
    assert line(lines, "0.75") == "0.75 to 3.50 95 % over examples"
    assert line(lines, "uniform") == "uniform 4 95.50% 2.50 3 uJ 2 us"
    assert line(lines, "channel") == "channel 1.875 96.00% 2.00 2 uJ 1.5 us"
    assert line(lines, "steps") == "steps 1,500 of learning, all rounds; target met"
    assert line(lines, "a ") == "a 1.5 1 2 2 75.0% 60.0%"


@pytest.mark.parametrize(
    ("interval", "figure", "words"),
    [
        (Interval(0.0, 13.5), "up to 13.5", "low bound not known: below 5, the fewest tried"),
        (Interval(11.0, inf), "from 11", "high bound not known: above 20, the most tried"),
        (Interval(0.0, inf), "not known", "below 5, the fewest tried, to above 20, the most tried"),
    ],
)
def test_bounds_that_are_not_known_are_said_in_words(interval, figure, words):
    lines = [" ".join(each.split()) for each in crossed(interval=interval)]
    place = next(at for at, each in enumerate(lines) if each.startswith(figure))
    assert words in " ".join(lines[place : place + 2])
    assert "inf" not in " ".join(lines)


def test_a_machine_that_cannot_run_the_network_has_no_figures():
    assert not [each for each in lines_of(plans=()) if "whole machine" in each]


def test_a_crossing_below_the_fewest_is_a_bound():
    lines = crossed(repetitions=0.0)
    assert line(lines, "crossing") == "crossing < 5 less than 2 points are lost at the fewest"


def test_a_missed_target_is_said():
    lines = lines_of(replace(FOUND, converged=False))
    assert line(lines, "steps").endswith("target missed; counts were scaled to it")


def test_of_many_ops_those_with_most_light_are_shown():
    many = tuple(replace(ROWS[0], op=f"op{n}", repeated_macs_share=n / 1000) for n in range(20))
    assert line(lines_of(rows=many), "Most MACs").startswith("Most MACs x K (8 of 20")
    shown = [each.split()[0] for each in lines_of(rows=many) if each.strip().startswith("op")]
    assert shown[1:3] == ["op19", "op18"]
    assert line(lines_of(rows=many, all_ops=True), "op0 ")


def test_the_document_is_json_and_has_none_for_what_is_not_known():
    crossing = replace(CROSSING, repetitions=0.0, interval=Interval(0.0, inf))
    found = learning_document(replace(FOUND, crossing=crossing), ROWS, PLANS)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["crossing"]["repetitions"] is None
    assert found["crossing"]["interval"] == {"low": None, "high": None}
    assert found["crossing"]["tried"] == {"low": 5.0, "high": 20.0}
    assert found["cost"] == {"name": "edp", "value": 2.5e-12, "unit": "J s"}
    assert [row["name"] for row in found["counts"]] == ["a", "b"]
    assert found["plan"]["counts"] == {"a": [1, 2], "b": 3}
    assert found["uniform"]["drop"]["value"] == 2.5
    assert [row["energy_j"] for row in found["plans"]] == [3e-6, 2e-6]
