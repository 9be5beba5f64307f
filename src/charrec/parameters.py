"""How many numbers a network learns, from its settings alone: no torch, no checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any


def count(image_size: int, hsize: int | Sequence[int], classes: int) -> int:
    """Weights and biases of ``image_size² -> hsize[0] -> ... -> classes``."""
    hidden = [hsize] if isinstance(hsize, int) else list(hsize)
    widths = [image_size**2, *hidden, classes]
    return sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(widths))  # 1: the bias


def count_of(settings: Mapping[str, Any]) -> int:
    """Of a run with these settings, as its summary records them."""
    data = settings["data"]
    return count(data["image_size"], settings["hsize"], len(data["alphabet"]))
