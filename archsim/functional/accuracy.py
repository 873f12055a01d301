"""What an evaluation says: plain data, that needs no torch to be read."""

from __future__ import annotations

from dataclasses import dataclass

from archsim.functional.statistics import Interval


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its two 95 % intervals.

    Attributes:
        value: The figure.
        over_seeds: Of the mean over trials (Student's t); None for fewer than two.
        over_examples: Of the mean over examples like these (bootstrap).
    """

    value: float
    over_seeds: Interval | None
    over_examples: Interval


@dataclass(frozen=True, slots=True)
class OpPrecision:
    """What noise does to one product.

    Attributes:
        op: The product.
        macs: Its multiply-accumulates for one input.
        fan_in: Products of one sum.
        repetitions: Its largest repetition count.
        photons_per_mac: Mean detected photons of one product, over all repetitions.
        signal_std: Standard deviation of its results.
        noise_std: Root mean square of the noise on them.
        snr_db: Ratio of their variances, in decibels.
        noise_bits: Bits of a quantiser over the results' range that is as noisy.
        adc_bits: Resolution of the converters that read it; None for ideal ones.
    """

    op: str
    macs: int
    fan_in: int
    repetitions: float
    photons_per_mac: float | None
    signal_std: float
    noise_std: float
    snr_db: float
    noise_bits: float
    adc_bits: int | None


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How accurate a network is on a machine.

    Attributes:
        task: Network and data.
        hardware: Machine.
        metric: What is measured.
        unit: Its unit; empty for a bare number.
        examples: How many were tested.
        trials: How often, with new noise; 1 where no noise acts.
        seed: Of all random numbers.
        batch: Examples of one forward pass.
        clean: Of the network as it is, in single precision.
        quantised: Of the same network as the machine runs it, without noise.
        noisy: With noise: mean over trials.
        drop: What noise takes away from ``quantised``, on the same examples.
        values: Of each trial.
        ops: What noise does to each product on analog arrays.
        noise: Sources that acted.
        provenance: Hashes, versions and sources of all that it came from.
    """

    task: str
    hardware: str
    metric: str
    unit: str
    examples: int
    trials: int
    seed: int
    batch: int
    clean: float
    quantised: float
    noisy: Estimate
    drop: Estimate
    values: tuple[float, ...]
    ops: tuple[OpPrecision, ...]
    noise: tuple[str, ...]
    provenance: dict[str, str]
