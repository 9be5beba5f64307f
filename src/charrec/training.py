"""Training a run from its settings: build, fit, test the best checkpoint, record.

::

    from charrec.settings import TrainSettings
    from charrec.training import train

    run = train(TrainSettings(optimizer="adam", hsize=64))
    run.summary["test"]["accuracy"]
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import pytorch_lightning as pl

from charrec.board.overview import overview
from charrec.conclusion import best_so_far, conclude
from charrec.data.datamodule import CharacterDataModule
from charrec.errors import Diverged, Interrupted, Pruned, UserError
from charrec.going_on import (
    checkpoint_to_go_on_from,
    is_over,
    refuse_other_letters,
)
from charrec.learning import learn, letters_of, prepare
from charrec.new_folders import new_folder
from charrec.paths import full_path
from charrec.processes import folder_of_the_run, follows, is_first
from charrec.run import Run
from charrec.runs import find_run
from charrec.settings import TrainSettings


def train(
    settings: TrainSettings,
    folder: str | Path | None = None,
    callbacks: Sequence[pl.Callback] = (),
) -> Run:
    """Train, test the best checkpoint, and write everything into the run's folder.

    Args:
        folder: where to write; None means a new folder under ``outputs/``.
        callbacks: Lightning callbacks beside charrec's own.

    Raises:
        UserError: letters that cannot be used; Diverged, a loss that is no longer finite.
        Interrupted: Ctrl-C or SIGTERM; `resume` goes on.
    """
    if follows(settings.trainer):
        _follow(Run(Path()), settings, callbacks)
    letters = letters_of(settings)
    letters.setup("fit")  # a run that is gone on with need not be told again
    run = Run(full_path(folder) if folder is not None else new_folder("outputs"))
    run.folder.mkdir(parents=True, exist_ok=True)
    run.refuse_if_used()
    with run.locked():
        run.refuse_if_used()  # since the first look, perhaps
        return _train(run, settings, letters, callbacks)


def resume(
    folder: str | Path,
    callbacks: Sequence[pl.Callback] = (),
    epochs: int | None = None,
    root: str | Path | None = None,
) -> Run:
    """Go on with a run from its last checkpoint, in the same folder with its own settings.

    A completed run is returned as it is, unless it is to have more epochs.

    Args:
        folder: of the run; ``latest`` is the unfinished one under ``outputs/`` that began last.
        epochs: how many the run is to have in all; None means as many as it was to have.
        root: where the letters, the same ones, are now; None means where they were.

    Raises:
        UserError: the folder holds no run that can go on.
    """
    run = find_run(folder_of_the_run() or folder, "resume")
    if not is_first() and follows((settings := run.settings_to_go_on(epochs, root)).trainer):
        _follow(run, settings, callbacks, checkpoint_to_go_on_from(run))
    with run.locked():
        settings = run.settings_to_go_on(epochs, root)
        if run.status == "completed" and is_over(run, settings):
            return run
        checkpoint = checkpoint_to_go_on_from(run)
        letters = letters_of(settings)
        letters.setup()
        refuse_other_letters(run, letters)
        return _train(run, settings, letters, callbacks, checkpoint)


def _follow(
    run: Run,
    settings: TrainSettings,
    callbacks: Sequence[pl.Callback],
    checkpoint: Path | None = None,
) -> NoReturn:
    """What a process does that is not the run's first: it computes, writes nothing, and ends."""
    warnings.simplefilter("ignore")  # the first one says it
    try:
        letters = letters_of(settings)
        letters.setup()
        parts = prepare(run, settings, letters, callbacks, checkpoint, first=False)
        with parts.interruption:
            learn(parts)
    except (Interrupted, Diverged):
        pass  # as the first one says
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".partition("\n")[0]
        raise UserError(f"a process that trained with others ended: {reason}") from error
    sys.exit(0)


def _train(
    run: Run,
    settings: TrainSettings,
    letters: CharacterDataModule,
    callbacks: Sequence[pl.Callback],
    checkpoint: Path | None = None,
) -> Run:
    for note in settings.notes if checkpoint is None else ():  # else it was said
        warnings.warn(note, stacklevel=3)
    parts = prepare(run, settings, letters, callbacks, checkpoint)
    with (
        parts.interruption,
        run.recording(settings=settings.record(), **parts.about),
        overview(run, settings, parts.classifier),
    ):
        try:
            learn(parts)
        except Pruned:
            if parts.interruption.signal is not None:  # it came in the epoch's last step
                raise Interrupted(parts.interruption.signal) from None
            run.record(**parts.recorder.summary(), **best_so_far(run))
            raise
        parts.recorder.write()
        run.record(**parts.recorder.summary())
        conclude(run, settings, letters)
    return run
