"""A sweep's folder: its ledger, its lock, the runs in it, and finding it again."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from charrec.errors import UserError
from charrec.files import write_whole
from charrec.locks import locked
from charrec.paths import full_path
from charrec.run import SUMMARY, Run
from charrec.runs import LATEST, LEDGER, find_runs
from charrec.sweep.ledger import FAILED, FOUND, TO_DO, Ledger, Row

COMMAND = "multirun.yaml"  # Hydra's name for it
STORAGE = "optuna.journal"  # of a search: its trials, as Optuna keeps them
STOP = ".stop"  # left by a job that failed where sweep.fail_fast is set


@dataclass(frozen=True)
class Sweep:
    """Many runs in one folder, each in a folder called by its number."""

    folder: Path

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.folder)

    def run(self, row: Row) -> Run:
        return Run(self.folder / row["folder"])

    def rows(self) -> list[Row]:
        """The ledger's rows, corrected by what the runs' own records say.

        A process that is killed cannot tell the ledger; who goes on with a single run does not.
        """
        rows = [row | _found(row, self.run(row)) for row in self.ledger.rows()]
        trained = {row["job"]: row for row in rows}
        return [row | _outcome_in(trained.get(row["folder"], row)) for row in rows]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else works on the sweep while in the block; a dead process holds no lock.

        Raises:
            UserError: another process does.
        """
        taken = f"{self.folder} is worked on by another process; wait for its end"
        with locked(self.folder, lambda: taken):
            (self.folder / STOP).unlink(missing_ok=True)  # of a sweep that was killed
            yield

    def keep_command(self, config: DictConfig, arguments: Iterable[str]) -> None:
        """The composed settings, with those that were given, so that they need not be again."""
        kept = OmegaConf.create(OmegaConf.to_container(config))
        kept.hydra.overrides.task = list(arguments)
        write_whole(self.folder / COMMAND, OmegaConf.to_yaml(kept))

    def arguments(self) -> list[str]:
        """The settings that the sweep was given on the command line, in Hydra's grammar.

        Raises:
            UserError: they were not kept, or are damaged.
        """
        path = self.folder / COMMAND
        try:
            return [str(override) for override in _hydra_in(path)["overrides"]["task"]]
        except Exception as error:  # YAML's, OmegaConf's, the system's: what it says is not there
            raise UserError(
                f"{path} does not say what the sweep was; give its settings once more"
            ) from error

    def search_settings(self) -> dict[str, Any] | None:
        """Those of the search that the sweep is, as plain values; None for a grid."""
        try:
            kept = _hydra_in(self.folder / COMMAND)["sweeper"]
            return None if "_target_" in kept else {str(name): kept[name] for name in kept}
        except Exception:  # as above; what a grid was, the command may say once more
            return None


def _hydra_in(path: Path) -> Any:
    kept: Any = OmegaConf.to_container(OmegaConf.load(path))
    return kept["hydra"]


def _found(row: Row, run: Run) -> Row:
    """What to correct in a row."""
    if not (run.folder / SUMMARY).exists():
        gone = {"running": "cut off", "completed": "waiting"}
        return {"status": gone.get(row["status"], row["status"])}
    try:
        return outcome(run)
    except UserError as error:  # a broken one must not hide the others
        return {"status": "failed", "error": str(error)}


def _outcome_in(row: Row) -> Row:
    return {name: row[name] for name in ("status", *FOUND, "error")}


def outcome(run: Run) -> Row:
    """How a run ended, as the ledger writes it.

    Raises:
        UserError: its summary is damaged.
    """
    summary = run.summary
    found: dict[str, Any] = {
        "best_validation_accuracy": (summary.get("validation") or {}).get("accuracy"),
        "best_epoch": summary.get("best_epoch"),
        "test_accuracy": (summary.get("test") or {}).get("accuracy"),
    }
    row = {name: "" if value is None else str(value) for name, value in found.items()}
    error = str(summary.get("error") or "").partition("\n")[0]
    return {"status": run.status, **row, "error": error}


def find_sweep(folder: str, retry_failed: bool = False) -> Sweep:
    """The sweep in `folder`; ``latest`` is the one under ``outputs/`` that ran last.

    Args:
        retry_failed: whether jobs that failed count among what is left to do, which the latest
            must have.

    Raises:
        UserError: there is none.
    """
    if folder == LATEST:
        return _newest_with(TO_DO + FAILED if retry_failed else TO_DO, Path("outputs"))
    path = full_path(folder)
    if not any((path / name).is_file() for name in (LEDGER, COMMAND)):
        raise UserError(
            f"sweep.resume={folder}: no sweep there; name the folder of a sweep, under outputs/"
        )
    return Sweep(path)


def _newest_with(statuses: Container[str], outputs: Path) -> Sweep:
    sweeps = [Sweep(path.parent.absolute()) for path in outputs.glob(f"**/{LEDGER}")]
    unfinished = [sweep for sweep in sweeps if _has_left(sweep, statuses)]
    if not unfinished:
        raise UserError(f"sweep.resume={LATEST}: no sweep under {outputs}/ has jobs left to do")
    return max(unfinished, key=_ran_last)


def _has_left(sweep: Sweep, statuses: Container[str]) -> bool:
    try:
        return any(row["status"] in statuses for row in sweep.rows())
    except UserError:  # a broken one must not hide the others
        return False


def _ran_last(sweep: Sweep) -> str:
    """When its last job started, or it was itself, in an order that sorts as text."""
    started = max(map(_started, find_runs(sweep.folder)), default="")
    return started or _as_recorded(sweep.ledger.path.stat().st_mtime)


def _started(run: Run) -> str:
    try:
        return str(run.summary.get("started") or "")
    except UserError:  # as above
        return ""


def _as_recorded(seconds: float) -> str:
    """A time as runs write it."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")
