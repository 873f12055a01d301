"""Learn how often each product of a trained network has to be repeated, weights untouched.

After S. Garg et al., IEEE JSTQE 29(2), 2023, doi 10.1109/JSTQE.2022.3218019: the logarithm of each
repetition count is a parameter, noise is drawn by reparametrisation, and the loss is

    cross entropy + λ·max(0, ln((C - C_0 + ε)/(C_target - C_0 + ε)))

Beyond the paper, C may be what the plan costs a machine (energy, latency or their product), so that
converters, memories and static power over the longer time count. This package gets it as tables of
numbers; it knows no engine.

``learning`` is the entry: an ``aim``, and what comes of it. ``search`` goes from the aim to counts:
``learner`` descends, ``learned`` is what it finds, ``rounding`` makes counts whole, ``family`` and
``curve`` find where plans of one shape lose what is allowed, ``crossing`` how sure that is.
``bench`` is a task on a machine: the loss of a step; ``judge`` what plans are worth on other
images. ``sharing`` says which channels share one count, ``price`` what counts cost, ``keep`` what
is left when a run is killed.

Decided here:

* Every plan that is judged could run: its counts are whole where the machine repeats passes, and
  judging is the very simulation that :func:`archsim.functional.evaluate` runs, on examples that
  nothing was learned from. Only the one factor on all counts is chosen on them, and an earlier
  round of learning where the last one's counts cost clearly more at the drop.
* A target is a mean count, for every price: the plan may cost what so many uniform repetitions do.
* What is frozen into cells is drawn anew in each step, so that no plan is learned for one chip.
* The learning rate acts on ln K and is the same for all; there is no schedule to tune.

Refused: tasks without labels or without other data to learn from; machines on which no noise acts.
"""

from __future__ import annotations

from archsim.functional.learning.aim import Aim
from archsim.functional.learning.crossing import Crossing, Ratio, ratio
from archsim.functional.learning.keep import discard
from archsim.functional.learning.learned_plan import LearnedPlan
from archsim.functional.learning.learner import Bounds, Rules
from archsim.functional.learning.learning import learn
from archsim.functional.learning.news import News
from archsim.functional.learning.price import Price
from archsim.functional.learning.search import Pricer
from archsim.functional.learning.sharing import Granularity

__all__ = [
    "Aim",
    "Bounds",
    "Crossing",
    "Granularity",
    "LearnedPlan",
    "News",
    "Price",
    "Pricer",
    "Ratio",
    "Rules",
    "discard",
    "learn",
    "ratio",
]
