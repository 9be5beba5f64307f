"""The Hydra callback that refuses wrong settings before a folder is made."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import JobReturn
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf, read_write

from charrec.cli.checks import CHECKS
from charrec.cli.entry import MENDABLE, report, settings_of
from charrec.errors import UserError

HYDRA_FILES = ("config.yaml", "hydra.yaml", "overrides.yaml")


class Guard(Callback):
    """Checks the settings of a main, then takes a folder that no other run has.

    What a run leaves that never began, because a picture could not be decoded, say, goes again.
    """

    def __init__(self, main: str) -> None:
        self.main = main
        self._made: list[Path] = []  # folders, the innermost first

    def on_run_start(self, config: DictConfig, **_: Any) -> None:
        with _or_exit(self.main):
            goes_on = config.get("resume") is not None
            given = _stay(config) if goes_on else []
            CHECKS[self.main](settings_of(config))
            _refuse_beside_resume(given)
            if not goes_on and config.hydra.output_subdir is not None:
                self._made = _take_folder(config, "hydra.run.dir")

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        with _or_exit(self.main):
            if self.main != "train":
                raise UserError(f"charrec.{self.main} has no sweeps: leave out -m")
            for job in _jobs(config):
                settings = settings_of(job)
                CHECKS[self.main](settings)
                if settings["resume"] is not None:
                    raise UserError("resume goes on with one run: leave out -m")
            self._made = _take_folder(config, "hydra.sweep.dir")

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **_: Any) -> None:
        folder, notes = Path(config.hydra.runtime.output_dir), config.hydra.output_subdir
        if notes is not None and not (folder / "summary.json").exists():
            for name in HYDRA_FILES:  # by name: the folder itself may be anybody's
                (folder / notes / name).unlink(missing_ok=True)
            _remove_empty([folder / notes])

    def on_run_end(self, config: DictConfig, **_: Any) -> None:
        _remove_empty(self._made)

    def on_multirun_end(self, config: DictConfig, **_: Any) -> None:
        folder = Path(config.hydra.sweep.dir)
        _remove_empty(list(folder.iterdir()))
        if [path.name for path in folder.iterdir()] == ["multirun.yaml"]:
            (folder / "multirun.yaml").unlink()
        _remove_empty(self._made)


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


def _jobs(config: DictConfig) -> Iterator[DictConfig]:
    """The composed settings of every point of the grid."""
    loader = GlobalHydra.instance().config_loader()
    overrides = OverridesParser.create(loader).parse_overrides(list(config.hydra.overrides.task))
    for batch in BasicSweeper.split_arguments(overrides, max_batch_size=None):
        for job in batch:
            yield loader.load_sweep_config(config, list(job))


def _stay(config: DictConfig) -> list[str]:
    """A run that goes on keeps its folder and its settings.

    Returns:
        The names of the settings that are given all the same.
    """
    given = [override.lstrip("+").partition("=")[0] for override in config.hydra.overrides.task]
    with read_write(config):
        config.hydra.run.dir, config.hydra.output_subdir = ".", None
        if "epochs" not in given:
            config.epochs = None
    return given


def _refuse_beside_resume(given: list[str]) -> None:
    for name in given:
        if name not in ("resume", "epochs", "data.root"):
            cure = "leave it out, or start a new run with weights=RUN_DIR"
            raise UserError(f"{name} cannot go with resume, which keeps all settings: {cure}")


def _take_folder(config: DictConfig, key: str) -> list[Path]:
    """Make the folder of this run, with another name where the first is taken.

    Returns:
        The folders that were not there before, the innermost first.

    Raises:
        UserError: the user named a folder that already holds something.
    """
    while True:
        folder = Path(OmegaConf.select(config, key))
        missing = [path for path in (folder, *folder.parents) if not path.exists()]
        try:
            folder.mkdir(parents=True)
            return missing
        except FileExistsError:
            OmegaConf.clear_cache(config)  # another time and id; a name that was given stays
        except OSError as e:
            raise UserError(f"{key}={folder} cannot be made: {e.strerror}") from e
        if Path(OmegaConf.select(config, key)) == folder:
            _must_be_empty(folder, key)
            return []


def _must_be_empty(folder: Path, key: str) -> None:
    if not folder.is_dir() or any(folder.iterdir()):
        raise UserError(f"{key}={folder} already holds something; name another folder")


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        with suppress(OSError):  # it holds something, or is a file
            folder.rmdir()
