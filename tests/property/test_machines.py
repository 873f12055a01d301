"""Laws of whole machines: random tiny machines run random tiny networks."""

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
from archsim.mapping.graph import Place, place
from archsim.mapping.layout import slices
from archsim.workload import RepetitionPlan
from tests.machines import machines, networks, plans
from tests.stepper import step_through

UNHURRIED = settings(
    deadline=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def compiled(workload, hardware, *args, **kwargs):
    """Compile, or pass on to the next example where the machine is too small for the network."""
    try:
        return compile_workload(workload, hardware, *args, **kwargs)
    except MappingError as error:
        if "too few" not in str(error) and "exceed the buffer" not in str(error):
            raise
        return reject()


def counted(ledger):
    totals = Counter()
    for counts in ledger.actions.values():
        totals.update(counts)
    return totals


@settings(UNHURRIED, max_examples=200)
@given(st.data())
def test_the_engine_equals_the_stepper_on_whole_machines(data):
    arbitration = data.draw(st.sampled_from(["static", "static", "fcfs", "priority"]))
    hardware = data.draw(machines(arbitration=arbitration))
    program = compiled(data.draw(networks()), hardware, batch=data.draw(st.integers(1, 2))).program
    ledger = run(program)
    assume(ledger.makespan_ticks < 20_000)
    judged = step_through(program)
    assert judged.deadlock is None
    assert judged.end_ticks == dict(ledger.end_ticks)
    for record in ledger.records:
        part = judged.parts[record.unit, record.op]
        assert (part.busy_ticks, part.stall_ticks) == (record.busy_ticks, record.stall_ticks)
        assert (part.start_tick, part.end_tick) == (record.start_tick, record.end_tick)
    assert judged.actions == {
        (op, action): n for op, counts in ledger.actions.items() for action, n in counts.items()
    }


@UNHURRIED
@given(st.data())
def test_streams_through_resident_ops_agree_with_the_stepper(data):
    hardware = data.draw(machines(name="digital_int8"))
    made = compiled(data.draw(networks()), hardware, batch=2, schedule="pipelined")
    ledger = run(made.program)
    assume(ledger.makespan_ticks < 3_000_000)
    assert counted(ledger)["array.write"] == 0 or "matmul" in str(made.placements)
    if ledger.makespan_ticks < 20_000:
        assert step_through(made.program).end_ticks == dict(ledger.end_ticks)


def products_done(workload, hardware, plan):
    """Return how many cell products the rules ask for: every MAC, slice and repetition."""
    tiles, total = hardware.tiles, 0
    for step in place(workload, hardware).steps:
        if step.place is not Place.ARRAY:
            continue
        gemm = step.gemm
        inputs, _ = slices(8, tiles.dac)
        if isinstance(tiles, WeightStationary):
            weights = slices(8, tiles.array.cell_bits)[0] * tiles.array.columns_per_cell
        else:
            weights, _ = slices(8, tiles.weight_dac)
        counts = plan.of_columns(step.op)
        each = counts * (gemm.groups * gemm.columns) if len(counts) == 1 else counts
        total += gemm.rows * gemm.contraction * inputs * weights * sum(each)
    return total


@UNHURRIED
@given(st.data())
def test_every_product_of_a_uniform_plan_is_done_once_for_each_slice_and_repetition(data):
    hardware, workload = data.draw(machines()), data.draw(networks())
    repetitions = 1 if hardware.tiles.digital else data.draw(st.integers(1, 3))
    assume(workload.gemms)
    batch = data.draw(st.integers(1, 2))
    ledger = run(compiled(workload, hardware, repetitions, batch=batch).program)
    plan = RepetitionPlan.uniform(workload, repetitions)
    assert counted(ledger)["array.mac"] == batch * products_done(workload, hardware, plan)
    on_lanes = [
        step.gemm.macs
        for step in place(workload, hardware).steps
        if step.place is Place.VECTOR_UNIT and step.op.gemm
    ]
    assert counted(ledger)["vector_unit.mac"] == batch * sum(on_lanes)


@UNHURRIED
@given(st.data())
def test_each_column_is_converted_as_often_as_its_count_and_multiplied_at_least_so(data):
    name = data.draw(st.sampled_from(["ring_bank", "crossbar"]))
    hardware, workload = data.draw(machines(name=name)), data.draw(networks(products=False))
    assume(workload.gemms)
    assume(hardware.tiles.averaging == "digital")
    plan = data.draw(plans(workload))
    ledger = run(compiled(workload, hardware, plan).program)
    least = products_done(workload, hardware, plan)
    most = products_done(workload, hardware, RepetitionPlan.uniform(workload, 3))
    assert least <= counted(ledger)["array.mac"] <= most


@UNHURRIED
@given(st.data())
def test_bytes_moved_are_at_least_the_bytes_needed(data):
    hardware, workload = data.draw(machines()), data.draw(networks())
    totals = counted(ledger := run(compiled(workload, hardware).program))
    inputs = 8 * prod(workload.inputs[0].shape)
    outputs = 8 * workload.op(workload.outputs[0]).elements
    assert totals["dram.read_bit"] >= inputs + 8 * workload.weights
    assert ledger.actions["(output)"]["dram.write_bit"] == outputs
    assert totals["buffer.read_bit"] >= outputs


@UNHURRIED
@given(st.data())
def test_more_repetitions_never_save_time_or_actions(data):
    name = data.draw(st.sampled_from(["ring_bank", "crossbar", "homodyne", "dota_b"]))
    hardware, workload = data.draw(machines(name=name)), data.draw(networks())
    assume(workload.gemms)
    once = run(compiled(workload, hardware, 1).program)
    twice = run(compiled(workload, hardware, 2).program)
    assert twice.makespan_ticks >= once.makespan_ticks
    for action, count in counted(once).items():
        assert counted(twice)[action] >= count


@UNHURRIED
@given(st.data())
def test_doubling_all_clocks_halves_the_makespan_of_a_machine_without_fixed_times(data):
    hardware = data.draw(machines())
    slow = hardware.model_copy(
        update={
            "dram": hardware.dram.model_copy(update={"latency_s": Fraction(0)}),
        }
    )
    faster_dram = slow.dram.model_copy(
        update={"bandwidth_byte_per_s": 2 * slow.dram.bandwidth_byte_per_s}
    )
    tiles = slow.tiles
    rated = {
        slot: part.model_copy(update={"rate_hz": 2 * part.rate_hz})
        for slot in ("dac", "adc")
        if (part := getattr(tiles, slot)) is not None
    }
    fast = slow.model_copy(
        update={
            "clocks": {clock: 2 * hz for clock, hz in slow.clocks.items()},
            "dram": faster_dram,
            "tiles": tiles.model_copy(update=rated),
        }
    )
    for cached in ("tick_s", "_ticks_per_cycle", "hash"):
        fast.__dict__.pop(cached, None)
    workload = data.draw(networks())
    times = []
    for machine in (slow, fast):
        made = compiled(workload, machine)
        times.append(run(made.program).makespan_ticks * made.tick_s)
    assert times[0] == 2 * times[1]


@UNHURRIED
@given(st.data())
def test_a_machine_is_no_faster_than_its_busiest_unit_and_no_slower_than_serial_work(data):
    program = compiled(data.draw(networks()), data.draw(machines())).program
    ledger = run(program)
    busy = Counter()
    for record in ledger.records:
        busy[record.unit] += record.busy_ticks
    assert max(busy.values()) <= ledger.makespan_ticks <= program.serial_ticks
