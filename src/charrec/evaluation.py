"""Testing a run on letters whose truth is known, and reading new pictures with it.

::

    from charrec.evaluation import predict, test

    test("outputs/2026-01-31_12-00-00_ab12").score()
    predict("new_images").letters
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from charrec.answers import Answers, write_confusion_csv, write_csv
from charrec.classifier import CharacterClassifier, load_classifier
from charrec.data.batches import Batches
from charrec.data.datamodule import CharacterDataModule
from charrec.data.finding import find_pictures
from charrec.data.letters import letter_of, summarise
from charrec.data.pictures import read_pictures
from charrec.data.settings import DataSettings
from charrec.errors import UserError
from charrec.figures.confusion import draw_confusion_matrix
from charrec.figures.gallery import draw_gallery
from charrec.files import write_whole
from charrec.run import Run, output_folder
from charrec.runs import find_run
from charrec.trainer import interrupts_unchanged, make_trainer

ON_WHAT_IS_THERE = {"accelerator": "auto", "devices": 1}


def probabilities(
    classifier: CharacterClassifier, images: Tensor, trainer: Mapping[str, Any] = ON_WHAT_IS_THERE
) -> Tensor:
    """Probabilities (N, C) for uint8 pictures (N, 1, H, W), by ``pl.Trainer(**trainer)``."""
    batches = Batches(images, torch.zeros(len(images), dtype=torch.int64), 1024)
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    runner = make_trainer(quiet | dict(trainer))
    with interrupts_unchanged():
        answered = runner.predict(classifier, batches)
    return torch.cat([batch for batch in answered or [] if isinstance(batch, Tensor)])


def answer_test_split(
    classifier: CharacterClassifier,
    letters: CharacterDataModule,
    trainer: Mapping[str, Any] = ON_WHAT_IS_THERE,
) -> Answers:
    letters.setup()
    truth = [letters.alphabet[i] for i in letters.labels["test"].tolist()]
    answered = probabilities(classifier, letters.images["test"], trainer)
    return Answers(
        letters.alphabet, letters.names["test"], truth, answered.numpy(), [None] * len(truth)
    )


def write_test_report(answers: Answers, folder: Path) -> None:
    """``test_predictions.csv``, the confusion matrix (CSV and PNG) and ``per_letter.csv``."""
    write_csv(folder / "test_predictions.csv", answers.rows())
    write_csv(folder / "per_letter.csv", answers.per_letter())
    write_confusion_csv(folder / "confusion_matrix.csv", answers)
    draw_confusion_matrix(answers.confusion(), answers.alphabet, folder / "confusion_matrix.png")


def test(
    run: Run | str | Path | None = None,
    root: str | Path | None = None,
    checkpoint: str = "best",
    out: str | Path | None = None,
    trainer: Mapping[str, Any] = ON_WHAT_IS_THERE,
    data: DataSettings | None = None,
) -> tuple[Answers, Path]:
    """Test a run on the test split of its letters, or of others.

    Args:
        run: a run or its folder; None means the newest completed one under ``outputs/``.
        root: a folder of letters of the same kind; None means those that the run was trained on.
        checkpoint: ``"best"`` (on validation) or ``"last"``.
        out: where to write; None means a new folder under ``RUN/test/``.
        trainer: arguments of ``pl.Trainer`` that say where to compute.
        data: letters of any kind, in place of `root`: ``DataSettings(kind="folders", root=...)``.

    Returns:
        The answers and the folder that they were written to.

    Raises:
        UserError: no such run or letters, or a checkpoint that does not load.
    """
    run = run if isinstance(run, Run) else find_run(run)
    classifier = load_classifier(run.checkpoint(checkpoint))
    run.warn_if_unfinished()
    chosen = run.letters_to_test({"root": root} if data is None else vars(data))
    network = {name: classifier.hparams[name] for name in ("image_size", "alphabet")}
    letters = CharacterDataModule(**vars(replace(chosen, **network)))
    answers = answer_test_split(classifier, letters, trainer)
    folder = output_folder(out, run.folder / "test")
    write_test_report(answers, folder)
    about = {"run": str(run.folder), "checkpoint": checkpoint, "root": str(letters.root)}
    write_whole(folder / "test.json", json.dumps(answers.score() | about, indent=2) + "\n")
    return answers, folder


def predict(
    images: str | Path,
    run: Run | str | Path | None = None,
    checkpoint: str = "best",
    out: str | Path | None = None,
    trainer: Mapping[str, Any] = ON_WHAT_IS_THERE,
) -> tuple[Answers, Path]:
    """Read new pictures: a file, the pictures of a folder, or a glob, in natural order.

    Writes ``predictions.csv`` and ``predictions.png``. A picture that cannot be read has its
    error in the answers and in the CSV. The other arguments are those of `test`.

    Raises:
        UserError: `images` matches nothing, none of them can be read, or no such run.
    """
    run = run if isinstance(run, Run) else find_run(run)
    classifier = load_classifier(run.checkpoint(checkpoint))
    run.warn_if_unfinished()
    paths, alphabet = find_pictures(images), classifier.hparams["alphabet"]
    pixels, errors = read_pictures(paths, classifier.hparams["image_size"])
    if all(errors):
        problem = summarise([e for e in errors if e], len(errors), "pictures cannot be read")
        raise UserError(f"images={images}: {problem}")
    answered = probabilities(classifier, torch.from_numpy(pixels), trainer)
    truth = [_letter_in_name(path, alphabet) for path in paths]
    answers = Answers(alphabet, [p.name for p in paths], truth, answered.numpy(), errors)
    folder = output_folder(out, run.folder / "predict")
    write_csv(folder / "predictions.csv", answers.rows())
    best = answers.probabilities.max(axis=1).tolist()
    draw_gallery(pixels, answers.letters, best, folder / "predictions.png")
    return answers, folder


def _letter_in_name(path: Path, alphabet: str) -> str | None:
    """The truth in a name such as ``3_S.jpg``."""
    head, _, tail = path.stem.rpartition("_")
    return letter_of(tail, alphabet) if head else None
