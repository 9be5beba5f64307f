"""One job of a sweep, in whichever process it runs: trained or gone on with, and entered."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import time
import traceback
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, redirect_stdout, suppress
from pathlib import Path
from typing import Any

from charrec.cli.heavy import uncollected
from charrec.errors import Diverged, Pruned, UserError
from charrec.files import write_whole
from charrec.locks import LOCK
from charrec.run import CAN_GO_ON, Run
from charrec.saying import say
from charrec.settings import TrainSettings
from charrec.sweep.folder import STOP, outcome
from charrec.sweep.interruptible import saved_before_the_time_is_up
from charrec.sweep.ledger import DONE, Ledger, Row
from charrec.sweep.options import AUTO, threads_of_a_job
from charrec.sweep.progress import line
from charrec.terminal import is_live

TRACEBACK = "traceback.txt"
STAYS = (".hydra", LOCK)
RUNNING = "running"


def perform(settings: Mapping[str, Any], folder: Path, beside_others: bool = False) -> None:
    """Train the run in `folder`, which is called by the job's number, or go on with it.

    Whatever is raised ends this job alone: it stands in the ledger and in ``traceback.txt``. A job
    that somebody else has done or is doing is left to them: one that was waiting in a queue, say,
    while its sweep was gone on with.

    Args:
        beside_others: whether other jobs may run at the same time, in other processes.

    Raises:
        KeyboardInterrupt: Ctrl-C or SIGTERM, which end the sweep.
    """
    if (folder.parent / STOP).exists() or _is_somebody_elses(Run(folder)):
        return
    with saved_before_the_time_is_up():
        _perform(settings, folder, beside_others)


def _is_somebody_elses(run: Run) -> bool:
    """A sweep asks for no job that has ended as it was meant to: it has ended since then."""
    try:
        return bool(run.so_far) and run.status in (*DONE, RUNNING)
    except UserError:  # a damaged record says nothing
        return False


def _perform(settings: Mapping[str, Any], folder: Path, beside_others: bool) -> None:
    ledger, began = Ledger(folder.parent), time.monotonic()
    rows = ledger.update(folder.name, status=RUNNING, error="")
    before = float(next(r["seconds"] for r in rows if r["job"] == folder.name) or 0)
    entry: Row = {"status": "interrupted"}
    try:
        entry = _outcome_of(settings, folder, beside_others)
    finally:
        entry["seconds"] = f"{before + time.monotonic() - began:.1f}"
        rows = ledger.update(folder.name, **entry)
    if settings["sweep"]["fail_fast"] and entry["status"] not in (*DONE, RUNNING):
        (ledger.folder / STOP).touch()
    if not is_live(sys.stdout):  # else there is a bar (charrec.sweep.bar)
        say(line(rows, folder.name))


def _outcome_of(settings: Mapping[str, Any], folder: Path, beside_others: bool) -> Row:
    limit = threads_of_a_job(settings["sweep"].get("threads", AUTO), beside_others)
    try:
        with _quiet():
            with suppress(Pruned):  # which its summary tells
                _train(settings, folder, limit)
            return outcome(Run(folder))
    except (Exception, SystemExit) as error:
        status = "diverged" if isinstance(error, Diverged) else "failed"
        with suppress(OSError):  # a full disk, which is what the error says
            write_whole(folder / TRACEBACK, traceback.format_exc())
        message = str(error).partition("\n")[0]
        told = message if isinstance(error, Diverged) else f"{type(error).__name__}: {message}"
        return {"status": status, "error": told}


def _train(settings: Mapping[str, Any], folder: Path, limit: int | None) -> None:
    with uncollected():
        from charrec import execution, training  # torch, Lightning: seconds, once in a process
        from charrec.sweep.pruning import pruning_of

    run, pruning = Run(folder), pruning_of(folder, settings)
    if _is_somebody_elses(run):  # since the first look: the imports take seconds
        return
    with nullcontext() if limit is None else execution.threads(limit):
        if run.so_far and run.status in CAN_GO_ON:
            (folder / TRACEBACK).unlink(missing_ok=True)
            training.resume(folder, pruning)
            return
        with run.locked():
            _clear(folder)
        training.train(TrainSettings.from_config(settings), folder, pruning)


def _clear(folder: Path) -> None:
    """Remove what an attempt left that cannot be gone on with."""
    for path in folder.iterdir():
        if path.name not in STAYS:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what is said already: each epoch in ``metrics.csv``, notes by the sweep, once.

    Nor is garbage left: a run's objects point at each other in circles, and without a collection
    many runs' worth of them would be waiting for one.
    """
    try:
        with (
            open(os.devnull, "w") as nowhere,
            redirect_stdout(nowhere),
            warnings.catch_warnings(),
        ):
            warnings.filterwarnings("ignore", message=".* has no effect: ")
            yield
    finally:
        gc.collect()
