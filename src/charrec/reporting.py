"""A run on one page, ``report.html``: what it was, what came of it, and where it is wrong.

::

    from charrec.reporting import report

    report("outputs/2026-01-31_12-00-00_ab12")
"""

from __future__ import annotations

import csv
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from charrec.answers import COLUMNS
from charrec.classifier import CharacterClassifier
from charrec.commands import names_given, train_command
from charrec.data.blank import BLANK
from charrec.data.datamodule import CharacterDataModule
from charrec.ensembles import calibrated, letters_at_any_size
from charrec.errors import UserError
from charrec.evaluation import answer_test_split
from charrec.figures.curves import read_metrics
from charrec.files import write_whole
from charrec.inspection import first_layer
from charrec.new_folders import OR_A_PAGE, refuse_file_name
from charrec.page.content import Answered, Columns, Content, Mistake, Row
from charrec.page.run_page import run_page
from charrec.paths import full_path, shown_path
from charrec.reading import Ensemble, Reader
from charrec.run import Run
from charrec.runs import find_run
from charrec.saliency import framed_greys, input_gradient
from charrec.scores import no_letters_table, told
from charrec.settings import TrainSettings
from charrec.spelling import flat
from charrec.views import views_of
from charrec.weights import load_classifier

PAGE, SUFFIXES = "report.html", (".html", ".htm")
EXPLAINED = 24  # mistakes, each with three pictures
OF_BINS = ("above", "to", "count", "probability", "accuracy", "before_count",
           "before_probability", "before_accuracy")  # fmt: skip


def report(
    run: Run | str | Path | None = None,
    root: str | Path | None = None,
    checkpoint: str = "best",
    out: str | Path | None = None,
) -> Path:
    """Test a run once more and write its page, one file that needs no network.

    Where the letters or the network are gone, the page has what the run's own files tell.

    Args:
        run: a run, its folder, or a sweep's, which means its best run; None means the newest
            completed one under ``outputs/``.
        root: where letters of the same kind are now; None means where the run was trained on them.
        checkpoint: ``"best"`` (on validation) or ``"last"``.
        out: a folder for ``report.html``, or a file that ends in ``.html``; None means the run's
            own folder.

    Returns:
        The page.

    Raises:
        UserError: no such run, a damaged summary, or letters at `root` that cannot be read.
    """
    found = run if isinstance(run, Run) else find_run(run)
    content = content_of(found, root, checkpoint)
    for note in content.notes:
        warnings.warn(note, stacklevel=2)
    path = page_path(found, out)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, run_page(content))
    return path


def page_path(run: Run, out: str | Path | None) -> Path:
    if out is None:
        return run.folder / PAGE
    place = full_path(out)
    named = place.suffix.lower() in SUFFIXES and not place.is_dir()
    if named:
        return place
    refuse_file_name(out, OR_A_PAGE)
    return place / PAGE


def content_of(run: Run, root: str | Path | None = None, checkpoint: str = "best") -> Content:
    """All that there is to be told, and notes on what there is not."""
    summary, settings, notes = run.summary, run.train_settings, _unfinished(run)
    classifier = _network(run, checkpoint, notes)
    letters = _letters(run, root, classifier, notes) if classifier is not None else None
    tested: Answered | None
    mistakes: Sequence[Mistake] = ()
    if classifier is not None and letters is not None:
        tested = _tested(calibrated(classifier, run), letters)
        mistakes = _explained(classifier, letters, tested)
    else:
        tested = _from_files(run, checkpoint, notes)
    record = settings.record()
    return Content(
        name=run.folder.resolve().name,
        folder=shown_path(run.folder),
        status=run.status_in(summary),
        summary=summary,
        checkpoint=checkpoint,
        settings=dict(flat(record)),
        given=names_given(settings),
        train_command=train_command(_moved(settings, root)),
        metrics=_metrics(run, notes),
        notes=notes,
        calibrated=run.calibrated,
        tested=tested,
        mistakes=mistakes,
        weights=None if classifier is None else first_layer(classifier).numpy(),
    )


def _moved(settings: TrainSettings, root: str | Path | None) -> TrainSettings:
    """A command that trains again names the letters where they are now."""
    if root is None:
        return settings
    return replace(settings, data=replace(settings.data, root=full_path(root)))


def _unfinished(run: Run) -> list[str]:
    if (status := run.status) == "completed":
        return []
    return [f"{shown_path(run.folder)} is not completed but {status}: here is what there is so far"]


