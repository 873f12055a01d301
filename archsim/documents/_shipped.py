"""Files that travel with the program, found by bare name from any folder."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from archsim.errors import ArchsimError

_PACKAGE = Path(__file__).parents[1]
_CHECKOUT = _PACKAGE.parent


@dataclass(frozen=True, slots=True)
class Shipped:
    """The files of one kind that travel with the program.

    Attributes:
        folder: Its name in a checkout, and under ``archsim/shipped`` in an installed package.
        what: What one of them is called in messages.
        error: What is raised for a name that none of them has.
    """

    folder: str
    what: str
    error: type[ArchsimError]

    def files(self) -> dict[str, Path]:
        """Return the files by bare name."""
        in_checkout = (_CHECKOUT / "pyproject.toml").exists()
        root = _CHECKOUT if in_checkout else _PACKAGE / "shipped"
        return {path.stem: path for path in sorted((root / self.folder).glob("*.yaml"))}

    def find(self, path_or_name: str | Path) -> Path:
        """Return the file of a bare name; anything else is a path already.

        Raises:
            ArchsimError: Of kind ``error``: a bare name that none of the files has.
        """
        path = Path(path_or_name)
        if not str(path_or_name):
            raise self.error(
                f"{self.what}: found an empty name; expected a file or one of "
                f"{', '.join(self.files())}; name one"
            )
        if path.suffix or len(path.parts) != 1:
            return path
        known = self.files()
        if path.name in known:
            return known[path.name]
        near = get_close_matches(path.name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "name one of these, or a file"
        raise self.error(
            f"{path}: found no such {self.what}; expected a file or one of {', '.join(known)}; "
            f"{hint}"
        )
