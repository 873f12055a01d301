"""Who gets a port: lower priority, then earlier request, then lower unit; never the run's whim."""

from __future__ import annotations

import pytest

from archsim.engine import simpy_engine
from archsim.engine.clock import Clock
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
from tests.runs import ShuffledClock


@pytest.fixture(params=[None, *range(10)], ids=lambda s: "fifo" if s is None else f"shuffle{s}")
def clock(request):
    """An environment; no test may depend on the order of its ties."""
    return Clock() if request.param is None else ShuffledClock(request.param)


def client(arrival: int, held: int, priority: int = 0, port: int = 0) -> list[Instruction]:
    return [Work(0, arrival), Acquire(port, 0, priority), Work(1, held), Release(port, 0)]


BUS = (Port("bus"),)


def ends(clock, clients, ports=BUS, channels=()):
    units = tuple(Unit(f"u{i}", "client", tuple(body)) for i, body in enumerate(clients))
    program = Program(("before", "served"), units, channels, ports)
    return list(simpy_engine.run(program, clock=clock).end_ticks.values())


def test_a_tie_goes_to_the_lower_unit(clock):
    assert ends(clock, [client(10, 3), client(10, 3), client(10, 3)]) == [13, 16, 19]


def test_priority_goes_before_the_order_of_requests(clock):
    clients = [client(0, 10), client(1, 3, priority=5), client(9, 3, priority=1)]
    assert ends(clock, clients) == [10, 16, 13]


def test_of_equal_priority_the_first_to_come_goes_first(clock):
    assert ends(clock, [client(0, 10), client(9, 3), client(1, 3)]) == [10, 16, 13]


def test_a_request_of_the_very_tick_of_a_release_still_counts(clock):
    # The place comes free at 10 and both are waiting then, though unit 2 asks only at 10.
    clients = [client(0, 10), client(1, 3, priority=5), client(10, 3, priority=1)]
    assert ends(clock, clients) == [10, 16, 13]


def test_a_unit_that_asks_again_comes_after_one_that_asked_before(clock):
    again = [Repeat(2, tuple(client(0, 4)))]
    assert ends(clock, [again, client(1, 4)]) == [12, 8]


def test_a_unit_that_asks_again_competes_with_one_that_asks_now(clock):
    again = [Repeat(2, tuple(client(0, 4)))]
    assert ends(clock, [again, client(4, 4)]) == [8, 12]


def test_two_places_serve_two_at_a_time(clock):
    assert ends(clock, [client(0, 5)] * 4, (Port("bus", 2),)) == [5, 5, 10, 10]


def test_zero_time_progress_is_exhausted_before_any_port_decides(clock):
    # Unit 0's request of tick 5 waits for a chain of tokens through units 2 and 3, without time.
    channels = (Channel("a", 1), Channel("b", 1), Channel("c", 1))
    clients = [
        [Work(0, 5), Send(0, 0), Recv(2, 0), *client(0, 3)],
        client(5, 3),
        [Recv(0, 0), Send(1, 0)],
        [Recv(1, 0), Send(2, 0)],
    ]
    assert ends(clock, clients, channels=channels) == [8, 11, 5, 5]


def test_all_ports_decide_together(clock):
    # At 4 unit 0 asks for p, unit 1 for q. Port by port, unit 0 would have p and ask for q before
    # q is decided, and as the lower unit win it; decided together, unit 1 already has q.
    both = [Work(0, 4), Acquire(0, 0), Acquire(1, 0), Work(1, 2), Release(1, 0), Release(0, 0)]
    assert ends(clock, [both, client(4, 3, port=1)], (Port("p"), Port("q"))) == [9, 7]


def test_waiting_for_a_port_is_stall(clock):
    units = (Unit("u0", "c", tuple(client(0, 6))), Unit("u1", "c", tuple(client(2, 1))))
    program = Program(("before", "served"), units, (), BUS)
    found = {(r.unit, r.op): r for r in simpy_engine.run(program, clock=clock).records}
    assert found["u1", "before"].stall_ticks == 4
    assert found["u0", "before"].stall_ticks == 0
