"""What must hold between the parts of a machine; every breach is reported."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from archsim.documents import Fault, closest
from archsim.hardware.light import light_of
from archsim.hardware.tiles import OutputStationary, WeightStationary
from archsim.physics.repetition import Averaging, Repetition
from archsim.units import format_si, without_suffix

if TYPE_CHECKING:
    from archsim.hardware.machine import Hardware

_LONGEST_TICKS = 2**62
_LONGEST_S = 3600
_ANALOG_ONLY = ("laser", "comb", "modulator", "dac", "own_weight_dac", "detector", "tia", "adc")
_FEWEST_PHOTONS = 1e-6
_PHOTONIC = ("laser", "modulator", "detector")


def faults_of(hardware: Hardware, sections: Container[str]) -> Iterator[Fault]:
    """Yield every breach among the sections of a machine that are sound in themselves."""
    for rule, needs in _RULES:
        if all(section in sections for section in needs):
            yield from rule(hardware)


def _tile_clocks(hardware: Hardware) -> Iterator[Fault]:
    tiles = hardware.tiles
    yield from _named(hardware, ("tiles", "clock"), tiles.clock)
    yield from _named(hardware, ("tiles", "accumulator", "clock"), tiles.accumulator.clock)
    for slot in ("dac", "own_weight_dac", "adc"):
        converter = getattr(tiles, slot, None)
        if converter is not None:
            loc = ("tiles", slot.removeprefix("own_"), "clock")
            yield from _named(hardware, loc, converter.clock)


def _buffer_clock(hardware: Hardware) -> Iterator[Fault]:
    yield from _named(hardware, ("buffer", "clock"), hardware.buffer.clock)


def _dram_clock(hardware: Hardware) -> Iterator[Fault]:
    yield from _named(hardware, ("dram", "clock"), hardware.dram.clock)


def _vector_unit_clock(hardware: Hardware) -> Iterator[Fault]:
    yield from _named(hardware, ("vector_unit", "clock"), hardware.vector_unit.clock)


def _named(hardware: Hardware, loc: tuple[str, ...], name: str) -> Iterator[Fault]:
    known = list(hardware.clocks)
    if name not in known:
        hint = closest(name, known) or "; add it to clocks"
        yield Fault(loc, f"found the clock {name!r}; expected one of {', '.join(known)}{hint}")


def _tick(hardware: Hardware) -> Iterator[Fault]:
    if Fraction(_LONGEST_S) / hardware.tick_s > _LONGEST_TICKS:
        yield Fault(
            ("clocks",),
            f"found periods whose common tick is {format_si(hardware.tick_s, 's')}; expected an "
            "hour to fit into 62 bits of ticks; choose frequencies with a simpler ratio",
        )


def _slots(hardware: Hardware) -> Iterator[Fault]:
    tiles = hardware.tiles
    kind = tiles.array.kind
    for slot in _ANALOG_ONLY:
        if tiles.digital and getattr(tiles, slot, None) is not None:
            text = f"found it beside the digital array {kind!r}; expected none; remove it"
            yield Fault(("tiles", slot.removeprefix("own_")), text)
    if tiles.digital:
        return
    needed = ("dac", "adc", *(_PHOTONIC if tiles.array.photonic else ()))
    for slot in needed:
        if getattr(tiles, slot) is None:
            text = f"found nothing; the array {kind!r} needs one; add it"
            yield Fault(("tiles", slot), text)
    if not tiles.array.photonic:
        for slot in (*_PHOTONIC, "comb"):
            if getattr(tiles, slot) is not None:
                text = f"found it beside the electronic array {kind!r}; expected none; remove it"
                yield Fault(("tiles", slot), text)


def _dataflow(hardware: Hardware) -> Iterator[Fault]:
    tiles, array = hardware.tiles, hardware.tiles.array
    expected = array.dataflow or tiles.dataflow
    if expected != tiles.dataflow:
        text = f"found {array.kind!r} under {tiles.dataflow}; expected {expected}; change one"
        yield Fault(("tiles", "array", "kind"), text)
    if isinstance(tiles, WeightStationary):
        for name, key in (("write_cycles", "write_cycles"), ("write_energy_j", "write_energy")):
            if name not in array.model_fields_set:
                text = "found nothing; a weight-stationary array has to be written; add it"
                yield Fault(("tiles", "array", key), text)
    if isinstance(tiles, OutputStationary) and array.cell_bits is not None:
        text = "found it under output_stationary, which holds no weights; expected none; remove it"
        yield Fault(("tiles", "array", "cell_bits"), text)


def _receiver(hardware: Hardware) -> Iterator[Fault]:
    tiles = hardware.tiles
    if tiles.tia is not None and not tiles.array.photonic and not tiles.digital:
        for key in ("capacitance", "input_noise"):
            if key in {without_suffix(name) for name in tiles.tia.physical_levels}:
                text = (
                    "found it on an electronic array, where no light gives the signal's scale; "
                    "expected thermal_std, the normalised level; replace it"
                )
                yield Fault(("tiles", "tia", key), text)


def _detection(hardware: Hardware) -> Iterator[Fault]:
    detector, array = hardware.tiles.detector, hardware.tiles.array
    if detector and array.detection and detector.detection != array.detection:
        text = f"found {detector.detection!r} on {array.kind!r}; expected {array.detection}"
        yield Fault(("tiles", "detector", "detection"), f"{text}; change it")


def _dynamic(hardware: Hardware) -> Iterator[Fault]:
    tiles = hardware.tiles
    loc = ("tiles", "dynamic_products")
    if not isinstance(tiles, WeightStationary):
        return
    if tiles.dynamic_products == "blocks":
        yield Fault(
            loc,
            "found 'blocks' under weight_stationary; expected array, vector_unit or refuse; "
            "choose one of them",
        )
    if tiles.dynamic_products == "array" and not tiles.reload:
        yield Fault(
            loc,
            "found 'array' with reload off, but activations must be written into the array; "
            "expected vector_unit or refuse; choose one, or set tiles.reload: true",
        )


def _sharing(hardware: Hardware) -> Iterator[Fault]:
    tiles = hardware.tiles
    if tiles.adc_shared_by == "cores" and tiles.cores > 1 and tiles.cores_split == "columns":
        yield Fault(
            ("tiles", "adc_shared_by"),
            "found 'cores' where the cores are further columns, whose sums must not be added; "
            "expected none; change it, or set tiles.cores_split: contraction",
        )


def _shared_inputs(hardware: Hardware) -> Iterator[Fault]:
    tiles = hardware.tiles
    shared = tiles.inputs_shared_by == "tiles" and tiles.count > 1
    if shared and isinstance(tiles, OutputStationary) and tiles.tiles_split != "columns":
        yield Fault(
            ("tiles", "inputs_shared_by"),
            f"found 'tiles' with tiles_split: {tiles.tiles_split}, where each tile needs inputs of "
            "its own at the same time; expected none; change it, or set tiles.tiles_split: columns",
        )


def _receivers(hardware: Hardware) -> Iterator[Fault]:
    tiles = hardware.tiles
    if tiles.digital:
        return
    detector = tiles.detector
    pairs = 2 if detector is not None and detector.detection == "homodyne" else 1
    for slot, each in (("detector", pairs), ("tia", 1)):
        part = getattr(tiles, slot)
        needed = each * tiles.outputs
        if part is not None and part.count < needed:
            share = "a balanced pair for each" if each > 1 else "one for each"
            yield Fault(
                ("tiles", slot, "count"),
                f"found {part.count}; an array has {tiles.outputs} outputs; expected at least "
                f"{needed}, {share}; raise it",
            )


def _light(hardware: Hardware) -> Iterator[Fault]:
    light = None if hardware.tiles.clock not in hardware.clocks else light_of(hardware)
    if light is not None and light.photons < _FEWEST_PHOTONS:
        yield Fault(
            ("tiles", "laser", "power"),
            f"found {format_si(light.laser_w, 'W')}, of which {light.photons:.3g} photons of one "
            f"symbol reach a detector; expected {_FEWEST_PHOTONS:g} at least; raise it, or lower "
            "the losses",
        )


def _operands(hardware: Hardware) -> Iterator[Fault]:
    """Refuse a pass whose operands, at their narrowest, do not fit into the buffer."""
    tiles = hardware.tiles
    inputs = tiles.cores if tiles.cores_split == "contraction" else 1
    needed_bits = inputs * tiles.rows * tiles.wavelengths * (tiles.dac.bits if tiles.dac else 1)
    if isinstance(tiles, OutputStationary):
        width = tiles.weight_dac.bits if tiles.weight_dac else 1
        needed_bits += tiles.cores * tiles.columns * tiles.wavelengths * width
    size_bits = hardware.buffer.size_bits
    if size_bits < needed_bits:
        yield Fault(
            ("buffer", "size"),
            f"found {format_si(size_bits, 'bit')}; the operands of one pass are "
            f"{format_si(needed_bits, 'bit')}; expected at least that; enlarge it, or lower "
            "tiles.rows and tiles.columns",
        )


def _repetition(hardware: Hardware) -> Iterator[Fault]:
    tiles = hardware.tiles
    if tiles.repetition is Repetition.POWER:
        yield from _limits(hardware)
    needs = tiles.averaging is Averaging.ANALOG and tiles.repetition is Repetition.TIME
    holds = isinstance(tiles, OutputStationary) or tiles.array.integrator
    if needs and not tiles.digital and not holds and not (tiles.tia and tiles.tia.integrator):
        yield Fault(
            ("tiles", "averaging"),
            "found 'analog' over time without an integrator; expected digital, an array that holds "
            "charge or a tia with integrator: true; change one of them",
        )


def _limits(hardware: Hardware) -> Iterator[Fault]:
    laser = hardware.tiles.laser
    if laser is None:
        text = "found 'power' on a machine without a laser; expected time or space; change it"
        yield Fault(("tiles", "repetition"), text)
        return
    if laser.on == "always":
        text = (
            "found 'always' with repetition: power, where the laser follows the count of each op; "
            "expected op; change it"
        )
        yield Fault(("tiles", "laser", "on"), text)
    for key, limit in (("min_power", laser.min_power_w), ("max_power", laser.max_power_w)):
        if limit is None:
            text = "found nothing; repetition by power needs the laser's limits; add it"
            yield Fault(("tiles", "laser", key), text)


_RULES: tuple[tuple[Callable[[Hardware], Iterator[Fault]], tuple[str, ...]], ...] = (
    (_tick, ("clocks",)),
    (_tile_clocks, ("clocks", "tiles")),
    (_buffer_clock, ("clocks", "buffer")),
    (_dram_clock, ("clocks", "dram")),
    (_vector_unit_clock, ("clocks", "vector_unit")),
    (_slots, ("tiles",)),
    (_dataflow, ("tiles",)),
    (_receiver, ("tiles",)),
    (_detection, ("tiles",)),
    (_dynamic, ("tiles",)),
    (_sharing, ("tiles",)),
    (_shared_inputs, ("tiles",)),
    (_receivers, ("tiles",)),
    (_light, ("clocks", "tiles")),
    (_operands, ("tiles", "buffer")),
    (_repetition, ("tiles",)),
)
"""Each rule and the sections it reads."""
