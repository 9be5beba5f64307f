"""What each main checks before anything heavy is imported or any folder made."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import Any

from charrec.data.finding import need_pictures
from charrec.data.kinds import CHECKS as OF_LETTERS
from charrec.data.kinds import folder_of_pictures
from charrec.data.settings import DATA_NAMES, DataSettings
from charrec.errors import UserError
from charrec.exports.extras import need_packages
from charrec.new_folders import OR_A_PAGE, refuse_file_name
from charrec.paths import full_path
from charrec.rules import Rule, check_names, one_of, or_null, whole
from charrec.run import CHECKPOINTS, Run
from charrec.runs import find_readers, find_run, need_one_alphabet
from charrec.settings import TrainSettings
from charrec.trainer_arguments import check_trainer, processes

TEXT = Rule(lambda value: isinstance(value, str) and value != "", "a name or an address")


def check_train(settings: dict[str, Any]) -> None:
    if settings["resume"] is not None:
        run = find_run(settings["resume"], "resume")
        run.refuse_if_running()
        run.settings_to_go_on(settings["epochs"], settings["data"]["root"])
        return
    checked = TrainSettings.from_config(settings)
    if checked.weights is not None:
        _need_checkpoint(find_run(checked.weights, "weights"), "best")
    _check_letters(checked.data)


def check_test(settings: dict[str, Any]) -> None:
    run = _check_reading(settings)
    _check_letters(run.letters_to_test(settings["data"]))


def check_predict(settings: dict[str, Any]) -> None:
    if settings["images"] is None:
        raise UserError("images is not given; write images=FILE, images=FOLDER or images=GLOB")
    _check_reading(settings)
    need_pictures(settings["images"])


def check_demo(settings: dict[str, Any]) -> None:
    _check_reading(settings | {"out": None})
    check_names(settings["data"], ("root",), "data.")
    TEXT.check("host", settings["host"])
    or_null(whole(1, 65535)).check("port", settings["port"])
    if find_spec("gradio") is None:
        raise UserError("charrec.demo needs Gradio: pip install 'charrec[demo]'")


def check_check(settings: dict[str, Any]) -> None:
    check_names(settings, ("data", "out"))
    check_names(settings["data"], DATA_NAMES, "data.")
    data = DataSettings(**settings["data"])
    folder_of_pictures(data)
    if settings["out"] is not None:
        _need_place(settings["out"])


def check_report(settings: dict[str, Any]) -> None:
    """The letters only where they are named: without them there is a page all the same."""
    check_names(settings["data"], ("root",), "data.")
    one_of(CHECKPOINTS).check("checkpoint", settings["checkpoint"])
    if not isinstance(settings["run"], (str, type(None))):
        raise UserError("run: a page is of one run; name one folder")
    if settings["out"] is not None:
        _need_place(_folder_for(settings["out"]), OR_A_PAGE)
    run = find_run(settings["run"])
    letters = run.letters_to_test(settings["data"])
    if settings["data"]["root"] is not None:
        _check_letters(letters)


def _folder_for(page: str) -> str:
    """Of what may be a folder or a file that ends in ``.html``."""
    file = page.lower().endswith((".html", ".htm")) and not os.path.isdir(page)
    return os.path.dirname(page) or "." if file else page


def check_export(settings: dict[str, Any]) -> None:
    need_packages(settings["format"])
    _check_runs(settings)


def _check_reading(settings: dict[str, Any]) -> Run:
    """What test and predict have in common; the (first) run that they read with."""
    check_trainer(settings["trainer"])
    if processes(settings["trainer"]) > 1:
        raise UserError("trainer.devices: several train together; to test and predict, one does")
    return _check_runs(settings)


def _check_runs(settings: dict[str, Any]) -> Run:
    one_of(CHECKPOINTS).check("checkpoint", settings["checkpoint"])
    if settings["out"] is not None:
        _need_place(settings["out"])
    runs = find_readers(settings["run"])
    for run in runs:
        _need_checkpoint(run, settings["checkpoint"])
        _ = run.temperature
    if len(runs) > 1:
        need_one_alphabet(runs, [run.letters.alphabet for run in runs])
    return runs[0]


@cache  # once for all the runs of a sweep
def _check_letters(data: DataSettings) -> None:
    OF_LETTERS[data.kind](data)


def _need_checkpoint(run: Run, which: str) -> None:
    path = run.checkpoint(which)
    if not path.is_file():
        raise UserError(f"{path}: no such checkpoint; name the folder of a trained run")
    _ = run.settings  # refused where they are missing or broken


def _need_place(out: str, otherwise: str = "") -> None:
    refuse_file_name(out, otherwise)
    folder = full_path(out)
    there = next(path for path in (folder, *folder.parents) if os.path.exists(path))
    if not there.is_dir():
        raise UserError(f"out={out}: {there} is a file; name a folder")
    if not os.access(there, os.W_OK):
        raise UserError(f"out={out}: {there} cannot be written to; name another folder")


CHECKS: dict[str, Callable[[dict[str, Any]], None]] = {
    "train": check_train,
    "test": check_test,
    "predict": check_predict,
    "check": check_check,
    "report": check_report,
    "demo": check_demo,
    "export": check_export,
}
