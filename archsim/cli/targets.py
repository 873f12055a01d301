"""Files that a command may write: asked before long work, so that nothing of the user's is lost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from archsim import documents
from archsim.errors import ArchsimError, WorkloadError


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: what it is called, its extensions, and what every one has.

    That is keys, or for files that hold no plain data an opening.
    """

    name: str
    extensions: tuple[str, ...]
    keys: frozenset[str] = frozenset()
    opening: str = ""


WORKLOAD = Kind(
    "workload", (".yaml", ".yml", ".json"), frozenset({"format", "inputs", "ops", "outputs"})
)
ACCURACY = Kind(
    "accuracy report",
    (".json",),
    frozenset({"format", "task", "hardware", "quantised", "precision"}),
)


def check_target(path: Path, kind: Kind = WORKLOAD) -> None:
    """Refuse a path that a file of some kind cannot, or must not, be written to.

    Raises:
        WorkloadError: Its extension or folder is wrong, or something else than such a file is
            there.
    """
    if path.suffix not in kind.extensions:
        raise WorkloadError(
            f"{path}: found the extension {path.suffix!r}; expected {', '.join(kind.extensions)}; "
            f"choose {'one of them' if len(kind.extensions) > 1 else 'that'}"
        )
    if not path.parent.is_dir():
        raise WorkloadError(
            f"{path}: found no folder {path.parent}; expected one to write to; make it first"
        )
    if (path.exists() or path.is_symlink()) and not _is_one(path, kind):
        raise WorkloadError(
            f"{path}: found something that is no {kind.name}; expected an earlier {kind.name}, or "
            "nothing; choose another name, so that nothing is lost"
        )


def _is_one(path: Path, kind: Kind) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    if kind.opening:
        return _begins_with(path, kind.opening.encode())
    try:
        data = documents.read(path).data
    except ArchsimError:
        return False
    return isinstance(data, dict) and data.keys() >= kind.keys


def _begins_with(path: Path, opening: bytes) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(opening)) == opening
    except OSError:
        return False
