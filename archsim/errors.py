"""Errors that a user's input can cause.

Each message reads *where: what was found; what was expected; what to do*. A message may hold
several such lines: a file's faults are reported together, never one at a time.
"""

from __future__ import annotations


class ArchsimError(Exception):
    """Any fault of the user's input; the command line prints it and exits with ``exit_code``."""

    exit_code = 2


class ConfigError(ArchsimError):
    """A machine file, an override or an option that cannot be read or is not a machine."""


class WorkloadError(ArchsimError):
    """A model, workload file or plan that cannot be read, lowered or matched."""


class MappingError(ArchsimError):
    """A workload that cannot run on a machine: demand, bound, gap, remedy."""

    exit_code = 3


class SimulationError(ArchsimError):
    """A program that cannot finish (deadlock) or whose time overflows."""

    exit_code = 3
