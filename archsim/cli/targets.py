"""Files that a command may write: asked before long work, so that nothing of the user's is lost."""

from __future__ import annotations

from pathlib import Path

from archsim import documents
from archsim.errors import ArchsimError, WorkloadError

_EXTENSIONS = (".yaml", ".yml", ".json")
_KEYS = frozenset({"format", "inputs", "ops", "outputs"})


def check_target(path: Path) -> None:
    """Refuse a path that a workload cannot, or must not, be written to.

    Raises:
        WorkloadError: Its extension or folder is wrong, or something else than a workload is there.
    """
    if path.suffix not in _EXTENSIONS:
        raise WorkloadError(
            f"{path}: found the extension {path.suffix!r}; expected {', '.join(_EXTENSIONS)}; "
            "choose one of them"
        )
    if not path.parent.is_dir():
        raise WorkloadError(
            f"{path}: found no folder {path.parent}; expected one to write to; make it first"
        )
    if (path.exists() or path.is_symlink()) and not _is_workload(path):
        raise WorkloadError(
            f"{path}: found something that is no workload; expected an earlier workload, or "
            "nothing; choose another name, so that nothing is lost"
        )


def _is_workload(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    try:
        data = documents.read(path).data
    except ArchsimError:
        return False
    return isinstance(data, dict) and data.keys() >= _KEYS
