"""What each main checks before anything heavy is imported or any folder made."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from charrec.data.finding import find_pictures
from charrec.data.letters import read_splits
from charrec.errors import UserError
from charrec.resources import embedded_letters
from charrec.rules import one_of
from charrec.run import Run, find_run
from charrec.settings import CHECKPOINTS, TrainSettings, check_trainer, full_path


def check_train(settings: dict[str, Any]) -> None:
    if settings["resume"] is not None:
        _need_checkpoint(find_run(settings["resume"], "resume"), "last")
        return
    checked = TrainSettings.from_config(settings)
    if checked.weights is not None:
        _need_checkpoint(find_run(checked.weights, "weights"), "best")
    _check_letters(checked.data.root, checked.data.alphabet)


def check_test(settings: dict[str, Any]) -> None:
    run = _check_reading(settings)
    data = run.summary.get("settings", {}).get("data", {})
    root = full_path(settings["data"]["root"])
    if root is not None and "alphabet" in data:
        _check_letters(root, data["alphabet"])


def check_predict(settings: dict[str, Any]) -> None:
    if settings["images"] is None:
        raise UserError("images is not given; write images=FILE, images=FOLDER or images=GLOB")
    find_pictures(settings["images"])
    _check_reading(settings)


def _check_reading(settings: dict[str, Any]) -> Run:
    """What test and predict have in common; the run that they read with."""
    one_of(CHECKPOINTS).check("checkpoint", settings["checkpoint"])
    check_trainer(settings["trainer"])
    if settings["out"] is not None:
        _need_place(settings["out"])
    run = find_run(settings["run"])
    _need_checkpoint(run, settings["checkpoint"])
    return run


@cache  # once for all the runs of a sweep
def _check_letters(root: str | Path | None, alphabet: str) -> None:
    read_splits(root or embedded_letters(), alphabet)


def _need_checkpoint(run: Run, which: str) -> None:
    path = run.checkpoint(which)
    if not path.is_file():
        raise UserError(f"{path}: no such checkpoint; name the folder of a trained run")
    _ = run.summary  # refused where it is missing or broken


def _need_place(out: str) -> None:
    folder = Path(full_path(out) or out)
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir():
        raise UserError(f"out={out}: {there} is a file; name a folder")


CHECKS: dict[str, Callable[[dict[str, Any]], None]] = {
    "train": check_train,
    "test": check_test,
    "predict": check_predict,
}
