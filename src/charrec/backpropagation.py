"""The gradients of the whole network by hand, into memory that is there from the start.

For so small a network autograd costs several times the arithmetic: it builds a graph for every
step and takes it apart again. Here each kind of layer has its `forward` and its `backward` side
by side, as docs/gradients.md derives them, and both write into tensors that are made once.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn import functional

from charrec.tanh import HEIGHT, STEEPNESS, ScaledTanh, Tanh

Gradients = dict[Tensor, Tensor]  # of a parameter

# Each layer below is for B rows: `forward` takes x (B, m) to y (B, n), `backward` dL/dy to dL/dx.
# A backward belongs to the forward before it and may overwrite what it worked with.


class _Linear:
    """y = x Wᵀ + b with W (n, m): dL/dW = dL/dyᵀ x, dL/db = Σ dL/dy, dL/dx = dL/dy W."""

    def __init__(self, layer: nn.Linear, gradients: Gradients, rows: int) -> None:
        self.weight, self.bias = layer.weight.detach(), layer.bias.detach()
        self.weight_transposed = self.weight.t()
        self.weight_grad, self.bias_grad = gradients[layer.weight], gradients[layer.bias]
        self.x_grad = self.weight.new_empty(rows, layer.in_features)
        self.y: Tensor | None = self.weight.new_empty(rows, layer.out_features)

    def forward(self, x: Tensor) -> Tensor:
        self.x = x
        return torch.addmm(self.bias, x, self.weight_transposed, out=self.y)

    def backward(self, grad: Tensor) -> Tensor:
        self.weight_gradients(grad)
        return torch.mm(grad, self.weight, out=self.x_grad)

    def weight_gradients(self, grad: Tensor) -> None:
        torch.mm(grad.t(), self.x, out=self.weight_grad)
        torch.sum(grad, 0, out=self.bias_grad)


class _Activation:
    """Works in the memory of the linear layer before it, which has no more use for it."""

    def __init__(self, *_: Any) -> None:
        self.y = torch.empty(0)


class _Tanh(_Activation):
    """y = tanh x: dL/dx = dL/dy · (1 - y²)."""

    def forward(self, x: Tensor) -> Tensor:
        self.y = x.tanh_()
        return self.y

    def backward(self, grad: Tensor) -> Tensor:
        return grad.addcmul_(grad, self.y.square_(), value=-1)


class _ScaledTanh(_Activation):
    """y = h tanh(sx): dL/dx = dL/dy · (hs - s/h y²)."""

    def forward(self, x: Tensor) -> Tensor:
        self.y = x.mul_(STEEPNESS).tanh_().mul_(HEIGHT)
        return self.y

    def backward(self, grad: Tensor) -> Tensor:
        slope = self.y.square_().mul_(-STEEPNESS / HEIGHT).add_(HEIGHT * STEEPNESS)
        return grad.mul_(slope)


class _ReLU(_Activation):
    """y = max(x, 0): dL/dx = dL/dy where y > 0, otherwise 0."""

    def forward(self, x: Tensor) -> Tensor:
        self.y = x.relu_()
        return self.y

    def backward(self, grad: Tensor) -> Tensor:
        return grad.mul_(self.y.sign_())


class _Sigmoid(_Activation):
    """y = 1 / (1 + e⁻ˣ): dL/dx = dL/dy · (y - y²)."""

    def forward(self, x: Tensor) -> Tensor:
        self.y = x.sigmoid_()
        return self.y

    def backward(self, grad: Tensor) -> Tensor:
        return grad.mul_(self.y.addcmul_(self.y, self.y, value=-1))


class _CrossEntropy:
    """L = -Σ t log p / B with p = softmax(z), z and t (B, C): dL/dz = (p - t) / B."""

    def backward(self, logits: Tensor, targets: Tensor) -> Tensor:
        return torch.softmax(logits, 1).sub_(targets).mul_(1 / targets.shape[0])


BY_HAND: dict[type[nn.Module], Any] = {
    nn.Linear: _Linear,
    Tanh: _Tanh,
    ScaledTanh: _ScaledTanh,
    nn.ReLU: _ReLU,
    nn.Sigmoid: _Sigmoid,
}


def _run(layers: list[Any], x: Tensor, targets: Tensor) -> Tensor:
    first, *others, loss = layers
    logits = first.forward(x)
    for layer in others:
        logits = layer.forward(logits)
    grad = loss.backward(logits, targets)
    for layer in reversed(others):
        grad = layer.backward(grad)
    first.weight_gradients(grad)
    return logits  # type: ignore[no-any-return]


class Backpropagation:
    """Logits and gradients of an `MLP` whose parameters stay where they are in memory.

    `gradients` holds dL/dp for each parameter p after a call, for the mean cross-entropy L.
    """

    def __init__(
        self, network: nn.Sequential, compile_step: bool = False, label_smoothing: float = 0.0
    ) -> None:
        self.network, self.label_smoothing = network, label_smoothing
        self.gradients: Gradients = {p: torch.zeros_like(p) for p in network.parameters()}
        self._layers: dict[int, list[Any]] = {}  # by the number of rows
        self._run = torch.compile(_run, fullgraph=True) if compile_step else _run

    @staticmethod
    def knows(network: nn.Sequential) -> bool:
        """Whether each layer is in the table, and the parameters are of 32 or 64 bits and learn."""
        exact = all(p.dtype in (torch.float32, torch.float64) for p in network.parameters())
        learns = all(p.requires_grad for p in network.parameters())
        _, *layers = network  # the first one flattens
        return exact and learns and all(type(layer) in BY_HAND for layer in layers)

    def __call__(self, x: Tensor, targets: Tensor) -> Tensor:
        """Logits (B, C) for pictures (B, pixels) and shares of letters (B, C), rows adding to 1."""
        rows = x.shape[0]  # len(x) is Python that costs as much as a small operation
        if rows not in self._layers:
            self._layers[rows] = self._make_layers(rows)
        return self._run(self._layers[rows], x, targets)

    def targets(self, labels: Tensor) -> Tensor:
        """(B,) -> (B, C), a row on its letter but for the share that is spread over all."""
        bias = self.network[-1].bias
        assert isinstance(bias, Tensor)
        shares, spread = functional.one_hot(labels, len(bias)).to(bias.dtype), self.label_smoothing
        return shares.mul_(1 - spread).add_(spread / len(bias)) if spread else shares

    def _make_layers(self, rows: int) -> list[Any]:
        _, *modules = self.network
        layers = [BY_HAND[type(module)](module, self.gradients, rows) for module in modules]
        layers[-1].y = None  # the logits are the caller's to keep
        return [*layers, _CrossEntropy()]


class _HandwrittenLoss(Function):
    """The same for whoever calls ``loss.backward()``."""

    @staticmethod
    def forward(
        ctx: Any, by_hand: Backpropagation, x: Tensor, labels: Tensor, *_: Tensor
    ) -> tuple[Tensor, Tensor]:
        logits = by_hand(x, by_hand.targets(labels))
        ctx.save_for_backward(*(grad.clone() for grad in by_hand.gradients.values()))
        ctx.mark_non_differentiable(logits)
        smoothing = by_hand.label_smoothing
        return functional.cross_entropy(logits, labels, label_smoothing=smoothing), logits

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        return None, None, None, *(grad * g for g in ctx.saved_tensors)


def loss_and_logits(by_hand: Backpropagation, x: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Mean cross-entropy (), of which autograd finds the gradients, and logits (B, C)."""
    loss, logits = _HandwrittenLoss.apply(by_hand, x, labels, *by_hand.gradients)
    return loss, logits
