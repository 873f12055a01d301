"""Every command in the README works, and every output shown there is what it prints today.

So it is on pages of ``docs`` that have commands. A picture is the file of that name which the
commands draw.

Tables stand between a comment that holds the command that prints them and ``<!-- end of it -->``,
also in ``analysis/README.md``.

``sh`` blocks have to succeed, ``python`` blocks too; in ``console`` blocks the lines after a
``$ command`` have to be its output, a line ``...`` standing for any lines. All blocks run in order
in one folder. After a change of results, ``python tests/contract/test_readme.py`` writes the new
outputs and tables.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
BLOCK = re.compile(r"^```(sh|console|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PLANS = ROOT / "docs" / "plans.md"
TABLES = ROOT / "analysis" / "README.md"
PICTURE = re.compile(r"!\[[^]]*\]\(([^)]+)\)")
TABLE = re.compile(r"<!-- (python .*?) -->\n(.*?)<!-- end of it -->", re.DOTALL)
NUMBER = re.compile(r"\d+(?:\.\d+)?")
LONGEST = 300

PROGRESS = re.compile(r"^[a-z]+: [\d,]+ of [\d,]+\b.*\n", re.MULTILINE)
"""What a log is told of long work, where a reader's terminal has a bar that vanishes."""

BUILDS = re.compile(r"make (demo|test|bench|clean)( +#.*)?")
"""Commands that make or test this very folder; asked for a dry run instead."""


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run one shell command as a reader would, with the words it prints among its data."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    if built := BUILDS.fullmatch(command):
        command, folder = f"make -n {built[1]} > /dev/null", ROOT
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=900,
        check=False,
    )


def sessions(block: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a console block with the output shown for it."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown


def agrees(shown: str, printed: str, *, measured: bool = False) -> bool:
    """Whether what is shown is what is printed, ``...`` standing for any lines.

    What is ``measured`` on a network depends on how a processor rounds: numbers may be off by 1 %
    and a few examples of 797.
    """
    if measured:
        pairs = zip(NUMBER.findall(shown), NUMBER.findall(printed), strict=False)
        close = all(abs(float(a) - float(b)) <= 0.01 * float(a) + 0.15 for a, b in pairs)
        return close and NUMBER.sub("#", shown).split() == NUMBER.sub("#", printed).split()
    parts = (re.escape(part) for part in re.split(r"^\.\.\.\n", shown, flags=re.MULTILINE))
    return re.fullmatch("(?s:.*)".join(parts), printed) is not None


def faults(text: str, folder: Path) -> Iterator[str]:
    """Yield what in the README is not so."""
    for kind, block in BLOCK.findall(text):
        if kind == "console":
            for command, shown in sessions(block):
                done = run(command, folder)
                measured = "accuracy" in command or " learn " in command
                if not agrees(shown, PROGRESS.sub("", done.stdout), measured=measured):
                    yield f"$ {command}\nis shown to print\n{shown}\nbut prints\n{done.stdout}"
            continue
        if kind == "python":
            (folder / "example.py").write_text(block)
            commands = ["python example.py"]
        else:
            commands = [line for line in block.splitlines() if BUILDS.fullmatch(line)]
            commands += [] if commands else [block]
        for command in commands:
            done = run(command, folder)
            if done.returncode:
                yield f"{command}\nexits with {done.returncode}:\n{done.stdout}"


@pytest.mark.parametrize("page", [README, PLANS], ids=["README", "plans"])
def test_everything_on_a_page_is_so(page, tmp_path):
    text = page.read_text(encoding="utf-8")
    assert not list(faults(text, furnished(tmp_path)))
    for drawn, kept in pictures(text, tmp_path):
        assert drawn.read_bytes()[:8] == kept.read_bytes()[:8], "the same kind of picture"


def furnished(folder: Path) -> Path:
    """Return a folder in which commands find what a checkout has."""
    (folder / "analysis").symlink_to(ROOT / "analysis", target_is_directory=True)
    return folder


def pictures(text: str, folder: Path) -> Iterator[tuple[Path, Path]]:
    """Yield each picture of a page: as its commands drew it, and as it is kept."""
    for address in PICTURE.findall(text):
        yield folder / Path(address).name, README.parent / address


def table(command: str) -> str:
    """Return a table as its command prints it."""
    printed = subprocess.run(
        [sys.executable, *command.split()[1:]],
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=True,
    )
    return printed.stdout


@pytest.mark.parametrize("page", [README, TABLES], ids=["README", "analysis"])
def test_tables_are_what_their_commands_print(page):
    found = TABLE.findall(page.read_text(encoding="utf-8"))
    assert found
    for command, shown in found:
        assert shown == table(command), command


def test_the_readme_is_short():
    assert len(README.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_what_is_shown_may_leave_lines_out():
    assert agrees("a\n...\nd\n", "a\nb\nc\nd\n")
    assert not agrees("a\n...\nd\n", "a\nb\nc\n")
    assert not agrees("a\n", "a\nb\n")


def rewritten(text: str, folder: Path) -> str:
    """Return the README with the outputs of today; shortened ones are left as they are."""

    def replace(found: re.Match[str]) -> str:
        kind, block = found.groups()
        if kind != "console":
            list(faults(found[0], folder))  # later blocks may need what it makes
            return found[0]
        parts = []
        for command, shown in sessions(block):
            printed = PROGRESS.sub("", run(command, folder).stdout)
            parts.append(f"$ {command}\n{shown if agrees(shown, printed) else printed}")
        return f"```console\n{''.join(parts)}```"

    return with_tables(BLOCK.sub(replace, text))


def with_tables(text: str) -> str:
    """Return a page with the tables of today."""
    return TABLE.sub(
        lambda found: f"<!-- {found[1]} -->\n{table(found[1])}<!-- end of it -->", text
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        page = README.read_text(encoding="utf-8")
        README.write_text(rewritten(page, furnished(Path(scratch))), "utf-8")
        for drawn, kept in pictures(page, Path(scratch)):
            kept.write_bytes(drawn.read_bytes())
    TABLES.write_text(with_tables(TABLES.read_text(encoding="utf-8")), "utf-8")
