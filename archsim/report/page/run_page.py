"""The page of one run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from archsim.report.loading import SavedReport
from archsim.report.page import energy_view, time_view
from archsim.report.page.accuracy_view import accuracy_view
from archsim.report.page.headline_view import cards, subtitle_of, title_of
from archsim.report.page.machine_view import machine_file, machine_grid, sources_of
from archsim.report.page.ops_view import ops_grid, precision_grid
from archsim.report.page.plan_view import plan_view
from archsim.report.page.rendering import render
from archsim.report.page.rules import RULES


def run_page(saved: SavedReport) -> str:
    """Return the page of a saved report.

    Args:
        saved: What a run came to.
    """
    headline = saved.headline
    accuracy = headline.get("accuracy")
    return render(
        "run.html",
        title=title_of(headline),
        subtitle=subtitle_of(headline),
        cards=cards(headline),
        warnings=headline["warnings"],
        components=energy_view.component_order(saved),
        energy=[energy_view.by_component(saved), energy_view.by_op(saved)],
        time=time_view.charts(saved),
        ops=ops_grid(saved),
        accuracy=None if accuracy is None else accuracy_view(accuracy),
        precision=None if accuracy is None else precision_grid(saved),
        plan=None if saved.plan is None else plan_view(saved.plan),
        description=saved.machine.description,
        machine=machine_grid(saved.machine),
        machine_file=machine_file(saved.machine),
        sources=sources_of(saved.machine),
        rules=RULES,
        provenance=list(_provenance(headline)),
    )


def _provenance(headline: Mapping[str, Any]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield what the figures came from: a title, and names with what they are."""
    run = {key: _said(value) for key, value in headline["provenance"].items()}
    yield "Run", [(_words(key), value) for key, value in run.items()]
    simulation = headline["simulation"]
    yield "Simulation", [(_words(key), _said(value)) for key, value in simulation.items() if value]
    if "accuracy" in headline:
        of_accuracy = headline["accuracy"]["provenance"]
        yield "Accuracy", [(_words(key), _said(value)) for key, value in of_accuracy.items()]


def _words(key: str) -> str:
    return key.replace("_", " ")


def _said(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "none" if value is None else str(value)
