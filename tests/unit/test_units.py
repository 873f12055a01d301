from fractions import Fraction

import pytest
from pydantic import TypeAdapter, ValidationError

from archsim.units import (
    FROM_FILE,
    Bits,
    BytesPerSecond,
    Decibel,
    Hertz,
    Joule,
    JoulePerBit,
    Kelvin,
    Metre,
    Second,
    SquareMetre,
    Watt,
    format_si,
    unit_of,
    without_suffix,
)


def read(quantity, text):
    return TypeAdapter(quantity).validate_python(text, context=FROM_FILE)


@pytest.mark.parametrize(
    ("quantity", "text", "value"),
    [
        (Joule, "25 fJ", 25e-15),
        (Joule, "25fJ", 2.5e-14),
        (Joule, "2.7 aJ", 2.7e-18),
        (Joule, "0 J", 0.0),
        (Watt, "50 mW", 0.05),
        (Watt, "1.5 µW", 1.5e-6),
        (Metre, "1.55 um", 1.55e-6),
        (SquareMetre, "25 um^2", 25e-12),
        (SquareMetre, "4 mm2", 4e-6),
        (SquareMetre, "1 cm²", 1e-4),
        (SquareMetre, "1e3 um^2", 1e-9),
        (Kelvin, "300 K", 300.0),
        (Decibel, "1.2 dB", 1.2),
        (JoulePerBit, "0.1 pJ/bit", 1e-13),
        (Hertz, "97 GHz", Fraction(97 * 10**9)),
        (Hertz, "1.28 GHz", Fraction(1280000000)),
        (Second, "0.1 ns", Fraction(1, 10**10)),
        (Second, "1/3 ns", Fraction(1, 3 * 10**9)),
        (BytesPerSecond, "51.2 GB/s", Fraction(51_200_000_000)),
        (BytesPerSecond, "1 GiB/s", Fraction(2**30)),
        (Bits, "2 MiB", 2 * 8 * 2**20),
        (Bits, "1 kB", 8000),
        (Bits, "512 bit", 512),
        (Bits, "1 Kibit", 1024),
    ],
)
def test_text_with_a_unit_is_read_in_si(quantity, text, value):
    found = read(quantity, text)
    assert found == value
    assert type(found) is type(value)


def test_real_quantities_are_rounded_once():
    # 0.1 and 1e-12 are no binary fractions; multiplying their doubles would round twice.
    for digits in range(1, 1000):
        assert read(Joule, f"{digits} fJ") == float(f"{digits}e-15")


@pytest.mark.parametrize(
    "text",
    [
        "25", "25 W", "fJ", "-1 fJ", "nan J", "inf J", "1e999 J", "1e400 J", "0x1 J", "1 J J",
        "1,5 J", "", " ", "1 KJ", "1/0 J", "١ J", "9" * 50 + " J",
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_an_example(text):
    with pytest.raises(ValidationError, match=r"expected a quantity in J, not negative; .*25 fJ"):
        read(Joule, text)


@pytest.mark.parametrize(
    ("quantity", "text", "bound"),
    [(Decibel, "200.1 dB", "at most 200 dB"), (Second, "1001 ms", "at most 1 s")],
)
def test_slips_of_the_pen_are_refused(quantity, text, bound):
    with pytest.raises(ValidationError, match=f"not negative, {bound}; write it with its unit"):
        read(quantity, text)
    with pytest.raises(ValidationError, match=bound):
        TypeAdapter(quantity).validate_python(201)


@pytest.mark.parametrize("number", [5, 5.0, 0, True, None, [1]])
def test_a_file_may_not_leave_the_unit_out(number):
    with pytest.raises(ValidationError, match="write it with its unit, such as 5 GHz"):
        read(Hertz, number)


def test_python_may_pass_numbers():
    assert TypeAdapter(Joule).validate_python(2.5e-14) == 2.5e-14
    assert TypeAdapter(Hertz).validate_python(5e9) == Fraction(5 * 10**9)
    assert TypeAdapter(Second).validate_python(Fraction(1, 3)) == Fraction(1, 3)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -1, True, "x"])
def test_python_may_not_pass_what_is_no_quantity(number):
    with pytest.raises(ValidationError):
        TypeAdapter(Joule).validate_python(number)


def test_an_exact_quantity_takes_no_fractional_float():
    with pytest.raises(ValidationError, match="found the float 1e-10; expected an exact quantity"):
        TypeAdapter(Second).validate_python(1e-10)


def test_zero_frequency_and_fractional_bits_are_refused():
    with pytest.raises(ValidationError, match="above zero"):
        read(Hertz, "0 Hz")
    with pytest.raises(ValidationError, match="a whole number of bits; round it to such as 2 MiB"):
        read(Bits, "0.3 bit")


@pytest.mark.parametrize(
    ("quantity", "value"),
    [
        (Joule, 0.1 + 0.2),
        (SquareMetre, 1 / 3),
        (Hertz, Fraction(10**10, 3)),
        (Second, Fraction(1, 7)),
        (Bits, 12345),
    ],
)
def test_written_text_reads_back_to_the_same_value(quantity, value):
    adapter = TypeAdapter(quantity)
    assert read(quantity, adapter.dump_python(value)) == value


def test_a_key_in_a_file_drops_the_unit():
    assert without_suffix("energy_j") == "energy"
    assert without_suffix("read_energy_j_per_bit") == "read_energy"
    assert without_suffix("bandwidth_byte_per_s") == "bandwidth"
    assert without_suffix("rows") == "rows"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (2.5e-12, "J", "2.5 pJ"),
        (0.0, "W", "0 W"),
        (999.999e-6, "W", "1 mW"),
        (-5e-3, "s", "-5 ms"),
        (Fraction(1, 5 * 10**9), "s", "200 ps"),
        (82.575e12, "MAC/s", "82.58 TMAC/s"),
        (1e-30, "J", "1e-30 J"),
        (2.85e-9, "m2", "2850 um²"),
        (6.0329e-5, "m2", "60.33 mm²"),
        (2**24, "bit", "2 MiB"),
        (12, "bit", "12 bit"),
        (float("inf"), "s", "inf s"),
    ],
)
def test_reports_use_engineering_prefixes(value, unit, text):
    assert format_si(value, unit) == text


def test_a_name_ends_in_its_unit():
    assert unit_of("energy_j") == "J"
    assert unit_of("read_energy_j_per_bit") == "J/bit"
    assert unit_of("bandwidth_byte_per_s") == "B/s"
    assert unit_of("area_m2") == "m^2"
    assert unit_of("repetitions") == ""