def _network(run: Run, checkpoint: str, notes: list[str]) -> CharacterClassifier | None:
    path = run.checkpoint(checkpoint)
    if not path.is_file():
        notes.append(f"{shown_path(path)} is not there: nothing could be tested or looked into")
        return None
    try:
        return load_classifier(path)
    except UserError as error:
        notes.append(f"nothing could be tested or looked into: {error}")
        return None


def _letters(
    run: Run, root: str | Path | None, classifier: CharacterClassifier, notes: list[str]
) -> CharacterDataModule | None:
    chosen = run.letters_to_test({"root": root})
    chosen = replace(chosen, alphabet=str(classifier.hparams["alphabet"]))
    try:  # what is not quite right with them was told when they were learned
        letters = letters_at_any_size(chosen, quietly=True)(classifier.hparams["image_size"])
    except UserError as error:
        if root is not None:
            raise
        gone = str(error).partition("\n")[0]
        notes.append(f"no pictures, for the letters are gone ({gone}): data.root=FOLDER names them")
        return None
    if run.knows_others_than(letters.fingerprint()):
        notes.append(
            f"{letters.root} holds other letters than the run was trained on, or this machine "
            "decodes them otherwise"
        )
    return letters


def _tested(reader: Reader, letters: CharacterDataModule) -> Answered:
    answers = answer_test_split(Ensemble([reader]), lambda _: letters)
    pictures = letters.images["test"][:, 0].cpu().numpy()  # (N, H, W)
    rows, reliability = list(answers.rows()), answers.reliability()
    return Answered(answers.alphabet, answers.score(), rows, reliability, pictures)


def _explained(
    classifier: CharacterClassifier, letters: CharacterDataModule, tested: Answered
) -> Sequence[Mistake]:
    """The mistakes that it was surest of, with a letter for an answer."""
    named = [p for p in tested.mistakes() if tested.rows[p]["letter"] != BLANK][:EXPLAINED]
    if not named:
        return ()
    images = letters.images["test"][named].cpu()  # (n, 1, H, W)
    answers, truths = (
        torch.tensor([tested.alphabet.index(tested.rows[p][column]) for p in named])
        for column in ("letter", "truth")
    )
    grey = framed_greys(classifier, images)
    why = input_gradient(classifier, grey, answers, truths)  # (n, H, W)
    normalisation = classifier.hparams["normalisation"]
    (fed,) = views_of(images, 1, normalisation, classifier.network.dtype)
    parts = (images[:, 0], grey[:, 0].to(torch.uint8), fed[:, 0].float(), why.float())
    return [Mistake(p, *(part[i].numpy() for part in parts)) for i, p in enumerate(named)]


def _from_files(run: Run, checkpoint: str, notes: list[str]) -> Answered | None:
    """What the run's own test at its end left, which was that of the best epoch."""
    score = _score(run.summary, notes)
    if checkpoint != "best" or score is None:
        return None
    alphabet = run.letters.alphabet
    rows = _rows(run.folder / "test_predictions.csv", COLUMNS, "probability", notes)
    if any(row["truth"] not in alphabet for row in rows):
        notes.append("test_predictions.csv is of other letters")
        rows = []
    reliability = _rows(run.folder / "reliability.csv", OF_BINS, "", notes)
    return Answered(alphabet, score, rows, reliability, None)


def _score(summary: Mapping[str, Any], notes: list[str]) -> Mapping[str, Any] | None:
    score = summary.get("test")
    if score is None:
        return None
    try:
        _ = [*told(score), *no_letters_table({"no_letters": {}} | score)]
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError):
        notes.append("what summary.json says of the test cannot be read")
        return None
    return dict(score)


def _rows(path: Path, columns: Sequence[str], numbers: str, notes: list[str]) -> list[Row]:
    """Of a CSV; none where it is missing, has not these columns, or text where numbers belong.

    Args:
        numbers: what the columns of numbers end in; "" for all of them.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        if rows and not set(columns) <= set(rows[0]):
            raise ValueError(f"it has not the columns {', '.join(columns)}")
        for row in rows:
            _ = [float(row[name] or 0) for name in columns if name.endswith(numbers)]
    except (OSError, ValueError, TypeError, csv.Error) as error:
        notes.append(f"{path.name} cannot be read: {error}")
        return []
    return [{name: row[name] for name in columns} for row in rows]


def _metrics(run: Run, notes: list[str]) -> Columns:
    path = run.folder / "metrics.csv"
    if not path.is_file():
        return {}
    try:
        return read_metrics(path)
    except (ValueError, TypeError, KeyError, csv.Error) as error:
        notes.append(f"metrics.csv cannot be read: {error}")
        return {}
