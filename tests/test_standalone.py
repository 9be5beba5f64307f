"""Pictures in, calibrated probabilities out, in one module: the same as prediction says."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor

from charrec.classifier import CharacterClassifier
from charrec.data.letters import read_splits
from charrec.data.pictures import read_pictures
from charrec.errors import UserError
from charrec.normalisation import framed
from charrec.reading import Ensemble, Reader, read
from charrec.resources import embedded_letters
from charrec.settings import NORMALISATIONS
from charrec.standalone import Standalone

CPU = {"accelerator": "cpu", "devices": 1}


@cache
def pictures(count: int, size: int) -> Tensor:
    """Embedded test letters, a blank one and a very faint one: (count + 2, 1, size, size)."""
    root = embedded_letters()
    test = read_splits(root, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")["test"]
    paths = [picture.path for picture in test[:: len(test) // count]][:count]
    images = torch.from_numpy(read_pictures(paths, size)[0])
    blank, faint = torch.full_like(images[:2], 100)
    blank[0, 0, 0], faint[0, 0, 0] = 103, 104  # of which the second is 4 of 255 apart
    return torch.cat([images, blank[None], faint[None]])


def reader(temperature: float = 1.0, seed: int = 0, **settings: object) -> Reader:
    torch.manual_seed(seed)
    classifier = CharacterClassifier("ABCDEÄΩ", hsize=8, **settings)  # type: ignore[arg-type]
    for parameter in classifier.network.parameters():
        parameter.data.mul_(3)  # so that its answers are far from each other
    return Reader(classifier.eval(), temperature)


def difference(ensemble: Ensemble, images: Tensor) -> float:
    expected = read(ensemble, lambda _: images, CPU)
    probabilities, blank = Standalone(ensemble)(images)
    assert blank.tolist() == expected.blank.tolist() == [False] * (len(images) - 2) + [True, False]
    assert probabilities.dtype == torch.float32
    return float(np.abs(probabilities.numpy() - expected.together).max())


@pytest.mark.parametrize("views", [1, 9])
@pytest.mark.parametrize("normalisation", NORMALISATIONS)
def test_it_answers_as_prediction_does(normalisation: str, views: int) -> None:
    one = reader(0.7, normalisation=normalisation, views=views)
    assert difference(Ensemble([one]), pictures(60, 32)) < 1e-6


@pytest.mark.parametrize("activation", ["tanh", "scaled_tanh", "relu", "sigmoid"])
def test_every_activation(activation: str) -> None:
    one = reader(1.6, activation=activation, image_size=12, normalisation="framed", views=3)
    assert difference(Ensemble([one]), pictures(20, 12)) < 1e-6


def test_several_answer_with_their_calibrated_mean() -> None:
    several = [reader(0.5, 1, normalisation="ink"), reader(2.5, 2, views=4), reader(1.0, 3)]
    images = pictures(40, 32)
    assert difference(Ensemble(several, 0.8), images) < 1e-6
    assert difference(Ensemble(several), images) < 1e-6


def test_one_size_of_pictures() -> None:
    with pytest.raises(
        UserError, match=r"^the runs see pictures of 16 and 32 pixels: .* together$"
    ):
        Standalone(Ensemble([reader(), reader(image_size=16)]))


def test_frames_are_the_same_in_whatever_order_they_are_computed() -> None:
    """Mirrored, every sum is added up the other way round; in 32 bits some greys were others."""
    images = pictures(1300, 32)[:-2]
    assert torch.equal(framed(images.flip(3)).flip(3), framed(images))
