"""What stands in a sweep file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from archsim.documents import validated

METHODS = ("grid", "random", "sobol", "saltelli", "morris", "nsga2", "tpe")
"""How points are chosen."""

ADAPTIVE = ("nsga2", "tpe")
"""Methods that learn from what came out before."""

MOST_POINTS = 1_000_000
"""More than this is a slip of the pen, or a case for a search."""


class Part(BaseModel):
    """Part of a sweep file: frozen, strict, and nothing unknown in it."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        populate_by_name=True,
    )


def _several(value: Any) -> Any:
    """Let one thing stand for a list of it."""
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _names(item: Any) -> Any:
    several = BeforeValidator(_several, json_schema_input_type=item | tuple[item, ...])
    return Annotated[tuple[item, ...], Field(min_length=1), several]


Name = Annotated[str, Field(min_length=1)]


class Range(Part):
    """Values from one end to the other, both included."""

    first: Annotated[int | float | str, Field(alias="from")]
    """Where it begins, written as the key itself is: 16, or 10 mW."""

    last: Annotated[int | float | str, Field(alias="to")]
    """Where it ends."""

    points: Annotated[int, Field(ge=2, le=100_000)] | None = None
    """How many values; without it every whole number or power of two, or any value between."""

    step: int | float | str | None = None
    """Distance of neighbours, instead of a number of points."""

    scale: Literal["linear", "log", "log2"] = "linear"
    """Equal steps, equal ratios, or doubling."""


def _entry(value: Any) -> Any:
    """Take a list of values or a range; say which of both is meant by what was written."""
    if isinstance(value, dict):
        return validated(Range, value)
    if not isinstance(value, list | tuple):
        raise ValueError(  # noqa: TRY004 - what pydantic collects
            f"found {value!r}; expected a list of values, or a range with from and to; write "
            f"[{value}]"
        )
    if not value:
        raise ValueError("found an empty list; expected one value at least; add some, or remove it")
    return tuple(value)


Entry = Annotated[tuple[Any, ...] | Range, BeforeValidator(_entry)]


class Search(Part):
    """How points are chosen."""

    method: Literal["grid", "random", "sobol", "saltelli", "morris", "nsga2", "tpe"] = "grid"
    """All combinations, a sample of them, or a search for the best."""

    trials: Annotated[int, Field(ge=1, le=MOST_POINTS)] | None = None
    """Points to try; for saltelli and morris base samples, each of several points."""

    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Of the choice of points."""

    population: Annotated[int, Field(ge=2, le=10_000)] | None = None
    """Points that are chosen at once, before any of them is known (nsga2: 50, tpe: 10)."""

    storage: Name | None = None
    """Where a search is kept: any URL that Optuna takes; the results directory by default."""


class AccuracyPart(Part):
    """How accuracy is found, and for a network of your own, from what."""

    trials: Annotated[int, Field(ge=1)] = 5
    """Runs with new noise."""

    seed: Annotated[int, Field(ge=0)] = 0
    """Of all random numbers; all points share it, and the examples."""

    limit: Annotated[int, Field(ge=2)] | None = None
    """Only so many examples, the first ones."""

    examples: Annotated[int, Field(ge=1)] | None = None
    """Examples of one forward pass."""

    noise: Annotated[tuple[str, ...], BeforeValidator(_several)] | None = None
    """Sources that act, or their kinds; all without it."""

    adc: Literal["calibrated", "full_scale", "ideal"] = "calibrated"
    """Range of the converters."""

    device: Name = "cpu"
    """cpu or cuda."""

    weights: Annotated[tuple[str, ...], BeforeValidator(_several)] = ()
    """Files of the weights, where the workload is module:callable."""

    data: Name | None = None
    """Its labelled data: .npz, a folder of images or module:callable."""

    labels: Name | None = None
    """Table of a folder's labels."""

    metric: Literal["top1", "spearman"] | None = None
    """What is measured."""


def _asked(value: Any) -> Any:
    """Take true and false, or how it is to be found; say which of both is meant."""
    if isinstance(value, dict):
        return validated(AccuracyPart, value)
    if not isinstance(value, bool):
        raise ValueError(  # noqa: TRY004 - what pydantic collects
            f"found {value!r}; expected true, false, or how it is to be found; write such as "
            "{trials: 5}"
        )
    return AccuracyPart() if value else None


def _limit(value: Any) -> Any:
    """Take text; say what it has to be."""
    if not isinstance(value, str):
        raise ValueError(  # noqa: TRY004 - what pydantic collects
            f"found {value!r}; expected <=, >=, < or > and a bound, as text; write such as "
            '"<= 100 mm^2"'
        )
    return value


class SweepFile(Part):
    """A sweep file."""

    format: Literal[1]
    """Version of this format."""

    hardware: _names(Name)  # type: ignore[valid-type]
    """A machine or several: files beside this one, or shipped ones by name."""

    workload: _names(Name)  # type: ignore[valid-type]
    """A workload or several; module:callable where accuracy is asked."""

    vary: dict[str, Entry] = {}
    """Values by key: a dotted path of the machine, or one of repetitions, plans, batch, schedule,
    bits, activation_bits, weight_bits."""

    together: tuple[Annotated[tuple[str, ...], Field(min_length=2)], ...] = ()
    """Groups of keys that take their first values at once, then their second ones, and so on."""

    where: dict[str, Annotated[str, BeforeValidator(_limit, json_schema_input_type=str)]] = {}
    """Limits on figures, such as area_m2: "<= 100 mm^2"."""

    objectives: dict[str, Literal["min", "max"]] = {}
    """Figures that points are judged by."""

    search: Search = Search()
    """How points are chosen."""

    batch: Annotated[int, Field(ge=1)] = 1
    """Inputs of the network."""

    schedule: Literal["serial", "pipelined"] = "serial"
    """Op after op, or ops that overlap on a stream of inputs."""

    accuracy: Annotated[AccuracyPart | bool | None, BeforeValidator(_asked)] = None
    """Whether accuracy is found, and how."""

    ops: bool = False
    """Whether a row for each op and point is kept, too."""


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a sweep file."""
    whole = SweepFile.model_json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **whole,
        "title": "archsim sweep",
    }
