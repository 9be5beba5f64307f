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
from dataclasses import asdict
from pathlib import Path

import pytorch_lightning as pl
from pytorch_lightning.callbacks import RichProgressBar

from charrec.checkpoints import SealedCheckpointIO, count_in, read_checkpoint
from charrec.classifier import (
    CharacterClassifier,
    adopt_weights,
    load_classifier,
    parameter_count,
)
from charrec.conclusion import conclude
from charrec.data.datamodule import CharacterDataModule
from charrec.errors import UserError
from charrec.execution import (
    Execution,
    choose_execution,
    need_compiler,
    sees_steps,
    threads,
)
from charrec.interruption import Interruption
from charrec.paths import full_path
from charrec.recording import EpochRecorder, EventLogger
from charrec.run import Run, new_folder
from charrec.runs import find_run
from charrec.saving import Checkpoints, RandomStates
from charrec.settings import TrainSettings
from charrec.trainer import interrupts_unchanged, make_trainer

KEEPING = (EpochRecorder, RandomStates, Checkpoints)  # their states are what a run goes on from


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
    run = find_run(folder, "resume")
    with run.locked():
        settings = run.settings_to_go_on(epochs, root)
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
    if not there and run.epochs_so_far > 1:
        raise UserError(f"{run.last_checkpoint} is gone, and the best too: start a new run")
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


def _refuse_another_run(checkpoint: Path, classifier: CharacterClassifier) -> None:
    content = read_checkpoint(checkpoint)
    if content["hyper_parameters"] != dict(classifier.hparams):
        raise UserError(
            f"{checkpoint} is of another run: its settings are not those of summary.json; "
            "put the run's own back"
        )
    kept = content.get("callbacks")
    if not isinstance(kept, dict) or any(kind.__name__ not in kept for kind in KEEPING):
        raise UserError(f"{checkpoint} holds nothing to go on from; put the run's own back")


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
    if checkpoint is not None:
        _refuse_another_run(checkpoint, classifier)
    if settings.weights is not None and checkpoint is None:
        source = find_run(settings.weights, "weights")
        adopt_weights(classifier, load_classifier(source.best_checkpoint))
    execution = _execution(run, settings, classifier, callbacks)
    classifier.compile_step = execution.compile
    letters.steps_per_execution = execution.steps_per_execution
    recorder, checkpoints = EpochRecorder(run.folder), Checkpoints(run)
    interruption = Interruption(checkpoints)
    # What restores and what saves comes last: after whatever the callbacks do at the same point.
    ours = [recorder, *callbacks, RandomStates(), interruption, checkpoints]
    trainer = _trainer(run, settings, ours, checkpoint)
    about = {"execution": asdict(execution), "letters": letters.fingerprint()}
    with interruption, run.recording(settings=settings.record(), **about):
        with threads(execution.threads):
            _fit(trainer, classifier, letters, checkpoint, interruption)
        run.record(**recorder.summary())
        conclude(run, settings, letters)
    return run


def _fit(
    trainer: pl.Trainer,
    classifier: CharacterClassifier,
    letters: CharacterDataModule,
    checkpoint: Path | None,
    interruption: Interruption,
) -> None:
    try:
        with interrupts_unchanged():
            trainer.fit(classifier, letters, ckpt_path=checkpoint, weights_only=True)
    except (UserError, OSError):
        raise
    except Exception as error:  # Lightning and torch raise whatever a crafted file leads them to
        if checkpoint is None or interruption.learned:
            raise
        raise UserError(
            f"{checkpoint} cannot be gone on from: {type(error).__name__}: "
            f"{str(error).partition(chr(10))[0]}"
        ) from error


def _execution(
    run: Run,
    settings: TrainSettings,
    classifier: CharacterClassifier,
    callbacks: Sequence[pl.Callback],
) -> Execution:
    """As a run that is gone on with began; else as the rules say."""
    if recorded := run.so_far.get("execution"):
        execution = Execution.from_record(recorded)
        if execution.steps_per_execution > 1 and any(map(sees_steps, callbacks)):
            warnings.warn("the run goes on in blocks: callbacks see no single steps", stacklevel=5)
        return execution
    execution = choose_execution(settings, parameter_count(classifier), callbacks)
    if execution.compile:
        need_compiler()
    return execution


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
        "logger": EventLogger(run.folder, after=_steps_in(checkpoint)),
        "callbacks": [*callbacks, *bar],
        "enable_progress_bar": on_terminal,
        "default_root_dir": run.folder,
    }
    plugins = settings.trainer.get("plugins") or []
    named = [plugins] if isinstance(plugins, str) else list(plugins)
    trainer = make_trainer(ours | settings.trainer | {"plugins": [*named, SealedCheckpointIO()]})
    # Else, where there are max_steps, an epoch that is over would be gone on with, as an empty one.
    trainer.fit_loop._iteration_based_training = lambda: False  # type: ignore[method-assign]
    return trainer


def _steps_in(checkpoint: Path | None) -> int:
    return count_in(checkpoint, "global_step") if checkpoint else 0
