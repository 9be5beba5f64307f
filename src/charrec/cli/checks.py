"""What each main checks before anything heavy is imported or any folder made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from charrec.data.letters import read_splits
from charrec.errors import UserError
from charrec.resources import embedded_letters
from charrec.run import Run, find_run
from charrec.settings import CHECKPOINTS, TrainSettings, check_trainer, one_of


def check_train(settings: dict[str, Any]) -> None:
    if settings["resume"] is not None:
        _need_checkpoint(find_run(settings["resume"], "resume"), "last")
        return
    checked = TrainSettings.from_config(settings)
    if checked.weights is not None:
        _need_checkpoint(find_run(checked.weights, "weights"), "best")
    read_splits(checked.data.root or embedded_letters(), checked.data.alphabet)


def check_test(settings: dict[str, Any]) -> None:
    one_of(CHECKPOINTS).check("checkpoint", settings["checkpoint"])
    check_trainer(settings["trainer"])
    _need_checkpoint(find_run(settings["run"]), settings["checkpoint"])


def check_predict(settings: dict[str, Any]) -> None:
    if settings["images"] is None:
        raise UserError("images is not given; write images=FILE, images=FOLDER or images=GLOB")
    check_test(settings)


def _need_checkpoint(run: Run, which: str) -> None:
    path = run.checkpoint(which)
    if not path.is_file():
        raise UserError(f"{path}: no such checkpoint; name the folder of a trained run")


CHECKS: dict[str, Callable[[dict[str, Any]], None]] = {
    "train": check_train,
    "test": check_test,
    "predict": check_predict,
}
