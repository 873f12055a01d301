"""Options that several commands share, in groups: a dataclass for each, a field for each option."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from archsim.cli.grouping import given
from archsim.cli.output import Format
from archsim.errors import ConfigError

_DATA = "Model and data"
_NOISE = "Noise"
_NUMBERS = "Quantisers and converters"
_SIMULATION = "Simulation"
_LEARNING = "Learning"
_RUNNING = "How it is run"

Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Change the machine; repeatable."),
]
AsFormat = Annotated[Format, typer.Option("--format", help="What goes to stdout.")]
AllOps = Annotated[bool, typer.Option("--all-ops", help="List every op in the table.")]
Machine = Annotated[str, typer.Argument(metavar="HW", help="Machine: a file or a name.")]
Model = Annotated[str, typer.Argument(metavar="MODEL", help="A task's name, or module:callable.")]


@dataclass(frozen=True)
class RepetitionOptions:
    """How often products are repeated."""

    plan: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Repetitions of every product.")
    ] = None
    repetitions: Annotated[
        float | None, typer.Option(metavar="N", help="The same everywhere; 1 by default.")
    ] = None


@dataclass(frozen=True)
class EngineOptions:
    """How the run is simulated, which changes none of its figures."""

    engine: Annotated[
        str, typer.Option(help="auto, compiled or simpy.", rich_help_panel=_SIMULATION)
    ] = "auto"
    verify_engine: Annotated[
        bool,
        typer.Option(
            "--verify-engine",
            help="Run on both engines; fail on any difference.",
            rich_help_panel=_SIMULATION,
        ),
    ] = False
    trace_engine: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write what units do to a .csv or .csv.gz.",
            rich_help_panel=_SIMULATION,
        ),
    ] = None


@dataclass(frozen=True)
class BitOptions:
    """Bits of operands."""

    bits: Annotated[
        int | None, typer.Option(metavar="N", help="Bits of activations and weights.")
    ] = None
    activation_bits: Annotated[
        int | None, typer.Option(metavar="N", help="Bits of activations.")
    ] = None
    weight_bits: Annotated[int | None, typer.Option(metavar="N", help="Bits of weights.")] = None

    def pair(self) -> tuple[int | None, int | None]:
        """Return those of activations and of weights.

        Raises:
            ConfigError: Both ways to give them are used.
        """
        if self.bits is None:
            return self.activation_bits, self.weight_bits
        if self.activation_bits is not None or self.weight_bits is not None:
            raise ConfigError(
                "--bits: found it beside --activation-bits or --weight-bits; expected one or the "
                "other; give --bits for both operands, or each its own"
            )
        return self.bits, self.bits


@dataclass(frozen=True)
class DataOptions:
    """What goes with a model that is no task."""

    weights: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Of a module:callable.", rich_help_panel=_DATA),
    ] = None
    data: Annotated[
        str | None,
        typer.Option(metavar="NPZ|FOLDER|M:C", help="Labelled data.", rich_help_panel=_DATA),
    ] = None
    labels: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Labels of a folder of images.", rich_help_panel=_DATA),
    ] = None
    mean: Annotated[
        str | None,
        typer.Option(metavar="A,B,C", help="Taken from each channel.", rich_help_panel=_DATA),
    ] = None
    std: Annotated[
        str | None,
        typer.Option(metavar="A,B,C", help="Divides each channel then.", rich_help_panel=_DATA),
    ] = None
    kwargs: Annotated[
        str | None,
        typer.Option(metavar="JSON", help="Arguments of the callable.", rich_help_panel=_DATA),
    ] = None
    metric: Annotated[
        str | None,
        typer.Option(metavar="top1|spearman", help="What is measured.", rich_help_panel=_DATA),
    ] = None
    learning: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="The first test examples are learned from, the others tested.",
            rich_help_panel=_DATA,
        ),
    ] = None
    limit: Annotated[
        int | None,
        typer.Option(metavar="N", help="Only the first examples.", rich_help_panel=_DATA),
    ] = None


@dataclass(frozen=True)
class NumberOptions:
    """What acts on the numbers of a network."""

    noise: Annotated[
        str | None,
        typer.Option(
            metavar="all|none|NAMES",
            help="Sources or kinds that act; all by default.",
            rich_help_panel=_NOISE,
        ),
    ] = None
    adc: Annotated[
        str | None,
        typer.Option(
            metavar="calibrated|full_scale|ideal",
            help="Range of the converters; calibrated by default.",
            rich_help_panel=_NUMBERS,
        ),
    ] = None
    float_: Annotated[
        bool, typer.Option("--float", help="No quantisers.", rich_help_panel=_NUMBERS)
    ] = False
    ranges: Annotated[
        str | None,
        typer.Option(
            metavar="min_max|moving_average|percentile",
            help="Of activations; min_max by default.",
            rich_help_panel=_NUMBERS,
        ),
    ] = None
    percentile: Annotated[
        float | None,
        typer.Option(metavar="X", help="99.99 by default.", rich_help_panel=_NUMBERS),
    ] = None
    momentum: Annotated[
        float | None,
        typer.Option(
            metavar="X", help="Of a moving average; 0.01 by default.", rich_help_panel=_NUMBERS
        ),
    ] = None
    per_tensor_weights: Annotated[
        bool,
        typer.Option(
            "--per-tensor-weights",
            help="One range for all channels.",
            rich_help_panel=_NUMBERS,
        ),
    ] = False
    symmetric: Annotated[
        bool,
        typer.Option("--symmetric", help="Codes around zero.", rich_help_panel=_NUMBERS),
    ] = False


@dataclass(frozen=True)
class TrialOptions:
    """How often and where it is run, and what is kept."""

    trials: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="With new noise; 5 by default.", rich_help_panel=_NOISE
        ),
    ] = None
    seed: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="0 by default.", rich_help_panel=_NOISE),
    ] = None
    device: Annotated[
        str | None,
        typer.Option(metavar="cpu|cuda", help="cpu by default.", rich_help_panel=_RUNNING),
    ] = None
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Keeps results, to go on later.", rich_help_panel=_RUNNING
        ),
    ] = None


_Batch = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Examples at a time.", rich_help_panel=_RUNNING),
]


@dataclass(frozen=True)
class EvaluationOptions(DataOptions, NumberOptions, TrialOptions):
    """All that is chosen about an evaluation, beside machine, network and repetitions."""

    batch: _Batch = None

    @property
    def examples(self) -> int | None:
        """Examples of one forward pass."""
        return self.batch


@dataclass(frozen=True)
class AccuracyOptions(DataOptions, NumberOptions, TrialOptions):
    """The same beside a run, whose batch is another."""

    accuracy_batch: _Batch = None

    @property
    def examples(self) -> int | None:
        """Examples of one forward pass."""
        return self.accuracy_batch


@dataclass(frozen=True)
class LearningOptions:
    """What is learned about repetitions, and how."""

    granularity: Annotated[
        str, typer.Option(metavar="uniform|op|channel", help="What has a count of its own.")
    ] = "channel"
    target_energy: Annotated[
        str | None,
        typer.Option(
            metavar="X", help="To pay: mean repetitions, or light for each MAC, such as '2.7 aJ'."
        ),
    ] = None
    max_drop: Annotated[
        float | None,
        typer.Option(metavar="D", help="To lose: points at most, at the least cost."),
    ] = None
    cost: Annotated[
        str, typer.Option(metavar="photons|energy|latency|edp", help="What is paid.")
    ] = "photons"
    compare: Annotated[
        bool, typer.Option("--compare/--no-compare", help="Judge uniform counts, too.")
    ] = True
    steps: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="1500 by default; more, up to 300 at a time, while the target is missed.",
            rich_help_panel=_LEARNING,
        ),
    ] = None
    learning_batch: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Examples of a step; 32 by default.", rich_help_panel=_LEARNING
        ),
    ] = None
    rate: Annotated[
        float | None,
        typer.Option(
            metavar="X", help="Of the logarithm of counts; 0.01.", rich_help_panel=_LEARNING
        ),
    ] = None
    penalty: Annotated[
        float | None,
        typer.Option(
            metavar="X", help="λ, on what is over the target; 2.", rich_help_panel=_LEARNING
        ),
    ] = None


@dataclass(frozen=True)
class JudgingOptions(EvaluationOptions):
    """An evaluation of what was learned."""

    trials: Annotated[
        int,
        typer.Option(
            metavar="N", min=1, help="With new noise; 16 by default.", rich_help_panel=_NOISE
        ),
    ] = 16
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Keeps what was learned, to go on later; OUTPUT.learning by default.",
            rich_help_panel=_RUNNING,
        ),
    ] = None


def refuse_without_accuracy(options: AccuracyOptions) -> None:
    """Refuse options that only accuracy needs.

    Raises:
        ConfigError: Some are given.
    """
    surplus = given(options)
    if surplus:
        raise ConfigError(
            f"{', '.join(surplus)}: found without --accuracy; expected together with it; add "
            "--accuracy, or leave them out"
        )
