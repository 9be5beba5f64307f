"""The sweeper behind ``hydra/sweeper=optuna``: the settings to try next are Optuna's to choose.

A trial is a job as those of a grid are, in the same ledger: it has a row for each of the
``n_trials`` from the beginning, filled in when Optuna has been asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from charrec.cli.arguments import overrides
from charrec.errors import UserError
from charrec.paths import shown_path
from charrec.sweep.folder import STOP, Sweep
from charrec.sweep.ledger import DONE, Row, varied_of
from charrec.sweep.options import SweepOptions
from charrec.sweep.plan import Job, plan_search
from charrec.sweep.search_options import PREFIX, SearchOptions
from charrec.sweep.space import Space, space_of
from charrec.sweep.sweeper import JobSweeper, warn_once

if TYPE_CHECKING:
    from charrec.sweep.study import Study


class SearchSweeper(JobSweeper):
    """A search by Optuna, in batches of ``n_jobs`` trials that the launcher is handed at a time.

    Args:
        settings: `SearchOptions` as plain values, in ``conf/hydra/sweeper/optuna.yaml``.
    """

    all_right = (*DONE, "diverged")  # it is told, but no reason to call a search a failure

    def __init__(self, params: dict[str, str] | None = None, **settings: Any) -> None:
        super().__init__(params)
        self.settings = settings

    def _sweep(
        self, arguments: Sequence[str], options: SweepOptions, going_on: Sweep | None
    ) -> None:
        search = self._options(going_on)
        given, of_the_sweep = self._given(arguments, going_on)
        if going_on and given != going_on.arguments():
            raise UserError(
                f"{shown_path(going_on.folder)} is a search, which goes on with its own settings: "
                f"give only sweep.resume and {PREFIX}n_trials"
            )
        space = space_of(self._config, self._loader, [*given, *of_the_sweep])
        warn_once(space.check())
        need_optuna()
        sweep = going_on or self._new_sweep()
        with sweep.locked():
            self._config.hydra.sweeper = search.record()
            sweep.keep_command(self._config, given)
            self._work(sweep, space, options, search)

    def _options(self, going_on: Sweep | None) -> SearchOptions:
        """Those given, those of before where it goes on, and the defaults."""
        if going_on is None:
            return SearchOptions.from_settings(self.settings)
        kept = going_on.search_settings()
        if kept is None:
            raise UserError(
                f"{shown_path(going_on.folder)} is a grid: leave out hydra/sweeper=optuna"
            )
        names = [o.lstrip("+").partition("=")[0] for o in overrides(self._config, "hydra")]
        given = {n: v for n, v in self.settings.items() if PREFIX + n in names}
        return SearchOptions.from_settings(kept | given)

    def _work(
        self, sweep: Sweep, space: Space, options: SweepOptions, search: SearchOptions
    ) -> None:
        from charrec.sweep.study import Study

        names, retry = list(space.dimensions), options.retry_failed
        jobs = plan_search(sweep, names, search.n_trials, retry)
        told = f"Search: {shown_path(sweep.folder)}, {len(jobs)} of {search.n_trials} trials to do"
        print(told, flush=True)
        study = Study(sweep.folder)
        study.note(**search.record())
        with self._concluding(sweep):
            study.tell(sweep.rows())  # those that ended, but whose sweep was killed
            for start in range(0, len(jobs), search.n_jobs):
                batch = jobs[start : start + search.n_jobs]
                trials = [_begin(sweep, space, study, job, search) for job in batch]
                self._launch(sweep, [t for t in trials if t is not None], options.fail_fast)
                study.tell(sweep.rows())
                if (sweep.folder / STOP).exists():
                    break


def _begin(sweep: Sweep, space: Space, study: Study, job: int, search: SearchOptions) -> Job | None:
    """The job with what Optuna asks it to try; None where another one has done that."""
    values = study.begin(job, space.dimensions, search)
    try:
        point = space.point(values)
    except UserError as error:  # of too many corners not all were checked
        shown = {name: str(value) for name, value in values.items()}
        sweep.ledger.update(str(job), status="failed", error=str(error), **shown)
        return None
    entry = {"fingerprint": point.fingerprint, **point.varied}
    rows = sweep.ledger.update(str(job), **entry)
    own = next(row for row in rows if row["job"] == str(job))
    same = _same_as(own, rows)
    if same is None:
        return job, point
    sweep.ledger.update(str(job), folder=same["job"], seconds="0.0")
    print(f"Job {job} ({varied_of(own)}): the same settings as job {same['job']}", flush=True)
    return None


def _same_as(own: Row, rows: Sequence[Row]) -> Row | None:
    """The row of the job that was trained with the settings of `own`."""
    alike = (row for row in rows if row["fingerprint"] == own["fingerprint"] and row is not own)
    return next((row for row in alike if row["folder"] == row["job"]), None)


def need_optuna() -> None:
    """Raise UserError where it cannot be imported; half a second, after all that takes less."""
    try:
        import optuna  # noqa: F401
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError)
        why = "" if missing else f", which cannot be imported ({error})"
        raise UserError(
            f"hydra/sweeper=optuna needs Optuna{why}: pip install 'charrec[optuna]'"
        ) from error
