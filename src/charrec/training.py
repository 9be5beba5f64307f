"""Training a run from its settings: build, fit, test the best checkpoint, record.

::

    from charrec.settings import TrainSettings
    from charrec.training import train

    run = train(TrainSettings(optimizer="adam", hsize=64))
    run.summary["test"]["accuracy"]
"""

from __future__ import annotations

import os
import shlex
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import RichProgressBar

from charrec.checkpoints import SealedCheckpointIO, read_checkpoint
from charrec.classifier import (
    CharacterClassifier,
    adopt_weights,
    load_classifier,
    parameter_count,
)
from charrec.data.datamodule import CharacterDataModule
from charrec.errors import Interrupted, UserError
from charrec.evaluation import answer_test_split, write_test_report
from charrec.execution import (
    Execution,
    choose_execution,
    need_compiler,
    sees_steps,
    threads,
)
from charrec.figures.curves import draw_curves, read_metrics
from charrec.interruption import Interruption
from charrec.paths import full_path
from charrec.recording import EpochRecorder, EventLogger
from charrec.run import Run, find_run, new_folder
from charrec.saving import Checkpoints, RandomStates
from charrec.settings import TrainSettings
from charrec.statistics import in_words
from charrec.trainer import make_trainer


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
    letters = _letters(settings)
    letters.setup()
    run = Run(full_path(folder) if folder is not None else new_folder("outputs"))
    run.folder.mkdir(parents=True, exist_ok=True)
    run.refuse_if_used()
    with run.locked():
        run.refuse_if_used()  # since the first look, perhaps
        return _train(run, settings, letters, callbacks)


def resume(
    folder: str | Path, callbacks: Sequence[pl.Callback] = (), epochs: int | None = None
) -> Run:
    """Go on with a run from its last checkpoint, in the same folder with its own settings.

    A completed run is returned as it is, unless it is to have more epochs.

    Args:
        folder: of the run; ``latest`` is the unfinished one under ``outputs/`` that began last.
        epochs: how many the run is to have in all; None means as many as it was to have.

    Raises:
        UserError: the folder holds no run that can go on.
    """
    run = find_run(folder, "resume")
    with run.locked():
        settings = run.settings_to_go_on(epochs)
        if run.status == "completed" and settings.epochs == run.settings["epochs"]:
            warnings.warn(
                f"{run.folder} is completed: there is nothing to go on with; "
                f"epochs={2 * settings.epochs}, say, makes it longer",
                stacklevel=2,
            )
            return run
        checkpoint = _checkpoint_to_go_on_from(run)
        letters = _letters(settings)
        letters.setup()
        _refuse_other_letters(run, letters)
        return _train(run, settings, letters, callbacks, checkpoint)


def _checkpoint_to_go_on_from(run: Run) -> Path | None:
    """The last one, or the best where that is damaged; None for a run that ended before any.

    The best is of an earlier epoch: the epochs since then are learned once more, and alike.
    """
    there = [path for path in (run.last_checkpoint, run.best_checkpoint) if path.exists()]
    for path in there:
        try:
            load_classifier(path)
        except UserError as error:
            if path == there[-1]:
                raise
            warnings.warn(f"{error}\ngoing on from {there[-1].name}", stacklevel=3)
        else:
            return path
    return None


def _refuse_other_letters(run: Run, letters: CharacterDataModule) -> None:
    recorded = run.summary.get("letters")
    if recorded is not None and recorded != letters.fingerprint():
        raise UserError(
            f"data.root={letters.root}: the letters are others than when {run.folder} began; "
            "put those back, or start a new run with weights=RUN_DIR"
        )


def _train(
    run: Run,
    settings: TrainSettings,
    letters: CharacterDataModule,
    callbacks: Sequence[pl.Callback],
    checkpoint: Path | None = None,
) -> Run:
    for note in settings.notes:
        warnings.warn(note, stacklevel=3)
    classifier = _classifier(settings)
    execution = _execution(run, settings, classifier, callbacks)
    if execution.compile:
        need_compiler()
    classifier.compile_step = execution.compile
    letters.steps_per_execution = execution.steps_per_execution
    if settings.weights is not None and checkpoint is None:
        source = find_run(settings.weights, "weights")
        adopt_weights(classifier, load_classifier(source.best_checkpoint))
    recorder = EpochRecorder(run.folder, announce=not sys.stdout.isatty())
    checkpoints = Checkpoints(run)
    interruption = Interruption(checkpoints)
    ours = [recorder, RandomStates(), interruption, *callbacks, checkpoints]
    trainer = _trainer(run, settings, ours, checkpoint)
    with (
        _saying_how_to_go_on(run),
        interruption,
        run.recording(
            settings=settings.record(),
            execution=asdict(execution),
            letters=letters.fingerprint(),
        ),
    ):
        with threads(execution.threads):
            _fit(trainer, classifier, letters, checkpoint)
        run.record(
            epochs=len(recorder.rows),
            epoch_seconds=recorder.epoch_seconds(),
            train_seconds=round(recorder.train_seconds(), 3),
        )
        _conclude(run, settings, letters)
    return run


