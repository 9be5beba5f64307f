"""A run's folder: making it, finding it, and its summary.json."""

from __future__ import annotations

import json
import os
import platform
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

from charrec.errors import Diverged, UserError
from charrec.paths import full_path
from charrec.resources import INSTALLED, PACKAGE
from charrec.rules import one_of

CHECKPOINTS = ("best", "last")
PACKAGES = ("charrec", "torch", "torchvision", "pytorch-lightning", "hydra-core", "pillow")


def run_id() -> str:
    """Four hexadecimal digits that keep folders of the same second apart."""
    return secrets.token_hex(2)


def new_folder(parent: str | Path) -> Path:
    """Make and return ``parent/DATE_TIME_xxxx``, which nobody else has."""
    while True:
        folder = Path(parent) / f"{datetime.now():%Y-%m-%d_%H-%M-%S}_{run_id()}"
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader, or a crash, finds the old one or the new one, never half."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def _versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}


def _git_commit() -> str | None:
    """The commit of the source tree that runs; None for an installed wheel."""
    if INSTALLED:  # perhaps into a folder of a repository that is somebody else's
        return None
    command = ["git", "-C", str(PACKAGE), "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


@dataclass(frozen=True)
class Run:
    """One trained network and everything recorded about it; the folder may be moved."""

    folder: Path

    @property
    def best_checkpoint(self) -> Path:
        return self.folder / "checkpoints" / "best.ckpt"

    @property
    def last_checkpoint(self) -> Path:
        return self.folder / "checkpoints" / "last.ckpt"

    def checkpoint(self, which: str) -> Path:
        one_of(CHECKPOINTS).check("checkpoint", which)
        return self.last_checkpoint if which == "last" else self.best_checkpoint

    @property
    def summary(self) -> dict[str, Any]:
        """What ``summary.json`` holds.

        Raises:
            UserError: it is missing or is not JSON.
        """
        path = self.folder / "summary.json"
        try:
            summary = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise UserError(
                f"{self.folder} is no run: it has no summary.json; name the folder of a run"
            ) from None
        except (OSError, ValueError) as e:
            raise UserError(f"{path} cannot be read: {e}") from e
        if not isinstance(summary, dict):
            raise UserError(f"{path} is no JSON object; name another run")
        return summary

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that the run was trained with.

        Raises:
            UserError: the summary is damaged.
        """
        settings = self.summary.get("settings")
        if not isinstance(settings, dict) or not isinstance(settings.get("data"), dict):
            raise UserError(f"{self.folder / 'summary.json'} holds no settings; name another run")
        return settings

    def refuse_if_running(self) -> None:
        """Raise UserError while another process of this machine works in the folder."""
        summary = self.summary
        process = summary.get("process")
        if summary.get("status") == "running" and isinstance(process, int) and _alive(process):
            raise UserError(f"{self.folder} is written to by process {process}; wait for its end")

    @property
    def so_far(self) -> dict[str, Any]:
        """The summary, empty before there is one."""
        return self.summary if (self.folder / "summary.json").exists() else {}

    def record(self, **entries: Any) -> None:
        """Add entries to ``summary.json``, or replace them."""
        known = self.so_far
        text = json.dumps(known | entries, indent=2, ensure_ascii=False)
        write_whole(self.folder / "summary.json", text + "\n")

    @contextmanager
    def recording(self, **entries: Any) -> Iterator[None]:
        """Write the summary at the start, and how it ended whatever happens in between."""
        started = self.so_far.get("started", _now())
        self.record(
            status="running", **entries, started=started, ended=None, error=None,
            process=os.getpid(), versions=_versions(), git=_git_commit(),
        )  # fmt: skip
        status, error = "failed", None
        try:
            yield
            status = "completed"
        except (KeyboardInterrupt, SystemExit):  # Lightning turns Ctrl-C into SystemExit
            status = "interrupted"
            raise
        except Diverged as e:
            status, error = "diverged", str(e)
            raise
        except BaseException as e:
            error = f"{type(e).__name__}: {e}"
            raise
        finally:
            self.record(status=status, error=error, ended=_now())


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return process != os.getpid()


def find_runs(outputs: str | Path = "outputs") -> list[Run]:
    """Every run in `outputs`, those of sweeps included."""
    return [Run(path.parent) for path in Path(outputs).glob("**/summary.json")]


def _ended(run: Run) -> str:
    """When a completed run ended, in an order that sorts as text; "" for any other."""
    try:
        summary = run.summary
    except UserError:  # a broken one must not hide the others
        return ""
    completed = summary.get("status") == "completed" and run.best_checkpoint.exists()
    return str(summary.get("ended") or "") if completed else ""


def newest_completed(outputs: str | Path = "outputs") -> Run:
    """The completed run that ended last.

    Raises:
        UserError: there is none.
    """
    newest = max(find_runs(outputs), key=_ended, default=None)
    if newest is None or not _ended(newest):
        raise UserError(
            f"no completed run under {Path(outputs)}/; train one with python -m charrec.train, "
            "or name one with run=RUN_DIR"
        )
    return newest


def find_run(folder: str | Path | None, setting: str = "run") -> Run:
    """The run in `folder`, or the newest completed one under ``outputs/`` for None.

    Raises:
        UserError: the folder does not exist, or there is no completed run.
    """
    if folder is None:
        return newest_completed()
    path = Path(folder) if os.path.exists(folder) else full_path(folder)
    if not os.path.isdir(path):
        raise UserError(
            f"{setting}={folder}: no such folder; name the folder of a run, under outputs/"
        )
    return Run(path)
