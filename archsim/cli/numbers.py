"""From options to what acts on the numbers of a network."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from enum import StrEnum
from typing import Any, TypeVar

from archsim.cli.grouping import given
from archsim.cli.options import NumberOptions
from archsim.documents import closest
from archsim.errors import ConfigError
from archsim.functional import AdcRange, Quantisation, Ranges, Scheme, Settings

Choice = TypeVar("Choice", bound=StrEnum)
_OF_QUANTISERS = {"--ranges", "--percentile", "--momentum", "--per-tensor-weights", "--symmetric"}
_OF_RANGES = {"percentile": Ranges.PERCENTILE, "momentum": Ranges.MOVING_AVERAGE}


def settings_of(numbers: NumberOptions) -> Settings:
    """Return what acts on the numbers of the network.

    Raises:
        ConfigError: A word that is none of the choices, or options that exclude each other.
    """
    quantisation = None if numbers.float_ else _quantisation(numbers)
    useless = [option for option in given(numbers) if option in _OF_QUANTISERS]
    if numbers.float_ and useless:
        raise ConfigError(
            f"--float: found it beside {', '.join(useless)}; expected no quantiser's option "
            "without quantisers; give one or the other"
        )
    return Settings(
        quantisation=quantisation,
        sources=_sources(numbers.noise),
        adc=_choice(AdcRange, "--adc", numbers.adc) or Settings().adc,
    )


def differences(settings: Settings) -> list[str]:
    """Return what is not as it is by default, in words; sources are told apart from it."""
    found = _differences(settings, Settings(), "")
    return [words for words in found if not words.startswith("sources")]


def _quantisation(numbers: NumberOptions) -> Quantisation:
    ranges = _choice(Ranges, "--ranges", numbers.ranges) or Quantisation().ranges
    chosen = {name: value for name in _OF_RANGES if (value := getattr(numbers, name)) is not None}
    faults = [
        f"--{name}: found it with ranges by {ranges}; expected it with --ranges {_OF_RANGES[name]} "
        "only; add that, or leave it out"
        for name in chosen
        if ranges is not _OF_RANGES[name]
    ]
    if faults:
        raise ConfigError("\n".join(faults))
    scheme = Scheme.SYMMETRIC if numbers.symmetric else Scheme.AFFINE
    return Quantisation(
        activations=scheme,
        weights=scheme,
        weights_per_channel=not numbers.per_tensor_weights,
        ranges=ranges,
        **chosen,
    )


def _sources(text: str | None) -> frozenset[str] | None:
    if text is None or text == "all":
        return None
    if text == "none":
        return frozenset()
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise ConfigError(
            f"--noise: found {text!r}; expected all, none, or names with commas between them; "
            "write such as shot,readout"
        )
    return frozenset(names)


def _choice(kinds: type[Choice], option: str, text: str | None) -> Choice | None:
    if text is None:
        return None
    words = [str(kind) for kind in kinds]
    if text not in words:
        raise ConfigError(
            f"{option}: found {text!r}; expected {', '.join(words)}{closest(text, words)}; choose "
            "one of them"
        )
    return kinds(text)


def _differences(found: Any, default: Any, prefix: str) -> list[str]:
    """Return the fields of a dataclass that differ from the default's."""
    words = []
    for name in (column.name for column in fields(found)):
        own, usual = getattr(found, name), getattr(default, name)
        if own == usual:
            continue
        if own is None:
            words.append(f"no {prefix}{name}")
        elif is_dataclass(own):
            words += _differences(own, usual, f"{name} ")
        else:
            words.append(f"{prefix}{name} {own}".replace("_", " "))
    return words