def _fit(
    trainer: pl.Trainer,
    classifier: CharacterClassifier,
    letters: CharacterDataModule,
    checkpoint: Path | None,
) -> None:
    try:
        trainer.fit(classifier, letters, ckpt_path=checkpoint, weights_only=True)
    except SystemExit as end:  # what Lightning makes of a KeyboardInterrupt
        if isinstance(end.__context__, KeyboardInterrupt):
            raise end.__context__ from None
        raise


@contextmanager
def _saying_how_to_go_on(run: Run) -> Iterator[None]:
    try:
        yield
    except Interrupted as stop:
        command = f"python -m charrec.train resume={shlex.quote(_shown(run.folder))}"
        raise Interrupted(stop.signal, f"interrupted; go on with\n  {command}") from None


def _execution(
    run: Run,
    settings: TrainSettings,
    classifier: CharacterClassifier,
    callbacks: Sequence[pl.Callback],
) -> Execution:
    """As a run that is gone on with began; else as the rules say."""
    if recorded := run.so_far.get("execution"):
        execution = Execution(**recorded)
        if execution.steps_per_execution > 1 and any(map(sees_steps, callbacks)):
            warnings.warn("the run goes on in blocks: callbacks see no single steps", stacklevel=5)
        return execution
    return choose_execution(settings, parameter_count(classifier), callbacks)


def _letters(settings: TrainSettings) -> CharacterDataModule:
    return CharacterDataModule(
        **asdict(settings.data), batch_size=settings.batch_size, seed=settings.seed
    )


def _classifier(settings: TrainSettings) -> CharacterClassifier:
    pl.seed_everything(settings.seed, verbose=False)
    classifier = CharacterClassifier(
        alphabet=settings.data.alphabet,
        image_size=settings.data.image_size,
        hsize=settings.hsize,
        activation=settings.activation,
        init=settings.init,
        optimizer=settings.optimizer,
        lr=settings.lr or 0,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
        optimizer_options=settings.optimizer_options,
        schedule=settings.schedule,
    )
    classifier.make_optimizer()  # refuses a wrong option before the run begins
    return classifier


def _trainer(
    run: Run, settings: TrainSettings, callbacks: list[pl.Callback], checkpoint: Path | None
) -> pl.Trainer:
    on_terminal = sys.stdout.isatty()
    bar: list[pl.Callback] = [RichProgressBar(refresh_rate=20)] if on_terminal else []
    ours = {
        "max_epochs": settings.epochs,
        "logger": EventLogger(run.folder, _steps_in(checkpoint)),
        "callbacks": [*callbacks, *bar],
        "plugins": [SealedCheckpointIO()],
        "enable_progress_bar": on_terminal,
        "default_root_dir": run.folder,
    }
    return make_trainer(ours | settings.trainer)


def _steps_in(checkpoint: Path | None) -> int | None:
    return read_checkpoint(checkpoint)["global_step"] if checkpoint else None


def _conclude(run: Run, settings: TrainSettings, letters: CharacterDataModule) -> None:
    """Test the best checkpoint; draw and record what came out."""
    if not run.best_checkpoint.exists():
        warnings.warn("no epoch was validated, so there is no best one to test", stacklevel=4)
        return
    best_epoch = _epoch_of(run.best_checkpoint)
    draw_curves(run.folder / "metrics.csv", run.folder / "loss_curve.png", best_epoch)
    where: dict[str, Any] = {
        key: settings.trainer[key]
        for key in ("accelerator", "devices", "precision")
        if key in settings.trainer
    }
    answers = answer_test_split(load_classifier(run.best_checkpoint), letters, where)
    write_test_report(answers, run.folder)
    run.record(
        best_epoch=best_epoch,
        validation=_validation_of(run.folder / "metrics.csv", best_epoch),
        test=answers.score(),
    )


def _epoch_of(checkpoint: Path) -> int:
    """Counted from 1, as everywhere but in Lightning."""
    return int(read_checkpoint(checkpoint)["epoch"]) + 1


def _validation_of(metrics: Path, epoch: int) -> dict[str, float]:
    columns = read_metrics(metrics)
    return {name: dict(columns[f"validation_{name}"])[epoch] for name in ("accuracy", "loss")}


def report(run: Run) -> str:
    """What came out, where it is and what to do next, in a few lines."""
    summary, folder = run.summary, _shown(run.folder)
    lines = [f"Run: {folder}"]
    if test := summary.get("test"):
        words = in_words(test["correct"], test["total"])
        lines.insert(0, f"Test accuracy of the best epoch, {summary['best_epoch']}: {words}")
        lines.append(f"Next: python -m charrec.predict images=FOLDER run={shlex.quote(folder)}")
    return "\n".join(lines)


def _shown(folder: Path) -> str:
    """From here, unless that would go through the folders above."""
    relative = os.path.relpath(folder)
    return str(folder) if relative.startswith("..") else relative
