"""Which run a command means."""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from charrec.data.finding import natural_order
from charrec.errors import UserError
from charrec.paths import full_path
from charrec.run import CAN_GO_ON, SUMMARY, Run

LATEST = "latest"
Named = Run | str | Path | None  # a run, its folder, that of a sweep, a glob; None: the newest
NAMED = (Run, str, Path, type(None))
LEDGER, BEST = "ledger.csv", "best.json"  # in a sweep's folder


def find_runs(outputs: str | Path = "outputs") -> list[Run]:
    """Every run in `outputs`, those of sweeps included."""
    return [Run(path.parent) for path in Path(outputs).glob(f"**/{SUMMARY}")]


def _ended(run: Run) -> str:
    """When a completed run ended, in an order that sorts as text; "" for any other."""
    try:
        summary = run.summary
    except UserError:  # a broken one must not hide the others
        return ""
    completed = summary.get("status") == "completed" and run.best_checkpoint.exists()
    return str(summary.get("ended") or "") if completed else ""


def _newest(outputs: str | Path, when: Callable[[Run], str], none: str) -> Run:
    """The run with the greatest `when`; `none` is said where it is "" for all."""
    newest = max(find_runs(outputs), key=when, default=None)
    if newest is None or not when(newest):
        raise UserError(none)
    return newest


def newest_completed(outputs: str | Path = "outputs") -> Run:
    """The completed run that ended last.

    Raises:
        UserError: there is none.
    """
    return _newest(
        outputs,
        _ended,
        f"no completed run under {Path(outputs)}/; train one with python -m charrec.train, "
        "or name one with run=RUN_DIR",
    )


def newest_unfinished(outputs: str | Path = "outputs") -> Run:
    """Of the runs that `resume` can go on with the one that started last.

    Raises:
        UserError: there is none.
    """
    return _newest(
        outputs,
        _began,
        f"resume={LATEST}: no run under {Path(outputs)}/ was interrupted, cut off or failed",
    )


def _began(run: Run) -> str:
    """When a run started that can go on, in an order that sorts as text; "" for any other."""
    try:
        return str(run.summary.get("started") or "") if run.status in CAN_GO_ON else ""
    except UserError:
        return ""


def find_run(folder: str | Path | None, setting: str = "run") -> Run:
    """The run in `folder`, or the newest completed one under ``outputs/`` for None.

    A sweep's folder stands for the best of its runs. With `setting` "resume", ``latest`` is the
    unfinished one that started last.

    Raises:
        UserError: the folder does not exist, or there is no completed run.
    """
    if str(folder) == "":
        raise UserError(f"{setting} is empty: name the folder of a run, under outputs/")
    if folder is None:
        return newest_completed()
    if setting == "resume" and str(folder) == LATEST:
        return newest_unfinished()
    path = Path(folder) if os.path.exists(folder) else full_path(folder)
    if not os.path.isdir(path):
        raise UserError(
            f"{setting}={folder}: no such folder; name the folder of a run, under outputs/"
        )
    return _best_of(path, setting) if (path / LEDGER).is_file() else Run(path)


def find_readers(run: Named | Sequence[Named]) -> list[Run]:
    """The runs that `run` names, which answer together where they are several; each once.

    Raises:
        UserError: there is none, or a folder that does not exist.
    """
    names = list(run) if isinstance(run, Iterable) and not isinstance(run, NAMED) else [run]
    if not names:
        raise UserError("run is empty: name the folder of a run, under outputs/")
    if "" in names and len(names) > 1:
        raise UserError(f"run names {len(names)} runs, one of them empty: take out a comma")
    for name in names:
        if not isinstance(name, NAMED):
            raise UserError(f"run={name} is no run: name its folder, or several in a list: [A, B]")
    found: dict[Path, Run] = {}
    for each in (run for name in names for run in _runs_of(name)):
        found.setdefault(each.folder.resolve(), each)
    return list(found.values())


def _runs_of(name: Named) -> list[Run]:
    if isinstance(name, Run):
        return [name]
    if name is None or os.path.exists(name) or not glob.has_magic(str(name)):
        return [find_run(name)]
    matches = [Path(match) for match in glob.glob(os.path.expanduser(name), recursive=True)]
    folders = [path for path in matches if any((path / f).is_file() for f in (LEDGER, SUMMARY))]
    return [find_run(folder) for folder in sorted(folders, key=natural_order)] or [find_run(name)]


def need_one_alphabet(runs: Sequence[Run], alphabets: Sequence[str]) -> None:
    """Raise UserError where runs that are to answer together read different letters."""
    for run, alphabet in zip(runs, alphabets, strict=True):
        if alphabet != alphabets[0]:
            raise UserError(
                f"{runs[0].folder} reads {alphabets[0]}, {run.folder} reads {alphabet}: "
                "runs that answer together need the same data.alphabet"
            )


def _best_of(sweep: Path, setting: str) -> Run:
    if setting == "resume":
        raise UserError(f"resume={sweep} is a sweep: go on with -m sweep.resume={sweep}")
    try:
        best = json.loads((sweep / BEST).read_text(encoding="utf-8"))["folder"]
        return Run(sweep / best)
    except (OSError, ValueError, TypeError, KeyError):
        cure = f"python -m charrec.compare {sweep} looks for it"
        raise UserError(f"{setting}={sweep} is a sweep without a best run; {cure}") from None
