"""Testing a run on letters whose truth is known, and reading new pictures with it.

::

    from charrec.evaluation import predict, test

    test("outputs/2026-01-31_12-00-00_ab12").score()
    predict("new_images").letters
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from charrec.answers import Answers, write_confusion_csv, write_csv
from charrec.assessment import Assessment, Stranger
from charrec.data.finding import find_names
from charrec.data.letters import summarise
from charrec.data.settings import DataSettings
from charrec.ensembles import LettersAt, letters_at_any_size, load_ensemble, warn_of_doubts
from charrec.errors import Interrupted, UserError
from charrec.figures.confusion import draw_confusion_matrix
from charrec.figures.gallery import MOST, draw_gallery
from charrec.figures.reliability import draw_reliability
from charrec.files import write_whole
from charrec.new_folders import output_folder
from charrec.predictions import Collection, GrowingTable, growing_table
from charrec.reading import Ensemble, read
from charrec.run import Run
from charrec.runs import Named, find_readers
from charrec.strangers import resized, strangers
from charrec.streaming import read_stream
from charrec.trainer import ended_by_signals

UNREADABLE = "pictures cannot be read"
ON_WHAT_IS_THERE = {"accelerator": "auto", "devices": 1}


def answer_test_split(
    ensemble: Ensemble, letters_at: LettersAt, trainer: Mapping[str, Any] = ON_WHAT_IS_THERE
) -> Assessment:
    reading = read(ensemble, lambda size: letters_at(size).images["test"], trainer)
    letters = letters_at(ensemble.image_size)
    truth = [letters.alphabet[i] for i in letters.labels["test"].tolist()]
    about = (letters.alphabet, letters.names["test"], truth)
    errors = [None] * len(truth)
    several = len(ensemble.readers) > 1
    alone = [Answers(*about, each, errors, reading.blank) for each in reading.alone]
    return Assessment(
        *about,
        reading.together,
        errors,
        reading.blank,
        uncalibrated=reading.uncalibrated,
        temperature=ensemble.last.temperature,
        temperature_letters=ensemble.last.temperature_letters,
        strangers=_answer_strangers(ensemble, trainer),
        alone=alone if several else (),
    )


def _answer_strangers(ensemble: Ensemble, trainer: Mapping[str, Any]) -> dict[str, Stranger]:
    """The top probability of each picture, as if none were answered "blank"."""
    kinds = strangers(max(ensemble.sizes), ensemble.alphabet)
    drawn = np.concatenate(list(kinds.values()))

    def pictures(size: int) -> Tensor:
        return torch.from_numpy(resized(drawn, size))

    reading = read(ensemble, pictures, trainer)
    ends = np.cumsum([len(kind) for kind in kinds.values()])[:-1]
    tops = np.split(reading.together.max(axis=1), ends)
    return dict(zip(kinds, map(Stranger, tops, np.split(reading.blank, ends)), strict=True))


def write_test_report(answers: Assessment, folder: Path) -> None:
    """``test_predictions.csv``, and confusion matrix and reliability as CSV and PNG."""
    write_csv(folder / "test_predictions.csv", answers.rows())
    write_csv(folder / "per_letter.csv", answers.per_letter())
    write_confusion_csv(folder / "confusion_matrix.csv", answers)
    draw_confusion_matrix(answers.confusion(), answers.alphabet, folder / "confusion_matrix.png")
    write_csv(folder / "reliability.csv", answers.reliability())
    bins = (answers.bins(answers.probabilities), answers.bins(answers.uncalibrated))
    draw_reliability(*bins, folder / "reliability.png")


def test(
    run: Named | Sequence[Named] = None,
    root: str | Path | None = None,
    checkpoint: str = "best",
    out: str | Path | None = None,
    trainer: Mapping[str, Any] = ON_WHAT_IS_THERE,
    data: DataSettings | None = None,
) -> tuple[Assessment, Path]:
    """Test a run, or several that answer together, on the test split of their letters, or others.

    Args:
        run: a run, its folder, a sweep's, which means its best run, a glob, or a list of these;
            None means the newest completed one under ``outputs/``.
        root: a folder of letters of the same kind; None means those that the (first) run was
            trained on.
        checkpoint: ``"best"`` (on validation) or ``"last"``.
        out: where to write; None means a new folder under ``RUN/test/`` of the (first) run.
        trainer: arguments of ``pl.Trainer`` that say where to compute.
        data: letters of any kind, in place of `root`: ``DataSettings(kind="folders", root=...)``.

    Returns:
        The answers and the folder that they were written to.

    Raises:
        UserError: no such run or letters, a checkpoint that does not load, or runs that read
            different letters.
    """
    runs = find_readers(run)
    chosen = runs[0].letters_to_test({"root": root} if data is None else vars(data))
    ensemble = _loaded(runs, checkpoint, trainer, chosen)
    for each in runs:
        each.warn_if_known(chosen, "test")
    letters_at = letters_at_any_size(replace(chosen, alphabet=ensemble.alphabet))
    answers = answer_test_split(ensemble, letters_at, trainer)
    folder = output_folder(out, runs[0].folder / "test")
    write_test_report(answers, folder)
    place = letters_at(ensemble.image_size).root
    about = {"checkpoint": checkpoint, "root": str(place), **_by(runs, ensemble, answers)}
    write_whole(folder / "test.json", json.dumps(answers.score() | about, indent=2) + "\n")
    return answers, folder


def _loaded(
    runs: Sequence[Run],
    checkpoint: str,
    trainer: Mapping[str, Any],
    given: DataSettings | None = None,
) -> Ensemble:
    ensemble = load_ensemble(runs, checkpoint, trainer, given)
    for each in runs:
        each.warn_if_unfinished()
    return ensemble


def _by(runs: Sequence[Run], ensemble: Ensemble, answers: Assessment) -> dict[str, Any]:
    """Which run it was, or which they were and what each says alone."""
    if len(runs) == 1:
        return {"run": str(runs[0].folder)}
    alone = [
        {"run": str(run.folder), "temperature": reader.temperature} | its.score()
        for run, reader, its in zip(runs, ensemble.readers, answers.alone, strict=True)
    ]
    return {"runs": alone}


def predict(
    images: str | Path,
    run: Named | Sequence[Named] = None,
    checkpoint: str = "best",
    out: str | Path | None = None,
    trainer: Mapping[str, Any] = ON_WHAT_IS_THERE,
    tell: Callable[[int, int], object] = lambda count, of: None,
) -> tuple[Answers, Path]:
    """Read new pictures: a file, the pictures of a folder, or a glob, in natural order.

    Writes ``predictions.csv``, as they are read, ``predictions.png`` and ``predict.json``, which
    says by what. A picture that cannot be read has its error in the answers and in the CSV. In
    memory are the answers, and of pictures those alone that are just being read, however many
    there are. The other arguments are those of `test`, and

    Args:
        tell: is called now and then with the number of pictures that were decoded since the last
            call, and with the number of all.

    Raises:
        UserError: `images` matches nothing, none of them can be read, or no such run.
        Interrupted: by Ctrl-C or SIGTERM; the message says what there is.
    """
    runs = find_readers(run)
    ensemble = _loaded(runs, checkpoint, trainer)
    warn_of_doubts(ensemble)
    paths = find_names(images)
    collection = Collection(paths, ensemble.alphabet, MOST)
    made = growing_table(lambda: output_folder(out, runs[0].folder / "predict"))
    with made as table, _telling_what_there_is(table, len(paths)):

        def take(*read: Any) -> None:
            table.add(collection.add(*read))

        read_stream(ensemble, paths, trainer, take, lambda count: tell(count, len(paths)))
        answers = collection.answers
        folder = _finished(table, answers, images)
        about = {"images": str(images), "runs": [str(each.folder) for each in runs]}
        _write_figure_and_source(collection, about | {"checkpoint": checkpoint}, folder)
    return answers, folder


def _finished(table: GrowingTable, answers: Answers, images: str | Path) -> Path:
    """The folder of the table, which has none where no picture could be read."""
    if table.folder is None:
        problem = summarise([e for e in answers.errors if e], len(answers.files), UNREADABLE)
        raise UserError(f"images={images}: {problem}")
    return table.finish()


@contextmanager
def _telling_what_there_is(table: GrowingTable, count: int) -> Iterator[None]:
    try:
        with ended_by_signals():
            yield
    except KeyboardInterrupt as stop:
        if not table.written:
            raise Interrupted.by(stop) from None
        there = f"interrupted; {table.written:,} of {count:,} pictures are in {table.path}"
        raise Interrupted.by(stop, there) from None


def _write_figure_and_source(
    collection: Collection, about: Mapping[str, Any], folder: Path
) -> None:
    first = collection.answers.part(slice(MOST))
    best = first.probabilities.max(axis=1).tolist()
    pixels, count = np.concatenate(collection.pixels), len(collection.paths)
    draw_gallery(pixels, first.letters, best, folder / "predictions.png", count)
    write_whole(folder / "predict.json", json.dumps(about, indent=2) + "\n")
