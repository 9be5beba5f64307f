"""The sweeper behind ``python -m charrec.train -m``: every combination, each experiment once."""

from __future__ import annotations

from collections.abc import Sequence

from charrec.paths import shown_path
from charrec.sweep.folder import Sweep
from charrec.sweep.options import SweepOptions
from charrec.sweep.plan import plan, refuse_another_grid
from charrec.sweep.points import Point, each_once, points_of
from charrec.sweep.search import SearchSweeper
from charrec.sweep.sweeper import JobSweeper, warn_once


class GridSweeper(JobSweeper):
    """Hydra's grid, all points of which are checked before the first is trained."""

    def _of_the_same_kind(self, going_on: Sweep | None) -> JobSweeper:
        """So that ``hydra/sweeper=optuna`` need not be given again."""
        if going_on is None or going_on.search_settings() is None:
            return self
        search = SearchSweeper()
        search.hydra_context, search.config = self.hydra_context, self.config
        search.launcher = self.launcher
        return search

    def _sweep(
        self, arguments: Sequence[str], options: SweepOptions, going_on: Sweep | None
    ) -> None:
        given, of_the_sweep = self._given(arguments, going_on)
        points = self._points([*given, *of_the_sweep])
        sweep = going_on or self._new_sweep()
        with sweep.locked():
            refuse_another_grid(sweep, points)
            sweep.keep_command(self._config, given)
            self._work(sweep, points, options)

    def _work(self, sweep: Sweep, points: Sequence[Point], options: SweepOptions) -> None:
        jobs = plan(sweep, points, options.retry_failed)
        told = f"Sweep: {shown_path(sweep.folder)}, {len(jobs)} of {len(points)} jobs to do"
        print(told, flush=True)  # before a launcher forks
        with self._concluding(sweep, {point.fingerprint for point in points}):
            self._launch(sweep, jobs, options.fail_fast)

    def _points(self, arguments: Sequence[str]) -> list[Point]:
        """Those of the grid, of the same experiment the first; it is told how many there were."""
        points = list(points_of(self._config, self._loader, arguments))
        warn_once(note for point in points for note in point.notes)
        once = each_once(points)
        if len(once) < len(points):
            same = len(points) - len(once)
            print(f"{same} of {len(points)} combinations are the same experiment as another")
        return once
