"""Values of a key: as they are kept, and as tables show them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from archsim.documents import Faults
from archsim.hardware import load_hardware
from archsim.hardware.keys import key_at
from archsim.sweep.settable import SETTABLE
from archsim.sweep.values import Form, Span, listed
from archsim.units import quantity_of

HOMODYNE = load_hardware("homodyne")


def key(path):
    return key_at(HOMODYNE, path)


def test_a_list_is_kept_as_a_saved_machine_writes_it_and_shown_in_si_units():
    values = listed(key("tiles.laser.power"), ["1 mW", "0.02 W"])
    assert [value.plain for value in values] == ["0.001 W", "0.02 W"]
    assert [value.shown for value in values] == [0.001, 0.02]


def test_sizes_are_shown_in_bits_as_whole_numbers():
    [value] = listed(key("buffer.size"), ["2 MiB"])
    assert (value.plain, value.shown) == ("16777216 bit", 16777216)
    assert isinstance(value.shown, int)


def test_one_form_of_several_is_shown_as_its_number():
    [value] = listed(key("tiles.adc.energy"), ["1 pJ"])
    assert (value.plain, value.shown) == ({"fixed": "1e-12 J"}, 1e-12)


def test_a_whole_part_is_shown_as_text():
    entry = {"survey": {"technology": "14 nm"}}
    [value] = listed(key("tiles.adc.energy"), [entry])
    assert isinstance(value.shown, str)
    assert "survey" in value.shown


def test_words_and_counts_stay_what_they_are():
    assert [v.shown for v in listed(key("tiles.tiles_split"), ["rows", "columns"])] == [
        "rows",
        "columns",
    ]
    assert [v.shown for v in listed(key("tiles.rows"), [16, 32])] == [16, 32]


def test_every_fault_of_a_list_is_found_at_its_place():
    with pytest.raises(Faults) as refused:
        listed(key("tiles.rows"), [16, 0, 16, "x", 2.5])
    places = [fault.loc for fault in refused.value.faults]
    assert places == [(1,), (2,), (3,), (4,)]
    assert "which is there already" in refused.value.faults[1].message


def test_the_same_quantity_in_other_units_is_there_twice():
    with pytest.raises(Faults, match=r"found '0\.001 W', which is there already"):
        listed(key("tiles.laser.power"), ["1 mW", "0.001 W"])


def test_a_count_of_repetitions_is_the_same_however_it_is_written():
    with pytest.raises(Faults, match="which is there already"):
        listed(SETTABLE["repetitions"], [4, 4.0])


EXACT = Form(key("clocks.symbol").quantity, whole=False)
REAL = Form(quantity_of("power_w"), whole=False)


def test_what_lies_between_the_ends_of_an_exact_span_has_three_digits():
    span = Span(Fraction(10**9), Fraction(9 * 10**9), logarithmic=True, form=EXACT)
    assert span.at(0.3).plain == "1930000000 Hz"  # 9^0.3 = 1.933...


def test_what_lies_between_the_ends_of_other_spans_has_nine_digits():
    span = Span(Fraction(1, 1000), Fraction(1), logarithmic=True, form=REAL)
    assert span.at(0.5).shown == 0.0316227766  # sqrt(0.001)


def test_the_ends_of_a_span_are_exact_however_many_digits_they_have():
    first, last = Fraction(10**9, 3), Fraction(1234567890123, 1000)
    span = Span(first, last, logarithmic=False, form=EXACT)
    assert span.at(0).plain == f"{first} Hz"
    assert span.at(1).plain == f"{last} Hz"


@pytest.mark.parametrize("share", [1e-9, 0.001, 0.5, 0.999, 1 - 1e-9])
@pytest.mark.parametrize("logarithmic", [False, True])
def test_rounding_never_leaves_a_span(share, logarithmic):
    first, last = Fraction("9.9951e9"), Fraction("9.9959e9")  # 3 digits: 1.00e10
    value = Span(first, last, logarithmic=logarithmic, form=EXACT).at(share)
    assert first <= key("clocks.symbol").quantity.parse(value.plain) <= last


def test_whole_numbers_of_a_span_are_whole():
    span = Span(Fraction(1), Fraction(100_000), logarithmic=True, form=Form(None, whole=True))
    assert span.at(0.5).plain == 316
    assert isinstance(span.at(0.5).plain, int)
