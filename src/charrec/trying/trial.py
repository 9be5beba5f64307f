"""Runs that are tried out on a picture: what they read, what they see, what it is most like.

::

    from charrec.trying.sent import Sent
    from charrec.trying.trial import open_trial

    trial = open_trial("outputs/2026-01-31_12-00-00_ab12")
    trial.look(Sent(open("photo.jpg", "rb").read(), "photo.jpg"))[0].answer.letter
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from charrec.calibration import Exact
from charrec.data.blank import BLANK, blank_pictures
from charrec.data.datamodule import CharacterDataModule
from charrec.ensembles import LettersAt, letters_at_any_size, load_ensemble, warn_of_doubts
from charrec.errors import UserError
from charrec.reading import Ensemble, Reader, read
from charrec.run import Run
from charrec.runs import Named, find_readers
from charrec.trying.nearest import Known, Near, know, nearest
from charrec.trying.seen import Seen, what_is_seen
from charrec.trying.sent import Sent, Sized, opened

NEAREST = 6
GONE = "The letters that it was trained on are not there any more, so none can be shown beside it."
OTHERS = "Its folder holds other letters now than it was trained on, so none are shown beside it."
ON_WHAT_IS_THERE = {"accelerator": "auto", "devices": 1}


class Answer(NamedTuple):
    letter: str  # or "blank"
    ranked: list[tuple[str, float]]  # every letter and its probability, the likeliest first


class Look(NamedTuple):
    """What one run makes of a picture, or several together, which see and remember nothing."""

    name: str
    answer: Answer
    accuracy: float | None = None  # on the test letters of its own
    seen: Sequence[Seen] = ()
    near: Sequence[Near] = ()
    no_near: str | None = None  # why the nearest training letters cannot be shown


@dataclass(frozen=True)
class Trial:
    runs: Sequence[Run]
    ensemble: Ensemble
    known: Sequence[Known | str]  # of each run; or why there are none
    trainer: Mapping[str, Any]
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)  # Lightning is not two

    def look(self, sent: Sent) -> list[Look]:
        """Of each run, and of all together first where they are several.

        Raises:
            UserError: it is no picture, too large, or broken.
        """
        sized = opened(sent)
        with self._one_at_a_time:
            reading = read(self.ensemble, lambda size: _batch(sized, size), self.trainer)
            parts = zip(self.runs, self.ensemble.readers, reading.alone, self.known, strict=True)
            alone = [self._alone(sized, *part) for part in parts]
        if len(alone) == 1:
            return alone
        together = _answer(self.ensemble.alphabet, reading.together, bool(reading.blank[0]))
        return [Look("All together", together), *alone]

    def _alone(
        self, sized: Sized, run: Run, reader: Reader, probabilities: Exact, known: Known | str
    ) -> Look:
        picture = _batch(sized, reader.image_size)
        blank = bool(blank_pictures(picture.numpy())[0])
        found: dict[str, Any] = {"no_near": known} if isinstance(known, str) else {}
        if isinstance(known, Known) and not blank:
            found["near"] = nearest(known, reader.classifier, picture, NEAREST)
        answer = _answer(reader.alphabet, probabilities, blank)
        accuracy = run.summary.get("test", {}).get("accuracy")
        seen = what_is_seen(reader.classifier, picture)
        return Look(name_of(run), answer, accuracy, seen, **found)


def open_trial(
    run: Named | Sequence[Named] = None,
    checkpoint: str = "best",
    trainer: Mapping[str, Any] = ON_WHAT_IS_THERE,
    root: str | Path | None = None,
) -> Trial:
    """Load what `predict` would read with, and the letters that it was trained on.

    Args:
        run, checkpoint, trainer: as for `predict`.
        root: where the training letters now are; None means where they were.

    Raises:
        UserError: no such run, a checkpoint that does not load, or runs that read different
            letters.
    """
    runs = find_readers(run)
    ensemble = load_ensemble(runs, checkpoint, trainer, runs[0].letters_to_test({"root": root}))
    warn_of_doubts(ensemble)
    letters_of = cache(letters_at_any_size)  # runs may share them
    known = []
    for each, reader in zip(runs, ensemble.readers, strict=True):
        each.warn_if_unfinished()
        known.append(_known(each, reader, letters_of, root))
    return Trial(runs, ensemble, known, trainer)


def name_of(run: Run) -> str:
    """Short, and telling a sweep's run from that of another."""
    folder = run.folder.resolve()
    return folder.name if "_" in folder.name else f"{folder.parent.name}/{folder.name}"


def _known(run: Run, reader: Reader, letters_of: Any, root: str | Path | None) -> Known | str:
    """What is wrong goes to the terminal; where folders are is nobody's business on the page."""
    try:
        at: LettersAt = letters_of(run.letters_to_test({"root": root}), True)
        letters = at(reader.image_size)
    except UserError as error:
        first_line = str(error).partition("\n")[0]
        warnings.warn(f"no nearest letters for {run.folder}: {first_line}", stacklevel=3)
        return GONE
    if run.knows_others_than(letters.fingerprint()):
        why = f"{letters.root} holds others now than it was trained on"
        warnings.warn(f"no nearest letters for {run.folder}: {why}", stacklevel=3)
        return OTHERS
    return know(reader.classifier, letters.images["train"], _truth(letters))


def _truth(letters: CharacterDataModule) -> str:
    return "".join(letters.alphabet[i] for i in letters.labels["train"].tolist())


def _batch(sized: Sized, size: int) -> Tensor:
    return torch.from_numpy(np.array(sized(size)))[None]  # (1, 1, size, size)


def _answer(alphabet: str, probabilities: Exact, blank: bool) -> Answer:
    order = (-probabilities[0]).argsort(kind="stable").tolist()
    ranked = [(alphabet[i], float(probabilities[0, i])) for i in order]
    return Answer(BLANK if blank else ranked[0][0], ranked)
