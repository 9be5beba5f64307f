"""What learning takes, put together from a run's settings, and the learning itself."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytorch_lightning as pl

from charrec.bar import RunBar
from charrec.board.watching import Watcher
from charrec.checkpoints import SealedCheckpointIO, count_in
from charrec.classifier import CharacterClassifier, parameter_count
from charrec.data.datamodule import CharacterDataModule
from charrec.errors import EndedTogether, Pruned, UserError
from charrec.execution import (
    Execution,
    choose_execution,
    need_compiler,
    sees_steps,
    threads,
)
from charrec.going_on import (
    identity_of,
    refuse_another_run,
)
from charrec.interruption import Interruption
from charrec.processes import follows
from charrec.recording import EpochRecorder, EventLogger
from charrec.run import Run
from charrec.runs import find_run
from charrec.saving import Checkpoints, RandomStates
from charrec.screens import screen_here
from charrec.settings import TrainSettings
from charrec.trainer import interrupts_unchanged, make_trainer, together
from charrec.trainer_arguments import processes
from charrec.weights import adopt_weights, load_classifier

BAR = "enable_progress_bar"  # argument of the Trainer
DOUBLE = (64, "64", "64-true")


def letters_of(settings: TrainSettings) -> CharacterDataModule:
    return CharacterDataModule(
        **asdict(settings.data), batch_size=settings.batch_size, seed=settings.seed
    )


@dataclass(frozen=True)
class Parts:
    """What learning takes."""

    trainer: pl.Trainer
    classifier: CharacterClassifier
    letters: CharacterDataModule
    checkpoint: Path | None
    execution: Execution
    recorder: EpochRecorder
    interruption: Interruption
    about: dict[str, Any]  # for summary.json


def prepare(
    run: Run,
    settings: TrainSettings,
    letters: CharacterDataModule,
    callbacks: Sequence[pl.Callback],
    checkpoint: Path | None,
    first: bool = True,
) -> Parts:
    fingerprint = letters.fingerprint()  # of all their pixels: once
    classifier, identity = _classifier(settings), identity_of(settings, fingerprint)
    if checkpoint is not None:
        for path in filter(Path.exists, {checkpoint, run.best_checkpoint}):
            refuse_another_run(path, classifier, identity)
    start = _start_weights(run, settings, classifier, checkpoint)
    execution = _execution(run, settings, classifier, callbacks)
    classifier.compile_step = execution.compile
    classifier.augment, classifier.seed = settings.strengths, settings.seed
    letters.steps_per_execution = execution.steps_per_execution
    recorder, checkpoints = EpochRecorder(run.folder), Checkpoints(run, identity)
    interruption = Interruption(checkpoints, first)
    bars = _bars(settings, recorder)
    # What restores and what saves comes last: after whatever the callbacks do at the same point.
    ours = [
        recorder,
        Watcher(letters),
        *bars,
        *callbacks,
        RandomStates(),
        interruption,
        checkpoints,
    ]
    trainer = _trainer(run, settings, ours, checkpoint)
    about: dict[str, Any] = {"execution": asdict(execution), "letters": fingerprint}
    if start is not None:
        about["weights_sha256"] = start
    return Parts(trainer, classifier, letters, checkpoint, execution, recorder, interruption, about)


def _start_weights(
    run: Run,
    settings: TrainSettings,
    classifier: CharacterClassifier,
    checkpoint: Path | None,
) -> str | None:
    """Adopt those of another run, unless there is a checkpoint to go on from.

    Returns:
        The SHA-256 of the file they came from; None where none are asked for.

    Raises:
        UserError: they are others than when the run began.
    """
    began_with: str | None = run.so_far.get("weights_sha256")
    if checkpoint is not None or settings.weights is None:
        return began_with
    other = find_run(settings.weights, "weights")
    other.warn_if_known(settings.data, "validation", "test")
    source = other.best_checkpoint
    adopt_weights(classifier, load_classifier(source))
    found = hashlib.sha256(source.read_bytes()).hexdigest()
    if began_with not in (None, found):
        raise UserError(
            f"weights={settings.weights}: {source} is another one than when {run.folder} began; "
            "start a new run"
        )
    return found


def learn(parts: Parts) -> None:
    checkpoint = parts.checkpoint
    try:
        with (
            together(parts.trainer, parts.interruption.checkpoints.run.folder),
            threads(parts.execution.threads),
            interrupts_unchanged(),
        ):
            parts.trainer.fit(
                parts.classifier, parts.letters, ckpt_path=checkpoint, weights_only=True
            )
    except EndedTogether as end:
        raise end.stop from None
    except (UserError, Pruned, OSError):
        raise
    except Exception as error:  # Lightning and torch raise whatever a crafted file leads them to
        if checkpoint is None or parts.interruption.learned:
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
        label_smoothing=settings.label_smoothing,
        normalisation=settings.normalisation,
        views=settings.views,
    )
    if settings.trainer.get("precision") in DOUBLE:
        classifier.double()  # Lightning restores weights before it makes room for all their digits
    classifier.make_optimizer()  # refuses a wrong option before the run begins
    return classifier


def _bars(settings: TrainSettings, recorder: EpochRecorder) -> list[pl.Callback]:
    """One where it can be seen, and the recorder is silent; Lightning's own is never there."""
    screen = screen_here()
    if screen is None or follows(settings.trainer) or settings.trainer.get(BAR) is False:
        return []
    recorder.aloud = False
    return [RunBar(recorder, screen)]


def _trainer(
    run: Run, settings: TrainSettings, callbacks: list[pl.Callback], checkpoint: Path | None
) -> pl.Trainer:
    ours = {
        "max_epochs": settings.epochs,
        "logger": EventLogger(run.folder, after=_steps_in(checkpoint)),
        "callbacks": callbacks,
        BAR: False,
        "default_root_dir": run.folder,
    }
    plugins = settings.trainer.get("plugins") or []
    named = [plugins] if isinstance(plugins, str) else list(plugins)
    taken = (("logger", True), (BAR, True))  # which charrec has of its own
    theirs = {k: v for k, v in settings.trainer.items() if (k, v) not in taken}
    theirs |= {"plugins": [*named, SealedCheckpointIO()]}
    if theirs.get("devices") == "auto":
        theirs["devices"] = 1
    if processes(settings.trainer) > 1 and theirs.get("strategy", "auto") == "auto":
        theirs["strategy"] = "ddp"  # in a notebook Lightning would take another, and fork
    trainer = make_trainer(ours | theirs)
    # Else, where there are max_steps, an epoch that is over would be gone on with, as an empty one.
    trainer.fit_loop._iteration_based_training = lambda: False  # type: ignore[method-assign]
    return trainer


def _steps_in(checkpoint: Path | None) -> int:
    return count_in(checkpoint, "global_step") if checkpoint else 0
