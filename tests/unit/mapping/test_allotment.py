"""Tiles for resident weights, against the best of all allotments and against closed forms."""

from fractions import Fraction
from itertools import product

import pytest

from archsim.errors import MappingError
from archsim.hardware import load_hardware
from archsim.mapping.allotment import Demand, for_latency, for_throughput

UNBOUNDED = 10**9


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


def times(demands, counts):
    return [Fraction(demand.ticks, counts[op]) for op, demand in demands.items()]


@pytest.mark.parametrize(
    "ticks", [(90, 7, 31), (1000, 1, 1), (5, 5, 5), (0, 10, 40)], ids=lambda ticks: str(ticks)
)
@pytest.mark.parametrize("tiles", [3, 4, 9, 14])
def test_of_ops_that_take_a_tile_each_no_allotment_is_better(ticks, tiles):
    demands = {name: Demand(1, t, 6) for name, t in zip("abc", ticks, strict=True)}
    serial = replicas(for_latency(machine(tiles), demands), demands)
    assert sum(times(demands, serial)) == min(
        sum(times(demands, counts)) for counts in every(demands, tiles)
    )
    streamed = replicas(for_throughput(machine(tiles), demands), demands)
    assert max(times(demands, streamed)) == min(
        max(times(demands, counts)) for counts in every(demands, tiles)
    )


def test_an_op_that_nothing_speeds_up_keeps_none_from_the_others():
    demands = {"slow": Demand(1, 10**6, 1), "fast": Demand(2, 1000, 50)}
    assert for_latency(machine(200), demands) == {"slow": 1, "fast": 100}
    # a stream is as fast as its slowest op, so that more replicas were in vain
    assert for_throughput(machine(200), demands) == {"slow": 1, "fast": 2}


def test_replicas_of_scarce_tiles_go_with_the_root_of_time_over_tiles():
    demands = {
        "a": Demand(4, 1_000_000, UNBOUNDED),
        "b": Demand(1, 4_000_000, UNBOUNDED),
        "c": Demand(9, 250_000, UNBOUNDED),
    }
    found = replicas(for_latency(machine(30_000), demands), demands)
    weights = {op: (demand.ticks / demand.tiles) ** 0.5 for op, demand in demands.items()}
    in_all = sum(weights[op] * demand.tiles for op, demand in demands.items())
    for op, count in found.items():
        assert count == pytest.approx(30_000 * weights[op] / in_all, abs=10)


def test_large_weights_leave_what_is_left_to_smaller_ones():
    demands = {"large": Demand(10, 10**6, UNBOUNDED), "small": Demand(3, 10, UNBOUNDED)}
    assert for_latency(machine(29), demands) == {"large": 20, "small": 9}


@pytest.mark.parametrize("allot", [for_latency, for_throughput])
def test_what_does_not_fit_is_refused(allot):
    demands = {"a": Demand(7, 1, 1), "b": Demand(5, 1, 1)}
    with pytest.raises(MappingError, match=r"need 12 tiles; 'crossbar' has 10, 2 too few"):
        allot(machine(10), demands)
