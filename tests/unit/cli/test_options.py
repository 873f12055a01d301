from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from archsim.cli.grouping import given, grouped
from archsim.cli.options import BitOptions, DataOptions, TrialOptions
from archsim.errors import ConfigError


@dataclass(frozen=True)
class Pair:
    one: Annotated[int, typer.Option(help="The first.")] = 1
    two_: Annotated[str | None, typer.Option("--two")] = None


def test_a_group_becomes_options_in_its_place():
    seen = []

    @grouped
    def command(before: str, *, pair: Pair, after: bool = False) -> None:
        """Do it."""
        seen.append((before, pair, after))

    assert list(inspect.signature(command).parameters) == ["before", "one", "two_", "after"]
    app = typer.Typer()
    app.command()(command)
    assert CliRunner().invoke(app, ["x", "--one", "3", "--two", "y", "--after"]).exit_code == 0
    assert CliRunner().invoke(app, ["x"]).exit_code == 0
    assert seen == [("x", Pair(3, "y"), True), ("x", Pair(), False)]
    assert command.__doc__ == "Do it."


def test_options_that_are_given_are_named_as_they_are_typed():
    assert given(Pair(), TrialOptions()) == []
    assert given(Pair(two_="x"), TrialOptions(trials=1)) == ["--two", "--trials"]
    assert given(DataOptions(limit=3, weights=[])) == ["--weights", "--limit"]


def test_bits_are_given_for_both_or_for_each():
    assert BitOptions().pair() == (None, None)
    assert BitOptions(bits=4).pair() == (4, 4)
    assert BitOptions(weight_bits=3).pair() == (None, 3)
    with pytest.raises(ConfigError, match="expected one or the other"):
        BitOptions(bits=4, activation_bits=4).pair()
