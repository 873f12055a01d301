"""Bounds on what machines move and do: found broken once, and never to be again."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from math import prod

from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st

from archsim.engine import run
from archsim.errors import MappingError
from archsim.hardware import WeightStationary
from archsim.mapping import compile_workload
from archsim.mapping.floor import op_of
from tests.machines import machines, networks

UNHURRIED = settings(
    deadline=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def done(workload, hardware, *args, **kwargs):
    """Run, or pass on to the next example where the machine is too small for the network."""
    try:
        compiled = compile_workload(workload, hardware, *args, **kwargs)
    except MappingError as error:
        if "too few" not in str(error) and "exceed the buffer" not in str(error):
            raise
        return reject()
    return compiled, run(compiled.program)


def counted(ledger, op=None):
    totals = Counter()
    for booked, counts in ledger.actions.items():
        if op is None or op_of(booked) == op:
            totals.update(counts)
    return totals


@UNHURRIED
@given(st.data())
def test_an_op_reads_its_operands_from_dram_at_most_once_a_round(data):
    hardware, workload = data.draw(machines()), data.draw(networks())
    compiled, ledger = done(workload, hardware)
    for op in workload.gemms:
        placed = compiled.placements[op.name]
        assume(placed.place == "array")
        operands = sum(8 * prod(shape) for shape in workload.input_shapes(op))
        partial = hardware.tiles.accumulator.bits * op.gemm.groups * op.gemm.rows * op.gemm.columns
        weights = 8 * op.gemm.weights + hardware.tiles.accumulator.bits * op.parameter_elements
        # Pieces of a stream are rounded up to whole bits; a dynamic operand is held once a round.
        rounding = 3 * placed.rounds * op.gemm.groups * op.gemm.rows
        rounds = placed.rounds * (
            op.gemm.rows if hardware.tiles.dynamic_products == "blocks" else 1
        )
        most = rounds * (2 * operands + partial) + weights + rounding
        assert counted(ledger, op.name)["dram.read_bit"] <= most


@UNHURRIED
@given(st.data())
def test_two_inputs_move_at_most_twice_what_one_does(data):
    hardware, workload = data.draw(machines()), data.draw(networks())
    assume(hardware.buffer.size_bits > 0)
    large = hardware.model_copy(
        update={"buffer": hardware.buffer.model_copy(update={"size_bits": 1 << 40})}
    )
    _, one = done(workload, large, batch=1)
    _, two = done(workload, large, batch=2)
    for action, count in counted(one).items():
        if action != "array.write":  # more vectors may be worth more replicas
            assert count <= counted(two)[action] <= 2 * count, action


@UNHURRIED
@given(st.data())
def test_converters_never_convert_faster_than_their_rate(data):
    hardware, workload = data.draw(machines()), data.draw(networks())
    assume(not hardware.tiles.digital)
    compiled, ledger = done(workload, hardware, data.draw(st.integers(1, 3)))
    makespan_s = ledger.makespan_ticks * compiled.tick_s
    totals, parts = counted(ledger), hardware.parts()
    for slot in ("dac", "weight_dac", "adc"):
        if slot in parts:
            rate_hz = parts[slot].component.rate_hz * parts[slot].per_machine
            assert Fraction(totals[f"{slot}.convert"]) <= rate_hz * makespan_s, slot


@UNHURRIED
@given(st.data())
def test_a_second_copy_of_the_cells_never_costs_time(data):
    name = data.draw(st.sampled_from(["ring_bank", "digital_int8", "crossbar"]))
    hardware, workload = data.draw(machines(name=name)), data.draw(networks())
    makespans = []
    for copies in (1, 2):
        tiles = hardware.tiles.model_copy(update={"weight_buffers": copies})
        assert isinstance(tiles, WeightStationary)
        machine = hardware.model_copy(update={"tiles": tiles})
        makespans.append(done(workload, machine)[1].makespan_ticks)
    # DRAM serves in order: what is fetched ahead may delay other transfers by as much.
    _, ledger = done(workload, hardware)
    ahead = sum(r.busy_ticks for r in ledger.records if r.role == "dram")
    assert makespans[1] <= makespans[0] + ahead
