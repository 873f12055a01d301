"""Tiles for resident weights, against the best of all allotments and against closed forms."""

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.errors import MappingError
from archsim.hardware import load_hardware
from archsim.mapping.allotment import Demand, fewest, for_latency, for_throughput

MANY = 10**6


def machine(tiles):
    return load_hardware("crossbar", [f"tiles.count={tiles}"])


def replicas(found, demands):
    return {op: found[op] // demand.tiles for op, demand in demands.items()}


def every(demands, tiles):
    """Yield all numbers of replicas for which there are tiles."""
    ranges = [range(1, min(tiles, demand.replicas) + 1) for demand in demands.values()]
    for chosen in product(*ranges):
        counts = dict(zip(demands, chosen, strict=True))
        if sum(demands[op].tiles * n for op, n in counts.items()) <= tiles:
            yield counts


def time_of(demand, count):
    return Fraction(demand.ticks, demand.vectors) * -(-demand.vectors // count)


def times(demands, counts):
    return [time_of(demand, counts[op]) for op, demand in demands.items()]


def shared_out(vectors, tiles_of_one, ticks):
    zipped = zip("abc", vectors, tiles_of_one, ticks, strict=True)
    return {name: Demand(tiles, t * n, n, n) for name, n, tiles, t in zipped}


SMALL = st.tuples(*[st.integers(1, 9)] * 3)


@given(SMALL, SMALL, st.tuples(*[st.integers(1, 50)] * 3), st.integers(0, 40))
def test_what_a_better_allotment_saves_is_less_than_one_step(vectors, tiles_of_one, ticks, spare):
    """Greedily, all tiles but those of one last step are as well spent as they can be."""
    demands = shared_out(vectors, tiles_of_one, ticks)
    tiles = sum(tiles_of_one) + spare
    found = for_latency(machine(tiles), demands)
    assert sum(found.values()) <= tiles
    best = min(sum(times(demands, counts)) for counts in every(demands, tiles))
    largest = max(d.ticks - time_of(d, d.replicas) for d in demands.values())
    assert sum(times(demands, replicas(found, demands))) - best <= largest


@pytest.mark.parametrize("spare", [0, 1, 3, 10, 21])
def test_of_ops_whose_turns_fall_evenly_no_allotment_is_better(spare):
    # each further replica of 2 vectors saves one turn, so that steps are all alike
    demands = shared_out((2, 2, 2), (1, 1, 1), (7, 5, 3))
    found = replicas(for_latency(machine(3 + spare), demands), demands)
    assert sum(times(demands, found)) == min(
        sum(times(demands, counts)) for counts in every(demands, 3 + spare)
    )


def test_of_ops_under_way_at_once_the_slowest_decides():
    demands = {name: Demand(1, t, MANY, 6) for name, t in zip("abc", (90, 7, 31), strict=True)}
    for tiles in (3, 4, 9, 14):
        found = replicas(for_throughput(machine(tiles), demands), demands)
        slowest = [
            max(Fraction(demands[op].ticks, n) for op, n in counts.items())
            for counts in (found, *every(demands, tiles))
        ]
        assert slowest[0] == min(slowest)


def test_no_replica_is_in_vain():
    # of 1,024 vectors, 512 replicas take two turns, and 513 to 1,023 do so, too
    demands = {"a": Demand(1, 1024, 1024, 1024), "b": Demand(1, 1024, 1024, 1024)}
    assert for_latency(machine(1536), demands) == {"a": 1024, "b": 512}
    assert for_latency(machine(1535), demands) == {"a": 512, "b": 512}
    assert [fewest(1024, n) for n in (1, 511, 700, 1023, 1024)] == [1, 342, 512, 512, 1024]


def test_what_is_left_after_a_step_goes_to_the_same_op_if_it_can():
    # 9 vectors: 2, 3, 5, 9 replicas take 5, 3, 2, 1 turns; 8 tiles are enough for 5, not for 9
    assert for_latency(machine(8), {"a": Demand(1, 9, 9, 9)}) == {"a": 5}
    assert for_latency(machine(4), {"a": Demand(1, 9, 9, 9)}) == {"a": 3}
    assert for_latency(machine(5), {"a": Demand(2, 9, 9, 9)}) == {"a": 4}


def test_an_op_that_nothing_speeds_up_keeps_none_from_the_others():
    demands = {"slow": Demand(1, 10**6, 1, 1), "fast": Demand(2, 1000, 50, 50)}
    assert for_latency(machine(200), demands) == {"slow": 1, "fast": 100}
    # a stream is as fast as its slowest op, so that more replicas were in vain
    assert for_throughput(machine(200), demands) == {"slow": 1, "fast": 2}


def test_replicas_of_scarce_tiles_go_with_the_root_of_time_over_tiles():
    demands = {
        "a": Demand(4, 1_000_000, MANY, MANY),
        "b": Demand(1, 4_000_000, MANY, MANY),
        "c": Demand(9, 250_000, MANY, MANY),
    }
    found = replicas(for_latency(machine(30_000), demands), demands)
    weights = {op: (demand.ticks / demand.tiles) ** 0.5 for op, demand in demands.items()}
    in_all = sum(weights[op] * demand.tiles for op, demand in demands.items())
    for op, count in found.items():
        assert count == pytest.approx(30_000 * weights[op] / in_all, rel=0.01)


def test_large_weights_leave_what_is_left_to_smaller_ones():
    demands = {"large": Demand(10, 10**6, MANY, MANY), "small": Demand(3, 10, MANY, MANY)}
    assert for_latency(machine(29), demands) == {"large": 20, "small": 9}


@pytest.mark.parametrize("allot", [for_latency, for_throughput])
def test_what_does_not_fit_is_refused(allot):
    demands = {"a": Demand(7, 1, 1, 1), "b": Demand(5, 1, 1, 1)}
    with pytest.raises(MappingError, match=r"need 12 tiles; 'crossbar' has 10, 2 too few"):
        allot(machine(10), demands)
