"""Which training letters a network takes for most alike.

Measured in the last hidden layer: its outputs are all that the last layer knows of a picture, so
two that are near each other there are read alike. In pixels the nearest would be the same for
every network, and say nothing of this one.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from charrec.classifier import CharacterClassifier
from charrec.inspection import hidden_outputs

MOST = 20_000  # training letters that are kept, of however many
AT_ONCE = 1024  # pictures


class Known(NamedTuple):
    """Training letters, and what the last hidden layer answers to them."""

    pictures: Tensor  # uint8 (N, 1, H, W)
    letters: str  # N
    outputs: Tensor  # (N, units)


class Near(NamedTuple):
    picture: Tensor  # uint8 (H, W)
    letter: str
    distance: float


def evenly(count: int, most: int) -> Tensor:
    """So many places of 0 .. count - 1 at most, from the first to the last."""
    return torch.linspace(0, count - 1, min(count, most), dtype=torch.float64).round().long()


def know(
    classifier: CharacterClassifier, pictures: Tensor, letters: str, most: int = MOST
) -> Known:
    """Of more than `most` letters an even sample."""
    chosen = evenly(len(pictures), most)
    kept = pictures[chosen].clone()  # all the others can be forgotten
    return Known(kept, "".join(letters[i] for i in chosen.tolist()), _outputs(classifier, kept))


def _outputs(classifier: CharacterClassifier, pictures: Tensor) -> Tensor:
    pieces = pictures.split(AT_ONCE)
    return torch.cat([hidden_outputs(classifier, piece)[-1].float().cpu() for piece in pieces])


def nearest(
    known: Known, classifier: CharacterClassifier, picture: Tensor, count: int
) -> list[Near]:
    """Those `count`, the nearest first, of a picture uint8 (1, 1, H, W)."""
    distances = torch.cdist(_outputs(classifier, picture), known.outputs)[0]
    found = distances.topk(min(count, len(distances)), largest=False)
    return [
        Near(known.pictures[i, 0], known.letters[i], distance)
        for i, distance in zip(found.indices.tolist(), found.values.tolist(), strict=True)
    ]
