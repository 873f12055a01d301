r"""Names in figures: any text, shown as text.

A name may hold what no font has, what turns the direction of writing, or be as long as a book.
Characters that cannot be seen, and those that the font has no glyph for, are written as escapes
such as ``\u4e2d``, so that two names never look alike; of what is too long the middle is left out.
A dollar sign is one: nothing is ever taken for a formula.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import accumulate

from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties, fontManager, get_font
from matplotlib.text import Text

from archsim.report.figures.look import FONT, INK

LONGEST = 40
"""Characters of a name that are shown."""

_SHORT = 24
"""The same beside a point."""

_RIGHT = 0.75
"""Points further to the right have their names on the left."""


def shown(name: str, longest: int = LONGEST) -> str:
    """Return a name as a figure shows it."""
    if len(name) > 2 * longest:  # spelling out the middle of a book would be in vain
        name = name[:longest] + name[-longest:]
    pieces = list(map(_spelt, name))
    if sum(map(len, pieces)) <= longest:
        return "".join(pieces)
    end = longest // 2
    return f"{_start(pieces, longest - end - 1)}…{_start(pieces[::-1], end, turned=True)}"


def _start(pieces: Sequence[str], longest: int, *, turned: bool = False) -> str:
    """Return as many whole pieces as find room, put in order again if they were turned."""
    lengths = accumulate(map(len, pieces))
    kept = [piece for piece, length in zip(pieces, lengths, strict=True) if length <= longest]
    return "".join(kept[::-1] if turned else kept)


def entry(name: str) -> str:
    """Return a name as an entry of a legend, which leaves out what begins with an underscore."""
    text = shown(name)
    return f" {text}" if text.startswith("_") else text


def plain(text: Text) -> Text:
    """Return a text that takes no dollar sign for a formula, whoever draws it."""
    text.set_parse_math(False)
    return text


def name_point(ax: Axes, place: tuple[float, float], name: str) -> None:
    """Write a name beside a point of axes whose bounds are settled, where there is room."""
    left = turned(ax, place)
    text = ax.annotate(
        shown(name, _SHORT),
        place,
        (-4 if left else 4, 3),
        textcoords="offset points",
        ha="right" if left else "left",
        fontsize=7,
        color=INK,
    )
    plain(text)


def turned(ax: Axes, place: tuple[float, float]) -> bool:
    """Return whether the name of a point stands on its left."""
    return bool((ax.transData + ax.transAxes.inverted()).transform(place)[0] > _RIGHT)


def name_ticks(ax: Axes, axis: str, names: list[str], *, places: list[float] | None = None) -> None:
    """Write names at the ticks of an axis."""
    one = ax.yaxis if axis == "y" else ax.xaxis
    one.set_ticks(range(len(names)) if places is None else places, [shown(each) for each in names])
    for label in one.get_ticklabels():
        plain(label)


def _spelt(character: str) -> str:
    if character.isprintable() and ord(character) in _glyphs():
        return character
    return character.encode("unicode_escape", "surrogatepass").decode()


@cache
def _glyphs() -> frozenset[int]:
    path = fontManager.findfont(FontProperties(family=FONT), fallback_to_default=False)
    return frozenset(get_font(path).get_charmap())
