"""The network: its shapes, its first weights, its gradient."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import nn

from charrec import settings
from charrec.mlp import ACTIVATIONS, INITS, MLP
from charrec.tanh import Tanh


@pytest.mark.parametrize(
    ("hsize", "outputs", "sizes"),
    [(32, 26, [1024, 32, 26]), ([64], 2, [1024, 64, 2]), ([20, 10, 5], 36, [1024, 20, 10, 5, 36])],
)
def test_layers(hsize: int | list[int], outputs: int, sizes: list[int]) -> None:
    network = MLP(1024, hsize, outputs)
    linear = [layer for layer in network if isinstance(layer, nn.Linear)]
    assert [(layer.in_features, layer.out_features) for layer in linear] == list(pairwise(sizes))
    kinds = [type(layer) for layer in network]
    assert kinds == [nn.Flatten, *[nn.Linear, Tanh] * (len(sizes) - 2), nn.Linear]
    by_hand = sum(m * n + n for m, n in pairwise(sizes))
    assert sum(p.numel() for p in network.parameters()) == by_hand
    assert network(torch.zeros(3, 1, 32, 32)).shape == (3, outputs)


def test_the_default_network_has_33658_parameters() -> None:
    """1024 · 32 + 32 + 32 · 26 + 26."""
    assert sum(p.numel() for p in MLP(1024, 32, 26).parameters()) == 33_658


def test_the_batch_axis_stays() -> None:
    network = MLP(64, 8, 5).double()
    images = torch.randn(3, 1, 8, 8, dtype=torch.float64)
    alone = torch.cat([network(image[None]) for image in images])
    torch.testing.assert_close(network(images), alone, rtol=1e-12, atol=1e-12)


def test_the_tables_are_those_of_the_settings() -> None:
    assert tuple(ACTIVATIONS) == settings.ACTIVATIONS
    assert tuple(INITS) == settings.INITS


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        ("tanh", [-0.761594, 0.761594]),
        ("scaled_tanh", [-1.000000, 1.000000]),  # what its two constants were chosen for
        ("relu", [0.0, 1.0]),
        ("sigmoid", [0.268941, 0.731059]),
    ],
)
def test_activations(activation: str, expected: list[float]) -> None:
    y = ACTIVATIONS[activation]()(torch.tensor([-1.0, 1.0]))
    torch.testing.assert_close(y, torch.tensor(expected), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("init", "hidden", "last"),
    [
        ("xavier", 2 / (1024 + 200), 2 / (200 + 100)),
        ("lecun", 1 / 1024, 1 / 200),
        ("kaiming", 2 / 1024, 2 / 200),
        ("normal", 1.0, 1.0),
    ],
)
def test_variance_of_the_first_weights(init: str, hidden: float, last: float) -> None:
    torch.manual_seed(0)
    network = MLP(1024, 200, 100, init=init)
    layers = [layer for layer in network if isinstance(layer, nn.Linear)]
    for layer, variance in zip(layers, (hidden, last), strict=True):
        assert layer.weight.var().item() == pytest.approx(variance, rel=0.05)
        assert layer.weight.mean().item() == pytest.approx(0, abs=0.03 * variance**0.5)
        assert layer.bias.abs().max() == 0


def test_spread_gives_the_first_layer_thresholds() -> None:
    torch.manual_seed(0)
    layers = [layer for layer in MLP(1024, [400, 50], 26, init="spread") if hasattr(layer, "bias")]
    first, *others = (layer.bias for layer in layers)
    assert isinstance(first, torch.Tensor)
    assert -4 <= first.min() < -3.8
    assert 3.8 < first.max() <= 4
    assert first.var().item() == pytest.approx(8**2 / 12, rel=0.1)  # of a uniform distribution
    assert all(not torch.as_tensor(bias).any() for bias in others)


def test_spread_is_xavier_with_thresholds_in_the_first_layer() -> None:
    """Uniform from -4 to 4: variance 8² / 12."""
    torch.manual_seed(0)
    first, second, last = (
        layer for layer in MLP(400, [2000, 9], 5, init="spread") if isinstance(layer, nn.Linear)
    )
    assert first.weight.var().item() == pytest.approx(2 / 2400, rel=0.05)
    assert first.bias.var().item() == pytest.approx(64 / 12, rel=0.05)
    assert 3.98 < first.bias.max() <= 4
    assert -4 <= first.bias.min() < -3.98
    assert second.bias.abs().max() == last.bias.abs().max() == 0


@pytest.mark.parametrize("init", ["xavier", "normal", "spread"])
def test_gradient_of_the_whole_network_is_that_of_torchs_tanh(init: str) -> None:
    torch.manual_seed(0)
    ours = MLP(36, [12, 9, 7], 4, init=init).double()
    theirs = nn.Sequential(*(nn.Tanh() if isinstance(m, Tanh) else m for m in ours))
    images = torch.randn(5, 1, 6, 6, dtype=torch.float64, requires_grad=True)
    inputs = [images, *ours.parameters()]
    labels = torch.tensor([0, 3, 2, 1, 0])
    gradients = [
        torch.autograd.grad(nn.functional.cross_entropy(network(images), labels), inputs)
        for network in (ours, theirs)
    ]
    torch.testing.assert_close(*gradients, rtol=1e-12, atol=1e-15)
    assert all(g.abs().max() > 1e-4 for g in gradients[0])


def test_the_seed_decides_the_first_weights() -> None:
    def weights(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return nn.utils.parameters_to_vector(MLP(64, 8, 5).parameters())

    assert torch.equal(weights(3), weights(3))
    assert not torch.equal(weights(3), weights(4))
