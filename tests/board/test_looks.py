"""Saturation against a network worked out by hand, gradients against torch's own."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from charrec.board.looks import gradient_norms, tanh_outputs
from charrec.classifier import CharacterClassifier
from charrec.inspection import saturated
from charrec.views import views_of


def white(count: int) -> torch.Tensor:
    """As the network is given it."""
    images = torch.full((count, 1, 4, 4), 255, dtype=torch.uint8)
    (seen,) = views_of(images, 1, "plain", torch.float32)
    return seen


def one_unit(activation: str, z: float) -> CharacterClassifier:
    """Its only hidden unit is given z by every white picture."""
    classifier = CharacterClassifier("AB", image_size=4, hsize=1, activation=activation)
    first = {"weight": torch.full((1, 16), z / 16), "bias": torch.zeros(1)}
    classifier.network[1].load_state_dict(first)
    return classifier


@pytest.mark.parametrize(
    ("activation", "z", "as_tanh"),
    [
        ("tanh", 2.0, math.tanh(2)),
        ("scaled_tanh", 3.0, math.tanh(2)),  # 1.7159 tanh(2z / 3)
        ("sigmoid", 4.0, math.tanh(2)),  # (1 + tanh(z / 2)) / 2
        ("sigmoid", -4.0, -math.tanh(2)),
    ],
)
def test_each_kind_of_unit_is_told_as_a_tanh(activation: str, z: float, as_tanh: float) -> None:
    ((has_limit, outputs),) = tanh_outputs(one_unit(activation, z), white(3))
    assert has_limit
    assert outputs.flatten().tolist() == pytest.approx([as_tanh] * 3, abs=1e-6)
    assert saturated(outputs) == 0  # tanh 2 = 0.964
    ((_, outputs),) = tanh_outputs(one_unit(activation, 1.1 * z), white(3))
    assert saturated(outputs) == 1  # tanh 2.2 = 0.976


def test_units_without_a_limit_are_as_they_are() -> None:
    ((has_limit, outputs),) = tanh_outputs(one_unit("relu", 5.0), white(1))
    assert not has_limit
    assert outputs.item() == pytest.approx(5.0)


def by_torch(classifier: CharacterClassifier, seen: torch.Tensor, labels: torch.Tensor) -> None:
    """Leaves the gradients where torch does."""
    smoothing = classifier.hparams["label_smoothing"]
    functional.cross_entropy(classifier.network(seen), labels, label_smoothing=smoothing).backward()


@pytest.mark.parametrize("activation", ["tanh", "scaled_tanh", "relu", "sigmoid"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_gradient_norms_are_those_of_each_layer(activation: str, smoothing: float) -> None:
    torch.manual_seed(0)
    classifier = CharacterClassifier(
        "ABC", image_size=8, hsize=[5, 4], activation=activation, label_smoothing=smoothing
    ).double()
    images = torch.randint(0, 256, (6, 1, 8, 8), dtype=torch.uint8)
    labels = torch.tensor([0, 1, 2, 2, 1, 0])
    (seen,) = views_of(images, 1, "plain", torch.float64)
    found = gradient_norms(classifier, seen, labels)
    assert all(p.grad is None for p in classifier.parameters()), "the step's own stay its own"
    by_torch(classifier, seen, labels)
    linear = [m for m in classifier.network if isinstance(m, nn.Linear)]
    expected = [
        math.sqrt(sum(float(p.grad.square().sum()) for p in m.parameters() if p.grad is not None))
        for m in linear
    ]
    assert found == pytest.approx(expected, rel=1e-5)
    assert len(found) == 3


def test_saturated_units_let_no_gradient_through() -> None:
    """With weights a hundred times as large the first layer learns next to nothing."""
    torch.manual_seed(0)
    norms = []
    for scale in (1, 100):
        classifier = CharacterClassifier("AB", image_size=4, hsize=3)
        with torch.no_grad():
            next(classifier.network[1].parameters()).mul_(scale)  # its weight
        images = torch.randint(0, 256, (20, 1, 4, 4), dtype=torch.uint8)
        (seen,) = views_of(images, 1, "plain", torch.float32)
        norms.append(gradient_norms(classifier, seen, torch.arange(20) % 2)[0])
    assert norms[1] < 0.2 * norms[0]


def test_layers_that_do_not_learn_have_no_gradient() -> None:
    classifier = one_unit("tanh", 1.0)
    classifier.network[1].requires_grad_(False)
    seen = white(2)
    first, last = gradient_norms(classifier, seen, torch.tensor([0, 0]))
    assert first == 0 < last
    classifier.requires_grad_(False)
    assert gradient_norms(classifier, seen, torch.tensor([0, 0])) == [0, 0]
