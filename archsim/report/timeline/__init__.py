"""A run as a picture of time: trace events that Perfetto and Chrome's own viewer open.

A process is a tile or a subsystem, a thread is a unit, a slice is work for an op. Counters show
power, blocked units and the buffer; arrows lead from an op to those that read what it makes.

Scale. Viewers keep whole nanoseconds, and a pass may take less. So a tick is shown as 1 us, the
file says so where everyone looks (the machine's name) and where programs look (``otherData``), and
exact ticks are in the arguments of every slice.

What recurs. The compiled engine executes a period once or some times and skips the rest. What it
executed is shown where it happened: the warm-up, the last period before the skip, the drain. Each
slice has the number of times that it happens in all, in its name and as ``multiplicity``; the time
of the skipped periods is filled by one slice of multiplicity 0, of category ``skipped``. Hence::

    sum over a unit's slices of (duration x multiplicity) = its busy time in the ledger

exactly, loops within loops included. Work that takes no time is an instant, not a slice. Nothing in
an engine serves the timeline alone: rows of a trace (``engine.trace``) tell it all.

Size. How large a file will be is known, and said, before it is written. Where it would exceed the
limit, works of one op that follow each other on a unit are joined: the shortest waits go first, and
only as many as it takes. Joined slices say how many works they are, and how many ticks of them are
busy; the law above then holds for ``busy_ticks``. What cannot be joined far enough is refused; a
part of the ops or of the time has to be chosen.

Memory: what the engine executed is kept until the run is over, some 16 bytes for each instruction,
because how often a thing happens is known only at the end. The file is written as it is made.
"""

from __future__ import annotations

from archsim.report.timeline.choice import MOST_BYTES, Choice
from archsim.report.timeline.file import TimelineFile

__all__ = ["MOST_BYTES", "Choice", "TimelineFile"]
