"""From a workload, a machine and a plan to one program per hardware unit.

``graph`` decides what executes each op, ``memory`` where each activation lies, ``tiling``,
``blocks`` and ``whole_blocks`` how a GEMM is cut (arithmetic only), ``layout*`` put these together
for one op, and ``weight_stationary``, ``output_stationary`` and ``vector`` write an op into the
``schedule``, using the ``floor``'s units. ``serial`` and ``pipelined`` order the ops. ``bodies``
keep what a unit does short. ``program`` is what engines run. ``arithmetic`` tells the functional
side the same cuts.

Programs are small, and quickly written: neighbouring rounds that are equal for a unit are a loop;
ops that differ in nothing but their names are written once and copied.

What machines share that differ in numbers is found once. Graphs and cuts are pure functions of
frozen values and kept. So are the programs of ``serial``: units' work is written in steps of the
machine's parts (``durations``) from a ``serial.Task``, which knows the machine's ``shape`` only;
and a kept program is ``timed`` for each machine. Whatever decides about instructions has to be in
the task, because nothing else is at hand where they are written. In ``pipelined`` shares of time
depend on clocks, so its programs are written for each machine.

Rules that decide the numbers:

* Every pass reads its inputs from the buffer once, broadcast to the tiles that share them;
  repetitions are passes like any other. Overlaps of convolution windows are read again unless
  the buffer has a line buffer.
* Tiles that share one input broadcast, and their replicas, are a *group*: one controller drives
  them in lock step, so one unit of each kind stands for all of them and counts the actions of
  each. A unit for every tile would say the same of synchronous tiles, at the price of ten
  thousand processes for a machine of 32,000 tiles. All tiles of an output-stationary machine
  follow one sequencer and are one group. Groups wait for each other through tokens only.
* Where tiles share one set of input drivers, groups and replicas take turns at it.
* A pass's accesses to the buffer are counted in words, at most one a cycle and port.
* An operand that lies in DRAM is streamed into the buffer once a round, overlaps of windows once.
* Partial sums are as wide as the accumulator; across reload rounds each is written and read
  once. Weights start in DRAM (``serial``) or are resident (``pipelined``; programming is a run of
  its own).
* The buffer has a read side, a write side, and a side towards DRAM that is as wide as the latter.
* Replicas are added as long as tiles are left over and reading can feed them, at the price of
  programming them: where they save most time in ``serial``, to the slowest op in ``pipelined``
  (``allotment``).
* In ``serial`` a second copy of the cells holds the next weights, so a product of two activations
  alternates on the first; loading weights is booked apart from the op, as ``OP (weights)``.
* One-input elementwise ops that alone follow a GEMM are executed on its way out: simple ones by
  the accumulator's adders, others by the vector unit. Residual additions read both operands.
* ``pipelined`` shares the buffer's sides, DRAM and vector unit by time division in proportion to
  load. A static order over ops with different rates would have to be unrolled, and its
  head-of-line blocking would be an artefact of the compiler.

Refused, with demand, bound, gap and remedy: what cannot run.
"""

from __future__ import annotations

from archsim.mapping.arithmetic import AnalogProduct, Arithmetic, arithmetic
from archsim.mapping.compile import SCHEDULES, Compiled, compile_workload, tiles_of_use
from archsim.mapping.layout import Reading
from archsim.mapping.placement import Placement
from archsim.mapping.program import Program

__all__ = [
    "SCHEDULES",
    "AnalogProduct",
    "Arithmetic",
    "Compiled",
    "Placement",
    "Program",
    "Reading",
    "arithmetic",
    "compile_workload",
    "tiles_of_use",
]
