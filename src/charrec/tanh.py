"""The hyperbolic tangent with its gradient written by hand; docs/gradients.md derives it."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.forward_ad import _set_fwd_grad_enabled


class _Tanh(Function):
    """y = tanh x and dL/dx = dL/dy · (1 - y²)."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return torch.tanh(x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        y: Tensor = ctx.saved_tensors[0]
        return grad * (1 - y * y)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        # The slope is a function of y alone, so x need not be kept. And y, saved as the output,
        # still knows how it came from x, so that backward can itself be differentiated.
        ctx.save_for_backward(output)


class _ForwardModeTanh(_Tanh):
    """The same, and dy = dx · (1 - y²) for derivatives that are carried along with x."""

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        _Tanh.setup_context(ctx, inputs, output)
        ctx.save_for_forward(output)

    @staticmethod
    def jvp(ctx: Any, dx: Tensor) -> Tensor:
        y: Tensor = ctx.saved_tensors[0]
        # PyTorch switches forward mode off in here, and jacfwd of jacfwd would quietly give zero.
        with _set_fwd_grad_enabled(True):
            return dx * (1 - y * y)


def tanh(x: Tensor) -> Tensor:
    """Return y = tanh x = (eˣ - e⁻ˣ) / (eˣ + e⁻ˣ), element by element.

    x is real and of any shape; y has the same shape and lies in [-1, 1]. The values are those of
    ``torch.tanh``. The gradient is dL/dx = dL/dy · (1 - y²), computed from y, the only tensor kept.
    """
    if x.is_complex():
        raise TypeError("tanh is for real tensors: a complex gradient would need a conjugate")
    # torch.compile does not take a Function that has a jvp of its own.
    function = _Tanh if torch.compiler.is_compiling() else _ForwardModeTanh
    y: Tensor = function.apply(x)
    return y


# LeCun, Bottou, Orr and Müller, 1998: ±1 is mapped to ±1, where the curve bends most.
HEIGHT, STEEPNESS = 1.7159, 2 / 3


class Tanh(nn.Module):
    """:func:`tanh` as a layer: any shape in, the same shape with values in [-1, 1] out."""

    def forward(self, x: Tensor) -> Tensor:
        return tanh(x)


class ScaledTanh(nn.Module):
    """y = 1.7159 tanh(2x / 3), any shape in and out; its gradient is that of :func:`tanh`."""

    def forward(self, x: Tensor) -> Tensor:
        return HEIGHT * tanh(STEEPNESS * x)
