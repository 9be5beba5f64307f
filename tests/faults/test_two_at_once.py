"""Many at once: folders of their own, a cache that they share, a run that only one may write in."""

from __future__ import annotations

import os
import random
import re
import signal
import sys
from datetime import datetime
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from faults.moments import die_at, log_to
from faults.runs import LONG, Figures, Recipe, same_end, summary
from faults.stages import wait_in
from processes import Started, run_main, start

from charrec.run import Run

SMALL = ("steps_per_execution=5", "hsize=4", "epochs=2")
NAME = re.compile(r"2026-01-31_12-00-00_[0-9a-f]{4}")


# A hundred in the same second


def begin_together(ids: int) -> None:
    """All of a run but training, in a second that does not pass, with names of which few are free.

    In training's place stands a file that must not be there yet.
    """
    import hydra.core.utils

    import charrec.cli.entry

    drawn = iter(random.Random(os.getpid()).sample(range(ids), ids))
    entry: Any = charrec.cli.entry
    entry.run_id = lambda: f"{next(drawn):04x}"
    hydra.core.utils.datetime = _Still  # type: ignore[attr-defined]
    training: Any = ModuleType("charrec.training")
    conclusion: Any = ModuleType("charrec.conclusion")
    training.train = _in_its_folder
    conclusion.report = str
    sys.modules |= {"charrec.training": training, "charrec.conclusion": conclusion}


class _Still(datetime):
    @classmethod
    def now(cls, tz: Any = None) -> _Still:
        return cls(2026, 1, 31, 12)


def _in_its_folder(settings: object, folder: Path) -> None:
    os.close(os.open(folder / "summary.json", os.O_CREAT | os.O_EXCL | os.O_WRONLY))


@pytest.mark.parametrize(("count", "ids"), [(12, 16), pytest.param(100, 128, marks=LONG)])
def test_runs_that_start_together_get_a_folder_each(
    count: int, ids: int, letters: Path, tmp_path: Path
) -> None:
    figures = Figures(f"{count} runs in the same second")
    arguments = Recipe(letters, tmp_path, SMALL).arguments("x")[:-1]
    before = partial(begin_together, ids)
    begun = [start("train", *arguments, cwd=tmp_path, before=before) for _ in range(count)]
    for process in begun:
        figures.check(str(process.pid), partial(_has_begun_well, process))
    figures.close()
    folders = list((tmp_path / "outputs").iterdir())
    assert len(folders) == count
    assert all(NAME.fullmatch(folder.name) for folder in folders)
    assert all((folder / "summary.json").exists() for folder in folders)


def _has_begun_well(process: Started) -> None:
    done = process.wait()
    assert (done.exit_code, done.stderr) == (0, "")


def test_a_folder_that_two_are_given_is_one_s(letters: Path, tmp_path: Path) -> None:
    recipe = Recipe(letters, tmp_path, SMALL)
    both = [recipe.start("x") for _ in range(2)]
    ends = sorted((process.wait() for process in both), key=lambda done: done.exit_code)
    assert [done.exit_code for done in ends] == [0, 2]
    assert re.search(r"x (already holds something|is written to by process)", ends[1].stderr)
    assert summary(tmp_path / "x")["status"] == "completed"


# A cache


def with_cache(folder: Path, log: Path | None = None, dies_at: int = 0) -> None:
    os.environ["CHARREC_CACHE"] = str(folder)
    if log is not None:
        log_to(log)
    if dies_at:
        die_at(dies_at)


def test_two_that_fill_the_same_cache_do_each_other_no_harm(letters: Path, tmp_path: Path) -> None:
    recipe, figures = Recipe(letters, tmp_path, SMALL), Figures("a cache for two")
    undisturbed = recipe.undisturbed()
    for i in range(2):
        cold = partial(with_cache, tmp_path / f"cache{i}")
        both = {name: recipe.start(name, cold) for name in (f"a{i}", f"b{i}")}
        for name, process in both.items():
            assert process.wait().stderr == ""
            figures.check(name, partial(same_end, tmp_path / name, undisturbed))
        (entry,) = (tmp_path / f"cache{i}").iterdir()
        assert entry.suffix == ".npy"
    figures.close()


def test_one_killed_while_it_fills_the_cache_does_the_others_no_harm(
    letters: Path, tmp_path: Path
) -> None:
    recipe, figures = Recipe(letters, tmp_path, SMALL), Figures("kills while filling a cache")
    undisturbed, log = recipe.undisturbed(), tmp_path / "log"
    assert recipe.start("x", partial(with_cache, tmp_path / "cold", log)).wait().exit_code == 0
    seen = log.read_text().splitlines()
    first = 1 + seen.index("before fsync ")
    assert seen[first + 1].startswith("before replace charrec-")
    for due in (first, first + 2):  # before it is on the disk, before it has its name
        cache, name = tmp_path / f"cache{due}", f"killed{due}"
        killed = recipe.start(name, partial(with_cache, cache, None, due))
        other = recipe.start(f"beside{due}", partial(with_cache, cache))
        assert (killed.wait().exit_code, other.wait().exit_code) == (-signal.SIGKILL, 0)
        assert recipe.resume(name, partial(with_cache, cache)).wait().exit_code == 0
        for folder in (name, f"beside{due}"):
            figures.check(folder, partial(same_end, tmp_path / folder, undisturbed))
    figures.close()


# A run


def test_a_run_that_is_written_to_is_refused_until_its_process_is_dead(
    letters: Path, tmp_path: Path
) -> None:
    recipe = Recipe(letters, tmp_path, SMALL)
    undisturbed, seen = recipe.undisturbed(), tmp_path / "seen"
    process = recipe.start("x", partial(wait_in, "learning", seen, 60.0, 4))
    assert process.until(seen.exists)
    assert Run(tmp_path / "x").status == "running"
    before = {p: p.read_bytes() for p in (tmp_path / "x").rglob("*") if p.is_file()}
    for argument in ("resume=x", "resume=x epochs=9", "resume=latest", "hydra.run.dir=x"):
        given = argument.split()
        more = recipe.arguments("x")[:-1] if "dir" in argument else ()
        refused = run_main("train", *more, *given, cwd=tmp_path)
        assert refused.exit_code == 2
        assert len(refused.stderr.splitlines()) == 1
        if argument.startswith("resume=x"):
            said = f"charrec: x is written to by process {process.pid}; wait for its end\n"
            assert refused.stderr == said
    assert {p: p.read_bytes() for p in (tmp_path / "x").rglob("*") if p.is_file()} == before
    process.send(signal.SIGKILL)
    process.wait()
    assert (tmp_path / "x" / ".lock").exists()
    assert Run(tmp_path / "x").status == "cut off"
    recipe.ends_as("x", undisturbed)


def test_of_two_that_go_on_with_a_run_one_does(letters: Path, tmp_path: Path) -> None:
    recipe = Recipe(letters, tmp_path, SMALL)
    undisturbed, seen = recipe.undisturbed(), tmp_path / "seen"
    first = recipe.start("x", partial(wait_in, "learning", seen, 60.0, 4))
    assert first.until(seen.exists)
    first.send(signal.SIGKILL)
    first.wait()
    both = [recipe.resume("x", partial(wait_in, "learning", seen, 1.0)) for _ in range(2)]
    ends = sorted((process.wait() for process in both), key=lambda done: done.exit_code)
    assert [done.exit_code for done in ends] == [0, 2]
    assert re.search(r"x is written to by process \d+; wait", ends[1].stderr)
    same_end(tmp_path / "x", undisturbed)
