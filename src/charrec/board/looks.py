"""What a look into a network tells while it learns: saturation and gradients, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from charrec.classifier import CharacterClassifier
from charrec.inspection import outputs_of
from charrec.tanh import HEIGHT, ScaledTanh, Tanh

# y of each kind as that of a tanh: the slope at y is 1 - y² times the one in the middle.
AS_TANH = {
    Tanh: lambda y: y,
    ScaledTanh: lambda y: y / HEIGHT,
    nn.Sigmoid: lambda y: 2 * y - 1,  # of half of x
}


def tanh_outputs(classifier: CharacterClassifier, seen: Tensor) -> Iterator[tuple[bool, Tensor]]:
    """Of each hidden layer what its units answer (B, units), and whether that is a tanh's.

    Units of ReLU have no such limit, and are as they are.

    Args:
        seen: pictures as the network is given them.
    """
    layers = [m for m in classifier.network if not isinstance(m, (nn.Flatten, nn.Linear))]
    for layer, outputs in zip(layers, outputs_of(classifier.network, seen), strict=True):
        as_tanh = AS_TANH.get(type(layer))
        yield as_tanh is not None, as_tanh(outputs) if as_tanh else outputs


def gradient_norms(classifier: CharacterClassifier, seen: Tensor, labels: Tensor) -> list[float]:
    """‖dL/d(W, b)‖ of each layer, the first one first, for the mean loss L of training.

    By autograd, in no memory of a step's: blocks, compiled steps and several processes alike
    find their gradients as they left them.

    Args:
        seen: pictures as the network is given them.
    """
    linear = [m for m in classifier.network if isinstance(m, nn.Linear)]
    learning = [p for layer in linear for p in layer.parameters() if p.requires_grad]
    if not learning:
        return [0.0] * len(linear)
    with torch.enable_grad():
        values = seen
        for module in classifier.network:  # one by one: the whole may be compiled for its steps
            values = module(values)
        smoothing = classifier.hparams["label_smoothing"]
        loss = functional.cross_entropy(values.float(), labels, label_smoothing=smoothing)
        found = dict(zip(learning, torch.autograd.grad(loss, learning), strict=True))
    norms = [
        torch.stack([found[p].float().norm() for p in layer.parameters() if p in found]).norm()
        if any(p in found for p in layer.parameters())
        else loss.new_zeros(())
        for layer in linear
    ]
    return [float(norm) for norm in torch.stack(norms).tolist()]
