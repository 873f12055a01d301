import math
from fractions import Fraction

import pytest

from archsim.hardware import load_hardware
from archsim.hardware.check import facts, full_reading
from archsim.mapping import arithmetic
from archsim.workload import load_workload


def warnings(name, *overrides):
    return "\n".join(facts(load_hardware(name, overrides)).warnings)


def test_peak_rates_count_slices():
    crossbar = facts(load_hardware("crossbar"))
    # 32,256 arrays of 128 x 128 cells every 100 ns; 8 one-bit inputs by 4 two-bit cells.
    assert crossbar.native_bits == (1, 2)
    assert crossbar.native_macs_per_s == pytest.approx(32256 * 128 * 128 * 1e7)
    assert crossbar.macs_per_s == pytest.approx(crossbar.native_macs_per_s / 32)
    digital = facts(load_hardware("digital_int8"))
    assert digital.macs_per_s == 4 * 128 * 128 * 1e9


def test_dota_b_at_four_bits_takes_four_passes_for_eight():
    shipped = facts(load_hardware("dota_b"))
    # 8 cores of 12³ products at 5 GHz.
    assert shipped.native_macs_per_s == pytest.approx(8 * 12**3 * 5e9)
    assert shipped.macs_per_s == pytest.approx(shipped.native_macs_per_s / 4)


def test_the_link_budget_of_the_homodyne_machine_by_hand():
    light = facts(load_hardware("homodyne")).light
    assert light.ways == 64 * 64 * 2
    assert light.loss_db == pytest.approx(6)
    # 1 mW/8192 through 6 dB is 30.66 nW: 47.85 photons of 0.12816 aJ in 0.2 ns.
    assert light.detector_w == pytest.approx(30.66e-9, rel=1e-3)
    assert light.photons == pytest.approx(47.85, rel=1e-3)
    assert light.detected == pytest.approx(38.28, rel=1e-3)
    assert light.signal == pytest.approx(76.56, rel=1e-3)


def test_the_homodyne_machine_is_limited_by_shot_noise():
    found = facts(load_hardware("homodyne"))
    loudest = max(found.noise, key=lambda figure: figure.std)
    assert loudest.name == "detector.shot"
    # sqrt(2·1024/38.28)/2 over a range of 2·1024
    assert loudest.std == pytest.approx((2048 / 38.28) ** 0.5 / 2 / 2048, rel=1e-3)
    assert found.enob < min(figure.enob for figure in found.noise)


def test_converters_levels_are_part_of_the_whole():
    found = {figure.name: figure for figure in facts(load_hardware("homodyne")).noise}
    assert found["adc levels"].enob == 8
    of_adc = (found["adc.noise"].std ** 2 + found["adc levels"].std ** 2) ** 0.5
    assert of_adc == pytest.approx(2**-7.5 / 12**0.5)  # the converter is of 7.5 effective bits
    whole = sum(figure.std**2 for figure in found.values()) ** 0.5
    assert facts(load_hardware("homodyne")).enob == pytest.approx(-math.log2(whole * 12**0.5))
    coarse = ("tiles.adc.enob=null", "tiles.adc.bits=4")
    assert facts(load_hardware("homodyne", coarse)).enob < 4


READ = {
    "homodyne": (),
    "ring_bank": (),
    "crossbar": (),
    "dota_b": (),
    "crossbar, cores apart": ("tiles.cores=4",),
    "crossbar, cores as columns": ("tiles.cores=4", "tiles.cores_split=columns"),
    "crossbar, converters shared": ("tiles.cores=4", "tiles.adc_shared_by=cores"),
    "dota_b, cores apart": ("tiles.adc_shared_by=none",),
    "homodyne, 12 symbols": ("tiles.integrate_symbols=12",),
}


@pytest.mark.parametrize("case", READ)
def test_a_full_reading_is_the_largest_that_mapping_makes(case):
    hardware = load_hardware(case.partition(",")[0], READ[case])
    product = arithmetic(load_workload("resnet50"), hardware).products["layer3.1.conv1"]
    reading = max(product.readings, key=lambda each: each.products)  # of 1,024 products in all
    assert full_reading(hardware) == (reading.products, reading.symbols)


def test_more_light_gives_half_a_bit_for_twice_the_photons():
    def shot(power):
        figures = facts(load_hardware("homodyne", [f"tiles.laser.power={power}"])).noise
        return next(f.enob for f in figures if f.name == "detector.shot")

    assert shot("2 mW") - shot("1 mW") == pytest.approx(0.5)


def test_a_block_of_sums_is_converted_by_its_converters_in_turn():
    # 4,096 sums by 64 converters at 1 GHz.
    assert facts(load_hardware("homodyne")).block_s == Fraction(64, 10**9)
    assert facts(load_hardware("digital_int8")).block_s is None


def test_shipped_machines_give_no_warnings():
    for name in ("homodyne", "ring_bank", "crossbar", "dota_b", "digital_int8"):
        assert facts(load_hardware(name)).warnings == (), name


@pytest.mark.parametrize(
    ("name", "override", "message"),
    [
        ("homodyne", "tiles.adc.bits=14", "tiles.adc.bits: found 14; noise leaves 6.9 effective"),
        ("homodyne", "tiles.dac.rate=1 GHz", "tiles.dac: found 1 ns for the words of one pass"),
        ("homodyne", "tiles.dac.count=32", "tiles.weight_dac: found 400 ps for the words"),
        (
            "crossbar",
            "tiles.adc.rate=640 MHz",
            "tiles.adc: found 200 ns to convert sums that take 100 ns",
        ),
        (
            "dota_b",
            "tiles.adc.count=12",
            "tiles.adc: found 2.4 ns to convert sums that take 600 ps",
        ),
        ("homodyne", "tiles.adc.rate=0.3 GHz", "it works at 250 MHz; expected a rate that divides"),
        ("homodyne", "buffer.size=1 KiB", "buffer.size: found 1 KiB; one pass takes and leaves"),
        # 255 levels of a conversion by 255 for slices of 1 bit and 85 for slices of 2: 23 bits.
        ("crossbar", "tiles.accumulator.bits=22", "operands' slices takes 23; expected at least"),
        ("homodyne", "tiles.accumulator.bits=7", "tiles.accumulator.bits: found 7; a conversion"),
        ("digital_int8", "tiles.accumulator.bits=15", "a product of 8-bit operands takes 16"),
    ],
)
def test_a_mismatch_is_warned_of(name, override, message):
    assert message in warnings(name, override)


def test_numbers_without_a_source_are_listed():
    found = warnings("homodyne", "tiles.modulator.symbol_std=0.01")
    assert "sources: found none for tiles.modulator.symbol_std; expected one each" in found


def test_sources_of_nothing_are_listed():
    assert "sources: found tiles.foo, which cover no number" in warnings(
        "homodyne",
        "sources={tiles: x, clocks: x, buffer: x, dram: x, vector_unit: x, tiles.foo: x}",
    )
