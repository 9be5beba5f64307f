"""How the cost of a run grows with its pictures and with its epochs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.probes.made_up import made_up
from charrec.settings import TrainSettings
from charrec.training import train

TIMES = (1, 4, 16)


def train_seconds(pictures: int, epochs: int) -> float:
    """Seconds of a whole run: training, validation, checkpoints, logging."""
    settings = TrainSettings(
        optimizer="adam", hsize=64, batch_size=64, epochs=epochs,
        trainer={"accelerator": "cpu", "devices": 1, "precision": "32-true"},
    )  # fmt: skip
    with TemporaryDirectory() as folder, made_up(pictures):
        return float(train(settings, Path(folder) / "run").summary["train_seconds"])


def main() -> None:
    asked = json.loads(sys.argv[1])
    pictures, epochs = asked["pictures"], asked["epochs"]
    train_seconds(pictures, 1)  # warms up
    by_pictures = {times: train_seconds(pictures * times, epochs) for times in TIMES}
    by_epochs = {times: train_seconds(pictures, epochs * times) for times in TIMES}
    print("\n" + json.dumps({"pictures": by_pictures, "epochs": by_epochs}))


if __name__ == "__main__":
    main()
