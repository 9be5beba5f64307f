"""Training a run from its settings: build, fit, test the best checkpoint, record.

::

    from charrec.settings import TrainSettings
    from charrec.training import train

    run = train(TrainSettings(optimizer="adam", hsize=64))
    run.summary["test"]["accuracy"]
"""

from __future__ import annotations

import hashlib
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import RichProgressBar

from charrec.checkpoints import SealedCheckpointIO, count_in
from charrec.classifier import (
    CharacterClassifier,
    adopt_weights,
    load_classifier,
    parameter_count,
)
from charrec.conclusion import best_so_far, conclude
from charrec.data.datamodule import CharacterDataModule
from charrec.errors import Interrupted, Pruned, UserError
from charrec.execution import (
    Execution,
    choose_execution,
    need_compiler,
    sees_steps,
    threads,
)
from charrec.going_on import (
    checkpoint_to_go_on_from,
    identity_of,
    is_over,
    refuse_another_run,
    refuse_other_letters,
)
from charrec.interruption import Interruption
from charrec.paths import full_path
from charrec.recording import EpochRecorder, EventLogger
from charrec.run import Run, new_folder
from charrec.runs import find_run
from charrec.saving import Checkpoints, RandomStates
from charrec.settings import TrainSettings
from charrec.trainer import interrupts_unchanged, make_trainer

DOUBLE = (64, "64", "64-true")


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
        if run.status == "completed" and is_over(run, settings):
            return run
        checkpoint = checkpoint_to_go_on_from(run)
        letters = _letters(settings)
        letters.setup()
        refuse_other_letters(run, letters)
        return _train(run, settings, letters, callbacks, checkpoint)


def _train(
    run: Run,
    settings: TrainSettings,
    letters: CharacterDataModule,
    callbacks: Sequence[pl.Callback],
    checkpoint: Path | None = None,
) -> Run:
    for note in settings.notes:
        warnings.warn(note, stacklevel=3)
    classifier, identity = _classifier(settings), identity_of(settings, letters)
    if checkpoint is not None:
        for path in filter(Path.exists, {checkpoint, run.best_checkpoint}):
            refuse_another_run(path, classifier, identity)
    about: dict[str, Any] = {"letters": letters.fingerprint()}
    if settings.weights is not None:
        about["weights_sha256"] = _start_weights(run, settings, classifier, checkpoint)
    execution = _execution(run, settings, classifier, callbacks)
    classifier.compile_step = execution.compile
    letters.steps_per_execution = execution.steps_per_execution
    recorder, checkpoints = EpochRecorder(run.folder), Checkpoints(run, identity)
    interruption = Interruption(checkpoints)
    # What restores and what saves comes last: after whatever the callbacks do at the same point.
    ours = [recorder, *callbacks, RandomStates(), interruption, checkpoints]
    trainer = _trainer(run, settings, ours, checkpoint)
    about["execution"] = asdict(execution)
    with interruption, run.recording(settings=settings.record(), **about):
        try:
            with threads(execution.threads):
                _fit(trainer, classifier, letters, checkpoint, interruption)
        except Pruned:
            if interruption.signal is not None:  # it came in the epoch's last step
                raise Interrupted(interruption.signal) from None
            run.record(**recorder.summary(), **best_so_far(run))
            raise
        recorder.write()
        run.record(**recorder.summary())
        conclude(run, settings, letters)
    return run


def _start_weights(
    run: Run,
    settings: TrainSettings,
    classifier: CharacterClassifier,
    checkpoint: Path | None,
) -> str:
    """Adopt those of another run, unless there is a checkpoint to go on from.

    Returns:
        The SHA-256 of the file they came from.

    Raises:
        UserError: they are others than when the run began.
    """
    began_with = run.so_far.get("weights_sha256")
    if checkpoint is not None:
        return str(began_with)
    source = find_run(settings.weights, "weights").best_checkpoint
    adopt_weights(classifier, load_classifier(source))
    found = hashlib.sha256(source.read_bytes()).hexdigest()
    if began_with not in (None, found):
        raise UserError(
            f"weights={settings.weights}: {source} is another one than when {run.folder} began; "
            "start a new run"
        )
    return found


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
    except (UserError, Pruned, OSError):
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
    if settings.trainer.get("precision") in DOUBLE:
        classifier.double()  # Lightning restores weights before it makes room for all their digits
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
    given = {k: v for k, v in settings.trainer.items() if (k, v) != ("logger", True)}
    trainer = make_trainer(ours | given | {"plugins": [*named, SealedCheckpointIO()]})
    # Else, where there are max_steps, an epoch that is over would be gone on with, as an empty one.
    trainer.fit_loop._iteration_based_training = lambda: False  # type: ignore[method-assign]
    return trainer


def _steps_in(checkpoint: Path | None) -> int:
    return count_in(checkpoint, "global_step") if checkpoint else 0
