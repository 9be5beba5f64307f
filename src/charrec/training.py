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
import time
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint, RichProgressBar

from charrec.classifier import (
    CharacterClassifier,
    adopt_weights,
    load_classifier,
    parameter_count,
)
from charrec.data.datamodule import CharacterDataModule
from charrec.errors import UserError
from charrec.evaluation import answer_test_split, write_test_report
from charrec.execution import (
    Execution,
    choose_execution,
    need_compiler,
    sees_steps,
    threads,
)
from charrec.figures.curves import draw_curves, read_metrics
from charrec.paths import full_path
from charrec.recording import EpochRecorder, EventLogger
from charrec.run import Run, find_run, new_folder
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
        UserError: letters that cannot be used, a loss that is no longer finite.
    """
    letters = _letters(settings)
    letters.setup()
    run = Run(full_path(folder) if folder is not None else new_folder("outputs"))
    run.folder.mkdir(parents=True, exist_ok=True)
    if any(path.name != ".hydra" for path in run.folder.iterdir()):
        raise UserError(f"{run.folder} already holds something; name another folder")
    return _train(run, settings, letters, callbacks)


def resume(folder: str | Path, callbacks: Sequence[pl.Callback] = ()) -> Run:
    """Go on with a run from its last checkpoint, in the same folder with its own settings.

    A completed run is returned as it is.

    Raises:
        UserError: the folder holds no run that can go on.
    """
    run = find_run(folder, "resume")
    run.refuse_if_running()
    if run.summary.get("status") == "completed":
        warnings.warn(f"{run.folder} is completed: there is nothing to go on with", stacklevel=2)
        return run
    settings = TrainSettings.from_record(run.settings)
    load_classifier(run.last_checkpoint)  # refuses a missing or broken one before Lightning starts
    letters = _letters(settings)
    letters.setup()
    with warnings.catch_warnings():
        # That the folder of a resumed run is not empty, or was moved, is no news.
        warnings.filterwarnings("ignore", message="Checkpoint directory .* exists")
        warnings.filterwarnings("ignore", message="The dirpath has changed")
        return _train(run, settings, letters, callbacks, run.last_checkpoint)


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
    trainer = _trainer(run, settings, [recorder, *_checkpoints(run), *callbacks])
    with run.recording(settings=settings.record(), execution=asdict(execution)):
        start = time.perf_counter()
        with threads(execution.threads):
            trainer.fit(classifier, letters, ckpt_path=checkpoint, weights_only=True)
        run.record(
            epochs=trainer.current_epoch,
            epoch_seconds=recorder.epoch_seconds(),
            train_seconds=round(time.perf_counter() - start, 3),
        )
        _conclude(run, settings, letters)
    return run


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


def _trainer(run: Run, settings: TrainSettings, callbacks: list[pl.Callback]) -> pl.Trainer:
    on_terminal = sys.stdout.isatty()
    bar: list[pl.Callback] = [RichProgressBar(refresh_rate=20)] if on_terminal else []
    ours = {
        "max_epochs": settings.epochs,
        "logger": EventLogger(run.folder, name="", version="", default_hp_metric=False),
        "callbacks": [*callbacks, *bar],
        "enable_progress_bar": on_terminal,
        "default_root_dir": run.folder,
    }
    return make_trainer(ours | settings.trainer)


class BestCheckpoint(ModelCheckpoint):
    """Remembers the best score when a run is gone on with, in another place too."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Lightning forgets it where the folder has another name than before."""
        super().load_state_dict(state_dict | {"dirpath": self.dirpath})
        self.best_model_path = self.kth_best_model_path = str(
            Path(self.dirpath or "") / "best.ckpt"
        )
        self.best_k_models = {self.best_model_path: state_dict["best_model_score"]}


def _checkpoints(run: Run) -> list[pl.Callback]:
    common: dict[str, Any] = {
        "dirpath": run.best_checkpoint.parent,
        "enable_version_counter": False,  # a name stays: best.ckpt, never best-v1.ckpt
    }
    return [
        BestCheckpoint(filename="best", monitor="validation_accuracy", mode="max", **common),
        ModelCheckpoint(filename="last", save_on_train_epoch_end=True, **common),
    ]


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
    return int(torch.load(checkpoint, map_location="cpu", weights_only=True)["epoch"]) + 1


def _validation_of(metrics: Path, epoch: int) -> dict[str, float]:
    columns = read_metrics(metrics)
    return {name: dict(columns[f"validation_{name}"])[epoch] for name in ("accuracy", "loss")}


def report(run: Run) -> str:
    """What came out, where it is and what to do next, in a few lines."""
    summary = run.summary
    folder = os.path.relpath(run.folder)
    folder = str(run.folder) if folder.startswith("..") else folder
    lines = [f"Run: {folder}"]
    if test := summary.get("test"):
        words = in_words(test["correct"], test["total"])
        lines.insert(0, f"Test accuracy of the best epoch, {summary['best_epoch']}: {words}")
        lines.append(f"Next: python -m charrec.predict images=FOLDER run={shlex.quote(folder)}")
    return "\n".join(lines)
