"""What every sweeper behind ``-m`` does: its folder, its launcher, its end, and going on.

The sweeper decides what is left to do and hands that to Hydra's launcher, whichever it is; the jobs
enter what became of them in the ledger by themselves (`charrec.sweep.job`).
"""

from __future__ import annotations

import shlex
import warnings
from abc import abstractmethod
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from charrec.cli.arguments import escaped, overrides, quoted
from charrec.cli.folders import refuse_references, take_folder
from charrec.errors import Interrupted, UserError
from charrec.paths import full_path, shown_path
from charrec.sweep.bar import bar_over
from charrec.sweep.conclusion import conclude, settle
from charrec.sweep.folder import Sweep, find_sweep
from charrec.sweep.interruptible import interruptible
from charrec.sweep.ledger import DONE
from charrec.sweep.options import SweepOptions
from charrec.sweep.plan import Job
from charrec.sweep.points import OF_THE_SWEEP

FOLDER, SUBFOLDER = "hydra.sweep.dir", "hydra.sweep.subdir"
GIVEN = "command-line"  # Hydra's name for --config-dir
PATHS = ("data.root", "weights")  # settings of jobs
# In the command that goes on; what the sweeper was told is kept in the folder.
NOT_REPEATED = ("hydra.mode", FOLDER, "hydra/sweeper", "hydra.sweeper.")


class JobSweeper(Sweeper):
    """Checked jobs, a ledger, and a sweep that can be gone on with.

    Not a subclass of Hydra's BasicSweeper: looking for plugins, Hydra makes that class anew, and
    what was derived from the old one before is of no use any more.

    Args:
        params: further settings, as in ``hydra.sweeper.params``; the command line comes after.
    """

    all_right: tuple[str, ...] = DONE  # statuses of which the end does not complain

    def __init__(self, params: dict[str, str] | None = None) -> None:
        self.params = params or {}

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        self.hydra_context, self.config = hydra_context, config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: Sequence[str]) -> None:
        """Raises UserError where a job did not complete, Interrupted on Ctrl-C or SIGTERM."""
        options = SweepOptions.from_config(self._config_of_sweep())
        self._refuse_given(SUBFOLDER, "jobs are numbered, and ledger.csv says what is varied")
        going_on = self._sweep_to_go_on_with(options)
        self._of_the_same_kind(going_on)._sweep(arguments, options, going_on)

    def _of_the_same_kind(self, going_on: Sweep | None) -> JobSweeper:
        """The sweeper that began what is gone on with."""
        return self

    @abstractmethod
    def _sweep(
        self, arguments: Sequence[str], options: SweepOptions, going_on: Sweep | None
    ) -> None:
        """Check everything, take a folder, do what is left."""

    @property
    def _config(self) -> Any:
        assert self.config is not None
        return self.config

    @property
    def _loader(self) -> ConfigLoader:
        assert self.hydra_context is not None
        return self.hydra_context.config_loader

    def _given(
        self, arguments: Sequence[str], going_on: Sweep | None
    ) -> tuple[list[str], list[str]]:
        """The settings of the jobs, if none are given those of before, and of the whole sweep."""
        of_the_sweep = [a for a in arguments if a.startswith(OF_THE_SWEEP)]
        of_jobs = [a for a in arguments if a not in of_the_sweep]
        if going_on and not of_jobs:
            return going_on.arguments(), of_the_sweep
        of_jobs = [*(f"{name}={value}" for name, value in self.params.items()), *of_jobs]
        return [self._from_anywhere(a) for a in of_jobs], of_the_sweep

    def _from_anywhere(self, argument: str) -> str:
        """With a whole path, for a sweep may be gone on with from another folder."""
        name, _, given = argument.partition("=")
        if name.lstrip("+") not in PATHS or "${" in given:
            return argument
        path = OverridesParser.create(self._loader).parse_override(argument).value()
        return (
            f"{name}={quoted(str(full_path(path)))}" if path and isinstance(path, str) else argument
        )

    def _sweep_to_go_on_with(self, options: SweepOptions) -> Sweep | None:
        if options.resume is None:
            return None
        self._refuse_given(FOLDER, "a sweep that goes on keeps its folder")
        sweep = find_sweep(options.resume, options.retry_failed)
        refuse_references(sweep.folder)
        self._config.hydra.sweep.dir = escaped(str(sweep.folder))  # launchers make it
        return sweep

    def _refuse_given(self, name: str, why: str) -> None:
        for override in overrides(self._config, "hydra"):
            if override.lstrip("+").startswith(f"{name}="):
                raise UserError(f"{name} cannot be given here: {why}; leave it out")

    def _new_sweep(self) -> Sweep:
        take_folder(self._config, FOLDER)
        return Sweep(Path(self._config.hydra.sweep.dir).absolute())

    @contextmanager
    def _concluding(self, sweep: Sweep, asked: Container[str] | None = None) -> Iterator[None]:
        """However the launcher ends, records are settled and what came out is told.

        Args:
            asked: fingerprints of the jobs that the command asks for; None stands for all.
        """
        failure = None
        try:
            with interruptible(), bar_over(sweep.ledger):
                yield
        except KeyboardInterrupt as stop:
            settle(sweep)
            message = f"interrupted; go on with\n  {self._command_to_go_on(sweep)}"
            raise Interrupted.by(stop, message) from None
        except Exception as error:  # a worker that was killed, say
            failure = error
        conclude(sweep, failure, self._command_to_go_on(sweep), self.all_right, asked)

    def _launch(self, sweep: Sweep, jobs: Sequence[Job], fail_fast: bool) -> None:
        """Each job is told its folder: left to Hydra, numbers would start from 0 once more."""
        if not jobs:
            return
        assert self.launcher is not None
        all_have = (
            f"{FOLDER}={quoted(str(sweep.folder))}",
            f"sweep.fail_fast={fail_fast}",
            f"sweep.threads={self._config.sweep.threads}",
        )
        own = [[*point.overrides, *all_have, f"{SUBFOLDER}={number}"] for number, point in jobs]
        first, _ = jobs[0]
        for ended in self.launcher.launch(own, initial_job_idx=first):
            _ = ended.return_value  # raises what kept a job from beginning, elsewhere perhaps

    def _command_to_go_on(self, sweep: Sweep) -> str:
        """With the launcher and the like that were chosen; the settings are in the folder."""
        sources = self._config.hydra.runtime.config_sources
        flags = [f"--config-dir={source.path}" for source in sources if source.provider == GIVEN]
        kept = [
            override
            for override in overrides(self._config, "hydra")
            if not override.partition("=")[0].lstrip("+").startswith(NOT_REPEATED)
        ]
        folder = f"sweep.resume={shown_path(sweep.folder)}"
        options = SweepOptions.from_config(self._config_of_sweep())
        return shlex.join(
            ["python", "-m", "charrec.train", "-m", *flags, folder, *options.repeated(), *kept]
        )

    def _config_of_sweep(self) -> Any:
        return OmegaConf.to_container(self._config.sweep, resolve=True)


def warn_once(notes: Iterable[str]) -> None:
    for note in dict.fromkeys(notes):
        warnings.warn(note, stacklevel=3)
