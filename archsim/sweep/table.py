"""The table of a sweep: Parquet that any reader opens, one row for each finished point.

The table is a view of the log for the sweep as its file is now: parameters and limits come from the
sweep, figures from the log. It is one file, replaced as a whole, so that a reader never finds a
half of it, nor rows twice, nor columns that changed on the way. New rows are added by copying it
block by block, so that memory does not grow with it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from archsim.errors import ConfigError
from archsim.report.report import dtypes
from archsim.sweep.figures import FIGURES
from archsim.sweep.space import Axis
from archsim.sweep.sweep import Sweep
from archsim.sweep.values import Value

POINTS = "points.parquet"
OPS = "_ops.parquet"
"""Readers of a folder pass by what begins with an underscore."""

BLOCK = 5_000
"""Rows that are held at a time."""

_MOST = 2**63
Row = Mapping[str, Any]
_KINDS = {"float": pa.float64(), "int": pa.int64(), "text": pa.string()}


def schema_of(sweep: Sweep, provenance: Mapping[str, str]) -> pa.Schema:
    """Return the columns of a sweep's table, and what its rows come from."""
    first = [("point", pa.int64()), ("status", pa.string()), ("error", pa.string())]
    varied = [column for axis in sweep.space.axes for column in _columns(axis)]
    inside = [("inside", pa.bool_())] if sweep.limits else []
    figures = [
        (figure.name, _KINDS[figure.kind])
        for figure in FIGURES
        if sweep.accuracy is not None or not figure.of_accuracy
    ]
    return pa.schema([*first, *varied, *inside, *figures, ("key", pa.string())]).with_metadata(
        {"archsim": json.dumps(dict(provenance), sort_keys=True)}
    )


def schema_of_ops(provenance: Mapping[str, str]) -> pa.Schema:
    """Return the columns of the table of ops."""
    kinds = {"object": pa.string(), "int64": pa.int64(), "Int64": pa.int64()}
    columns = [(name, kinds.get(kind, pa.float64())) for name, kind in dtypes("ops").items()]
    return pa.schema([("point", pa.int64()), *columns, ("key", pa.string())]).with_metadata(
        {"archsim": json.dumps(dict(provenance), sort_keys=True)}
    )


def _columns(axis: Axis) -> Iterator[tuple[str, pa.DataType]]:
    for index, parameter in enumerate(axis.parameters):
        if not axis.values:
            whole = axis.spans[index].form.whole
            yield parameter.column, pa.int64() if whole else pa.float64()
            continue
        kinds = {type(value.shown) for value in axis.values[index] if value.shown is not None}
        if kinds <= {bool}:
            yield parameter.column, pa.bool_()
        elif kinds <= {int} and not _is_long(axis.values[index]):
            yield parameter.column, pa.int64()
        elif kinds <= {int, float}:
            yield parameter.column, pa.float64()
        else:
            yield parameter.column, pa.string()


def _is_long(values: Iterable[Value]) -> bool:
    """Return whether some whole number is too long for a column of them."""
    return any(isinstance(v.shown, int) and v.shown >= _MOST for v in values)


class Table:
    """A Parquet file that grows by being replaced."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        """Say where it is, and what is in it."""
        self._path, self._schema = path, schema

    @property
    def sound(self) -> bool:
        """Whether it is there, whole, and of these very columns and origins."""
        try:
            with pq.ParquetFile(self._path, page_checksum_verification=True) as file:
                for _ in file.iter_batches(BLOCK):
                    pass
                return bool(file.schema_arrow.equals(self._schema, check_metadata=True))
        except (OSError, pa.ArrowException):
            return False

    def column(self, name: str) -> Iterator[Any]:
        """Yield the values of a column."""
        if not self._path.exists():
            return
        with pq.ParquetFile(self._path) as file:
            for batch in file.iter_batches(BLOCK, columns=[name]):
                yield from batch.column(0).to_pylist()

    def holds(self, keys: Set[str]) -> set[str]:
        """Return those of some keys that it has."""
        found: set[str] = set()
        if self._path.exists():
            with pq.ParquetFile(self._path, read_dictionary=["key"]) as file:
                for batch in file.iter_batches(BLOCK, columns=["key"]):
                    found.update(keys & set(batch.column(0).unique().to_pylist()))
        return found

    def extend(self, rows: Iterable[Row]) -> None:
        """Add rows, sorted by point within each block.

        Raises:
            ConfigError: It cannot be written; what was there stays.
        """
        self._replace(self._blocks(), rows)

    def rebuild(self, rows: Iterable[Row]) -> None:
        """Replace all rows.

        Raises:
            ConfigError: It cannot be written; what was there stays.
        """
        self._replace((), rows)

    def _blocks(self) -> Iterator[pa.RecordBatch]:
        if self._path.exists():
            with pq.ParquetFile(self._path) as file:
                yield from file.iter_batches(BLOCK)

    def _replace(self, kept: Iterable[pa.RecordBatch], rows: Iterable[Row]) -> None:
        scratch = self._path.with_name(f"_{self._path.name}.new")
        try:
            with pq.ParquetWriter(
                scratch, self._schema, compression="zstd", write_page_checksum=True
            ) as writer:
                for batch in kept:
                    writer.write_batch(batch)
                for block in _in_blocks(rows):
                    writer.write_batch(batch_of(self._schema, block))
            with scratch.open("rb") as file:
                os.fsync(file.fileno())
            scratch.replace(self._path)
        except OSError as fault:
            raise ConfigError(
                f"{self._path}: cannot be written ({fault.strerror or fault}); expected room for "
                "results; free some, and run again: what is finished is kept in the log"
            ) from None
        finally:
            scratch.unlink(missing_ok=True)


def batch_of(schema: pa.Schema, rows: Sequence[Row]) -> pa.RecordBatch:
    """Return rows as columns, of one type each.

    Text that no file can hold, such as half a character, is escaped.
    """
    columns = []
    for column in schema:
        values = [row.get(column.name) for row in rows]
        if pa.types.is_string(column.type):
            values = [
                value if value is None else str(value).encode(errors="backslashreplace")
                for value in values
            ]
        elif pa.types.is_floating(column.type):
            values = [value if value is None else float(value) for value in values]
        columns.append(pa.array(values, column.type))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _in_blocks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    block: list[Row] = []
    for row in rows:
        block.append(row)
        if len(block) == BLOCK:
            yield sorted(block, key=lambda each: each["point"])
            block = []
    if block:
        yield sorted(block, key=lambda each: each["point"])
