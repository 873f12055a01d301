"""Programs that are written once and timed for many machines are what each would have got alone."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from fractions import Fraction

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from archsim.engine import run
from archsim.errors import ArchsimError
from archsim.hardware import Hardware
from archsim.mapping import Compiled, compile_workload, serial
from archsim.mapping.program import Program, Repeat, Work
from archsim.workload import RepetitionPlan
from tests.machines import machines, networks, plans

UNHURRIED = settings(
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
FACTORS = st.sampled_from([Fraction(1, 2), Fraction(2), Fraction(3), Fraction(7, 5)])


def fields(data, path=()):
    """Return where every number, flag and choice of a machine stands, but for its prose."""
    if isinstance(data, dict):
        return [
            found
            for name, value in data.items()
            if name not in {"description", "sources", "format", "name", "kind", "dataflow"}
            for found in fields(value, (*path, name))
        ]
    return [path]


CHOICES = {
    "cores_split": ["contraction", "columns"],
    "tiles_split": ["rows", "columns", "contraction"],
    "inputs_shared_by": ["none", "tiles"],
    "adc_shared_by": ["none", "cores"],
    "dynamic_products": ["array", "blocks", "vector_unit"],
    "repetition": ["time", "space"],
    "averaging": ["analog", "digital"],
    "arbitration": ["static", "fcfs", "priority"],
    "on": ["op", "always"],
}


def other(draw, name, value, clocks):
    """Return another value of a field."""
    if name in CHOICES:
        return draw(st.sampled_from(CHOICES[name]))
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return max(1, value + draw(st.integers(-2, 3)))
    if isinstance(value, str) and (found := re.fullmatch(r"([-\d.e+/]+)( .+)?", value)):
        number = Fraction(found[1]) if "e" not in found[1] else Fraction(float(found[1]))
        return f"{number * draw(FACTORS)}{found[2] or ''}"
    return draw(st.sampled_from(sorted(clocks))) if name == "clock" else value


@st.composite
def relatives(draw, hardware: Hardware) -> Hardware:
    """Return a machine that differs in some fields, any of them."""
    for path in draw(st.lists(st.sampled_from(fields(hardware.dump())), min_size=1, max_size=3)):
        data = hardware.dump()
        holder = data
        for name in path[:-1]:
            holder = holder[name]
        holder[path[-1]] = other(draw, path[-1], holder[path[-1]], data["clocks"])
        with suppress(ValueError):  # some values contradict others
            hardware = Hardware.model_validate_json(json.dumps(data))
    return hardware


def everything(made: Compiled):
    """Return all that the engines, the ledger and the report can know of a compiled workload."""
    program = made.program
    wiring = program.senders, program.receivers, program.tokens, program.latency_ticks
    return (
        (program.ops, program.units, program.channels, program.ports, *wiring),
        (program.code.table.tolist(), program.code.ticks, program.lines.times),
        (program.lines.actions, program.lines.pairs, program.serial_ticks),
        (made.placements, made.tick_s, made.inputs),
        run(program),
    )


def compiled(workload, hardware, plan, batch):
    """Return what compiling gives, be it an error."""
    try:
        return everything(compile_workload(workload, hardware, plan, batch=batch))
    except ArchsimError as error:
        return str(error)


@UNHURRIED
@given(st.data())
def test_kept_programs_are_those_that_are_written_afresh(data):
    workload = data.draw(networks())
    first = data.draw(machines())
    family = [first] + [data.draw(relatives(first)) for _ in range(3)]
    event(f"{sum(one != first for one in family)} machines differ from the first")
    points = []
    for hardware in family:
        plan: int | RepetitionPlan = 1
        if workload.gemms and not hardware.tiles.digital:
            plan = data.draw(st.one_of(st.integers(1, 3), plans(workload)))
        points.append((hardware, plan, data.draw(st.integers(1, 2))))
    serial.program.cache_clear()
    kept = [compiled(workload, *point) for point in points]
    event(f"{serial.program.cache_info().hits} hits")
    kept += [compiled(workload, *point) for point in points]
    for point, found in zip(points + points, kept, strict=True):
        serial.program.cache_clear()
        assert found == compiled(workload, *point)


def with_ticks(program: Program) -> Program:
    """Return the program with every duration replaced by its ticks, written and checked anew."""

    def body(instructions):
        return tuple(
            Repeat(i.count, body(i.body))
            if isinstance(i, Repeat)
            else Work(i.op, program.ticks(i.ticks), i.actions)
            if isinstance(i, Work)
            else i
            for i in instructions
        )

    units = [type(u)(u.name, u.role, body(u.instructions)) for u in program.units]
    channels = zip(program.channels, program.latency_ticks, strict=True)
    made = [type(c)(c.name, c.capacity, ticks) for c, ticks in channels]
    return Program(program.ops, tuple(units), tuple(made), program.ports)


@UNHURRIED
@given(st.data())
def test_a_timed_program_is_the_one_that_was_written_in_its_ticks(data):
    hardware, workload = data.draw(machines()), data.draw(networks())
    try:
        program = compile_workload(workload, hardware).program
    except ArchsimError:
        return
    plain = with_ticks(program)
    assert plain.code.table.tolist() == program.code.table.tolist()
    assert (plain.latency_ticks, plain.serial_ticks) == (
        program.latency_ticks,
        program.serial_ticks,
    )
    assert run(plain) == run(program)
