"""A program whose units could not meet is refused before time starts."""

from __future__ import annotations

import pytest

from archsim.errors import MappingError
from archsim.mapping.program import (
    Acquire,
    Channel,
    Port,
    Program,
    Recv,
    Release,
    Repeat,
    Send,
    Unit,
    Work,
)


def refused(units, channels=(), ports=(), ops=("op",)) -> list[str]:
    """Return the faults that construction tells."""
    made = tuple(Unit(name, "unit", tuple(body)) for name, body in units.items())
    with pytest.raises(MappingError) as error:
        Program(ops, made, channels, ports)
    return str(error.value).splitlines()


def test_a_channel_has_one_sender_and_one_receiver():
    units = {"a": [Send(0, 0)], "b": [Send(0, 0)], "c": [Recv(0, 0), Recv(0, 0)]}
    assert refused(units, (Channel("sums", 1),)) == [
        "sums: sent to by a, b, received from by c; a channel has one sender and one receiver."
    ]


def test_a_channel_that_nobody_uses_is_refused():
    [fault] = refused({"a": []}, (Channel("sums", 1),))
    assert fault.startswith("sums: sent to by nobody, received from by nobody;")


def test_tokens_balance_over_nested_loops():
    units = {
        "a": [Repeat(2, (Send(0, 0), Repeat(3, (Send(0, 0),))))],
        "b": [Repeat(7, (Recv(0, 0),))],
    }
    assert refused(units, (Channel("sums", 1),)) == [
        "sums: 8 tokens are sent and 7 received; the numbers must be equal."
    ]


def test_places_of_ports_are_given_back():
    units = {
        "keeps": [Acquire(0, 0)],
        "has not": [Release(0, 0), Acquire(0, 0), Release(0, 0)],
        "gathers": [Repeat(2, (Acquire(0, 0),)), Release(0, 0)],
        "fine": [Repeat(2, (Acquire(0, 0), Work(0, 1), Release(0, 0)))],
    }
    assert refused(units, ports=(Port("bus", 2),)) == [
        "keeps: ends with a place of port 0; give it back with a release.",
        "has not: gives back a place of port 0 it has not; acquire it first.",
        "gathers: a loop ends with other places of ports than it began with.",
    ]


def test_a_unit_may_hold_a_port_across_a_loop_and_two_places_at_once():
    hold = (Acquire(0, 0), Acquire(0, 0), Repeat(2, (Release(0, 0), Acquire(0, 0))))
    units = (Unit("u", "unit", (*hold, Release(0, 0), Release(0, 0))),)
    assert Program(("op",), units, (), (Port("bus", 2),)).dynamic


def test_every_fault_is_told_at_once():
    units = {
        "a": [Work(0, -1), Work(1, 0), Recv(9, 0), Acquire(2, 0), Repeat(-1, (Work(-1, 0),))],
        "b": [Work(0, 1, (("adc.convert", -2),)), Send(0, 0)],
        "c": [Recv(0, 0)],
    }
    faults = refused(units, (Channel("x", 0, -3),), (Port("bus", 0),))
    assert faults == [
        "x: capacity 0; needs at least 1.",
        "x: latency of -3 ticks; needs at least 0.",
        "bus: 0 places; needs at least 1.",
        "a: work with -1 ticks; needs at least 0.",
        "a: op 1 is not one of the 1 ops; add it first.",
        "a: channel 9 is not one of the 1 channels; add it first.",
        "a: port 2 is not one of the 1 ports; add it first.",
        "a: a loop of -1 rounds; needs at least 0.",
        "a: op -1 is not one of the 1 ops; add it first.",
        "a: ends with a place of port 2; give it back with a release.",
        "b: work with -2 adc.convert; needs at least 0.",
    ]


def test_a_name_stands_for_one_thing():
    made = (Unit("u", "unit", ()), Unit("u", "unit", ()))
    with pytest.raises(MappingError, match=r"^op: 2 ops have .*\nu: 2 units have .* its own\.$"):
        Program(("op", "op"), made, ())


def test_a_program_knows_the_ends_of_its_channels_and_its_serial_time():
    units = (
        Unit("a", "unit", (Repeat(3, (Work(0, 5), Send(0, 0))),)),
        Unit("b", "unit", (Repeat(3, (Recv(0, 0), Work(0, 2))),)),
    )
    made = Program(("op",), units, (Channel("c", 1, 4),))
    assert made.senders == (0,)
    assert made.receivers == (1,)
    assert made.tokens == (3,)
    assert made.serial_ticks == 3 * (5 + 2 + 4)
    assert not made.dynamic
