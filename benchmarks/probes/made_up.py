"""Any number of made-up pictures for charrec's own ``train``, which then reads none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import torch

from charrec import learning
from charrec.data.datamodule import CharacterDataModule
from charrec.data.letters import SPLITS

OTHERS = 1000  # pictures to validate and to test


@contextmanager
def made_up(pictures: int) -> Iterator[None]:
    """While in the block, every letter that is trained on is noise."""

    class MadeUpLetters(CharacterDataModule):
        def setup(self, stage: str | None = None) -> None:
            if self.images:
                return
            side = self.image_size
            for split in SPLITS:
                count = pictures if split == "train" else OTHERS
                shape = (count, 1, side, side)
                self.images[split] = torch.randint(256, shape, dtype=torch.uint8)
                self.labels[split] = torch.randint(len(self.alphabet), (count,))
                self.names[split] = ["made up"] * count

    with patch.object(learning, "CharacterDataModule", MadeUpLetters):
        yield
