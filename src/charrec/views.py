"""Looking at a picture more than once: as it is, then a little shifted, turned, nearer, farther.

A plain network answers each view anew, and the mean of its answers is right more often than the
first one (Krizhevsky, Sutskever and Hinton, 2012, average over shifts likewise).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from charrec.normalisation import NORMALISATIONS, working_type
from charrec.resampling import mapped


class View(NamedTuple):
    across: float = 0.0  # where its middle lies, in half pictures
    down: float = 0.0
    degrees: float = 0.0
    size: float = 1.0  # of what is seen: 0.9 is nearer


SHIFT, TURN, SIZE = 0.1, 8.0, 1.16  # half pictures, degrees, times


def _view(across: int, down: int) -> View:
    """Of the nine, by two of its changes, each -1, 0 or 1; the other two follow.

    Any two of the four meet in each of their nine combinations once (an orthogonal array, Rao,
    1947), so that nine views tell nearly as much as all 81 combinations.
    """
    turn, size = ((n + 1) % 3 - 1 for n in (across + down, across - down))
    return View(SHIFT * across, SHIFT * down, TURN * turn, SIZE**size)


VIEWS = tuple(_view(across, down) for across in (0, 1, -1) for down in (0, 1, -1))


def views_of(
    pictures: Tensor, count: int, normalisation: str, dtype: torch.dtype
) -> Iterator[Tensor]:
    """The first `count` views of uint8 pictures, each as a network is given it, (B, 1, H, W)."""
    with torch.autocast(pictures.device.type, enabled=False):
        grey = NORMALISATIONS[normalisation].frame(pictures).to(working_type(dtype))
    yield from views_of_framed(grey, count, normalisation, dtype)


def views_of_framed(
    grey: Tensor, count: int, normalisation: str, dtype: torch.dtype
) -> Iterator[Tensor]:
    """The same of greys 0 .. 255 that were framed already, (B, 1, H, W) in floats."""
    for view in VIEWS[:count]:
        with torch.autocast(grey.device.type, enabled=False):
            values = NORMALISATIONS[normalisation].values(_seen(grey, view)).to(dtype)
        yield values  # one at a time: nine of large pictures would fill the memory


def _seen(grey: Tensor, view: View) -> Tensor:
    if view == View():
        return grey
    return mapped(grey, grey.new_tensor(map_of(view)).expand(grey.shape[0], 2, 3))


def map_of(view: View) -> list[list[float]]:
    """Of the places of what is seen to those of the picture, (2, 3)."""
    cos, sin = (view.size * f(math.radians(view.degrees)) for f in (math.cos, math.sin))
    return [[cos, -sin, view.across], [sin, cos, view.down]]
