"""Lay a GEMM out on an output-stationary machine."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from archsim.errors import MappingError
from archsim.hardware import OutputStationary
from archsim.mapping import blocks, tiling, whole_blocks
from archsim.mapping.graph import Step
from archsim.mapping.layout import (
    Layout,
    Reading,
    Site,
    bias_bits,
    by_group,
    fresh,
    results,
    slices,
    streamed,
)
from archsim.mapping.memory import Traffic
from archsim.mapping.output_stationary import Symbols
from archsim.mapping.tiling import ceil_div
from archsim.physics.repetition import Averaging

WEIGHT_SPACE = Fraction(1, 2)
"""Part of the buffer that may be filled with weights."""

MOST_AHEAD = 16
"""Rounds of weights that are loaded ahead at most: enough to hide a DRAM's latency."""


def lay_out(
    site: Site,
    machine: OutputStationary,
    step: Step,
    traffic: Traffic,
    repeats: tuple[int, ...],
) -> Layout:
    """Return a GEMM's rounds.

    Args:
        site: Where it is laid out.
        machine: Its tiles.
        step: The GEMM and what rides on it.
        traffic: Where its operands and results lie.
        repeats: Its repetitions in time or space, one or one for each output channel.

    Raises:
        MappingError: One symbol of weights exceeds the buffer's weight space.
    """
    gemm = step.gemm
    whole = gemm.dynamic and machine.dynamic_products == "blocks"
    input_slices, driven_bits = slices(step.input_bits, machine.dac)
    weight_slices, weight_bits = slices(step.held_bits, machine.weight_dac)
    independent = gemm.groups * (site.inputs if gemm.dynamic else 1)
    groups = by_group(independent, gemm.columns, repeats)
    share = blocks.sharing(machine, groups)
    depth = machine.wavelengths if whole else _depth_per_symbol(machine, share)
    symbols = Symbols(
        slices=input_slices * weight_slices,
        input_bits=driven_bits,
        weight_bits=weight_bits,
        stored_weight_bits=step.held_bits,
        depth_per_symbol=depth,
        symbols_per_pass=machine.integrate_symbols or ceil_div(gemm.contraction, depth),
        convert_each=machine.averaging is Averaging.DIGITAL,
        fresh=fresh(site.hardware, step),
        whole_blocks=whole,
        bias_bits=bias_bits(site.hardware, step),
        streamed_bits=streamed(step.operands[0], traffic) * step.new_share * step.input_bits,
        held_streamed_bits=(
            streamed(step.operands[1], traffic) * step.held_bits if gemm.dynamic else Fraction(0)
        ),
    )
    if whole:
        cores = whole_blocks.cores(machine, repeats[0])
        moves = bool(symbols.streamed_bits or symbols.held_streamed_bits)
        found = whole_blocks.rounds(gemm, site.inputs, cores, streamed=moves)
    else:
        rows = gemm.rows * (1 if gemm.dynamic else site.inputs)
        found = blocks.rounds(gemm, rows, groups, share, _depths(site, machine, step, share))
    return Layout(
        op=step.op.name,
        form=symbols,
        results=results(step, traffic),
        rounds=found,
        dynamic=gemm.dynamic,
        input_slices=input_slices,
        weight_slices=weight_slices,
    )


def readings(
    site: Site, machine: OutputStationary, step: Step, repeats: tuple[int, ...]
) -> tuple[Reading, ...]:
    """Return what one dot product is read in: by pass, and by each converter of a pass."""
    gemm = step.gemm
    whole = gemm.dynamic and machine.dynamic_products == "blocks"
    share = blocks.sharing(machine, by_group(1, gemm.columns, repeats))
    depth = machine.wavelengths if whole else _depth_per_symbol(machine, share)
    symbols = machine.integrate_symbols or ceil_div(gemm.contraction, depth)
    shared = machine.adc_shared_by == "cores" and machine.cores_split == "contraction"
    at_once = machine.wavelengths * (machine.cores if shared and not whole else 1)
    found = []
    depths = (gemm.contraction,) if whole else _depths(site, machine, step, share)
    for part in depths:
        for products in tiling.chunks(part, depth * symbols):
            held = ceil_div(products, depth)
            found += [Reading(n, held) for n in tiling.chunks(products, at_once * held)]
    return tuple(found)


def together(machine: OutputStationary, step: Step) -> int:
    """Return how many output channels the columns of one tile compute together at most."""
    return min(blocks.sharing(machine, [(1,)]).columns, step.gemm.columns)


def weight_space(site: Site, machine: OutputStationary, steps: Sequence[Step]) -> tuple[int, int]:
    """Return how many rounds of weights there is room for, and the buffer bits they take."""
    share = blocks.sharing(machine, [(1,)])
    largest_bits = max(
        (
            _depths(site, machine, step, share)[0] * _bits_per_element(step, share)
            for step in steps
            if not step.gemm.dynamic
        ),
        default=0,
    )
    space_bits = int(site.hardware.buffer.size_bits * WEIGHT_SPACE)
    copies = min(MOST_AHEAD, space_bits // max(1, largest_bits))
    return copies, copies * largest_bits


def _depth_per_symbol(machine: OutputStationary, share: blocks.Sharing) -> int:
    """Return how many elements of a fan-in one symbol covers."""
    cores = machine.cores if machine.cores_split == "contraction" else 1
    return machine.wavelengths * cores * share.depth_tiles


def _bits_per_element(step: Step, share: blocks.Sharing) -> int:
    """Return the bits of the weights of one round that belong to one element of the fan-in."""
    columns = min(share.most_columns, step.gemm.groups * step.gemm.columns)
    return columns * step.held_bits


def _depths(
    site: Site, machine: OutputStationary, step: Step, share: blocks.Sharing
) -> tuple[int, ...]:
    """Return the fan-in, cut so that two rounds of weights fit their space in the buffer."""
    if step.gemm.dynamic:
        return (step.gemm.contraction,)
    depth = _depth_per_symbol(machine, share)
    symbol_bits = _bits_per_element(step, share) * depth
    space_bits = int(site.hardware.buffer.size_bits * WEIGHT_SPACE / 2)
    if symbol_bits > space_bits:
        raise MappingError(
            f"{step.op.name}: one symbol of weights is {symbol_bits} bits; a quarter of the buffer "
            f"holds {space_bits}, {symbol_bits - space_bits} too few. "
            f"Raise buffer.size to {4 * symbol_bits} bit."
        )
    return tuple(tiling.chunks(step.gemm.contraction, space_bits // symbol_bits * depth))
