"""Tables as figures take them: refused where they are others, read row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from archsim.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd


class NothingToDrawError(ConfigError):
    """Data that lack what a figure is of."""


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame, each by its columns."""
    return cast("list[dict[str, Any]]", frame.to_dict("records"))


def refuse_empty(frame: pd.DataFrame, what: str) -> None:
    """Refuse a frame without rows.

    Raises:
        NothingToDrawError: It has none.
    """
    if frame.empty:
        raise NothingToDrawError(
            f"figure: found no {what}; expected one at least; draw another table, or another figure"
        )


def need_columns(frame: pd.DataFrame, *columns: str) -> None:
    """Refuse a frame that lacks columns.

    Raises:
        ConfigError: Some are missing.
    """
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise ConfigError(
            f"figure: found no column {', '.join(missing)} among {', '.join(map(str, frame))}; "
            "expected the table that the figure is of; pass that one"
        )
