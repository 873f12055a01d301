"""What must hold between parts: each breach has its sentence, and all are reported at once."""

import pytest

from archsim.errors import ConfigError
from archsim.hardware import load_hardware

BREACHES = [
    ("homodyne", ["buffer.clock=digitl"], "buffer.clock: found the clock 'digitl'; expected one of "
     "symbol, digital; did you mean 'digital'?"),
    ("homodyne", ["tiles.adc.clock=x"], "tiles.adc.clock: found the clock 'x'"),
    ("homodyne", ["tiles.clock=x"], "tiles.clock: found the clock 'x'"),
    ("homodyne", ["tiles.accumulator.clock=x"], "tiles.accumulator.clock: found the clock 'x'"),
    ("homodyne", ["dram.clock=x"], "dram.clock: found the clock 'x'"),
    ("homodyne", ["vector_unit.clock=x"], "vector_unit.clock: found the clock 'x'"),
    ("homodyne", ["clocks.odd=4999999999.0000001 Hz"], "clocks: found periods whose common tick"),
    ("homodyne", ["clocks={}"], "clocks: found {}; expected a length of at least 1"),
    ("homodyne", ["tiles.laser=null"], "tiles.laser: found nothing; the array 'free_space' needs"),
    ("homodyne", ["tiles.detector=null"], "tiles.detector: found nothing"),
    ("homodyne", ["tiles.modulator=null"], "tiles.modulator: found nothing"),
    ("crossbar", ["tiles.dac=null"], "tiles.dac: found nothing; the array 'reram' needs one"),
    ("crossbar", ["tiles.adc=null"], "tiles.adc: found nothing; the array 'reram' needs one"),
    ("crossbar", ["tiles.comb={kind: frequency_comb, loss: 0 dB, static_power: 0 W, area: 0 m^2}"],
     "tiles.comb: found it beside the electronic array 'reram'; expected none; remove it"),
    ("crossbar", ["tiles.array.kind=mac", "tiles.array.differential=null"], "differential"),
    ("ring_bank", ["tiles.averaging=analog"], "tiles.averaging: found 'analog' over time without"),
    ("ring_bank", ["tiles.dynamic_products=blocks"], "found 'blocks' under weight_stationary"),
    ("crossbar", ["tiles.dynamic_products=array"], "found 'array' with reload off"),
    ("ring_bank", ["tiles.array.write_cycles=-1"], "expected at least 0"),
    ("homodyne", ["tiles.array.cell_bits=2"], "tiles.array.cell_bits: found it under"),
    ("homodyne", ["tiles.repetition=power", "tiles.laser.max_power=null"],
     "tiles.laser.max_power: found nothing; repetition by power needs the laser's limits"),
    ("crossbar", ["tiles.repetition=power"], "found 'power' on a machine without a laser"),
    ("homodyne", ["tiles.laser.min_power=1 W"], "tiles.laser.min_power: found 1 W, above"),
    ("homodyne", ["tiles.laser.max_power=1 nW"],
     "tiles.laser.max_power: found 1 nW, below the power of 1 mW"),
    ("dota_b", ["tiles.cores_split=columns"], "tiles.adc_shared_by: found 'cores' where the cores"),
    ("homodyne", ["tiles.repetition=power", "tiles.laser.on=always"],
     "tiles.laser.on: found 'always' with repetition: power, where the laser follows"),
    ("homodyne", ["tiles.tiles_split=rows"], "tiles.inputs_shared_by: found 'tiles' with "
     "tiles_split: rows, where each tile needs inputs of its own at the same time"),
    ("homodyne", ["tiles.tiles_split=contraction"], "found 'tiles' with tiles_split: contraction"),
    ("homodyne", ["tiles.detector.count=8191"], "tiles.detector.count: found 8191; an array has "
     "4096 outputs; expected at least 8192, a balanced pair for each; raise it"),
    ("homodyne", ["tiles.tia.count=4095"], "tiles.tia.count: found 4095; an array has 4096"),
    ("ring_bank", ["tiles.detector.count=63"], "expected at least 64, one for each; raise it"),
    ("digital_int8", ["tiles.rows=1000000000"], "buffer.size: found "),
    # 64 inputs and 64 weights of 8 bit are 1,024 bit.
    ("homodyne", ["buffer.size=127 B"], "buffer.size: found 127 B; the operands of one pass are "
     "128 B; expected at least that; enlarge it"),
    ("homodyne", ["tiles.modulator.loss=10000 dB"], "tiles.modulator.loss: found '10000 dB'; "
     "expected a quantity in dB, not negative, at most 200 dB; write it"),
    # 47.85 photons less 200 dB more than 3 dB are under 1e-17.
    ("homodyne", ["tiles.modulator.loss=200 dB"], "tiles.laser.power: found 1 mW, of which"),
    ("homodyne", ["dram.latency=1e9 s"], "dram.latency: found '1e9 s'; expected a quantity in s, "
     "not negative, at most 1 s; write it with its unit, such as 100 ns"),
    ("homodyne", ["tiles.adc.enob=9"], "tiles.adc.enob: found 9.0 effective bits of 8"),
    ("homodyne", ["tiles.adc.enob=3"], "tiles.adc.enob: found 3 effective bits; expected"),
    ("homodyne", ["tiles.adc.energy={}"], "tiles.adc.energy: found 0 forms; expected exactly"),
    ("homodyne", ["tiles.adc.energy={fixed: 1 pJ, walden: 1 fJ}"], "found 2 forms"),
    ("homodyne", ["tiles.tia.temperature=null"], "tiles.tia.temperature: found no temperature"),
    ("homodyne", ["tiles.tia.thermal_std=0.01"], "tiles.tia.thermal_std: found it beside"),
    ("homodyne", ["tiles.detector.photons_per_mac=.nan"], "tiles.detector.photons_per_mac"),
    ("homodyne", ["tiles.laser.wall_plug_efficiency=1.2"], "expected at most 1"),
    ("homodyne", ["tiles.rows=0"], "tiles.rows: found 0; expected at least 1"),
    ("homodyne", ["format=2"], "format: found 2; expected 1"),
    ("homodyne", ["tiles.wavelengths=0"], "expected at least 1"),
    ("crossbar", ["tiles.wavelengths=2"], "tiles.wavelengths: found the unknown key 'wavelengths'"),
    ("ring_bank", ["tiles.detector.detection=homodyne"], "found 'homodyne' on 'ring_bank'"),
    ("crossbar", ["tiles.tia={kind: tia, count: 128, integrator: true, static_power: 0 W, "
     "area: 0 m^2, capacitance: 1 fF, temperature: 300 K}"],
     "tiles.tia.capacitance: found it on an electronic array"),
    ("homodyne", ["tiles.dataflow=x"], "tiles: found dataflow 'x'; expected weight_stationary or"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "overrides", "message"), BREACHES)
