"""What a network is given of a picture: as it is, framed, and as numbers of the first layer."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from charrec.classifier import CharacterClassifier
from charrec.normalisation import NORMALISATIONS, as_it_is
from charrec.views import views_of

# Where `strokes` puts them: strokes that the change across them shows best.
DIRECTIONS = ("upright strokes", "level strokes", "rising strokes", "falling strokes")


class Seen(NamedTuple):
    name: str
    picture: Tensor  # uint8 (H, W)


def what_is_seen(classifier: CharacterClassifier, picture: Tensor) -> list[Seen]:
    """From a picture uint8 (1, 1, H, W) to what the first layer is fed, step by step."""
    name = str(classifier.hparams["normalisation"])
    chosen = NORMALISATIONS[name]
    steps = [Seen(f"{picture.shape[-1]} × {picture.shape[-1]}, grey", picture[0, 0])]
    if chosen.frame is not as_it_is:
        steps.append(Seen("in the middle, at one size", chosen.frame(picture)[0, 0]))
    (fed,) = views_of(picture, 1, name, torch.float32)
    if name == "strokes":
        return steps + _directions(_stretched(fed[0, 0]))
    return steps if name == "plain" else [*steps, Seen("as it is fed", _stretched(fed[0, 0]))]


def _stretched(values: Tensor) -> Tensor:
    """From their own least, black, to their own most, white: any floats -> uint8."""
    least, most = values.min(), values.max()
    return ((values - least) / (most - least).clamp_(min=1e-6) * 255).round().to(torch.uint8)


def _directions(square: Tensor) -> list[Seen]:
    """The four pictures that `strokes` has laid out as a square, stretched together."""
    rows = [half.chunk(2, dim=1) for half in square.chunk(2)]
    return [Seen(name, part) for name, part in zip(DIRECTIONS, (*rows[0], *rows[1]), strict=True)]
