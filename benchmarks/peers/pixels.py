"""The letters in memory, read by charrec: what is measured is training, not decoding."""

from __future__ import annotations

from torch import Tensor

from benchmarks.peers.protocol import Task
from charrec.data.datamodule import CharacterDataModule


def read_pixels(task: Task) -> CharacterDataModule:
    letters = CharacterDataModule(task.root, task.image_size, task.alphabet)
    letters.setup()
    return letters


def scaled(letters: CharacterDataModule, split: str) -> tuple[Tensor, Tensor]:
    """Pictures (N, H * W) as float32 in [-1, 1], labels (N,)."""
    return letters.images[split].flatten(1).float() / 127.5 - 1, letters.labels[split]
