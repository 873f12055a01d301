"""Figures as files: the same figure gives the same bytes; only earlier figures are replaced."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from archsim.documents import closest, write_atomically
from archsim.errors import ConfigError
from archsim.report.figures.look import style

_MARK = "archsim figure"
_METADATA: dict[str, dict[str, Any]] = {
    ".png": {"Software": _MARK},
    ".svg": {"Creator": _MARK, "Date": None},
    ".pdf": {"Creator": _MARK, "Producer": None, "CreationDate": None},
}
"""Who made a file, and no date, which would change with every file."""

_STARTS = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}


def save(axes: Axes, path: str | Path) -> None:
    """Write the figure that axes are in, as PNG, SVG or PDF by extension, whole or not at all.

    Raises:
        ConfigError: The extension is none of these, something else than an earlier figure is
            there, or the file cannot be written.
    """
    path = Path(path)
    check(path)
    figure = axes.get_figure(root=True)
    if not isinstance(figure, Figure):
        raise ConfigError(f"{path}: found axes without a figure; expected one; add them to it")
    content = BytesIO()
    ending = path.suffix.lower()
    with style():
        figure.savefig(content, format=ending[1:], metadata=_METADATA[ending])
    write_atomically(path, content.getvalue())


def check(path: Path) -> None:
    """Refuse a path that a figure cannot, or must not, be written to.

    Raises:
        ConfigError: Its extension or folder is wrong, or something else than a figure is there.
    """
    ending = path.suffix.lower()
    if ending not in _METADATA:
        raise ConfigError(
            f"{path}: found the extension {path.suffix!r}; expected {', '.join(_METADATA)}"
            f"{closest(ending, list(_METADATA))}; choose one of them"
        )
    if not path.parent.is_dir():
        raise ConfigError(
            f"{path}: found no folder {path.parent}; expected one to write to; make it first"
        )
    if (path.exists() or path.is_symlink()) and not _is_ours(path):
        raise ConfigError(
            f"{path}: found something that is no figure of archsim's; expected an earlier figure, "
            "or nothing; choose another name with -o, so that nothing is lost"
        )


def _is_ours(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    try:
        content = path.read_bytes()
    except OSError:
        return False
    return content.startswith(_STARTS[path.suffix.lower()]) and _MARK.encode() in content
