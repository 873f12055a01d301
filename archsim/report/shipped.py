"""The workloads that travel with the program, found by bare name from any folder."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from archsim.errors import WorkloadError

_PACKAGE = Path(__file__).parents[1]
_CHECKOUT = _PACKAGE.parent
_FOLDER = (
    _CHECKOUT / "workloads"
    if (_CHECKOUT / "pyproject.toml").exists()
    else _PACKAGE / "shipped" / "workloads"
)


def shipped_workloads() -> dict[str, Path]:
    """Return the workloads that travel with the program, by bare name."""
    return {path.stem: path for path in sorted(_FOLDER.glob("*.yaml"))}


def workload_path(path_or_name: str | Path) -> Path:
    """Return the file of a shipped workload's bare name; anything else is a path already.

    Raises:
        WorkloadError: A bare name that no shipped workload has.
    """
    path = Path(path_or_name)
    if path.suffix or len(path.parts) != 1:
        return path
    known = shipped_workloads()
    if path.name in known:
        return known[path.name]
    near = get_close_matches(path.name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "name one of these, or a file"
    raise WorkloadError(
        f"{path}: found no such workload; expected a file or one of {', '.join(known)}; {hint}"
    )
