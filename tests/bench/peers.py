"""Virtual environments for other people's simulators, beside which ours is measured."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "archsim"


def installed(folder: Path, *requirements: str) -> Path:
    """Return a Python that has what is required; exit with pip's words if it cannot be had.

    Args:
        folder: Where the virtual environment is, or is to be made.
        requirements: Arguments of ``pip install``.
    """
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*command, *requirements], capture_output=True, text=True, check=False)
    if done.returncode:
        wanted = " ".join(requirements)
        sys.exit(f"{wanted}: cannot be installed, so nothing is compared\n{done.stderr.strip()}")
    return python
