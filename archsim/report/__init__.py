"""From a ledger to numbers that can be quoted.

``simulate`` runs the whole chain: load, compile, run, report. The engine's ledger knows only ticks
and counts; here they become seconds, joules and square metres, by the machine's own costs.

Rules that decide the numbers:

* Time and energy stay exact (fractions) until they are shown, so that sums by op, by component and
  in all are one number.
* An op lasts from its first work to its last. Loading its weights ahead, while other ops run, is
  not part of it. Its ``stall_s`` is its duration less the busy time of its busiest array, so it
  counts everything that kept the array from multiplying; the stalls of single units (blocked
  before a send or receive) are in ``units`` and ``activity``.
* ``bound_by`` is the kind of unit that is busiest inside the op's time. An op that is applied to
  another's results on their way says ``with <op>``.
* ``utilization`` of a run is the MACs that the arrays did over what all of them could do in the
  makespan, at the ops' slices, without any stall; that of an op is relative to where it ran, so an
  op of the vector unit is measured by the vector unit. Repetitions count as time, not as MACs.
* ``latency_s`` ends when the first input's outputs are stored in DRAM. Throughput is the batch over
  the makespan (``serial``) or the rate at which outputs leave (``pipelined``).
* Static power is paid as the docstring of ``energy`` says. What a ``pipelined`` machine spends on
  loading its weights, once, stands apart in ``programming``.

``timeline`` draws a run for viewers of trace events; ``trace_file`` writes down every instruction.
Both are told of a run while it is under way (``engine.trace``).

Accuracy, where it was asked, is carried along, never computed here: a report without it must not
wait for torch.

Tables are rows of plain dataclasses; they become DataFrames when one is asked for, so that the
command line does without pandas.

A saved report (``saving``) is a folder with everything that is known of the run: the machine and
the plan lie beside the tables, so that ``loading`` needs nothing else, and ``figures``, which bring
matplotlib, are drawn from it as from a fresh one.

Refused: actions that the machine has no cost for, a run that never stored an output, to write over
a folder that is not a report, and to read one of which parts are damaged or of different runs.
"""

from __future__ import annotations

from archsim.report.report import Programming, Provenance, Report, Tables
from archsim.report.running import report_of, simulate

__all__ = [
    "Programming",
    "Provenance",
    "Report",
    "Tables",
    "report_of",
    "simulate",
]
