from __future__ import annotations

import json
from dataclasses import replace

import pytest

from archsim.functional import Estimate, Interval, StandIn
from archsim.functional.evaluation import Precision
from archsim.hardware import load_hardware
from archsim.report.accuracy_text import print_accuracy, print_precision, print_stand_in
from archsim.report.document import accuracy_document
from archsim.report.precision import precision_document
from archsim.report.text import print_report
from tests.unit.report.test_report import report
from tests.unit.report.test_text import line, page
from tests.unit.report.tiny_accuracy import A, B, accuracy, without_noise


def test_clean_quantised_and_noisy_stand_apart_each_with_its_intervals():
    lines = page(print_accuracy, accuracy())
    assert lines[0] == "tiny on tiny: top-1 accuracy of 1,200 examples"
    assert line(lines, "clean").startswith("clean 98.50% in single precision")
    assert line(lines, "quantised").startswith("quantised 98.00%")
    assert line(lines, "with noise") == "with noise 96.00% mean of 2 trials"
    assert line(lines, "95.00") == "95.00 to 97.00 95 % over noise seeds"
    assert line(lines, "94.50") == "94.50 to 97.25 95 % over examples"
    assert line(lines, "drop").startswith("drop 2.00 points;")
    assert line(lines, "0.75") == "0.75 to 3.50 95 % over examples"
    assert line(lines, "noise ") == "noise 2 sources detector.shot, tia.ktc"
    assert line(lines, "K  ") == "K 2.5 to 4 repetitions of a product"
    assert line(lines, "passes").endswith("2 x 1,200 trials x examples, 50 at a time, seed 7")
    assert line(lines, "bits") == "bits 8 / 4 of activations / of weights"


def test_products_show_what_they_have():
    lines = page(print_accuracy, accuracy())
    assert line(lines, "a ") == "a 4 9 12.5 20.0 3.00 8"
    assert line(lines, "b ") == "b 2.5 16 - - - -"


def test_without_noise_it_says_so_and_shows_no_drop():
    lines = page(print_accuracy, without_noise())
    assert line(lines, "noise") == "noise none no noise acts"
    assert not [each for each in lines if "drop" in each or "SNR" in each]


def test_what_is_not_as_usual_is_said():
    limited = accuracy(provenance={"bits": "8, 8", "limit": "first 10 of 20 examples"})
    lines = page(print_accuracy, limited, changed=["adc ideal", "no quantisation"])
    assert line(lines, "settings") == "settings changed adc ideal; no quantisation"
    assert line(lines, "limit").endswith("first 10 of 20 examples")


def test_a_correlation_has_four_digits_and_no_per_cent():
    still = Estimate(-0.00001, None, Interval(-0.1, 0.1))
    lines = page(print_accuracy, accuracy(metric="spearman", unit="", clean=0.82034, drop=still))
    assert "Spearman" in lines[0]
    assert line(lines, "clean").startswith("clean 0.8203 in")
    assert line(lines, "drop") == "drop 0.0000 quantised less with noise, same examples"


def test_of_many_products_the_noisiest_are_shown():
    many = accuracy(ops=tuple(replace(A, op=f"op{n}", snr_db=float(n)) for n in range(20, 0, -1)))
    lines = page(print_accuracy, many)
    assert "Noisiest products (8 of 20; --all-ops lists them all)" in lines
    shown = [each.split()[0] for each in lines if each.strip().startswith("op")][1:]
    assert shown == [f"op{n}" for n in range(1, 9)]
    everything = page(print_accuracy, many, all_ops=True)
    assert sum(each.strip().startswith("op") for each in everything) == 21


def measured(**changes):
    found = {
        "task": "tiny",
        "hardware": "tiny",
        "examples": 1200,
        "seed": 7,
        "batch": 50,
        "ops": (A, B),
        "noise": ("detector.shot", "tia.ktc"),
        "provenance": {"bits": "8, 4", "task": "tiny"},
    }
    return Precision(**found | changes)


def test_precision_as_plain_data_claims_no_accuracy():
    found = json.loads(json.dumps(precision_document(measured()), allow_nan=False))
    assert found.keys() == {
        "task", "hardware", "examples", "seed", "batch", "noise", "provenance", "precision",
    }  # fmt: skip
    assert found["precision"] == accuracy_document(accuracy())["precision"]


def test_precision_stands_beside_the_converters():
    lines = page(print_precision, measured(), load_hardware("crossbar"))
    assert lines[0] == "tiny on tiny: precision over 1,200 examples"
    assert line(lines, "DAC").startswith("DAC 1 bit")
    assert line(lines, "weights").startswith("weights 2 bit")
    assert line(lines, "a ") == "a 4 9 2.425 0.1 20.0 3.00 2.81 8"
    assert line(lines, "b ") == "b 2.5 16 - 0 - - - -"


def test_a_digital_machine_has_no_converters_to_show():
    lines = page(print_precision, measured(ops=(), noise=()), load_hardware("digital_int8"))
    assert not [each for each in lines if "DAC" in each or "ADC" in each]


def test_the_check_of_noise_bits_names_its_difference():
    estimate = Estimate(96.0, None, Interval(95.0, 97.0))
    difference = Estimate(-0.5, None, Interval(-1.0, 0.25))
    stand_in = StandIn("top1", "%", 60, 2, 98.0, estimate, estimate, difference)
    lines = page(print_stand_in, stand_in)
    assert line(lines, "difference").startswith("difference -0.50 points; with noise less rounded")
    assert line(lines, "-1.00") == "-1.00 to 0.25 95 % over examples"


@pytest.fixture(scope="module")
def costs():
    return report()


def test_a_run_shows_accuracy_among_its_figures(costs):
    lines = page(print_report, replace(costs, accuracy=accuracy()))
    found = line(lines, "accuracy")
    assert found == "accuracy 96.00% top-1 accuracy of 1,200 examples, mean of 2 trials"
    assert line(lines, "drop").startswith("drop 2.00 points by noise; 95 %: 0.75 to 3.50 over ex")
    assert line(lines, "a ").endswith("6.2% 3.00")
    assert lines.index(next(each for each in lines if "accuracy" in each)) < lines.index("")


def test_a_run_without_noise_shows_the_quantised_network(costs):
    lines = page(print_report, replace(costs, accuracy=without_noise()))
    assert line(lines, "accuracy").startswith(
        "accuracy 98.00% top-1 accuracy of 1,200 examples; no"
    )
    assert not [each for each in lines if "drop" in each]


def test_a_run_that_nobody_asked_for_accuracy_says_nothing_of_it(costs):
    assert "accuracy" not in "".join(page(print_report, costs))
    assert not {"accuracy", "precision"} & costs.to_dict().keys()


def test_plain_data_holds_every_figure_and_no_infinity():
    found = accuracy_document(accuracy())
    assert json.loads(json.dumps(found, allow_nan=False))["noisy"]["over_seeds"]["low"] == 95.0
    assert found["values"] == [95.5, 96.5]
    assert found["provenance"]["bits"] == "8, 4"
    assert [row["snr_db"] for row in found["precision"]] == [20.0, None]
