"""Pictures gathered from all of them and scaled, in memory that is made once."""

from __future__ import annotations

import torch
from torch import Tensor

from charrec.normalisation import HALF_OF_WHITE


class Gathering:
    """`normalisation.plain` of some pictures, to the last bit, in one pass through memory less.

    What it returns is overwritten by the next call.
    """

    def __init__(self, dtype: torch.dtype) -> None:
        self.dtype = dtype
        self._pixels = self._scaled = self._minus_ones = self._half_of_white = torch.empty(0)

    def __call__(self, images: Tensor, order: Tensor) -> Tensor:
        """(N, pixels) in uint8, and which of them -> (len(order), pixels) in -1 .. 1."""
        count = len(order)
        if len(self._pixels) < count:
            self._make_room(images, count)
        pixels = torch.index_select(images, 0, order, out=self._pixels[:count])
        scaled = self._scaled[:count].copy_(pixels)
        return torch.addcdiv(self._minus_ones[:count], scaled, self._half_of_white, out=scaled)

    def _make_room(self, images: Tensor, count: int) -> None:
        self._pixels = images.new_empty(count, images.shape[1])
        self._scaled = torch.empty_like(self._pixels, dtype=self.dtype)
        # A second number in place of a tensor would make addcdiv seven times as slow.
        self._minus_ones = torch.full_like(self._scaled, -1)
        self._half_of_white = torch.full_like(self._scaled[0, 0], HALF_OF_WHITE)
