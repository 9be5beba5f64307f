"""Weights come out of a checkpoint, and go from one network into another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from charrec.checkpoints import read_checkpoint
from charrec.classifier import CharacterClassifier
from charrec.errors import UserError
from charrec.settings import check_values


def load_classifier(checkpoint: str | Path) -> CharacterClassifier:
    """The network of a checkpoint, on the CPU, in evaluation mode.

    Raises:
        UserError: the file is missing, damaged, or no checkpoint of charrec's.
    """
    path = Path(checkpoint)
    content = read_checkpoint(path)
    try:
        settings, weights = content["hyper_parameters"], content["state_dict"]
        check_values(settings)
        with torch.device("meta"):  # sizes alone: a file must not ask for more than it holds
            sizes = _sizes(CharacterClassifier(**settings).state_dict())
        if sizes != _sizes(weights):
            raise ValueError("weights of other sizes than the settings say")
        classifier = CharacterClassifier(**settings)
        classifier.load_state_dict(weights)
    except Exception as e:  # whatever a crafted file leads it to
        raise UserError(f"{path} holds no network of charrec's; name another run") from e
    return classifier.eval()


def _sizes(weights: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    return {name: weight.shape for name, weight in weights.items()}


def adopt_weights(classifier: CharacterClassifier, source: CharacterClassifier) -> None:
    """Copy the weights of `source` into `classifier`; another alphabet keeps its new last layer.

    Raises:
        UserError: the two networks differ in anything but the alphabet.
    """
    for setting in ("data.image_size", "hsize", "activation", "normalisation"):
        ours, theirs = (_shape(network, setting) for network in (classifier, source))
        if ours != theirs:
            raise UserError(
                f"the network of weights=RUN_DIR has {setting}={theirs}, this one {ours}; "
                f"set {setting}={theirs}"
            )
    pairs = list(zip(classifier.network, source.network, strict=True))
    if classifier.hparams["alphabet"] != source.hparams["alphabet"]:
        pairs.pop()
    for ours, theirs in pairs:
        ours.load_state_dict(theirs.state_dict())


def _shape(classifier: CharacterClassifier, setting: str) -> Any:
    """As it would be typed: one hidden layer is a number even where it was given as a list."""
    value = classifier.hparams[setting.removeprefix("data.")]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return value[0] if len(value) == 1 else f"[{','.join(map(str, value))}]"
    return value
