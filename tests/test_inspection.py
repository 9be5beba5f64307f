"""What is read off a network, against one that is worked out by hand."""

from __future__ import annotations

import math

import torch

from charrec.classifier import CharacterClassifier
from charrec.inspection import first_layer, hidden_outputs, saturated


def network() -> CharacterClassifier:
    """Two pixels a side; unit 0 adds the upper row, unit 1 takes it off."""
    classifier = CharacterClassifier("AB", image_size=2, hsize=[2, 1]).eval()
    rows = torch.tensor([[1.0, 1.0, 0.0, 0.0], [-1.0, -1.0, 0.0, 0.0]])
    for linear, weight in (
        (classifier.network[1], rows),
        (classifier.network[3], torch.ones(1, 2)),
    ):
        linear.load_state_dict({"weight": weight, "bias": torch.zeros(len(weight))})
    return classifier


def test_first_layer_has_a_picture_a_unit() -> None:
    assert first_layer(network()).tolist() == [[[1, 1], [0, 0]], [[-1, -1], [0, 0]]]


def test_hidden_outputs_are_those_of_every_layer() -> None:
    white = torch.full((3, 1, 2, 2), 255, dtype=torch.uint8)
    first, second = hidden_outputs(network(), white)
    assert torch.allclose(first, torch.tensor([[math.tanh(2), -math.tanh(2)]] * 3))
    assert second.shape == (3, 1)
    assert second.abs().max() < 1e-7


def test_a_unit_is_saturated_beyond_its_limit_on_either_side() -> None:
    assert saturated(torch.tensor([[0.98, -0.98, 0.96, 0.0]])) == 0.5
