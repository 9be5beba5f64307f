"""``python -m charrec.train``: train a letter reader and test it; conf/train.yaml is the manual."""

from __future__ import annotations

import shutil
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from charrec.cli.entry import run_main, settings_of
from charrec.errors import UserError
from charrec.settings import TrainSettings


def main(config: DictConfig) -> None:
    settings = settings_of(config)
    folder = Path(HydraConfig.get().runtime.output_dir)
    from charrec import training  # torch and Lightning: seconds, so only once all is checked

    try:
        if settings["resume"] is not None:
            run = training.resume(settings["resume"])
        else:
            run = training.train(TrainSettings.from_config(settings), folder)
    except UserError:
        if not (folder / "summary.json").exists():  # nothing was begun: leave nothing behind
            shutil.rmtree(folder)
        raise
    print(training.report(run))


if __name__ == "__main__":
    run_main(main, "train")
