"""Pictures fetched from other places of themselves; a place is in -1 .. 1, edge to edge."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def pixel_places(count: int, device: torch.device, dtype: torch.dtype = torch.float32) -> Tensor:
    """The middles of a row of pixels, (count,)."""
    return (torch.arange(count, device=device, dtype=dtype) + 0.5) * (2 / count) - 1


def fetched(grey: Tensor, grid: Tensor) -> Tensor:
    """Pictures (B, 1, H, W), whose pixels come from the places (B, H, W, 2), x before y."""
    # What lies around a letter goes on beyond the border.
    return functional.grid_sample(grey, grid, padding_mode="border", align_corners=False)


def mapped(grey: Tensor, maps: Tensor) -> Tensor:
    """Each picture by an affine map (B, 2, 3) of its places."""
    if not len(grey):  # which affine_grid refuses
        return grey
    return fetched(grey, functional.affine_grid(maps, list(grey.shape), align_corners=False))
