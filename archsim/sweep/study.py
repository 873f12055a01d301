"""Where Optuna keeps a search: a journal in the results directory, or a storage that others share.

A process that is killed while it asks for a round leaves a part of it in the journal. That is cut
off, back to where the round began, and the round is asked for again: with the same seeds, and
nothing told in between, it comes out the same.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.storages import BaseStorage, JournalStorage, get_storage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.study import StudyDirection

from archsim.errors import ConfigError
from archsim.sweep.log import cut_last_line
from archsim.sweep.sweep import Sweep

BEGAN, ASKED = "archsim_began", "archsim_asked"
"""Attributes of a study: bytes of the journal before the last round, and trials after it."""

_DIRECTIONS = {"min": StudyDirection.MINIMIZE, "max": StudyDirection.MAXIMIZE}


@dataclass(frozen=True, slots=True)
class Rounds:
    """A study, and what makes its rounds whole.

    Attributes:
        study: Optuna's.
        journal: Where it is kept; None where others share it.
    """

    study: optuna.Study
    journal: Path | None

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Mark where a round begins, and that it was asked to its end."""
        if self.journal is None:
            yield
            return
        self.study.set_user_attr(BEGAN, self.journal.stat().st_size)
        yield
        self.study.set_user_attr(ASKED, len(self.study.get_trials(deepcopy=False)))


def rounds_of(sweep: Sweep, digest: str, journal: Path) -> Rounds:
    """Return the study of a sweep, made or found again, with whole rounds only.

    Raises:
        ConfigError: The storage cannot be opened.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if sweep.search.storage is not None:
        return Rounds(_study(sweep, digest, _shared(sweep.search.storage)), None)
    if journal.exists():
        cut_last_line(journal)
    study = _study(sweep, digest, _kept(journal))
    if len(study.get_trials(deepcopy=False)) > study.user_attrs.get(ASKED, 0):
        os.truncate(journal, study.user_attrs[BEGAN])
        study = _study(sweep, digest, _kept(journal))
    return Rounds(study, journal)


@contextmanager
def quiet() -> Iterator[None]:
    """Let Optuna not warn of what is new in it, nor of what will go.

    Its new way to set constraints needs the process that asked for a trial to be there still.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        warnings.filterwarnings("ignore", "`constraints_func`", FutureWarning)
        yield


def _study(sweep: Sweep, digest: str, storage: BaseStorage) -> optuna.Study:
    with quiet():
        return optuna.create_study(
            storage=storage,
            study_name=f"archsim {sweep.name} {digest}",
            directions=[_DIRECTIONS[wanted] for wanted in sweep.objectives.values()],
            load_if_exists=True,
        )


def _kept(journal: Path) -> BaseStorage:
    with quiet():
        return JournalStorage(JournalFileBackend(str(journal), lock_obj=_Held()))


def _shared(url: str) -> BaseStorage:
    try:
        return get_storage(url)
    except Exception as fault:  # noqa: BLE001 - whatever a driver raises
        raise ConfigError(
            f"search.storage: {url!r} cannot be opened ({type(fault).__name__}: {fault}); expected "
            "a URL that Optuna takes, such as sqlite:///search.db; correct it, or leave it out"
        ) from None


class _Held(JournalFileOpenLock):
    """No lock: who holds the directory is alone, and a lock file would outlive a killed process."""

    def __init__(self) -> None:
        """Need no file."""

    def acquire(self) -> bool:
        """Say yes."""
        return True

    def release(self) -> None:
        """Do nothing."""
