"""Gathering pictures is to index and to scale them, bit for bit."""

from __future__ import annotations

import pytest
import torch

from charrec.gathering import Gathering
from charrec.normalisation import plain

GREY = torch.arange(256, dtype=torch.uint8)


def scaled(pixels: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    return plain(pixels.to(dtype))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_grey_value_is_scaled_as_anywhere_else(dtype: torch.dtype) -> None:
    gathered = Gathering(dtype)(GREY.reshape(4, 64), torch.tensor([3, 1]))
    assert gathered.dtype == dtype
    assert torch.equal(gathered, scaled(GREY.reshape(4, 64)[[3, 1]], dtype))
    assert gathered[0, -1] == 1


def test_memory_is_made_once_and_again_for_more_pictures() -> None:
    images, gather = GREY.reshape(8, 32), Gathering(torch.float32)
    first = gather(images, torch.tensor([0, 1, 2]))
    assert gather(images, torch.tensor([7])).data_ptr() == first.data_ptr()
    order = torch.tensor([7, 6, 5, 4, 3, 2, 1, 0])
    assert torch.equal(gather(images, order), scaled(images.flip(0), torch.float32))
