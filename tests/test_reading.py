"""Networks that read, alone and together, at sizes of their own."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from charrec.classifier import CharacterClassifier
from charrec.reading import Ensemble, Reader, log_probabilities, mean_at_temperature, read

WHERE = {"accelerator": "cpu", "devices": 1}


def reader(image_size: int, temperature: float) -> Reader:
    torch.manual_seed(image_size)
    classifier = CharacterClassifier(alphabet="ABC", image_size=image_size, hsize=4, init="normal")
    return Reader(classifier.eval(), temperature)


def pictures(size: int) -> Tensor:
    """Five; the fourth is one grey at the smaller size only, the fifth at any."""
    torch.manual_seed(1)
    images = torch.randint(256, (5, 1, size, size), dtype=torch.uint8)
    images[4] = 7
    if size == 6:
        images[3] = 9
    return images


def logits(of: Reader) -> Tensor:
    with torch.no_grad():
        logits: Tensor = of.classifier(pictures(of.image_size))
    return logits.double()


def test_one_alone() -> None:
    one = reader(6, 1.8)
    reading = read(Ensemble([one]), pictures, WHERE)
    expected = functional.softmax(logits(one) / 1.8, dim=1).numpy()
    np.testing.assert_allclose(reading.together, expected, atol=1e-6)
    np.testing.assert_allclose(reading.alone[0], expected, atol=1e-6)
    np.testing.assert_allclose(
        reading.uncalibrated, functional.softmax(logits(one), dim=1).numpy(), atol=1e-6
    )
    assert reading.blank.tolist() == [False, False, False, True, True]


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_several(temperature: float) -> None:
    readers = [reader(6, 1.8), reader(9, 0.6)]
    reading = read(Ensemble(readers, temperature), pictures, WHERE)
    alone = [functional.softmax(logits(r) / r.temperature, dim=1).numpy() for r in readers]
    for ours, theirs in zip(reading.alone, alone, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)
    powers = np.mean(alone, axis=0) ** (1 / temperature)
    together = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(reading.together, together, atol=1e-6)
    plain = np.mean([functional.softmax(logits(r), dim=1).numpy() for r in readers], axis=0)
    np.testing.assert_allclose(reading.uncalibrated, plain, atol=1e-6)
    assert reading.blank.tolist() == [False, False, False, False, True], "blank at every size"


def test_what_the_network_itself_says() -> None:
    one = reader(9, 5.0)
    found = log_probabilities(one.classifier, pictures(9), WHERE)
    torch.testing.assert_close(found.double(), functional.log_softmax(logits(one), dim=1))


def test_a_mean_with_a_probability_of_zero_stays_finite() -> None:
    alone = [np.array([[1.0, 0.0]]), np.array([[1.0, 0.0]])]
    np.testing.assert_allclose(mean_at_temperature(0.5, alone), [[1.0, 0.0]])
    assert mean_at_temperature(1.0, alone).tolist() == [[1.0, 0.0]]


def test_the_first_says_what_is_shown() -> None:
    ensemble = Ensemble([reader(9, 1.0), reader(6, 1.0)])
    assert (ensemble.image_size, ensemble.alphabet) == (9, "ABC")