def test_a_breach_is_refused_with_its_reason(name, overrides, message):
    with pytest.raises(ConfigError) as error:
        load_hardware(name, overrides)
    assert message in str(error.value)


def test_an_array_must_fit_its_dataflow():
    array = (
        "{kind: reram, cell_bits: 2, differential: false, mac_energy: 0 J, static_power: 0 W, "
        "area: 0 m^2}"
    )
    with pytest.raises(ConfigError) as error:
        load_hardware("homodyne", [f"tiles.array={array}"])
    assert "found 'reram' under output_stationary; expected weight_stationary" in str(error.value)


def test_a_weight_stationary_array_must_say_what_writing_costs():
    array = "{kind: mac, mac_energy: 0 J, static_power: 0 W, area: 0 m^2}"
    with pytest.raises(ConfigError) as error:
        load_hardware("digital_int8", [f"tiles.array={array}"])
    for key in ("write_cycles", "write_energy"):
        assert f"tiles.array.{key}: found nothing; a weight-stationary array has to be" in str(
            error.value
        )


def test_a_digital_array_takes_no_converters():
    adc = (
        "{kind: adc, bits: 8, count: 1, rate: 1 GHz, clock: digital, energy: 1 pJ, area: 0 m^2, "
        "consumption: dynamic}"
    )
    with pytest.raises(ConfigError, match="found it beside the digital array 'mac'; expected none"):
        load_hardware("digital_int8", [f"tiles.adc={adc}"])


def test_breaches_between_parts_are_reported_beside_faults_within_them():
    with pytest.raises(ConfigError) as error:
        load_hardware(
            "homodyne", ["tiles.rows=0", "dram.clock=x", "buffer.clock=y", "vector_unit.lanes=0"]
        )
    assert len(str(error.value).splitlines()) == 4


def test_power_limits_are_relative_to_the_base_pass():
    assert load_hardware("homodyne").power_limits == pytest.approx((0.01, 200))
    assert load_hardware("crossbar").power_limits is None


def test_one_tile_may_have_its_drivers_to_itself_whatever_is_split():
    assert load_hardware("homodyne", ["tiles.count=1", "tiles.tiles_split=rows"]).tiles.count == 1
