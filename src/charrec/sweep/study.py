"""Optuna's part in a search: its storage in the sweep's folder, its trials, what they are told.

Each trial knows the job that it is (the user attribute ``job``; what somebody else put there has
none, and stays as it is); only the process of the sweep begins and ends trials, so that after
whatever happened the ledger says how those end that were left running. Imported only where there
is a search: Optuna costs half a second.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.pruners import BasePruner, MedianPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.storages.journal import JournalFileBackend, JournalStorage
from optuna.trial import FrozenTrial, Trial, TrialState

from charrec.errors import UserError
from charrec.sweep.folder import STORAGE
from charrec.sweep.journal import JournalLock
from charrec.sweep.ledger import FAILED, Row
from charrec.sweep.search_options import SearchOptions
from charrec.sweep.space import Choice, Range

NAME = "charrec"  # of the study
JOB = "job"
SAMPLERS: dict[str, Callable[[int, int], BaseSampler]] = {  # of the seed, and of how many first
    "tpe": lambda seed, startup: TPESampler(seed=seed, n_startup_trials=startup),
    "random": lambda seed, _: RandomSampler(seed=seed),
}
# By the number of epochs: a quarter of them is too early to judge.
PRUNERS: dict[str, Callable[[int], BasePruner] | None] = {
    "median": lambda epochs: MedianPruner(n_startup_trials=5, n_warmup_steps=math.ceil(epochs / 4)),
    "halving": lambda epochs: SuccessiveHalvingPruner(min_resource=math.ceil(epochs / 4)),
    "none": None,
}
ENDS = {
    "completed": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    **dict.fromkeys(FAILED, TrialState.FAIL),
}


class Study:
    """The trials in the folder of a sweep, which is made a search by this.

    Raises:
        UserError: the storage is damaged.
    """

    def __init__(self, folder: Path) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        path = str(folder / STORAGE)
        try:
            self.storage = JournalStorage(JournalFileBackend(path, JournalLock(path)))
            begun = NAME in optuna.get_all_study_names(self.storage)
            self.study = (
                optuna.load_study(storage=self.storage, study_name=NAME)
                if begun  # else the journal would hold an attempt to make it for every process
                else optuna.create_study(
                    storage=self.storage, study_name=NAME, direction="maximize"
                )
            )
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{path} is damaged ({error}); put it back, or remove it: "
                "the search then goes on without what it has learned"
            ) from error

    def begin(
        self, job: int, space: Mapping[str, Choice | Range], options: SearchOptions
    ) -> dict[str, Any]:
        """The values that a job is to try.

        Those of its trial where that is under way, or was done before; else the sampler's next.
        The sampler starts anew for each job, so that a search that goes on asks for the same as
        one that was never stopped.
        """
        trial = self._running(job) or self._new(job)
        (seed,) = np.random.SeedSequence([options.seed, job]).generate_state(1)
        make_sampler = SAMPLERS[options.sampler]
        self.study.sampler = make_sampler(int(seed), options.n_startup_trials)
        asked = self._open(trial)
        return {name: _suggest(asked, name, dimension) for name, dimension in space.items()}

    def tell(self, rows: Iterable[Row]) -> None:
        """End every trial that has ended, as the ledger says it did."""
        by_job = {int(row["job"]): row for row in rows}
        for trial in self._trials(TrialState.RUNNING):
            row = by_job.get(trial.user_attrs.get(JOB, -1), {})
            state = ENDS.get(row.get("status", ""))
            accuracy = row.get("best_validation_accuracy", "")
            if state is TrialState.COMPLETE:
                state = state if accuracy else TrialState.FAIL  # no epoch was validated
            if state is not None:
                value = float(accuracy) if state is TrialState.COMPLETE else None
                self.study.tell(trial.number, value, state=state)

    def note(self, **about: Any) -> None:
        """Attributes of the study, for the jobs and for who looks at it."""
        for name, value in about.items():
            if self.study.user_attrs.get(name) != value:
                self.study.set_user_attr(name, value)

    def judged(self, job: int, epochs: int) -> Trial | None:
        """The trial that a job reports to, None where nobody prunes."""
        make_pruner = PRUNERS[self.study.user_attrs["pruner"]]
        trial = self._running(job)
        if make_pruner is None or trial is None:
            return None
        self.study.pruner = make_pruner(epochs)
        return self._open(trial)

    def _trials(self, *states: TrialState) -> list[FrozenTrial]:
        return self.study.get_trials(deepcopy=False, states=states or None)

    def _running(self, job: int) -> FrozenTrial | None:
        running = self._trials(TrialState.RUNNING)
        return next((trial for trial in running if trial.user_attrs.get(JOB) == job), None)

    def _new(self, job: int) -> FrozenTrial:
        """Added as a whole: asked for in Optuna's way it would be nobody's for a moment."""
        before = [trial for trial in self._trials() if trial.user_attrs.get(JOB) == job]
        params: dict[str, Any] = before[-1].params if before else {}
        distributions: dict[str, BaseDistribution] = before[-1].distributions if before else {}
        trial = optuna.trial.create_trial(
            state=TrialState.RUNNING,
            params=params,
            distributions=distributions,
            user_attrs={JOB: job},
        )
        self.study.add_trial(trial)
        found = self._running(job)
        assert found is not None
        return found

    def _open(self, trial: FrozenTrial) -> Trial:
        study = self.storage.get_study_id_from_name(NAME)
        number = self.storage.get_trial_id_from_study_id_trial_number(study, trial.number)
        return Trial(self.study, number)


def _suggest(trial: Trial, name: str, dimension: Choice | Range) -> Any:
    """As it was suggested before, where it was."""
    if isinstance(dimension, Choice):
        return trial.suggest_categorical(name, dimension.values)
    low, high, log = dimension.low, dimension.high, dimension.log
    if dimension.whole:
        step = int(dimension.step or 1)
        return trial.suggest_int(name, int(low), int(high), step=step, log=log)
    return trial.suggest_float(name, low, high, step=dimension.step, log=log)
