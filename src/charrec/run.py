"""A run's folder: making it, its lock, and its summary.json."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from charrec.closing import next_steps, of_runs, of_stopped
from charrec.data.overlap import may_know
from charrec.data.settings import DATA_NAMES, DataSettings
from charrec.errors import Diverged, Interrupted, Pruned, UserError
from charrec.files import remove_drafts, write_whole
from charrec.locks import LOCK, is_locked, locked
from charrec.ordinary import read_ordinary
from charrec.provenance import git_commit, versions
from charrec.rules import check_names, number, one_of
from charrec.settings import TrainSettings
from charrec.signals import signals_held

CHECKPOINTS = ("best", "last")
POSITIVE = number(lambda v: v > 0, "above 0")
CAN_GO_ON = ("interrupted", "cut off", "failed")
SUMMARY = "summary.json"
LARGEST_SUMMARY = 2**24  # bytes


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


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
        path = self.folder / SUMMARY
        try:
            summary = json.loads(read_ordinary(path, LARGEST_SUMMARY).decode())
        except FileNotFoundError:
            raise UserError(
                f"{self.folder} is no run: it has no summary.json; name the folder of a run"
            ) from None
        except (OSError, ValueError, RecursionError) as e:
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
        return self.settings_in(self.summary)

    @property
    def train_settings(self) -> TrainSettings:
        """`settings`, checked.

        Raises:
            UserError: the summary is damaged, or of another version of charrec.
        """
        return self.train_settings_in(self.summary)

    def train_settings_in(self, summary: dict[str, Any]) -> TrainSettings:
        """`train_settings` of a summary that has been read already."""
        try:
            return TrainSettings.from_record(self.settings_in(summary))
        except (TypeError, ValueError, AttributeError, KeyError) as e:  # lists for numbers, say
            raise UserError(f"{self._damaged()}: {e}") from e

    def settings_in(self, summary: dict[str, Any]) -> dict[str, Any]:
        """`settings` of a summary that has been read already."""
        settings = summary.get("settings")
        if not isinstance(settings, dict) or not isinstance(settings.get("data"), dict):
            raise UserError(f"{self._damaged()}: it holds no settings")
        return settings

    @property
    def letters(self) -> DataSettings:
        """The letters that the run was trained on.

        Raises:
            UserError: the summary is damaged.
        """
        data = self.settings["data"]
        try:
            return DataSettings(**data)
        except TypeError as e:
            raise UserError(f"{self._damaged()}: {e}") from e

    def letters_to_test(self, given: Mapping[str, Any]) -> DataSettings:
        """Its own letters, at the `root` that is given; or others, where their `kind` is given.

        Raises:
            UserError: the summary is damaged, or what is given is wrong or the run's alone.
        """
        own = self.letters
        check_names(given, DATA_NAMES, "data.")
        if "kind" not in given:
            root = given.get("root")
            return own if root is None else replace(own, root=root)
        others = DataSettings(**given)
        for name in ("image_size", "alphabet"):
            value = getattr(others, name)
            if value not in (getattr(own, name), getattr(DataSettings(), name)):
                raise UserError(
                    f"data.{name}={value} is refused: the run was trained with "
                    f"{getattr(own, name)}; leave it out"
                )
        return replace(others, image_size=own.image_size, alphabet=own.alphabet)

    def knows_others_than(self, fingerprint: str) -> bool:
        """Whether it was trained on other letters than these, so far as it is recorded."""
        return self.summary.get("letters") not in (None, fingerprint)

    def is_of(self, fingerprint: str) -> bool:
        """Whether it was trained on these very letters; an early run does not know."""
        return bool(self.summary.get("letters") == fingerprint)

    def warn_if_known(self, data: DataSettings, *splits: str) -> None:
        """That letters to be tested, or fitted to, may be ones that it was trained on."""
        if may_know(self.letters, data, *splits):
            warnings.warn(
                f"{self.folder} was trained on the same letters, drawn otherwise (data.split_seed "
                "or data.root, say): what it is asked now it may have seen in training",
                stacklevel=4,
            )

    @property
    def temperature(self) -> float:
        """What logits are divided by (see `calibration`); 1 for a run that did not complete.

        Raises:
            UserError: the summary is damaged.
        """
        found = self.so_far.get("temperature", 1.0)
        if not POSITIVE.holds(found):
            raise UserError(f"{self._damaged()}: temperature={found}")
        return float(found)

    @property
    def temperature_letters(self) -> int | None:
        """How many letters it was fitted to, if that is known."""
        found = self.so_far.get("temperature_letters")
        return found if isinstance(found, int) else None

    @property
    def calibrated(self) -> bool:
        """Whether a temperature was fitted, at the end of training."""
        return "temperature" in self.so_far

    def _damaged(self) -> str:
        return f"{self.folder / 'summary.json'} is damaged, name another run"

    def settings_to_go_on(
        self, epochs: int | None = None, root: str | Path | None = None
    ) -> TrainSettings:
        """Those that the run began with, but for epochs and data.root where these are given.

        Raises:
            UserError: the run diverged, or is to have fewer epochs than before.
        """
        settings = self.train_settings
        if self.status == "diverged":
            raise UserError(
                f"{self.folder} diverged, and would again: {self.summary.get('error')}, "
                "in a new run"
            )
        longer = settings if epochs is None else replace(settings, epochs=epochs)
        if root is not None:
            longer = replace(longer, data=replace(longer.data, root=root))
        if longer.epochs < settings.epochs:
            raise UserError(
                f"epochs={epochs} are fewer than the {settings.epochs} of {self.folder}; a run "
                "that goes on can only be made longer"
            )
        return longer

    @property
    def status(self) -> str:
        """As recorded, or "cut off": it says running, and no process is; or "pruned".

        That is an interruption by a search, not by accident: nobody waits for its end.
        """
        return self.status_in(self.summary)

    def status_in(self, summary: dict[str, Any]) -> str:
        """`status` of a summary that has been read already."""
        recorded = str(summary.get("status"))
        if recorded == "interrupted" and summary.get("pruned"):
            return "pruned"
        return "cut off" if recorded == "running" and not is_locked(self.folder) else recorded

    @property
    def epochs_so_far(self) -> int:
        """Rows of metrics.csv; the last may be of an epoch that no checkpoint has."""
        path = self.folder / "metrics.csv"
        return path.read_bytes().count(b"\n") - 1 if path.is_file() else 0

    def warn_if_unfinished(self) -> None:
        if not self.so_far or (status := self.status) == "completed":
            return
        cure = f": resume={self.folder} goes on with it" if status in CAN_GO_ON else ""
        warnings.warn(f"{self.folder} is not completed but {status}{cure}", stacklevel=3)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else writes in the folder while in the block; a dead process holds no lock.

        Raises:
            UserError: another process does.
        """
        with locked(self.folder, self._taken):
            if self.so_far:
                for folder in (self.folder, self.last_checkpoint.parent):
                    remove_drafts(folder)  # of a process that was killed
            try:
                yield
            finally:
                if not (self.folder / SUMMARY).exists():  # no run came of it
                    (self.folder / LOCK).unlink(missing_ok=True)

    def refuse_if_running(self) -> None:
        """Raise UserError while another process works in the folder."""
        if is_locked(self.folder):
            raise UserError(self._taken())

    def _taken(self) -> str:
        process = self.so_far.get("process")
        who = f"process {process}" if process else "another"
        return f"{self.folder} is written to by {who}; wait for its end"

    def known(self) -> dict[str, str]:
        """For the commands that close: its names, and that it can be gone on with if it can."""
        stopped = self.so_far and self.status in CAN_GO_ON
        return of_runs([self.folder]) | (of_stopped(self.folder) if stopped else {})

    def refuse_if_used(self) -> None:
        """Raise UserError where the folder holds more than what Hydra and the lock put there."""
        if any(path.name not in (".hydra", LOCK) for path in self.folder.iterdir()):
            raise UserError(f"{self.folder} already holds something; name another folder")

    @property
    def so_far(self) -> dict[str, Any]:
        """The summary, empty before there is one."""
        return self.summary if (self.folder / SUMMARY).exists() else {}

    def record(self, **entries: Any) -> None:
        """Add entries to ``summary.json``, or replace them."""
        known: dict[str, Any] = {}
        with suppress(UserError):  # broken meanwhile, by whomever: the rest is still to be told
            known = self.so_far
        self._write(known | entries)

    def _write(self, entries: dict[str, Any]) -> None:
        text = json.dumps(entries, indent=2, ensure_ascii=False)
        write_whole(self.folder / SUMMARY, text + "\n")

    @contextmanager
    def recording(self, **entries: Any) -> Iterator[None]:
        """Write the summary at the start, and how it ended whatever happens in between."""
        about = entries | {"started": self.so_far.get("started", _now()), "process": os.getpid()}
        about |= {"versions": versions(), "git": git_commit()}
        status, error, where, pruned = "failed", None, None, None
        nothing = dict.fromkeys(("ended", "error", "diverged", "pruned"))
        try:
            # What an earlier leg found is not true of this one.
            self._write({"status": "running", **about, **nothing})
            yield
            status = "completed"
        except KeyboardInterrupt as stop:
            status = "interrupted"
            (command,) = next_steps("interrupted", of_stopped(self.folder))
            raise Interrupted.by(stop, f"interrupted; go on with\n  {command}") from None
        except Pruned as e:
            status, pruned = "interrupted", e.where
            raise
        except Diverged as e:
            status, error, where = "diverged", str(e), e.where
            raise
        except BaseException as e:
            error = f"{type(e).__name__}: {e}"
            raise
        finally:
            with signals_held():
                # All of it once more: the first time it may not have been possible.
                ends = {"ended": _now(), "error": error, "diverged": where, "pruned": pruned}
                self.record(status=status, **about, **ends)
