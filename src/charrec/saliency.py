"""Why a picture was read as it was: how the answer would change with each of its pixels.

What is told apart is the answer and another letter, the true one for a mistake:

    d(x) = log p(answer | x) - log p(other | x)

and the map is its gradient with respect to the greys x that the network is fed, after framing
(Simonyan, Vedaldi and Zisserman, 2014). Where it is positive, a lighter pixel speaks for the
answer; where it is negative, for the other. A temperature divides all of it by one number, so the
map is that of the calibrated probabilities too.
"""

from __future__ import annotations

import torch
from torch import Tensor

from charrec.classifier import CharacterClassifier
from charrec.normalisation import NORMALISATIONS, working_type
from charrec.views import views_of_framed


def evidence(
    classifier: CharacterClassifier, grey: Tensor, answers: Tensor, others: Tensor
) -> Tensor:
    """d(x) of framed greys (B, 1, H, W) and places in the alphabet (B,), over all views: (B,)."""
    chosen = classifier.hparams
    views = views_of_framed(
        grey, chosen["views"], chosen["normalisation"], classifier.network.dtype
    )
    logarithms = classifier.mean_over(views)  # (B, C)
    rows = torch.arange(len(grey))
    return logarithms[rows, answers] - logarithms[rows, others]


def framed_greys(classifier: CharacterClassifier, images: Tensor) -> Tensor:
    """uint8 (B, 1, H, W) -> the greys, 0 .. 255, that normalisation is given, in floats."""
    framed = NORMALISATIONS[classifier.hparams["normalisation"]].frame(images)
    return framed.to(working_type(classifier.network.dtype))


def input_gradient(
    classifier: CharacterClassifier, grey: Tensor, answers: Tensor, others: Tensor
) -> Tensor:
    """The map of each picture of framed greys (B, 1, H, W), as (B, H, W): d's change a grey."""
    # Normalisation works in place, over what its gradient needs: torch keeps copies here.
    with torch.enable_grad(), torch.autograd.graph.allow_mutation_on_saved_tensors():
        leaf = grey.detach().requires_grad_()
        told_apart = evidence(classifier, leaf, answers, others).sum()
        (gradient,) = torch.autograd.grad(told_apart, leaf)
    return gradient[:, 0].detach()
