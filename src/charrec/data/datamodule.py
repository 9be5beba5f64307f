"""Batches: every picture is decoded once a run and kept as uint8."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from charrec.data.batches import NEVER, Among, Batches, Due, TrainingBatches
from charrec.data.equals import equals_problems
from charrec.data.kinds import FINDERS
from charrec.data.letters import SPLITS, lacking_problems
from charrec.data.readers import read_letters
from charrec.data.reading import Letters
from charrec.data.settings import DataSettings

EVALUATED_AT_ONCE = 1024  # pictures
NOTHING_YET = {"step": 0, "yielded": 0}  # of an epoch


class CharacterDataModule(pl.LightningDataModule):
    """The three splits of a folder of letters, or of EMNIST.

    Args:
        root: folder with ``images/`` and the three lists; None means the embedded letters.
        steps_per_execution: training steps that Lightning is handed at a time, as a `Block`.
        which: the other fields of `DataSettings`: ``kind="folders"``, say.

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
        steps_per_execution: int = 1,
        **which: Any,
    ) -> None:
        super().__init__()
        self.data = DataSettings(root, image_size, alphabet, **which)
        self.root = self.data.folder
        self.image_size, self.alphabet = image_size, alphabet
        self.batch_size, self.seed = batch_size, seed
        self.steps_per_execution = steps_per_execution
        self._training: TrainingBatches | None = None
        self._progress = NOTHING_YET
        self.blocks_vary = False  # from this epoch to the next
        self.images: dict[str, Tensor] = {}
        self.labels: dict[str, Tensor] = {}
        self.names: dict[str, list[str]] = {}

    def setup(self, stage: str | None = None) -> None:
        """Read all three splits, so that a broken test picture is told before training.

        Args:
            stage: Lightning's; letters that cannot be learned are told where it is "fit".
        """
        if self.images:
            return
        found = read_letters(self.data)
        self.names = found.names
        for split, letters in found.letters.items():
            classes = [self.alphabet.index(letter) for letter in letters]
            self.labels[split] = torch.tensor(classes, dtype=torch.int64)
        if stage == "fit":
            self._warn_of_lacking(found)
        self._warn_of_equals(found)
        counts = [len(self.names[split]) for split in SPLITS]
        self.images = dict(zip(SPLITS, torch.from_numpy(found.images).split(counts), strict=True))

    def _warn_of_lacking(self, found: Letters) -> None:
        called = "{}.json" if self.data.kind == "lists" else "the {} split"
        for problem in lacking_problems(found.letters, self.alphabet, called):
            warnings.warn(problem, stacklevel=3)

    def _warn_of_equals(self, found: Letters) -> None:
        """They can be learned all the same; the command that shows more is for files."""
        more = f"; {self.data.command('check')} shows all" if self.data.kind in FINDERS else ""
        for problem in equals_problems(found.images, found.names, "".join(found.letters.values())):
            warnings.warn(problem + more, stacklevel=3)

    @property
    def steps_an_epoch(self) -> int:
        return -(-len(self.images["train"]) // self.batch_size)

    def fingerprint(self) -> str:
        """Of all pixels and labels, on which a run depends."""
        digest = hashlib.sha256()
        for split in SPLITS:
            for values in (self.images[split], self.labels[split]):
                digest.update(values.cpu().numpy().data)
        return digest.hexdigest()

    def train_dataloader(self) -> TrainingBatches:
        progress, self._progress = self._progress, NOTHING_YET
        step, due = 0, NEVER
        if trainer := self.trainer:
            step, due = trainer.global_step, self._due(trainer)
            if not trainer.fit_loop.restarting:  # whatever was left of the epoch counts as done
                progress = NOTHING_YET
        self.blocks_vary = due != NEVER or progress != NOTHING_YET
        self._training = TrainingBatches(
            *self._on_device("train"),
            self.batch_size,
            self.seed,
            self.steps_per_execution,
            epoch_start=step - progress["step"],
            due=due,
            among=self._among,
        )
        self._training.load_state_dict(progress)
        if trainer and self.steps_per_execution == 1:  # limit_train_batches, say
            self._training.ended_early = trainer.fit_loop.epoch_loop._num_ready_batches_reached
        return self._training

    def _due(self, trainer: pl.Trainer) -> Due:
        """Where Lightning may end training or writes a checkpoint: only between blocks can it."""
        if self.steps_per_execution == 1:
            return NEVER
        every = [getattr(c, "_every_n_train_steps", 0) for c in trainer.checkpoint_callbacks]
        ends = (trainer.min_steps or -1, trainer.max_steps)  # -1 for none
        return Due(tuple(s for s in ends if s > 0), tuple(s for s in every if s))

    def state_dict(self) -> dict[str, int]:
        return self._training.state_dict() if self._training else self._progress

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        self._progress = state_dict

    def val_dataloader(self) -> Batches:
        """Of several processes each sees its part; the metrics are added up."""
        images, labels = map(self._among.part_of, self._on_device("validation"))
        return Batches(images, labels, EVALUATED_AT_ONCE)

    def test_dataloader(self) -> Batches:
        return Batches(*self._on_device("test"), EVALUATED_AT_ONCE)

    predict_dataloader = test_dataloader

    @property
    def _among(self) -> Among:
        trainer = self.trainer
        return Among(trainer.global_rank, trainer.world_size) if trainer else Among()

    def _on_device(self, split: str) -> tuple[Tensor, Tensor]:
        """Images and labels of a split where the network is: they are moved there once."""
        if self.trainer:
            device = self.trainer.strategy.root_device
            self.images[split] = self.images[split].to(device)
            self.labels[split] = self.labels[split].to(device)
        return self.images[split], self.labels[split]
