"""Tiles for ops whose weights stay in them: what the weights need, then replicas of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from heapq import heapify, heappop, heapreplace

from archsim.errors import MappingError
from archsim.hardware import Hardware
from archsim.mapping.tiling import ceil_div


@dataclass(frozen=True, slots=True)
class Demand:
    """What an op that stays on its tiles asks for.

    Attributes:
        tiles: Tiles that hold its operand once.
        ticks: How long it takes for one input of the network with one replica.
        vectors: Input vectors that replicas take turns at, one each.
        replicas: Replicas that can be of use.
    """

    tiles: int
    ticks: int
    vectors: int
    replicas: int


def for_latency(hardware: Hardware, demands: Mapping[str, Demand]) -> dict[str, int]:
    """Return how many tiles each op gets where ops follow each other, so that times add up.

    Greedily for the least sum over ops of ticks/vectors·ceil(vectors/replicas): further replicas go
    where they save the most time for their tiles, as many as save a turn. With tiles to spare all
    ops have what is of use to them; else replicas are about proportional to sqrt(ticks/tiles).

    Raises:
        MappingError: The tiles cannot hold everything at once.
    """
    replicas, left = _one_each(hardware, demands)
    bends = {op: list(_bends(each.vectors, each.replicas)) for op, each in demands.items()}

    def next_saving(op: str) -> tuple[float, str]:
        demand, now, more = demands[op], replicas[op], bends[op][0]
        saved = ceil_div(demand.vectors, now) - ceil_div(demand.vectors, more)
        tiles = demand.tiles * (more - now)
        return -saved * demand.ticks / (demand.vectors * tiles), op

    savings = [next_saving(op) for op in demands if bends[op]]
    heapify(savings)
    too_large = []
    while savings:
        _, op = savings[0]
        tiles = demands[op].tiles * (bends[op][0] - replicas[op])
        if tiles > left:
            too_large.append(op)
            heappop(savings)
            continue
        left -= tiles
        replicas[op] = bends[op].pop(0)
        if bends[op]:
            heapreplace(savings, next_saving(op))
        else:
            heappop(savings)
    for op in too_large:
        demand = demands[op]
        most = fewest(demand.vectors, replicas[op] + left // demand.tiles)
        left -= demand.tiles * (most - replicas[op])
        replicas[op] = most
    return {op: replicas[op] * demand.tiles for op, demand in demands.items()}


def fewest(vectors: int, replicas: int) -> int:
    """Return the fewest replicas that take as few turns: 512 instead of 700 for 1,024 vectors."""
    return ceil_div(vectors, ceil_div(vectors, replicas))


@lru_cache(maxsize=1024)
def _bends(vectors: int, most: int) -> tuple[int, ...]:
    """Return numbers of replicas above one that are the corners of their turns' convex hull.

    From one corner to the next no number in between saves more turns for each replica.
    """
    corners = [(1, vectors)]
    replicas = 1
    while (turns := ceil_div(vectors, replicas)) > 1:
        replicas = ceil_div(vectors, turns - 1)
        if replicas > most:
            break
        point = replicas, ceil_div(vectors, replicas)
        while len(corners) > 1 and _saves(corners[-2], corners[-1], point):
            corners.pop()
        corners.append(point)
    return tuple(replicas for replicas, _ in corners[1:])


def _saves(first: tuple[int, int], second: tuple[int, int], third: tuple[int, int]) -> bool:
    """Return whether the step to the third saves as much for each replica as that to the second."""
    (r1, t1), (r2, t2), (r3, t3) = first, second, third
    return (t2 - t3) * (r2 - r1) >= (t1 - t2) * (r3 - r2)


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
