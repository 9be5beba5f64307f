"""Networks as they were trained, with the temperatures that make their probabilities true.

A run's own temperature stands in its ``summary.json``. That of several runs together stands
nowhere, for they may be any: it is fitted when they are loaded, on the validation letters of the
first one.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from charrec.calibration import Floats, doubts, fit_temperature, logarithms_of
from charrec.classifier import CharacterClassifier
from charrec.data.blank import blank_pictures
from charrec.data.datamodule import CharacterDataModule
from charrec.data.settings import DataSettings
from charrec.errors import UserError
from charrec.reading import Ensemble, Reader, log_probabilities, mean_at_temperature, read
from charrec.run import Run
from charrec.runs import need_one_alphabet
from charrec.weights import load_classifier

LettersAt = Callable[[int], CharacterDataModule]  # the same letters at an image size


def letters_at_any_size(data: DataSettings, quietly: bool = False) -> LettersAt:
    return cache(partial(_letters, data, quietly))


def _letters(data: DataSettings, quietly: bool, image_size: int) -> CharacterDataModule:
    letters = CharacterDataModule(**vars(replace(data, image_size=image_size)))
    with warnings.catch_warnings():
        if quietly:
            warnings.simplefilter("ignore")
        letters.setup()
    return letters


def fit_reader(reader: Reader, letters: CharacterDataModule, trainer: Mapping[str, Any]) -> Reader:
    """The same network with the temperature that suits the validation letters."""
    images = letters.images["validation"]
    logits = log_probabilities(reader.classifier, images, trainer).numpy()
    blank = blank_pictures(images.cpu().numpy())
    return reader._replace(**_fit(logits, letters, blank))


def _fit(logits: Floats, letters: CharacterDataModule, blank: NDArray[np.bool_]) -> dict[str, Any]:
    """Blank pictures are left out, as they are when probabilities are judged."""
    labels = letters.labels["validation"].cpu().numpy()
    if blank.all():
        warnings.warn(
            "no temperature was fitted: every validation picture is blank; probabilities stay as "
            "the network says them",
            stacklevel=4,
        )
    return {
        "temperature": fit_temperature(logits[~blank], labels[~blank]),
        "temperature_letters": int((~blank).sum()),
    }


def calibrated(classifier: CharacterClassifier, run: Run) -> Reader:
    """A network of the run, with the temperature that its summary records."""
    return Reader(classifier, run.temperature, run.temperature_letters)


def warn_of_doubts(ensemble: Ensemble) -> None:
    """For whoever shows its probabilities without a test beside them."""
    if doubt := doubts(ensemble.last.temperature):
        warnings.warn(f"probabilities {doubt}", stacklevel=3)


def load_ensemble(
    runs: Sequence[Run],
    checkpoint: str,
    trainer: Mapping[str, Any],
    given: DataSettings | None = None,
) -> Ensemble:
    """The networks of the runs, calibrated, and if they are several their mean too.

    A run's temperature is that of its best checkpoint, for the last one too: to fit another,
    there would have to be the validation letters.

    Args:
        given: letters that may be those of the first run, moved to another folder.

    Raises:
        UserError: a checkpoint does not load, or they read different letters.
    """
    readers = [calibrated(load_classifier(run.checkpoint(checkpoint)), run) for run in runs]
    need_one_alphabet(runs, [reader.alphabet for reader in readers])
    ensemble = Ensemble(readers)
    return ensemble if len(runs) == 1 else _fitted(ensemble, runs, trainer, given)


def _fitted(
    ensemble: Ensemble,
    runs: Sequence[Run],
    trainer: Mapping[str, Any],
    given: DataSettings | None,
) -> Ensemble:
    first = runs[0]
    for each in runs:
        each.warn_if_known(first.letters, "validation")
    try:
        letters_at = _letters_of(first, ensemble.image_size, given)
    except UserError as error:
        return _as_it_is(ensemble, first, str(error).partition("\n")[0])

    def pictures(size: int) -> Tensor:
        return letters_at(size).images["validation"]

    reading = read(ensemble, pictures, trainer)
    mean = mean_at_temperature(1.0, reading.alone)
    letters = letters_at(ensemble.image_size)
    return replace(ensemble, **_fit(logarithms_of(mean), letters, reading.blank))


def _letters_of(first: Run, image_size: int, given: DataSettings | None) -> LettersAt:
    """Where they were, or where they are now if the `given` ones are the same.

    Raises:
        UserError: they are in neither place.
    """
    # What is not quite right with the letters was told when they were learned.
    letters_at = letters_at_any_size(first.letters, quietly=True)
    try:
        letters = letters_at(image_size)
        if first.knows_others_than(letters.fingerprint()):
            raise UserError(f"{letters.root} has others now")
    except UserError:
        if given is None or not _holds_those_of(first, moved := letters_at_any_size(given, True)):
            raise
        return moved
    return letters_at


def _holds_those_of(first: Run, moved: LettersAt) -> bool:
    try:
        return first.is_of(moved(first.letters.image_size).fingerprint())
    except UserError:  # which whoever reads them next is told
        return False


def _as_it_is(ensemble: Ensemble, first: Run, why: str) -> Ensemble:
    warnings.warn(
        "the mean of the runs has no temperature of its own: the letters of "
        f"{first.folder} by which it would be found are not there ({why})",
        stacklevel=5,
    )
    return ensemble
