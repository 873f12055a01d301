"""Search for the best points with Optuna: many objectives, limits, and a stop at any moment.

Points are asked for in rounds, the size of which is part of the sweep: a whole generation of
NSGA-II (Deb et al., 2002), or so many suggestions of TPE (Bergstra et al., 2011). All of a round
are asked before any of it is told, and told in order. The sampler of each suggestion is seeded by
the search's seed and the trial's number. So what is tried depends neither on the number of workers
nor on where a search was stopped; a stopped one first finishes its round.

Ordered values are suggested by their number, spans by where on them, others as categories. Limits
are constraints: by how much a figure is beyond its bound, relative to it. A point that cannot be,
or that failed, is a failed trial, from which samplers learn nothing.

A storage that others share, named by ``search.storage``, lets several coordinators search together,
each with a directory of its own; then only what each one has asked for itself is in its table.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Sequence
from math import inf
from typing import Any
from uuid import uuid4

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import BaseSampler, NSGAIISampler, TPESampler
from optuna.storages import BaseStorage, JournalStorage, get_storage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, TrialState

from archsim.errors import ConfigError
from archsim.sweep.directory import Directory
from archsim.sweep.identity import Identity
from archsim.sweep.running import Point
from archsim.sweep.space import Axis, Places
from archsim.sweep.table import Row

ROUND = {"nsga2": 50, "tpe": 10}
"""Points of a round, where the sweep file does not say."""

OWNER = "directory"
EXCESS = "excess"
"""Attributes of trials: who asked for it, and by how much it is beyond each limit."""
