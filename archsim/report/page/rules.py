"""The rules that decide the numbers, in a sentence each, and where they are defined."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: what it is about, what it says, and the module whose docstring defines it."""

    about: str
    says: str
    module: str


RULES = (
    Rule(
        "time of an op",
        "From its first work to its last. Loading its weights ahead, while other ops run, is not "
        "part of it. Its stall is its time less that of its busiest array.",
        "archsim.report",
    ),
    Rule(
        "latency and throughput",
        "Latency ends when the first input's outputs are stored in DRAM. Throughput is the batch "
        "over the makespan (serial) or the rate at which outputs leave (pipelined).",
        "archsim.report",
    ),
    Rule(
        "utilization",
        "MACs that the arrays did over what all could do in the makespan, at the ops' slices. "
        "Repetitions count as time, not as MACs.",
        "archsim.report",
    ),
    Rule(
        "energy",
        "Actions times their energies, plus static power times the time it is on. Ops under way "
        "at an instant share what is always on.",
        "archsim.report.energy",
    ),
    Rule(
        "traffic",
        "Every pass reads its inputs from the buffer once. Tensors that do not fit go to DRAM, "
        "farthest next use first.",
        "archsim.mapping",
    ),
    Rule(
        "time",
        "Whole ticks, the greatest common divisor of all clock periods. Units wait for each "
        "other only through tokens.",
        "archsim.engine",
    ),
    Rule(
        "repetition",
        "K repetitions divide the standard deviation of shot noise by sqrt(K); each source of "
        "noise has a power of K of its own.",
        "archsim.physics.repetition",
    ),
    Rule(
        "machine",
        "How many there are of each part follows from the geometry and the sharing rules; area, "
        "static power and reports read the same table.",
        "archsim.hardware",
    ),
    Rule(
        "accuracy",
        "The exported graph, quantised and noisy as the machine is, on labelled data.",
        "archsim.functional",
    ),
)
"""In the order in which a reader meets what they decide."""
