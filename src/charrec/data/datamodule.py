"""Batches: every picture is decoded once a run and kept as uint8."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor

from charrec.data.letters import SPLITS, read_splits, unseen_letters
from charrec.data.pictures import read_all_pictures
from charrec.resources import embedded_letters


class EpochShuffle:
    """The order of an epoch follows from the seed and the epoch's number alone.

    So an epoch that is run again, after a resume, say, sees the same batches. Lightning calls
    `set_epoch` on the `sampler` of whatever stands in a DataLoader's place.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def order(self, count: int) -> Tensor:
        # NumPy mixes the two; a torch.Generator keeps only the lower 32 bits of a seed.
        chance = np.random.default_rng([self.seed, self.epoch])
        return torch.from_numpy(chance.permutation(count))


class Batches:
    """Batches (images uint8 (B, 1, H, W), labels int64 (B,)) gathered from tensors in memory."""

    batch_sampler = None  # Lightning looks for it where there is a sampler

    def __init__(
        self, images: Tensor, labels: Tensor, batch_size: int, sampler: EpochShuffle | None = None
    ) -> None:
        self.images, self.labels = images, labels
        self.batch_size = batch_size
        self.sampler = sampler

    def __len__(self) -> int:
        return -(-len(self.images) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        count = len(self.images)
        order = self.sampler.order(count) if self.sampler else torch.arange(count)
        for chosen in order.split(self.batch_size):
            yield self.images[chosen], self.labels[chosen]


class CharacterDataModule(pl.LightningDataModule):
    """The three splits of a folder of letters.

    Args:
        root: folder with ``images/`` and the three lists; None means the embedded letters.

    Raises:
        UserError: from `setup`, where a list or a picture is not as it should be.
    """

    def __init__(
        self,
        root: str | Path | None = None,
        image_size: int = 32,
        alphabet: str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        batch_size: int = 8,
        seed: int = 2024,
    ) -> None:
        super().__init__()
        self.root = Path(root) if root is not None else embedded_letters()
        self.image_size, self.alphabet = image_size, alphabet
        self.batch_size, self.seed = batch_size, seed
        self.images: dict[str, Tensor] = {}
        self.labels: dict[str, Tensor] = {}
        self.names: dict[str, list[str]] = {}

    def setup(self, stage: str | None = None) -> None:
        """Read all three splits, so that a broken test picture is told before training."""
        if self.images:
            return
        splits = read_splits(self.root, self.alphabet)
        if unseen := unseen_letters(splits):
            warnings.warn(unseen, stacklevel=2)
        everything = [picture for split in SPLITS for picture in splits[split]]
        paths = [picture.path for picture in everything]
        pixels = torch.from_numpy(read_all_pictures(paths, self.image_size, str(self.root)))
        labels = torch.tensor([self.alphabet.index(picture.letter) for picture in everything])
        counts = [len(splits[split]) for split in SPLITS]
        for split, images, classes in zip(
            SPLITS, pixels.split(counts), labels.split(counts), strict=True
        ):
            self.images[split], self.labels[split] = images, classes
            self.names[split] = [picture.name for picture in splits[split]]

    def train_dataloader(self) -> Batches:
        return self._batches("train", self.batch_size, EpochShuffle(self.seed))

    def val_dataloader(self) -> Batches:
        return self._batches("validation")

    def test_dataloader(self) -> Batches:
        return self._batches("test")

    def predict_dataloader(self) -> Batches:
        return self._batches("test")

    def _batches(
        self, split: str, batch_size: int = 1024, sampler: EpochShuffle | None = None
    ) -> Batches:
        return Batches(self.images[split], self.labels[split], batch_size, sampler)
