"""The Hydra callback that refuses wrong settings before a folder is made."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, read_write

from charrec.cli.arguments import overrides
from charrec.cli.checks import CHECKS
from charrec.cli.entry import MENDABLE, report, settings_of
from charrec.cli.folders import refuse_references, remove_empty, take_folder
from charrec.errors import UserError
from charrec.processes import folder_of_the_run, follows, is_first
from charrec.run import SUMMARY
from charrec.runs import find_run
from charrec.signals import ignore_signals

HYDRA_FILES = ("config.yaml", "hydra.yaml", "overrides.yaml")
BEGAN = (SUMMARY, "traceback.txt")  # of a run, and of a sweep's job that failed before it
SWEEPERS = ("hydra_plugins.charrec.Grid", "hydra_plugins.charrec.Search")


class Guard(Callback):
    """Checks the settings of a main, then takes a folder that no other run has.

    What a run leaves that never began, because a picture could not be decoded, say, goes again.
    """

    def __init__(self, main: str) -> None:
        self.main = main
        self._made: list[Path] = []  # folders, the innermost first

    def on_run_start(self, config: DictConfig, **_: Any) -> None:
        with _or_exit(self.main):
            refuse_references(Path.cwd())
            if self.main == "train" and _only_computes(config):
                return
            goes_on = config.get("resume") is not None
            given = _given(config)
            _refuse_settings_of_sweeps(given)
            if goes_on:
                _stay(config, given)
            CHECKS[self.main](settings_of(config))
            if goes_on:
                _refuse_beside_resume(given)
            elif config.hydra.output_subdir is not None:
                self._made = take_folder(config, "hydra.run.dir")

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        with _or_exit(self.main):
            if self.main != "train":
                raise UserError(f"charrec.{self.main} has no sweeps: leave out -m")
            refuse_references(Path.cwd())
            sweeper = config.hydra.sweeper._target_
            if sweeper not in SWEEPERS:
                raise UserError(
                    f"hydra/sweeper is refused: {sweeper} keeps no ledger; leave it out"
                )

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **_: Any) -> None:
        folder, notes = Path(config.hydra.runtime.output_dir), config.hydra.output_subdir
        began = any((folder / name).exists() for name in BEGAN)
        if notes is not None and not began:
            for name in HYDRA_FILES:  # by name: the folder itself may be anybody's
                (folder / notes / name).unlink(missing_ok=True)
            remove_empty([folder / notes])

    def on_run_end(self, config: DictConfig, **_: Any) -> None:
        remove_empty(self._made)


@contextmanager
def _or_exit(main: str) -> Iterator[None]:
    """Leave as SystemExit: Hydra turns any other exception in a callback into a warning."""
    try:
        try:
            yield
        except MENDABLE as error:
            sys.exit(report(error, main))
    except Exception:
        traceback.print_exc()
        sys.exit(1)


def _only_computes(config: DictConfig) -> bool:
    """Whether another process, the run's first, has checked all and made the folder."""
    settings = settings_of(config)
    if is_first():
        return False
    arguments = settings["trainer"]
    if settings["resume"] is not None:
        run = find_run(folder_of_the_run() or settings["resume"], "resume")
        arguments = run.settings["trainer"]
    if not follows(arguments):
        return False
    ignore_signals()
    with read_write(config):
        config.hydra.run.dir, config.hydra.output_subdir = ".", None
        if settings["resume"] is not None and "epochs" not in _given(config):
            config.epochs = None
    return True


def _given(config: DictConfig) -> list[str]:
    """The names of the settings on the command line."""
    return [override.lstrip("+").partition("=")[0] for override in overrides(config, "task")]


def _refuse_settings_of_sweeps(given: list[str]) -> None:
    for name in given:
        if name.startswith("sweep."):
            raise UserError(f"{name} is for sweeps: put -m in front")


def _stay(config: DictConfig, given: list[str]) -> None:
    """A run that goes on keeps its folder and its settings."""
    with read_write(config):
        config.hydra.run.dir, config.hydra.output_subdir = ".", None
        if "epochs" not in given:
            config.epochs = None


def _refuse_beside_resume(given: list[str]) -> None:
    for name in given:
        if name not in ("resume", "epochs", "data.root"):
            cure = "leave it out, or start a new run with weights=RUN_DIR"
            raise UserError(f"{name} cannot go with resume, which keeps all settings: {cure}")
