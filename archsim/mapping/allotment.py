"""Tiles for ops whose weights stay in them: what the weights need, then replicas of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from heapq import heapify, heappop, heapreplace

from archsim.errors import MappingError
from archsim.hardware import Hardware


@dataclass(frozen=True, slots=True)
class Demand:
    """What an op that stays on its tiles asks for.

    Attributes:
        tiles: Tiles that hold its operand once.
        ticks: How long it takes for one input of the network with one replica.
        replicas: Replicas that can be of use.
    """

    tiles: int
    ticks: int
    replicas: int


def for_latency(hardware: Hardware, demands: Mapping[str, Demand]) -> dict[str, int]:
    """Return how many tiles each op gets where ops follow each other, so that times add up.

    Greedily for the least sum over ops of ticks/replicas: each further replica goes where it saves
    the most time for its tiles. With tiles to spare all ops have what is of use to them; else
    replicas are about proportional to sqrt(ticks/tiles).

    Raises:
        MappingError: The tiles cannot hold everything at once.
    """
    replicas, left = _one_each(hardware, demands)

    def next_saving(op: str) -> tuple[float, str]:
        demand, now = demands[op], replicas[op]
        return -demand.ticks / (now * (now + 1) * demand.tiles), op

    savings = [next_saving(op) for op in demands]
    heapify(savings)
    while savings:
        _, op = savings[0]
        demand = demands[op]
        if demand.tiles > left or replicas[op] >= demand.replicas:
            heappop(savings)
            continue
        left -= demand.tiles
        replicas[op] += 1
        heapreplace(savings, next_saving(op))
    return {op: replicas[op] * demand.tiles for op, demand in demands.items()}


def for_throughput(
    hardware: Hardware, demands: Mapping[str, Demand], bound_ticks: int = 0
) -> dict[str, int]:
    """Return how many tiles each op gets where all are under way at once.

    The op that takes longest for an input gets another replica as long as that can be of use, tiles
    are left, and it takes longer than ``bound_ticks``, below which other parts of the machine are
    slower.

    Raises:
        MappingError: The tiles cannot hold everything at once.
    """
    replicas, left = _one_each(hardware, demands)
    longest = [(-Fraction(demand.ticks), op) for op, demand in demands.items()]
    heapify(longest)
    while longest:
        ticks, op = longest[0]
        demand = demands[op]
        if -ticks <= bound_ticks or demand.tiles > left or replicas[op] >= demand.replicas:
            break
        left -= demand.tiles
        replicas[op] += 1
        heapreplace(longest, (-Fraction(demand.ticks, replicas[op]), op))
    return {op: replicas[op] * demand.tiles for op, demand in demands.items()}


def _one_each(hardware: Hardware, demands: Mapping[str, Demand]) -> tuple[dict[str, int], int]:
    """Return one replica of each op, and how many tiles are left."""
    bound = hardware.tiles.count
    needed = sum(demand.tiles for demand in demands.values())
    if needed > bound:
        raise MappingError(
            f"weights: all resident at once need {needed} tiles; '{hardware.name}' has {bound}, "
            f"{needed - bound} too few. Raise tiles.count to {needed}, or set tiles.reload: true "
            "and use schedule serial."
        )
    return dict.fromkeys(demands, 1), bound - needed
