"""How much memory an epoch needs beside the pixels."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.peers.protocol import memory_now, peak_memory
from benchmarks.probes.made_up import made_up
from charrec.settings import DataSettings, TrainSettings
from charrec.training import train

SIDE = 28


def train_on(pictures: int) -> None:
    settings = TrainSettings(
        optimizer="adam", batch_size=256, epochs=1, data=DataSettings(image_size=SIDE),
        trainer={"accelerator": "cpu", "devices": 1, "precision": "32-true"},
    )  # fmt: skip
    with TemporaryDirectory() as folder, made_up(pictures):
        train(settings, Path(folder) / "run")


def main() -> None:
    pictures = json.loads(sys.argv[1])["pictures"]
    train_on(1000)  # imports and makes everything that a run of any size needs
    before = memory_now()
    train_on(pictures)
    pixels = pictures * SIDE * SIDE
    answer = {"pictures": pictures, "pixel_bytes": pixels, "grown_bytes": peak_memory() - before}
    print("\n" + json.dumps(answer))


if __name__ == "__main__":
    main()
