"""The gradients written by hand against autograd's, against differences, and against pencil."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import grad, gradcheck
from torch.nn import functional

from charrec.backpropagation import Backpropagation, loss_and_logits
from charrec.mlp import MLP
from charrec.tanh import Tanh

SLOPE = 1.7159 * 2 / 3  # of scaled_tanh at 0
ACTIVATIONS = ["tanh", "scaled_tanh", "relu", "sigmoid"]
HSIZES = [[5], [6, 4], [7, 5, 6]]
PIXELS, LETTERS = 9, 4


def network(hsize: list[int], activation: str = "tanh", dtype: torch.dtype = torch.float64) -> MLP:
    """With biases that are not zero, so that a forgotten one shows."""
    torch.manual_seed(0)
    mlp = MLP(PIXELS, hsize, LETTERS, activation).to(dtype)
    for layer in mlp:
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.bias)
    return mlp


def pictures(rows: int, seed: int = 1, dtype: torch.dtype = torch.float64) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, PIXELS, generator=generator, dtype=torch.float64).to(dtype)


def soft(rows: int, seed: int = 2, dtype: torch.dtype = torch.float64) -> Tensor:
    """Shares of the letters, rows adding up to 1."""
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(rows, LETTERS, generator=generator, dtype=torch.float64)
    return drawn.softmax(1).to(dtype)


def labels(rows: int) -> Tensor:
    return torch.arange(rows) * 7 % LETTERS


def by_autograd(mlp: MLP, x: Tensor, targets: Tensor) -> tuple[Tensor, ...]:
    """Logits, then the gradient of each parameter."""
    logits = mlp(x)
    return logits.detach(), *grad(functional.cross_entropy(logits, targets), [*mlp.parameters()])


def by_hand(step: Backpropagation, x: Tensor, targets: Tensor) -> tuple[Tensor, ...]:
    logits = step(x, targets).clone()
    return logits, *(gradient.clone() for gradient in step.gradients.values())


def close(actual: tuple[Tensor, ...], expected: tuple[Tensor, ...], rounding: float) -> None:
    assert len(actual) == len(expected)
    for ours, theirs in zip(actual, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=rounding, atol=rounding)


# Against autograd


@pytest.mark.parametrize("hsize", HSIZES, ids=len)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(
    ("dtype", "rounding"), [(torch.float64, 1e-12), (torch.float32, 5e-6)], ids=["64", "32"]
)
def test_gradients_are_autograds(
    hsize: list[int], activation: str, dtype: torch.dtype, rounding: float
) -> None:
    """Of three batches in turn, the middle one ragged, each with another place in memory."""
    mlp = network(hsize, activation, dtype)
    step = Backpropagation(mlp)
    for seed, rows in enumerate((8, 3, 8)):
        x, shares = pictures(rows, seed, dtype), soft(rows, seed, dtype)
        close(by_hand(step, x, shares), by_autograd(mlp, x, shares), rounding)
        exact = step.targets(labels(rows))
        close(by_hand(step, x, exact), by_autograd(mlp, x, labels(rows)), rounding)


@pytest.mark.parametrize("rows", [1, 2, 40])
def test_any_number_of_rows(rows: int) -> None:
    mlp, x, shares = network([5]), pictures(rows), soft(rows)
    close(by_hand(Backpropagation(mlp), x, shares), by_autograd(mlp, x, shares), 1e-12)


def test_targets_are_one_on_the_letter() -> None:
    targets = Backpropagation(network([5])).targets(torch.tensor([2, 0]))
    assert targets.dtype == torch.float64
    assert targets.tolist() == [[0, 0, 1, 0], [1, 0, 0, 0]]


def test_a_share_of_the_targets_is_spread_over_all_letters() -> None:
    """Of 0.2 each of 4 letters gets 0.05; the letter itself keeps 0.8 more."""
    step = Backpropagation(network([5]), label_smoothing=0.2)
    expected = torch.tensor([[0.05, 0.05, 0.85, 0.05]], dtype=torch.float64)
    torch.testing.assert_close(step.targets(torch.tensor([2])), expected)


def test_the_smoothed_loss_is_torchs() -> None:
    mlp, x, truth = network([5]), pictures(6), labels(6)
    step = Backpropagation(mlp, label_smoothing=0.2)
    loss, _ = loss_and_logits(step, x, truth)
    expected = functional.cross_entropy(mlp(x), truth, label_smoothing=0.2)
    torch.testing.assert_close(loss, expected)
    gradients = torch.autograd.grad(loss, list(mlp.parameters()))
    theirs = torch.autograd.grad(expected, list(mlp.parameters()))
    torch.testing.assert_close(gradients, theirs)


def test_changed_weights_are_seen() -> None:
    """An optimizer writes into the parameters: what was made before must look there."""
    mlp, x, shares = network([6, 4]), pictures(8), soft(8)
    step = Backpropagation(mlp)
    before = by_hand(step, x, shares)
    with torch.no_grad():
        for parameter in mlp.parameters():
            parameter.add_(0.3)
    close(by_hand(step, x, shares), by_autograd(mlp, x, shares), 1e-12)
    assert not torch.allclose(by_hand(step, x, shares)[1], before[1])


# By pencil


@pytest.mark.parametrize(
    ("activation", "z", "y", "slopes"),
    [
        ("relu", (3.0, -1.0), (3.0, 0.0), (1.0, 0.0)),
        ("tanh", (math.log(2), 0.0), (3 / 5, 0.0), (16 / 25, 1.0)),  # (2 - 1/2) / (2 + 1/2)
        # 1.7159 tanh(2/3 z) with the slope 1.7159 · 2/3 (1 - tanh²)
        ("scaled_tanh", (1.5 * math.log(2), 0.0), (1.02954, 0.0), (SLOPE * 16 / 25, SLOPE)),
        ("sigmoid", (math.log(3), 0.0), (3 / 4, 1 / 2), (3 / 16, 1 / 4)),  # 1 / (1 + 1/3)
    ],
)
def test_a_network_2_2_2_worked_by_hand(
    activation: str, z: tuple[float, float], y: tuple[float, float], slopes: tuple[float, float]
) -> None:
    """x = (1, 2) of the letter 0; W x + b = z, y = f(z) with the slopes f'(z).

    V = (-1 0; 1 2), and c is such that the logits V y + c are (0, ln 3): p = (1/4, 3/4) and
    dL/dlogits = p - (1, 0) = (-3/4, 3/4).
    dL/dc = (-3/4, 3/4); dL/dV has the rows -3/4 y and 3/4 y.
    dL/dy = Vᵀ (-3/4, 3/4) = (3/4 + 3/4, 2 · 3/4) = (3/2, 3/2).
    dL/db = 3/2 times the slopes; dL/dW has a row (s, 2 s) for each s of dL/db.
    """
    mlp = MLP(2, 2, 2, activation).double()
    hidden, last = mlp[1], mlp[3]
    assert isinstance(hidden, nn.Linear)
    assert isinstance(last, nn.Linear)
    x = torch.tensor([[1.0, 2.0]], dtype=torch.float64)
    with torch.no_grad():
        hidden.weight.copy_(torch.tensor([[1.0, 1.0], [1.0, -1.0]]))  # W x = (3, -1)
        hidden.bias.copy_(torch.tensor([z[0] - 3.0, z[1] + 1.0], dtype=torch.float64))
        last.weight.copy_(torch.tensor([[-1.0, 0.0], [1.0, 2.0]]))  # V y = (-y0, y0 + 2 y1)
        c = [y[0], math.log(3) - y[0] - 2 * y[1]]
        last.bias.copy_(torch.tensor(c, dtype=torch.float64))
    step = Backpropagation(mlp)
    logits = step(x, torch.tensor([[1.0, 0.0]], dtype=torch.float64))
    assert logits[0].tolist() == pytest.approx([0, math.log(3)], abs=1e-14)
    found = {parameter: gradient.tolist() for parameter, gradient in step.gradients.items()}
    assert found[last.bias] == pytest.approx([-3 / 4, 3 / 4], abs=1e-14)
    for row, share in zip(found[last.weight], (-3 / 4, 3 / 4), strict=True):
        assert row == pytest.approx([share * y[0], share * y[1]], abs=1e-14)
    assert found[hidden.bias] == pytest.approx([3 / 2 * s for s in slopes], abs=1e-14)
    for row, slope in zip(found[hidden.weight], slopes, strict=True):
        assert row == pytest.approx([3 / 2 * slope, 3 * slope], abs=1e-14)


# For loss.backward()


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_loss_agrees_with_central_differences(activation: str) -> None:
    mlp = network([5, 3], activation)
    step, x = Backpropagation(mlp), pictures(6)

    def loss(*_: Tensor) -> Tensor:
        return loss_and_logits(step, x, labels(6))[0]

    assert gradcheck(loss, tuple(mlp.parameters()), fast_mode=False)


def test_backward_gives_what_autograd_gives_times_what_comes_in() -> None:
    mlp, x = network([6, 4]), pictures(8)
    step = Backpropagation(mlp)
    expected = by_autograd(mlp, x, labels(8))
    loss, logits = loss_and_logits(step, x, labels(8))
    step(pictures(8, seed=9), soft(8))  # another call in between changes nothing
    (-3 * loss).backward()
    assert loss.item() == pytest.approx(
        functional.cross_entropy(mlp(x), labels(8)).item(), rel=1e-14
    )
    found = [p.grad / -3 for p in mlp.parameters() if p.grad is not None]
    close((logits, *found), expected, 1e-12)
    assert not logits.requires_grad


def test_gradients_of_two_losses_add_up() -> None:
    """As with ``accumulate_grad_batches``."""
    mlp = network([5])
    step, batches = Backpropagation(mlp), [pictures(8, seed) for seed in (3, 4)]
    for x in batches:
        loss_and_logits(step, x, labels(8))[0].backward()
    first, second = (by_autograd(mlp, x, labels(8))[1:] for x in batches)
    found = tuple(p.grad for p in mlp.parameters() if p.grad is not None)
    close(found, tuple(a + b for a, b in zip(first, second, strict=True)), 1e-12)


# What it leaves alone, and what stays


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_extreme_logits_stay_finite(activation: str) -> None:
    """Logits of ±1000 and more: a softmax by exp alone would be nan, from inf / inf."""
    mlp = network([5], activation, torch.float32)
    last = mlp[-1]
    assert isinstance(last, nn.Linear)
    with torch.no_grad():
        last.bias.copy_(torch.tensor([1000.0, -1000.0, 3000.0, 0.0]))
    step, x = Backpropagation(mlp), pictures(8, dtype=torch.float32)
    step(x, step.targets(torch.zeros(8, dtype=torch.int64)))
    # p = (0, 0, 1, 0) to the last bit and t = (1, 0, 0, 0): the mean of p - t is (-1, 0, 1, 0)
    assert step.gradients[last.bias].tolist() == [-1, 0, 1, 0]
    assert all(gradient.isfinite().all() for gradient in step.gradients.values())
    loss, _ = loss_and_logits(step, x, torch.zeros(8, dtype=torch.int64))
    assert loss.item() == pytest.approx(2000, abs=10)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_pictures_and_targets_stay_as_they_are(activation: str) -> None:
    mlp, x, shares = network([6, 4], activation), pictures(8), soft(8)
    x_before, shares_before = x.clone(), shares.clone()
    step = Backpropagation(mlp)
    step(x, shares)
    step(x, shares)
    assert torch.equal(x, x_before)
    assert torch.equal(shares, shares_before)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("rows", [8, 3])
def test_nothing_of_one_call_is_left_in_the_next(activation: str, rows: int) -> None:
    step = Backpropagation(network([6, 4], activation))
    first, other = (pictures(8), soft(8)), (pictures(rows, 5) * 50, soft(rows, 6))
    once = by_hand(step, *first)
    by_hand(step, *other)
    again = by_hand(step, *first)
    assert all(torch.equal(a, b) for a, b in zip(once, again, strict=True))


def test_gradients_stay_where_they_are_in_memory() -> None:
    """An optimizer may hold on to them."""
    step = Backpropagation(network([6, 4]))
    places = [gradient.data_ptr() for gradient in step.gradients.values()]
    for rows in (8, 3, 1, 8):
        step(pictures(rows), soft(rows))
    assert [gradient.data_ptr() for gradient in step.gradients.values()] == places


# What it knows


class OtherTanh(Tanh):
    """May do anything: only what stands in the table itself is known."""


def with_layer(place: int, layer: nn.Module) -> MLP:
    mlp = network([5], dtype=torch.float32)
    mlp.insert(place, layer)
    return mlp


@pytest.mark.parametrize(
    ("make", "known"),
    [
        (lambda: network([5]), True),
        (lambda: network([6, 4], "relu", torch.float32), True),
        (lambda: network([7, 5, 6], "sigmoid"), True),
        (lambda: network([5]).bfloat16(), False),
        (lambda: network([5]).half(), False),
        (lambda: with_layer(3, nn.Dropout()), False),
        (lambda: with_layer(2, nn.BatchNorm1d(5)), False),
        (lambda: with_layer(3, OtherTanh()), False),
        (lambda: with_layer(3, Tanh()), True),
    ],
)
def test_knows(make: Callable[[], MLP], known: bool) -> None:
    assert Backpropagation.knows(make()) is known


# Compiled


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs g++")
def test_compiled_is_the_same_within_rounding() -> None:
    mlp = network([5], dtype=torch.float32)
    step, plain = Backpropagation(mlp, compile_step=True), Backpropagation(mlp)
    for seed, rows in enumerate((8, 3)):
        x, shares = pictures(rows, seed, torch.float32), soft(rows, seed, torch.float32)
        close(by_hand(step, x, shares), by_hand(plain, x, shares), 5e-6)
