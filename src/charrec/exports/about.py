"""What an exported file says of itself: letters, settings, accuracy, how pictures are prepared."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any, NamedTuple

from charrec.calibration import doubts
from charrec.reading import Ensemble
from charrec.resources import embedded_letters
from charrec.run import Run

READ = (
    "read by Pillow, turned upright by the EXIF tag, made grey (mode L), resized to image_size x "
    "image_size with Image.Resampling.BILINEAR, "
)


class Words(NamedTuple):
    """How pictures are prepared and what is answered, with gaps for what is the network's own."""

    pictures: str
    answers: str


NETWORK = Words(
    READ + "and given as uint8 (batch, 1, image_size, image_size); scaling and normalisation are "
    "part of the network",
    "probabilities (batch, letters) are {calibrated}, in the order of letters; blank (batch) is "
    "true for a picture that is one grey all over, whose probabilities mean nothing",
)
WEIGHTS_ALONE = Words(
    READ + "then normalised ({normalisation}), of which nothing is in this file, and given as "
    "float32 (batch, 1, image_size, image_size)",
    "logits (batch, letters), in the order of letters; not in this file are the other views "
    "({views}), softmax, the temperature ({temperature}), {calibrated}, and which pictures are "
    "blank",
)
OF_THIS_MACHINE = ("weights", "trainer")  # settings that mean nothing elsewhere


def about(
    runs: Sequence[Run], ensemble: Ensemble, checkpoint: str, words: Words = NETWORK
) -> dict[str, str]:
    """By names that readers in any language can look for; texts, of which some are JSON."""
    each = [describe(run) for run in runs]
    beside = {
        "normalisation": _of_all(ensemble, "normalisation"),
        "views": _of_all(ensemble, "views"),
        "temperature": str(ensemble.last.temperature),
    }
    known = beside | {"calibrated": calibration(runs, ensemble)}
    return beside | {
        "letters": ensemble.alphabet,
        "image_size": str(ensemble.image_size),
        "accuracy": json.dumps([entry["accuracy"] for entry in each]),
        "checkpoint": checkpoint,
        "runs": json.dumps(each, ensure_ascii=False, sort_keys=True),
        "pictures": words.pictures.format_map(known),
        "answers": words.answers.format_map(known),
        "licence": licence(runs),
        "charrec": version("charrec"),
    }


def calibration(runs: Sequence[Run], ensemble: Ensemble) -> str:
    """Several runs have a temperature together, whatever became of each, if it could be fitted."""
    if doubt := doubts(ensemble.last.temperature):
        return f"not to be believed (they {doubt})"
    fitted = ensemble.temperature != 1 if len(runs) > 1 else runs[0].calibrated
    return "calibrated" if fitted else "not calibrated (no temperature was fitted)"


def _of_all(ensemble: Ensemble, setting: str) -> str:
    values = (str(reader.classifier.hparams[setting]) for reader in ensemble.readers)
    return ", ".join(dict.fromkeys(values))


def describe(run: Run) -> dict[str, Any]:
    """Of one run: settings, and what its best epoch came to in the test, None where it had none."""
    test = run.summary.get("test") or {}
    names = ("accuracy", "correct", "total", "interval", "macro_accuracy")
    return {name: test.get(name) for name in names} | {
        "name": run.folder.resolve().name,
        "status": run.status,
        "temperature": run.temperature,
        "settings": settings_told(run.settings),
    }


def settings_told(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Without places on the machine that trained, which are nobody's business."""
    told = {name: value for name, value in settings.items() if name not in OF_THIS_MACHINE}
    data = {name: value for name, value in settings["data"].items() if name != "root"}
    return told | {"data": data}


def on_embedded_letters(run: Run) -> bool:
    return run.letters.folder.resolve() == embedded_letters().resolve()


def licence(runs: Sequence[Run]) -> str:
    if all(on_embedded_letters(run) for run in runs):
        return "trained on charrec's embedded letters, which are CC0"
    return "not stated: it depends on the letters that it was trained on"
