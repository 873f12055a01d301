"""Read the results of a sweep, finished or under way."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from archsim.errors import ConfigError
from archsim.report.saving import SWEEP
from archsim.sweep.directory import LOG, op_rows_of, row_of
from archsim.sweep.log import read_live
from archsim.sweep.table import OPS, POINTS, Row, batch_of

if TYPE_CHECKING:
    import pandas as pd


def _point_rows(entry: Row) -> Iterator[Row]:
    yield row_of(entry)


TABLES: Mapping[str, tuple[str, Callable[[Row], Iterator[Row]]]] = {
    "points": (POINTS, _point_rows),
    "ops": (OPS, op_rows_of),
}
"""Each table: its file, and how an entry of the log becomes rows of it."""


def load_sweep(folder: str | Path, table: str = "points") -> pd.DataFrame:
    """Return a table of a sweep's results, sorted by point: those in the log, too.

    Args:
        folder: The directory of results.
        table: ``points``, a row for each point; or ``ops``, a row for each op of each point.

    Raises:
        ConfigError: There are no results, they are damaged, or have no such table.
    """
    home = Path(folder)
    told = about(home)
    if table not in TABLES:
        raise ConfigError(
            f"table: found {table!r}; expected {' or '.join(TABLES)}; choose one of them"
        )
    file, rows_of = TABLES[table]
    # before the table, which may take them in meanwhile; an entry may be there twice
    late = {entry["key"]: entry for entry in read_live(home / LOG)}
    if table == "ops" and not (home / file).exists():
        raise ConfigError(
            f"{home}: found no table of ops; expected a sweep with ops: true; set it in the sweep "
            "file, and run again"
        )
    try:
        found = pq.read_table(home / file, page_checksum_verification=True)
    except (OSError, pa.ArrowException) as fault:
        raise ConfigError(
            f"{home / file}: cannot be read ({fault}); expected a table; run the sweep again, "
            "which makes it anew from the log"
        ) from None
    there = set(found.column("key").to_pylist())
    fresh: list[dict[str, Any]] = [
        dict(row)
        for entry in late.values()
        if entry["sweep"] == told["digest"] and entry["key"] not in there
        for row in rows_of(entry)
    ]
    if fresh:
        found = pa.concat_tables([found, pa.Table.from_batches([batch_of(found.schema, fresh)])])
    frame: pd.DataFrame = found.to_pandas()
    return frame.sort_values("point", kind="stable", ignore_index=True)


def about(home: Path) -> dict[str, Any]:
    """Return what a directory of results says of itself."""
    try:
        found = json.loads((home / SWEEP).read_text(encoding="utf-8"))
        if isinstance(found, dict) and isinstance(found.get("digest"), str):
            return found
        reason = "is damaged"
    except OSError:
        reason = "is missing"
    except ValueError:
        reason = "is damaged"
    raise ConfigError(
        f"{home}: found no results of a sweep ({SWEEP} {reason}); expected the folder that archsim "
        "sweep wrote; check the path, or run the sweep again"
    )
