"""The command ``python -m charrec.train``, ended as soon as its first training step is done.

It does what charrec/train.py does, with a callback more.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from charrec.cli.entry import run_main, settings_of
from charrec.settings import TrainSettings


def main(config: DictConfig) -> None:
    values = settings_of(config)
    folder = Path(HydraConfig.get().runtime.output_dir)
    from charrec import training  # torch and Lightning, as late as the command loads them
    from pytorch_lightning import Callback  # isort: skip

    class End(Callback):
        def on_train_batch_end(self, *arguments: object, **named: object) -> None:
            print(f"\n{time.time()}", flush=True)
            os._exit(0)

    training.train(TrainSettings.from_config(values), folder, [End()])


if __name__ == "__main__":
    run_main(main, "train")
