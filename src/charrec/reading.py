"""Networks that read pictures: one, or several that answer together.

Each network's probabilities are calibrated by its own temperature. Together they answer with the
mean of them, calibrated once more: a mean of probabilities is as a rule less sure than it is right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from charrec.calibration import Exact, at_temperature, logarithms_of
from charrec.classifier import CharacterClassifier
from charrec.data.batches import Batches
from charrec.data.blank import blank_pictures
from charrec.data.pictures import Grey
from charrec.trainer import interrupts_unchanged, make_trainer

AT_ONCE = 1024  # pictures
# The same pictures, uint8 (N, 1, size, size), at the size that is asked for.
Pictures = Callable[[int], Tensor]


class Reader(NamedTuple):
    """A trained network, and its temperature (see `calibration`)."""

    classifier: CharacterClassifier
    temperature: float = 1.0
    temperature_letters: int | None = None  # that it was fitted to, if that is known

    @property
    def alphabet(self) -> str:
        return str(self.classifier.hparams["alphabet"])

    @property
    def image_size(self) -> int:
        return int(self.classifier.hparams["image_size"])


@dataclass(frozen=True)
class Ensemble:
    """One reader, or several that read the same letters, at sizes of their own perhaps."""

    readers: Sequence[Reader]
    temperature: float = 1.0  # of their mean
    temperature_letters: int | None = None  # that it was fitted to

    @property
    def last(self) -> Reader | Ensemble:
        """Whose temperature an answer has had in the end: the one reader's, or that of the mean."""
        return self if len(self.readers) > 1 else self.readers[0]

    @property
    def alphabet(self) -> str:
        return self.readers[0].alphabet

    @property
    def image_size(self) -> int:
        """Of the first: what is shown is shown at this size."""
        return self.readers[0].image_size

    @property
    def sizes(self) -> list[int]:
        """All of them, that one first."""
        return list(dict.fromkeys(reader.image_size for reader in self.readers))


@dataclass(frozen=True)
class Reading:
    """What an ensemble made of N pictures; probabilities are (N, C)."""

    logarithms: Sequence[Exact]  # of what each network itself says
    alone: Sequence[Exact]  # of each reader, calibrated
    together: Exact  # calibrated
    blank: NDArray[np.bool_]  # (N,)

    @property
    def uncalibrated(self) -> Exact:
        """The mean of what the networks themselves say."""
        return _mean([np.exp(each) for each in self.logarithms])


def read(ensemble: Ensemble, pictures: Pictures, trainer: Mapping[str, Any]) -> Reading:
    """By ``pl.Trainer(**trainer)``; a picture is blank that is so at every reader's size."""
    logarithms = [
        log_probabilities(reader.classifier, pictures(reader.image_size), trainer).double().numpy()
        for reader in ensemble.readers
    ]
    seen = {size: pictures(size).cpu().numpy() for size in ensemble.sizes}
    return put_together(ensemble, logarithms, seen)


def put_together(
    ensemble: Ensemble, logarithms: Sequence[Exact], seen: Mapping[int, Grey]
) -> Reading:
    """What networks said of pictures that were seen, at each of their sizes."""
    alone = [
        at_temperature(reader.temperature, each)
        for each, reader in zip(logarithms, ensemble.readers, strict=True)
    ]
    blank = [blank_pictures(pictures) for pictures in seen.values()]
    together = mean_at_temperature(ensemble.temperature, alone)
    return Reading(logarithms, alone, together, np.all(blank, axis=0))


def _mean(several: Sequence[Exact]) -> Exact:
    return sum(several[1:], start=several[0]) / len(several)


def mean_at_temperature(temperature: float, alone: Sequence[Exact]) -> Exact:
    mean = _mean(alone)
    return mean if temperature == 1 else at_temperature(temperature, logarithms_of(mean))


def log_probabilities(
    classifier: CharacterClassifier, images: Tensor, trainer: Mapping[str, Any]
) -> Tensor:
    """Of the network itself, (N, C), for uint8 pictures (N, 1, H, W)."""
    batches = Batches(images, torch.zeros(len(images), dtype=torch.int64), AT_ONCE)
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    runner = make_trainer(quiet | dict(trainer))
    with interrupts_unchanged():
        answered = runner.predict(classifier, batches)
    return torch.cat([batch for batch in answered or [] if isinstance(batch, Tensor)])
