"""What is skipped, and that nothing is lost where a loop ends or rates fall out of step."""

from __future__ import annotations

import subprocess
import sys

import pytest

from archsim.engine import compiled, simpy_engine
from archsim.engine.ledger import Times, ledger_of
from archsim.errors import SimulationError
from archsim.mapping.code import Opcode
from archsim.mapping.program import (
    Acquire,
    Channel,
    Instruction,
    Port,
    Program,
    Recv,
    Release,
    Repeat,
    Send,
    Unit,
    Work,
)
from tests.runs import Completions, completions


def program(units: dict[str, list[Instruction]], *channels: Channel) -> Program:
    made = tuple(Unit(name, "unit", tuple(body)) for name, body in units.items())
    return Program(("op", "other"), made, channels)


def pair(rounds: int, ticks: tuple[int, int], tokens: tuple[int, int] = (1, 1)) -> Program:
    """Return a producer and a consumer with so many works and so many tokens a round each."""
    most, (made, taken) = tokens[0] * tokens[1], tokens
    makes: list[Instruction] = [Work(0, ticks[0]), *[Send(0, 0)] * made]
    takes: list[Instruction] = [*[Recv(0, 0)] * taken, Work(0, ticks[1])]
    units = {
        "makes": [Repeat(rounds * most // made, tuple(makes))],
        "takes": [Repeat(rounds * most // taken, tuple(takes))],
    }
    return program(units, Channel("c", most, 3))


def check(made: Program) -> compiled.Ledger:
    """Return the ledger after comparing it with the other ways to run the program."""
    ledger = compiled.run(made)
    assert ledger == compiled.run(made, fast_forward=False)
    if made.code.steps < 100_000:
        assert ledger == simpy_engine.run(made)
    return ledger


@pytest.mark.parametrize("rounds", [10**3, 10**6, 10**9])
def test_the_cost_of_a_loop_does_not_grow_with_its_rounds(rounds):
    ledger = compiled.run(pair(rounds, (3, 5)))
    assert ledger.makespan_ticks == 3 + 3 + 5 * rounds
    assert ledger.executed < 200
    assert ledger.instructions == 4 * rounds


@pytest.mark.parametrize("rounds", range(1, 40))
def test_a_loop_may_end_anywhere_in_a_period(rounds):
    check(pair(rounds, (2, 7)))


@pytest.mark.parametrize("tokens", [(2, 3), (3, 2), (5, 7), (7, 11), (1, 13)])
def test_rates_without_a_common_divisor(tokens):
    ledger = check(pair(500, (3, 4), tokens))
    assert ledger.skipped > 0
    assert ledger.executed < ledger.instructions / 4


def test_loops_around_loops_are_skipped_too():
    inner = Repeat(40, (Work(0, 2), Send(0, 0)))
    taken = Repeat(40, (Recv(0, 0), Work(0, 3)))

    def nested(rounds: int) -> Program:
        units = {
            "a": [Repeat(rounds, (inner, Work(1, 5)))],
            "b": [Repeat(rounds, (taken, Work(1, 1)))],
        }
        return program(units, Channel("c", 2))

    check(nested(300))
    few, many = compiled.run(nested(1_000)), compiled.run(nested(1_000_000))
    assert many.executed < 2 * few.executed < few.instructions / 10


def test_groups_that_have_nothing_to_do_with_each_other_keep_their_own_time():
    # Periods of 5 and 7 ticks never meet, and the second goes on long after the first.
    units = {
        "a": [Repeat(10_000, (Work(0, 5), Send(0, 0)))],
        "b": [Repeat(10_000, (Recv(0, 0),))],
        "c": [Repeat(30_000, (Work(0, 7), Send(1, 0)))],
        "d": [Repeat(30_000, (Recv(1, 0), Work(0, 1)))],
    }
    ledger = compiled.run(program(units, Channel("c0", 2), Channel("c1", 3)))
    assert ledger.end_ticks == {"a": 50_000, "b": 50_000, "c": 210_000, "d": 210_001}
    assert ledger.executed < 500


def test_a_group_that_waits_for_another_to_end():
    # b prepares in its own rhythm what a asks for only after its long loop, and the other way.
    units = {
        "a": [Repeat(5_000, (Work(0, 3),)), Recv(0, 0), Repeat(700, (Work(1, 2), Send(1, 1)))],
        "b": [Repeat(9_000, (Work(0, 1), Work(1, 1))), Send(0, 0), Repeat(700, (Recv(1, 1),))],
    }
    ledger = check(program(units, Channel("c0", 1, 2), Channel("c1", 5)))
    assert ledger.end_ticks == {"a": 18_002 + 1_400, "b": 18_002 + 1_400}


def test_zero_time_work_and_units_that_only_pass_on():
    units = {
        "a": [Repeat(5_000, (Work(0, 0), Send(0, 0)))],
        "b": [Repeat(5_000, (Recv(0, 0), Send(1, 1)))],
        "c": [Repeat(5_000, (Recv(1, 1), Work(1, 0)))],
    }
    ledger = check(program(units, Channel("c0", 1), Channel("c1", 1)))
    assert ledger.makespan_ticks == 0
    assert ledger.executed < 500


def test_a_unit_that_never_starts_and_loops_of_nothing():
    units = {"idle": [], "empty": [Repeat(10**9, ())], "none": [Repeat(0, (Work(0, 5),))]}
    ledger = compiled.run(program(units))
    assert ledger.end_ticks == {"idle": 0, "empty": 0, "none": 0}
    assert ledger.skipped > 10**6
    assert ledger.records == ()


def test_tokens_that_wait_longer_and_longer_do_not_hide_a_recurrence():
    # The receiver falls behind without end; what is ready already is just ready.
    ledger = check(pair(5_000, (1, 9)))
    assert ledger.executed < 500


def test_a_deadlock_after_a_skip_is_told_as_if_nothing_had_been_skipped():
    units = {
        "a": [Repeat(4_000, (Work(0, 3), Send(0, 0))), Send(1, 0), Recv(2, 0)],
        "b": [Repeat(4_000, (Recv(0, 0),)), Send(2, 0), Recv(1, 0), Recv(3, 0)],
        "c": [Recv(4, 0), Send(3, 0)],
        "d": [Recv(3 + 2, 0), Send(4, 0)],
        "e": [Work(0, 1), Recv(6, 0), Send(5, 0)],
        "f": [Recv(7, 0), Send(6, 0), Send(7, 0)],
    }
    made = program(units, *(Channel(f"c{i}", 1) for i in range(8)))
    told = []
    for engine in (compiled.run, simpy_engine.run):
        with pytest.raises(SimulationError) as error:
            engine(made)
        told.append(str(error.value))
    assert told[0] == told[1]
    assert told[0].startswith("deadlock at tick 12000: b waits for c3 (empty; sent by c); c waits")


def test_ports_need_the_other_engine():
    unit = Unit("a", "unit", (Acquire(0, 0), Release(0, 0)))
    with pytest.raises(ValueError, match="1 ports are arbitrated"):
        compiled.run(Program(("op",), (unit,), (), (Port("bus"),)))


def test_a_trace_tells_everything_with_what_recurs_written_once():
    made = pair(1_000, (3, 5))
    whole = completions(simpy_engine.run, made)
    assert completions(compiled.run, made, fast_forward=False) == whole
    assert completions(compiled.run, made) == whole
    brief = Completions()
    brief.begins(made)
    compiled.run(made, trace=brief)
    assert brief.skips == 2  # one for each unit


def test_a_trace_longer_than_its_buffer_is_whole():
    made = pair(60_000, (1, 1))
    trace = completions(compiled.run, made, fast_forward=False)
    assert sum(map(len, trace.values())) == made.code.steps
    assert trace[1][-1] == (made.lines.starts[2] - 2, compiled.run(made).makespan_ticks)


def test_many_groups_that_are_far_apart_cost_what_each_costs():
    def group(first: int, steps: int) -> dict[str, list[Instruction]]:
        works = [Work(0, 3)] * steps
        made, taken = Repeat(70, (*works, Send(first, 0))), Repeat(70, (Recv(first, 0), Work(0, 1)))
        return {
            f"a{first}": [Repeat(5_000, (made, Send(first + 1, 0)))],
            f"b{first}": [Repeat(5_000, (taken, Recv(first + 1, 0)))],
        }

    def groups(count: int) -> Program:
        units = {}
        for i in range(count):
            units |= group(2 * i, 5 + 2 * i)
        return program(units, *(Channel(f"c{i}", 2) for i in range(2 * count)))

    one, five = compiled.run(groups(1)), compiled.run(groups(5))
    assert five.executed < 20 * one.executed < 20_000


@pytest.mark.parametrize("room", range(40, 80))
def test_a_trace_may_be_full_anywhere(room, monkeypatch):
    # Then a unit stands where it otherwise never does, such as at the end of a loop.
    inner = Repeat(3, (Work(0, 2), Send(0, 0)))
    taken = Repeat(3, (Recv(0, 0), Work(0, 3)))
    units = {"a": [Repeat(50, (inner, Work(1, 5)))], "b": [Repeat(50, (taken,))]}
    made = program(units, Channel("c", 2))
    monkeypatch.setattr(compiled, "_LOG_ROWS", room)
    assert completions(compiled.run, made) == completions(simpy_engine.run, made)


def test_a_large_channel_that_carries_little_takes_no_room():
    units = {"a": [Repeat(3, (Send(0, 0),))], "b": [Repeat(3, (Recv(0, 0), Work(0, 1)))]}
    check(program(units, Channel("c", 10**12)))


def test_numbers_of_instructions_are_what_cached_code_takes_them_for():
    names = ("RECV", "SEND", "WORK", "ACQUIRE", "RELEASE", "LOOP", "END")
    assert [(code.name, int(code)) for code in Opcode] == list(zip(names, range(7), strict=True))


def test_an_engine_that_loses_work_is_found_out():
    made = pair(10, (3, 5))
    times = Times([0] * 2, [0, 0], [0] * 2, [0] * 2, [0] * 2, [0] * 2)
    with pytest.raises(SimulationError, match=r"^odd: found 0 works executed; expected 20, each"):
        ledger_of("odd", made, times, executed=0)


def test_without_a_place_to_keep_it_the_engine_is_compiled_each_time():
    # As in a read-only container: neither the package's folder nor the user's cache can be written.
    script = (
        "import numba.core.caching as c\n"
        "def refuse(*_, **__): raise RuntimeError('cannot cache function: no locator available')\n"
        "c.FunctionCache.__init__ = refuse\n"
        "from archsim.engine import _kernel\n"
        "print(type(_kernel.advance).__name__)\n"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "CPUDispatcher\n"
