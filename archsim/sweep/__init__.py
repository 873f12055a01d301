"""Many points: a machine, a plan, a workload varied, and the trade between their figures.

A sweep file says what varies. It becomes a :class:`Sweep`: axes of values (``space``), from which
points are chosen beforehand (``designs``) or as results come in (``search``). A point is *timed*,
and where accuracy is asked, *evaluated* (``points``); both steps are jobs for workers, which are
processes of this computer (``local``) or of a Dask cluster (``cluster``, which is found by
``connecting``; ``on_worker`` is what runs there). One coordinator
(``running``) hands them out and alone writes results (``directory``).

Decisions:

* A point is what can change its figures, hashed: machine, workload, plan, batch, schedule, how
  accuracy is found, version (``identity``). What is finished is never computed again, in whatever
  sweep it turns up next, as long as the directory is the same.
* The log is the truth, the table a view of it. A row is finished once it is in the log on the disk.
  Parquet is made from the log, as one file that is replaced as a whole, and made anew when it was
  damaged or belongs to another sweep.
* Accuracy is cached by what the functional side is told (``functional.Specification``), so points
  that differ in time and energy alone share an evaluation. All points share images and seeds.
* A search asks for whole rounds of points and learns from them in order, so that its result does
  not depend on how many workers there are, nor on where it was stopped.
* Workers have no queue in common, so that one that is killed harms nobody.

Results are read as one frame, and from it the points that no other beats (``front``), which
parameter matters (``sensitivity``), and what differs from another sweep (``comparing``).

Refused: whatever is wrong with a sweep file, all at once, before anything runs; a directory that
somebody else writes; points beyond a million. A machine that cannot be, or cannot run what is
asked, is a row that says why.
"""

from __future__ import annotations

from archsim.sweep.loading import load_sweep_file
from archsim.sweep.reading import load_sweep
from archsim.sweep.starting import run_sweep
from archsim.sweep.sweep import Sweep

__all__ = ["Sweep", "load_sweep", "load_sweep_file", "run_sweep"]
