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
    if not grey.shape[0]:  # which affine_grid refuses
        return grey
    if torch.compiler.is_exporting():  # other runtimes are slow at what affine_grid is made of
        return fetched(grey, _grid(maps, *grey.shape[2:]))
    return fetched(grey, functional.affine_grid(maps, list(grey.shape), align_corners=False))


def _grid(maps: Tensor, height: int, width: int) -> Tensor:
    """What affine_grid gives, but for the last bit: (B, H, W, 2)."""
    across = pixel_places(width, maps.device, maps.dtype)[:, None]  # (W, 1)
    down = pixel_places(height, maps.device, maps.dtype)[:, None, None]  # (H, 1, 1)
    of_x, of_y, shift = maps[:, None, None].unbind(dim=4)  # (B, 1, 1, 2) each
    return of_x * across + of_y * down + shift
