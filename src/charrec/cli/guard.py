"""The Hydra callback that refuses wrong settings before a folder is made."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from charrec.cli.checks import CHECKS
from charrec.cli.entry import MENDABLE, report, settings_of
from charrec.errors import UserError


class Guard(Callback):
    """Checks the settings of a main, then takes a folder that no other run has.

    Hydra turns an exception in a callback into a warning, so a refusal leaves as SystemExit.
    """

    def __init__(self, main: str) -> None:
        self.main = main

    def on_run_start(self, config: DictConfig, **_: Any) -> None:
        def check() -> None:
            CHECKS[self.main](settings_of(config))
            if config.hydra.output_subdir is not None:
                _take_folder(config, "hydra.run.dir")

        self._or_exit(check)

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        def check() -> None:
            for job in _jobs(config):
                CHECKS[self.main](settings_of(job))
            _take_folder(config, "hydra.sweep.dir")

        self._or_exit(check)

    def _or_exit(self, check: Callable[[], None]) -> None:
        try:
            check()
        except MENDABLE as error:
            sys.exit(report(error, self.main))
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


def _take_folder(config: DictConfig, key: str) -> None:
    """Make the folder of this run, with another name where the first is taken.

    Raises:
        UserError: the user named a folder that already holds something.
    """
    while True:
        folder = Path(OmegaConf.select(config, key))
        try:
            folder.mkdir(parents=True)
            return
        except FileExistsError:
            OmegaConf.clear_cache(config)  # another time and id; a name that was given stays
        except OSError as e:
            raise UserError(f"{key}={folder} cannot be made: {e.strerror}") from e
        if Path(OmegaConf.select(config, key)) == folder:
            _must_be_empty(folder, key)
            return


def _must_be_empty(folder: Path, key: str) -> None:
    if not folder.is_dir() or any(folder.iterdir()):
        raise UserError(f"{key}={folder} already holds something; name another folder")
