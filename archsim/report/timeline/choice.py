"""What of a run is drawn, and how large the file may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from fractions import Fraction

import numpy as np

from archsim.errors import ConfigError
from archsim.mapping import Program
from archsim.mapping.floor import op_of
from archsim.report.timeline.slices import Flags
from archsim.units import Bits, Quantity

MOST_BYTES = 100_000_000
"""Viewers take a file of this size in some seconds."""

_SECONDS = Quantity(("s",), "20 us", convert=Fraction)
_BITS: Quantity = Bits.__metadata__[0]  # type: ignore[attr-defined]

Moment = int | Fraction | None
"""A tick, or a time [s], or nothing."""


@dataclass(frozen=True)
class Choice:
    """What is drawn.

    Args:
        ops: Patterns of names; the loading of an op's weights goes with it. None: all ops.
        window: ``START:END``, each in ticks (a whole number), a time with its unit, or nothing.
        most_bytes: How large the file may be before it is compressed.
        tick_ns: How long a tick is shown [ns].

    Raises:
        ConfigError: A window that is none.
    """

    ops: tuple[str, ...] = ()
    window: str = ":"
    most_bytes: int = MOST_BYTES
    tick_ns: int = 1000

    def __post_init__(self) -> None:
        """Read the window, so that what is wrong with it is told before a long run."""
        self._moments()

    @classmethod
    def of_texts(
        cls, ops: Sequence[str], window: str | None, limit: str | None, tick: str | None
    ) -> Choice:
        """Return a choice as users write it; None is the default.

        Raises:
            ConfigError: A text that is not of its kind.
        """
        most_bytes, tick_ns = MOST_BYTES, cls.tick_ns
        try:
            if limit is not None:
                most_bytes = _BITS.parse(limit) // 8
        except ValueError as fault:
            raise ConfigError(f"--timeline-limit: {fault}") from None
        if tick is not None:
            tick_ns = _nanoseconds(tick)
        return cls(tuple(ops), ":" if window is None else window, most_bytes, tick_ns)

    def wanted(self, program: Program) -> Flags:
        """Return for each op whether it is drawn.

        Raises:
            ConfigError: A pattern that fits no op.
        """
        fits = [[_fits(op, pattern) for op in program.ops] for pattern in self.ops]
        idle = [p for p, of in zip(self.ops, fits, strict=True) if not any(of)]
        if idle:
            known = ", ".join(list(dict.fromkeys(map(op_of, program.ops)))[:_NAMED])
            raise ConfigError(
                f"--ops: found {', '.join(map(repr, idle))}, which no op's name fits; expected a "
                f"name or a pattern such as 'conv*' (ops: {known}, ...); correct it"
            )
        if not fits:
            return np.ones(len(program.ops), bool)
        return np.asarray(np.array(fits, bool).any(axis=0))

    def ticks(self, makespan_ticks: int, tick_s: Fraction) -> tuple[int, int]:
        """Return the first tick of the window and the one after its last.

        Raises:
            ConfigError: Nothing of the run is inside.
        """
        start, end = self._moments()
        first = 0 if start is None else _tick(start, tick_s)
        after = makespan_ticks if end is None else min(_tick(end, tick_s), makespan_ticks)
        if first >= after and (first or end is not None):
            raise ConfigError(
                f"--window: found {self.window!r}, ticks {first} to {after} of a run of "
                f"{makespan_ticks}; expected a start before its end and inside the run; correct it"
            )
        return first, after

    def _moments(self) -> tuple[Moment, Moment]:
        try:
            start, end = (_moment(text) for text in self.window.split(":"))
        except ValueError:
            raise ConfigError(
                f"--window: found {self.window!r}; expected START:END, each a tick such as 1000, a "
                "time such as '20 us', or nothing; write it so"
            ) from None
        if start is None or end is None:
            return start, end
        if isinstance(start, int) == isinstance(end, int) and start >= end:
            raise ConfigError(
                f"--window: found {self.window!r}; expected its start before its end; exchange them"
            )
        return start, end


_NAMED = 5
"""Ops that a message names."""


def _nanoseconds(text: str) -> int:
    try:
        found_ns = _SECONDS.parse(text) * 10**9
    except ValueError as fault:
        raise ConfigError(f"--timeline-tick: {fault}") from None
    if found_ns.denominator != 1 or not found_ns:
        raise ConfigError(
            f"--timeline-tick: found {text!r}; expected whole nanoseconds, as viewers keep no "
            "others; write 1 us, or 1 ns"
        )
    return int(found_ns)


def _moment(text: str) -> Moment:
    if not text.strip():
        return None
    if text.strip().isdecimal():
        return int(text)
    time_s: Fraction = _SECONDS.parse(text)
    return time_s


def _tick(moment: int | Fraction, tick_s: Fraction) -> int:
    return moment if isinstance(moment, int) else round(moment / tick_s)


def _fits(op: str, pattern: str) -> bool:
    return any(name == pattern or fnmatchcase(name, pattern) for name in (op, op_of(op)))
