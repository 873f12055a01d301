"""Which point each sample of a design is, kept beside the results.

Indices of Sobol and Morris compare samples in pairs, so they need the design as it was made, sample
by sample. The table of results has each point once; where an axis has few values many samples are
the same point.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from archsim import documents
from archsim.errors import ConfigError
from archsim.sweep.designs import Design, Sample, keys, moving, problem
from archsim.sweep.identity import Identity

SAMPLES = "_samples.parquet"
METHODS = ("saltelli", "morris")
"""Designs that are made for indices."""


@dataclass(frozen=True, slots=True)
class Samples:
    """A design that was made for indices.

    Attributes:
        method: ``saltelli`` or ``morris``.
        axes: Names of what moves; parameters that move in step are one.
        shares: A row for each sample, a column for each axis: where on it, 0 to 1.
        points: For each sample the number of the point that it is.
    """

    method: str
    axes: tuple[str, ...]
    shares: NDArray[np.float64]
    points: NDArray[np.int64]


def keep_samples(folder: Path, identity: Identity, design: Design | None) -> None:
    """Write which point each sample is, if a design is made for indices.

    Args:
        folder: The directory of results.
        identity: The sweep, and what tells its points apart.
        design: Its points; None where a search chooses them as it goes.

    Raises:
        ConfigError: It cannot be written.
    """
    path, sweep = folder / SAMPLES, identity.sweep
    if sweep.search.method not in METHODS or not isinstance(design, Sample):
        path.unlink(missing_ok=True)  # of what the directory held before
        return
    about = {"digest": identity.digest, "method": sweep.search.method}
    if _about(path) == about:
        return
    first: dict[str, int] = {}
    points = [first.setdefault(key, number) for number, key in keys(design, identity.key)]
    names = problem(moving(sweep.space))["names"]
    columns = [pa.array(points, pa.int64()), *map(pa.array, design.shares.T)]
    table = pa.table(columns, names=["point", *names])
    sink = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata({"archsim": json.dumps(about)}), sink)
    documents.write_atomically(path, sink.getvalue().to_pybytes())


def kept_samples(folder: Path, digest: str) -> Samples | None:
    """Return the design that a directory was made with; None if it was made for no indices.

    Args:
        folder: The directory of results.
        digest: What identifies its sweep.

    Raises:
        ConfigError: It is damaged, or of another sweep.
    """
    path = folder / SAMPLES
    if not path.exists():
        return None
    about = _about(path)
    if about is None or about.get("digest") != digest:
        raise ConfigError(
            f"{path}: found {'it damaged' if about is None else 'the design of another sweep'}; "
            "expected that of these results; run the sweep again, which makes it anew"
        )
    table = pq.read_table(path)
    names: Sequence[str] = table.column_names[1:]
    shares = np.column_stack([table.column(name).to_numpy() for name in names])
    return Samples(about["method"], tuple(names), shares, table.column("point").to_numpy())


def _about(path: Path) -> dict[str, str] | None:
    """Return what a file says of itself; None if it is missing or damaged."""
    try:
        written = (pq.read_schema(path).metadata or {})[b"archsim"]
        return dict(json.loads(written))
    except (OSError, pa.ArrowInvalid, KeyError, ValueError):
        return None
