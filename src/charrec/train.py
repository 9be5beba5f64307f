"""``python -m charrec.train``: train a letter reader and test it; conf/train.yaml is the manual."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from charrec.advice import say_what_to_try
from charrec.cli.entry import MENDABLE, report, run_main, settings_of
from charrec.cli.heavy import uncollected
from charrec.saying import say
from charrec.settings import TrainSettings
from charrec.sweep.job import perform

ONE_BY_ONE = "hydra._internal."  # Hydra's own launcher, in the process of the sweep


def main(config: DictConfig) -> int | None:
    settings, hydra = settings_of(config), HydraConfig.get()
    folder = Path(hydra.runtime.output_dir)
    if hydra.mode is RunMode.MULTIRUN:
        perform(settings, folder, beside_others=not hydra.launcher._target_.startswith(ONE_BY_ONE))
        return None
    try:
        _train(settings, folder)
    except MENDABLE as error:
        code = report(error, "train")
        say_what_to_try(folder if settings["resume"] is None else settings["resume"])
        return code
    return None


def _train(settings: dict[str, Any], folder: Path) -> None:
    with uncollected():
        from charrec import (  # torch and Lightning: seconds, so only once all is checked
            conclusion,
            training,
        )

    if settings["resume"] is not None:
        run = training.resume(
            settings["resume"], epochs=settings["epochs"], root=settings["data"]["root"]
        )
    else:
        run = training.train(TrainSettings.from_config(settings), folder)
    say(conclusion.report(run))


if __name__ == "__main__":
    run_main(main, "train")
