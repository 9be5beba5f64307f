"""The gradient that explains an answer, against differences of the answers themselves."""

from __future__ import annotations

import pytest
import torch
from conftest import draw_letter
from torch import Tensor
from torchvision.transforms.functional import pil_to_tensor

from charrec.classifier import CharacterClassifier
from charrec.saliency import evidence, framed_greys, input_gradient
from charrec.settings import NORMALISATIONS

STEP = 1e-3  # greys
ANSWERS, OTHERS = torch.tensor([2, 0]), torch.tensor([0, 1])


def network(normalisation: str, views: int = 1) -> CharacterClassifier:
    torch.manual_seed(1)
    classifier = CharacterClassifier(
        "ABC", image_size=28, hsize=6, normalisation=normalisation, views=views
    )
    return classifier.double().eval()


def pictures() -> Tensor:
    """An A and a B on an even background, uint8 (2, 1, 28, 28)."""
    return torch.stack([pil_to_tensor(draw_letter(letter, 3)) for letter in "AB"])


@pytest.mark.parametrize("views", [1, 4])
@pytest.mark.parametrize("normalisation", NORMALISATIONS)
def test_it_is_the_change_for_a_pixel_a_little_lighter(normalisation: str, views: int) -> None:
    classifier = network(normalisation, views)
    grey = framed_greys(classifier, pictures())
    grey += 9 * torch.rand(grey.shape, dtype=grey.dtype)  # equal greys have a kink in their median
    found = input_gradient(classifier, grey, ANSWERS, OTHERS)
    assert found.shape == (2, 28, 28)
    assert not found.requires_grad
    for row, column in ((14, 14), (9, 20), (5, 5), (0, 9)):
        change = torch.zeros_like(grey)
        change[:, 0, row, column] = STEP
        with torch.no_grad():
            up, down = (evidence(classifier, grey + c, ANSWERS, OTHERS) for c in (change, -change))
        expected = (up - down) / (2 * STEP)
        assert torch.allclose(found[:, row, column], expected, rtol=1e-4, atol=1e-8)
    assert found.abs().amax((1, 2)).min() > 1e-4  # it says something of each picture


@pytest.mark.parametrize("normalisation", NORMALISATIONS)
def test_an_even_background_has_an_even_border(normalisation: str) -> None:
    """And no pixel that has the gradient of all of them, nor one that is no number."""
    classifier = network(normalisation)
    even = framed_greys(classifier, pictures())
    even[even > 190] = 220.0
    found = input_gradient(classifier, even, ANSWERS, OTHERS)
    assert torch.isfinite(found).all()
    border = torch.cat([found[:, :2].flatten(1), found[:, -2:].flatten(1)], dim=1)
    if normalisation not in ("plain", "standard"):  # each pixel has a weight of its own there
        highest = border.abs().amax(1)
        assert (highest < 0.5 * found.abs().amax((1, 2))).all()


def test_it_tells_the_answer_from_the_other() -> None:
    """Worked out by hand: logits (w·x, 0), so that d(x) is w·x, or the opposite of it."""
    classifier = CharacterClassifier("AB", image_size=4, hsize=1, activation="relu").eval()
    first, last = classifier.network[1], classifier.network[3]
    weight = torch.arange(16.0)[None]
    first.load_state_dict({"weight": weight, "bias": torch.tensor([500.0])})  # ReLU passes
    last.load_state_dict({"weight": torch.tensor([[1.0], [0.0]]), "bias": torch.zeros(2)})
    grey = torch.full((2, 1, 4, 4), 100.0)
    found = input_gradient(classifier, grey, torch.tensor([0, 1]), torch.tensor([1, 0]))
    expected = weight.view(4, 4) / 127.5  # grey values are taken from 0 .. 255 to -1 .. 1
    assert torch.allclose(found[0], expected)
    assert torch.allclose(found[1], -expected)


@pytest.mark.parametrize("views", [1, 4])
def test_it_explains_what_the_network_answers(views: int) -> None:
    """Over as many looks at a picture as the answer itself takes."""
    classifier = network("strokes", views)
    images = pictures()
    with torch.no_grad():
        answered = classifier.predict_step((images,), 0)
        told_apart = evidence(classifier, framed_greys(classifier, images), ANSWERS, OTHERS)
    expected = answered[[0, 1], ANSWERS] - answered[[0, 1], OTHERS]
    assert torch.allclose(told_apart, expected)
