"""Runs to be disturbed, and what a disturbed one must be the same in as one that was not."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from comparing import alike
from processes import Finished, Started, nothing, run_main, start
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from charrec.checkpoints import read_checkpoint

LONG = pytest.mark.long
SEED = 20261123
# So large that an epoch takes a quarter of a second: something can happen to it in the middle.
LARGE = ("hsize=256", "batch_size=1")
RECIPES = {
    "SGD in blocks": ("steps_per_execution=5", "hsize=24", "schedule=constant"),
    "SGD in long blocks": ("steps_per_execution=17", *LARGE),
    "Adam, cosine": ("optimizer=adam", "schedule=cosine", "steps_per_execution=7", *LARGE),
    "step by step": ("optimizer=adam", "steps_per_execution=1", "batch_size=4", "hsize=48"),
    "clipped": ("optimizer=rmsprop", "+trainer.gradient_clip_val=0.5", *LARGE),
}
# Of a checkpoint; the rest are times, Lightning's counts of its calls, and versions.
KEPT = (
    *("epoch", "global_step", "state_dict", "optimizer_states", "lr_schedulers"),
    *("CharacterDataModule", "train_metrics", "hyper_parameters"),
)
RESULTS = ("best_epoch", "validation", "test", "epochs", "settings", "letters", "execution")
REPORTS = ("metrics.csv", "test_predictions.csv", "per_letter.csv", "confusion_matrix.csv")


@dataclass
class Figures:
    """How many faults were tried, and what became of the runs."""

    what: str
    lost: list[str] = field(default_factory=list)
    tried: int = 0
    started: float = field(default_factory=time.monotonic)

    def check(self, name: str, verdict: Callable[[], None], faults: int = 1) -> None:
        """That a run survived so many faults."""
        self.tried += faults
        try:
            verdict()
        except AssertionError as error:
            self.lost += [f"{name}: {error}"[:2000]] * faults

    def close(self) -> None:
        survived, seconds = self.tried - len(self.lost), time.monotonic() - self.started
        print(
            f"{self.what} (seed {SEED}): {self.tried} tried, {survived} survived, "
            f"{len(self.lost)} lost, {seconds:.0f} s"
        )
        assert self.tried > 0
        assert self.lost == [], "\n".join(self.lost)


@dataclass(frozen=True)
class Recipe:
    """A training run that can be started again and again, in folders of its own."""

    letters: Path
    home: Path
    settings: tuple[str, ...]

    def arguments(self, name: str) -> tuple[str, ...]:
        data = (f"data.root={self.letters}", "data.alphabet=ABCD", "trainer=cpu")
        return (*data, *self.settings, f"hydra.run.dir={name}")

    def start(self, name: str, before: Callable[[], object] = nothing) -> Started:
        return start("train", *self.arguments(name), cwd=self.home, before=before)

    def resume(self, name: str, before: Callable[[], object] = nothing) -> Started:
        """From the start where the run was killed before it had a summary."""
        folder = self.home / name
        if not (folder / "summary.json").exists():
            shutil.rmtree(folder, ignore_errors=True)
            return self.start(name, before)
        return start("train", f"resume={name}", cwd=self.home, before=before)

    def undisturbed(self) -> Path:
        done = run_main("train", *self.arguments("undisturbed"), cwd=self.home)
        assert (done.exit_code, done.stderr) == (0, "")
        return self.home / "undisturbed"

    def finish(self, name: str) -> Finished:
        done = self.resume(name).wait()
        assert done.exit_code == 0, done.stderr
        assert "Traceback" not in done.stderr
        return done

    def ends_as(self, name: str, undisturbed: Path) -> None:
        """When it is gone on with once more."""
        self.finish(name)
        same_end(self.home / name, undisturbed)


def summary(folder: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    return read


def curves(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard shows of a run."""
    events = EventAccumulator(str(folder)).Reload()
    return {
        name: [(event.step, event.value) for event in events.Scalars(name)]
        for name in events.Tags()["scalars"]
    }


def checkpoints_alike(ours: Path, theirs: Path) -> None:
    for name in ("last", "best"):
        mine, yours = (
            read_checkpoint(run / "checkpoints" / f"{name}.ckpt") for run in (ours, theirs)
        )
        for key in KEPT:
            alike(mine[key], yours[key])
        alike(mine["callbacks"]["RandomStates"], yours["callbacks"]["RandomStates"])


def same_results(ours: Path, theirs: Path) -> None:
    """To the last bit, but for times; each row once, and nothing left over."""
    assert summary(ours)["status"] == "completed"
    assert {key: summary(ours)[key] for key in RESULTS} == {
        key: summary(theirs)[key] for key in RESULTS
    }
    for name in REPORTS:
        assert (ours / name).read_bytes() == (theirs / name).read_bytes(), name
    checkpoints_alike(ours, theirs)
    assert {path.name for path in (ours / "checkpoints").iterdir()} == {"best.ckpt", "last.ckpt"}
    assert [str(path) for path in ours.rglob("*draft*")] == []


def same_end(ours: Path, theirs: Path) -> None:
    """The same results, and in TensorBoard each event once.

    Within one process and one second TensorBoard orders its files by a count, 10 before 9: there
    only the results can be compared.
    """
    same_results(ours, theirs)
    shown = curves(ours)
    assert shown == curves(theirs)
    assert all([s for s, _ in c] == sorted({s for s, _ in c}) for c in shown.values())
