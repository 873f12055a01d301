"""Run the notebooks and write them with what they show beside their sources.

    python analysis/make_notebooks.py              # all; minutes
    python analysis/make_notebooks.py first_look   # some

The sources are the ``.py`` files of ``analysis/notebooks``, in jupytext's percent format. With
``ARCHSIM_FAST`` set, notebooks take smaller networks and fewer steps.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

from archsim import documents

FOLDER = Path(__file__).parent / "notebooks"
_LONGEST_S = 900


def executed(source: Path) -> nbformat.NotebookNode:
    """Return the notebook of a source, after a run, without what differs from run to run."""
    notebook = jupytext.read(source)
    NotebookClient(notebook, timeout=_LONGEST_S, kernel_name="python3").execute(cwd=str(FOLDER))
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        cell.metadata = {}
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return notebook


def sources() -> dict[str, Path]:
    """Return the sources by name."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.py"))}


def main() -> int:
    """Run those that are named, or all."""
    known = sources()
    parser = argparse.ArgumentParser(description="Run notebooks.")
    parser.add_argument("names", nargs="*", choices=[*known, []], metavar="NAME")
    for name in parser.parse_args().names or known:
        text = nbformat.writes(executed(known[name]), version=4)
        documents.write_atomically(known[name].with_suffix(".ipynb"), text + "\n")
        sys.stderr.write(f"{name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
