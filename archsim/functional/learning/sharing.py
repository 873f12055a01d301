"""Which output channels share one repetition count: what is learned is one number for each share.

All that is learned is one vector of counts. A sharing spreads it over the channels of all products
on analog arrays, so that learning per op, per channel or per group of columns is one procedure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import torch
from torch import Tensor

from archsim.errors import WorkloadError
from archsim.workload import RepetitionPlan, Workload
from archsim.workload.ops import Product


class Granularity(StrEnum):
    """What has a repetition count of its own."""

    UNIFORM = "uniform"
    """All products together."""

    OP = "op"
    """Each product."""

    CHANNEL = "channel"
    """Each output channel; a product of two activations has one count, as its columns are
    positions."""


@dataclass(frozen=True)
class Sharing:
    """How one vector of counts is spread over the products of a network.

    Attributes:
        places: For each product its channels' places in the vector: one, or one for each
            channel.
        shares: Each count's part of all multiply-accumulates, [counts]; they add up to 1.
    """

    places: Mapping[str, Tensor]
    shares: Tensor

    @classmethod
    def of(
        cls, workload: Workload, analog: Sequence[str], granularity: Granularity | str
    ) -> Sharing:
        """Return the sharing of a granularity.

        Args:
            workload: The network.
            analog: Names of its products on analog arrays, in order.
            granularity: What has a count of its own.

        Raises:
            WorkloadError: No product is on analog arrays.
        """
        granularity = Granularity(granularity)
        if not analog:
            raise WorkloadError(
                f"{workload.name}: found no product on analog arrays; expected one at least, since "
                "others cannot be repeated; choose another machine or network"
            )
        places: dict[str, Tensor] = {}
        counts = 0
        for op in _products(workload, analog):
            if granularity is Granularity.UNIFORM:
                places[op.name] = torch.tensor([0])
                continue
            alone = granularity is Granularity.OP or op.gemm.dynamic
            places[op.name] = (
                torch.tensor([counts]) if alone else torch.arange(counts, counts + op.channels)
            )
            counts += places[op.name].numel()
        return cls.of_places(workload, places)

    @classmethod
    def of_places(cls, workload: Workload, places: Mapping[str, Tensor]) -> Sharing:
        """Return the sharing in which channels have these places in the vector."""
        counts = 1 + max(int(at.max()) for at in places.values())
        macs = torch.zeros(counts, dtype=torch.float64)
        for op in _products(workload, list(places)):
            at = places[op.name]
            each = torch.full(at.shape, op.gemm.macs / len(at), dtype=torch.float64)
            macs.index_add_(0, at, each)
        return cls(dict(places), macs / macs.sum())

    def grouped(
        self, workload: Workload, repetitions: Tensor, together: Mapping[str, int]
    ) -> Sharing:
        """Return the sharing of channels that a tile takes together once they are sorted.

        Channels of one product are sorted by their counts, largest first, as mapping does it: those
        of a grouped convolution within their groups, and then the groups. So many neighbours share
        one count from then on; of several groups that a tile holds, all channels.

        Args:
            workload: The network.
            repetitions: A count for each of this sharing's.
            together: How many channels of each product a tile takes together.
        """
        places: dict[str, Tensor] = {}
        counts = 0
        for op in _products(workload, list(self.places)):
            found = repetitions[self.places[op.name]]
            groups = op.gemm.groups if len(found) > 1 else 1
            tiles = _tiles(found.view(groups, -1).tolist(), together[op.name])
            places[op.name] = torch.tensor(tiles) + counts
            counts += max(tiles) + 1
        return self.of_places(workload, places)

    def __len__(self) -> int:
        """Return how many counts there are."""
        return len(self.shares)

    def gathered(self, repetitions: Tensor, other: Sharing) -> Tensor:
        """Return another sharing's counts in this one: the mean over the channels of each share."""
        total = torch.zeros(len(self), dtype=torch.float64)
        channels = torch.zeros(len(self), dtype=torch.float64)
        for name, at in self.places.items():
            there = repetitions[other.places[name]].double()
            channels_in_all = max(len(at), len(there))
            here, there = at.expand(channels_in_all), there.expand(channels_in_all)
            total.index_add_(0, here, there)
            channels.index_add_(0, here, torch.ones_like(there))
        return total / channels

    def spread(self, repetitions: Tensor) -> dict[str, Tensor]:
        """Return the counts of each product: one, or one for each channel."""
        return {name: repetitions[at.to(repetitions.device)] for name, at in self.places.items()}

    def mean(self, repetitions: Tensor) -> float:
        """Return the mean count over all multiply-accumulates of the analog products.

        sum over l of MACs_l·mean_c(K_lc) / sum over l of MACs_l; for shot noise at one photon a
        MAC in a base pass, that is photons per MAC (S. Garg et al., IEEE JSTQE 29(2), 2023).
        """
        return float(self.shares @ repetitions.double().cpu())

    def plan(
        self, workload: Workload, repetitions: Tensor, provenance: Mapping[str, str] | None = None
    ) -> RepetitionPlan:
        """Return the plan; products that are on no analog array are not repeated."""
        counts: dict[str, list[float]] = {op.name: [1] for op in workload.gemms}
        for name, values in self.spread(repetitions.cpu().double()).items():
            counts[name] = values.tolist()
        return RepetitionPlan.model_validate(
            {
                "fingerprint": workload.fingerprint,
                "counts": counts,
                "provenance": dict(provenance or {}),
            }
        )


def _products(workload: Workload, names: Sequence[str]) -> list[Product]:
    wanted = set(names)
    return [op for op in workload.gemms if op.name in wanted]


def _tiles(counts: list[list[float]], together: int) -> list[int]:
    """Return for each channel the number of its tile, from the counts of each group's channels."""
    width = len(counts[0])
    groups_at_once, parts = max(1, together // width), -(-width // together)
    tiles = [0] * (len(counts) * width)
    for rank, group in enumerate(_largest_first([sorted(each, reverse=True) for each in counts])):
        for place, column in enumerate(_largest_first(counts[group])):
            tiles[group * width + column] = rank // groups_at_once * parts + place // together
    return tiles


def _largest_first(values: Sequence[Any]) -> list[int]:
    """Return the places of values, of equal ones the first first."""
    return sorted(range(len(values)), key=values.__getitem__, reverse=True)
