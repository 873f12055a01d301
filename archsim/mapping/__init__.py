"""From a workload, a machine and a plan to one program per hardware unit.

``graph`` decides what executes each op, ``memory`` where each activation lies, ``tiling`` and
``blocks`` how a GEMM is cut (arithmetic only), ``layout*`` put these together for one op, and
``weight_stationary``, ``output_stationary`` and ``vector`` write an op into the ``schedule``,
using the ``floor``'s units. ``serial`` and ``pipelined`` order the ops. ``program`` is the
instruction set that the engines run.

Rules that decide the numbers:

* Every pass reads its inputs from the buffer once, broadcast to the tiles that share them;
  repetitions are passes like any other. Overlaps of convolution windows are read again unless
  the buffer has a line buffer.
* Tiles that share one input broadcast are a *group*: one controller drives them in lock step, so
  one unit of each kind stands for all of them and counts the actions of each. This is exact for
  synchronous tiles, and what keeps a machine of 16,000 tiles tractable. All tiles of an
  output-stationary machine follow one sequencer and are one group.
* Partial sums are as wide as the accumulator; across reload rounds each is written and read
  once. Weights start in DRAM (``serial``) or are resident (``pipelined``; programming is a run of
  its own).
* The buffer has a read side, a write side, and a side towards DRAM, each as wide as its ports.
* One-input elementwise ops that alone follow a GEMM are executed on its way out: simple ones by
  the accumulator's adders, others by the vector unit. Residual additions read both operands.
* ``pipelined`` shares the buffer's sides, DRAM and vector unit by time division in proportion to
  load. A static order over ops with different rates would have to be unrolled, and its
  head-of-line blocking would be an artefact of the compiler.

Refused, with demand, bound, gap and remedy: what cannot run.
"""

from __future__ import annotations

from archsim.mapping.compile import SCHEDULES, Compiled, Placement, compile_workload
from archsim.mapping.program import Program

__all__ = ["SCHEDULES", "Compiled", "Placement", "Program", "compile_workload"]
