"""The network: fully connected layers with an activation between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from charrec.tanh import ScaledTanh, Tanh

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "tanh": Tanh,
    "scaled_tanh": ScaledTanh,
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
}


def _xavier(weight: Tensor) -> None:
    nn.init.xavier_uniform_(weight)


def _kaiming(weight: Tensor) -> None:
    nn.init.kaiming_uniform_(weight, nonlinearity="relu")


def _lecun(weight: Tensor) -> None:
    nn.init.normal_(weight, std=weight.shape[1] ** -0.5)  # weight is (fan out, fan in)


def _normal(weight: Tensor) -> None:
    nn.init.normal_(weight)


class Init(NamedTuple):
    weight: Callable[[Tensor], None]
    reach: float = 0.0  # biases of the first layer start between -reach and reach, all others at 0


INITS = {
    "xavier": Init(_xavier),  # Glorot and Bengio, 2010: variance 2 / (fan in + fan out)
    # LeCun, Bottou, Orr and Müller, 1998, for scaled_tanh: variance 1 / fan in
    "lecun": Init(_lecun),
    "kaiming": Init(_kaiming),  # He et al., 2015, for ReLU: variance 2 / fan in
    "normal": Init(_normal),  # N(0, 1), as the course did: most tanh units start saturated
    # After Nguyen and Widrow, 1990: tanh is odd, so without biases an inverted picture only turns
    # the sign of every unit. Thresholds spread over the range of z tell the two apart.
    "spread": Init(_xavier, reach=4.0),
}


class MLP(nn.Sequential):
    """``in_features -> hsize[0] -> ... -> out_features``.

    Input (B, ...) with in_features values a picture, flattened here; output logits
    (B, out_features). An activation stands after every layer but the last.
    """

    def __init__(
        self,
        in_features: int,
        hsize: int | Sequence[int],
        out_features: int,
        activation: str = "tanh",
        init: str = "xavier",
    ) -> None:
        hidden = [hsize] if isinstance(hsize, int) else list(hsize)
        layers: list[nn.Module] = [nn.Flatten(start_dim=1)]  # the batch axis stays
        for fan_in, fan_out in zip([in_features, *hidden], hidden, strict=False):
            layers += [nn.Linear(fan_in, fan_out), ACTIVATIONS[activation]()]
        super().__init__(*layers, nn.Linear(hidden[-1], out_features))
        reach = INITS[init].reach
        for layer in self:
            if isinstance(layer, nn.Linear):
                INITS[init].weight(layer.weight)
                nn.init.uniform_(layer.bias, -reach, reach)
                reach = 0.0

    @property
    def dtype(self) -> torch.dtype:
        return next(self.parameters()).dtype
