"""Looking into a network: what its first layer weighs, and what its hidden units answer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from charrec.classifier import CharacterClassifier
from charrec.views import views_of

SATURATED = 0.97  # |y| of a tanh unit, above which less than 6 % of a gradient comes through


def first_layer(classifier: CharacterClassifier) -> Tensor:
    """Its weights as a picture a unit, (units, image_size, image_size).

    With ``normalisation=strokes`` a picture is four in one, a direction each, as in `strokes`.
    """
    size = classifier.hparams["image_size"]
    weight: Tensor = next(m for m in classifier.network if isinstance(m, nn.Linear)).weight
    return weight.detach().float().cpu().view(-1, size, size)


def hidden_outputs(classifier: CharacterClassifier, images: Tensor) -> list[Tensor]:
    """What each hidden layer's units answer: uint8 (B, 1, H, W) -> (B, units), a layer each."""
    normalisation, dtype = classifier.hparams["normalisation"], classifier.network.dtype
    (seen,) = views_of(images, 1, normalisation, dtype)
    return outputs_of(classifier.network, seen)


@torch.no_grad()
def outputs_of(network: nn.Sequential, seen: Tensor) -> list[Tensor]:
    """The same of pictures as the network is given them."""
    values, found = seen, []
    for module in network:
        values = module(values)
        if not isinstance(module, (nn.Flatten, nn.Linear)):
            found.append(values)
    return found


def saturated(outputs: Tensor) -> float:
    """The share of tanh units, over all pictures, that answer beyond ±0.97: 0 .. 1."""
    return (outputs.abs() > SATURATED).double().mean().item()
