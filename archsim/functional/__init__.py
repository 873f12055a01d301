"""How accurate a network is on a machine: the exported graph, quantised and noisy, on real data.

The graph is the very one that the workload came from, so an op here is an op there. Passes over it
insert

* a quantiser wherever a tensor lies in memory, at the bits that the workload states. The network's
  outputs are left as they come out of the last op. Ranges come from calibration data;
* an analog product in place of every GEMM that mapping puts on analog arrays (``gemm``), attention
  products, first and last layers included. GEMMs on digital arrays and on the vector unit keep
  exact products of quantised operands.

An analog product is cut as mapping says (``cutting``: slices of bits, readings of the fan-in); each
reading gets the machine's noise and is converted, clipped and averaged as the machine does it
(``readout``). ``levels`` asks
:mod:`archsim.physics` for every standard deviation and for what repetition does to it; there is no
formula of either here. All normal sources together take one random number an element, so cost grows
neither with the number of sources nor with K.

Reads of the graph: ``products`` (norms over patches), ``quantisers``, ``slices``, ``converter``,
``counting`` (photons of direct detection), ``draws`` (random numbers by seed, trial, batch and op).
``simulator`` puts them together; ``evaluation`` runs a ``task`` under some ``conditions``, and
``statistics`` says how far its result can be trusted. ``learning`` finds how often to repeat what.

Refused: transposed convolutions on analog arrays (their noise belongs to taps, not to outputs),
slices without quantisers, plans of other networks, sources that the machine does not have.
"""

from __future__ import annotations

from archsim.functional.accuracy import Accuracy, Estimate, OpPrecision
from archsim.functional.conditions import Conditions
from archsim.functional.draws import Draws
from archsim.functional.evaluation import Precision, evaluate, measure_precision
from archsim.functional.learning import Aim, LearnedPlan, Rules, learn
from archsim.functional.settings import AdcRange, Quantisation, Ranges, Scheme, Settings
from archsim.functional.setup import exported
from archsim.functional.simulator import Simulator
from archsim.functional.specification import Specification
from archsim.functional.stand_in import StandIn, check_noise_bits
from archsim.functional.statistics import Interval
from archsim.functional.task import Task

__all__ = [
    "Accuracy",
    "AdcRange",
    "Aim",
    "Conditions",
    "Draws",
    "Estimate",
    "Interval",
    "LearnedPlan",
    "OpPrecision",
    "Precision",
    "Quantisation",
    "Ranges",
    "Rules",
    "Scheme",
    "Settings",
    "Simulator",
    "Specification",
    "StandIn",
    "Task",
    "check_noise_bits",
    "evaluate",
    "exported",
    "learn",
    "measure_precision",
]
