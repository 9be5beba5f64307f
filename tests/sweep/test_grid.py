"""Sweeps from the command line: what is done once, what is refused, and how they go on."""

from __future__ import annotations

import json
import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra._internal.callbacks import Callbacks
from hydra.core.global_hydra import GlobalHydra
from hydra.types import HydraContext
from making_sweeps import make_sweep
from processes import Finished, run_main, start

from charrec.errors import Interrupted, UserError
from charrec.resources import resource
from charrec.run import Run
from charrec.sweep.folder import COMMAND, STOP, Sweep
from charrec.sweep.grid import GridSweeper


@pytest.fixture
def small(letters: Path) -> tuple[str, ...]:
    return (f"data.root={letters}", "data.alphabet=ABCD", "epochs=1", "trainer=cpu")


def statuses(folder: Path) -> list[str]:
    return [row["status"] for row in Sweep(folder).ledger.rows()]


def started_at(folder: Path) -> dict[str, str]:
    """When each completed job began, to see that none is done twice."""
    runs = (Run(path.parent) for path in folder.glob("*/summary.json"))
    return {r.folder.name: r.summary["started"] for r in runs if r.status == "completed"}


def sweep(*arguments: str, cwd: Path) -> Finished:
    return run_main("train", "-m", *arguments, cwd=cwd)


def test_each_experiment_once(small: tuple[str, ...], tmp_path: Path) -> None:
    grid = ("optimizer=sgd,adam", "hsize=4,8", "momentum=0,0.9", "hydra.sweep.dir=s")
    done = sweep(*grid, *small, cwd=tmp_path)
    assert done.exit_code == 0, done.stderr
    note = "charrec: warning: momentum={} has no effect: adam has no momentum"
    assert done.stderr.splitlines() == [note.format(momentum) for momentum in (0, 0.9)]
    lines = done.stdout.splitlines()
    assert lines[:2] == [
        "2 of 8 combinations are the same experiment as another",
        "Sweep: s, 6 of 6 jobs to do",
    ]
    assert re.fullmatch(
        r"Job 5 \(optimizer=adam hsize=8 momentum=null\): validation accuracy = \d+\.\d%; "
        r"6 of 6 done, best so far \d+\.\d% \(job \d\)",
        lines[7],
    )
    assert statuses(tmp_path / "s") == ["completed"] * 6
    names = {path.name for path in (tmp_path / "s").iterdir()}
    files = {"multirun.yaml", "ledger.csv", "compare.csv", "best.json", ".lock", ".ledger.csv.lock"}
    files |= {"effects.csv", "compare.html", "curves.png", "heat_map.png"}
    files |= {"parallel_coordinates.png", "accuracy_by_parameters.png"}
    assert names == {*map(str, range(6)), *files}
    best = json.loads((tmp_path / "s" / "best.json").read_text())
    accuracies = [float(r["best_validation_accuracy"]) for r in Sweep(tmp_path / "s").rows()]
    assert best["validation_accuracy"] == max(accuracies)
    run = f"run=s/{best['folder']}"
    assert lines[-4:] == [
        "Page: s/compare.html",
        f"Next: python -m charrec.test {run}",
        "      python -m charrec.compare s",
        "      tensorboard --logdir s",
    ]
    tested = run_main("test", "run=s", "trainer=cpu", cwd=tmp_path)
    assert tested.exit_code == 0, tested.stderr
    assert f"Test accuracy: {best['test_accuracy']:.1%}" in tested.stdout
    assert [path.name for path in (tmp_path / "s" / best["folder"] / "test").iterdir()]


def test_seeds_are_repeats(small: tuple[str, ...], tmp_path: Path) -> None:
    done = sweep("hsize=4", "seed=1,2,3", *small, "hydra.sweep.dir=s", cwd=tmp_path)
    assert done.exit_code == 0, done.stderr
    header, row, *_ = done.stdout.splitlines()[4:]
    assert header.split() == ["runs", "validation", "epoch", "test", "folder"]
    assert re.match(r"3     \d+\.\d% ± \d+\.\d%  1      \d+\.\d% ± \d+\.\d%  s/[012]$", row)


def test_a_grid_in_the_settings_of_hydra(small: tuple[str, ...], tmp_path: Path) -> None:
    grid = "hydra.sweeper.params={hsize:'4,8',epochs:'2'}"
    done = sweep(grid, *small[:2], "trainer=cpu", "hydra.sweep.dir=s", cwd=tmp_path)
    assert done.exit_code == 0, done.stderr
    settings = [Run(tmp_path / "s" / job).settings for job in "01"]
    assert [(found["hsize"], found["epochs"]) for found in settings] == [(4, 2), (8, 2)]
    assert Sweep(tmp_path / "s").arguments()[:2] == ["hsize=4,8", "epochs=2"]
    done = sweep(grid, "sweep.resume=s", cwd=tmp_path)
    assert (done.exit_code, "0 of 2 jobs to do" in done.stdout) == (0, True)


REFUSED = {
    "lr=1,-1": "lr=-1 is refused: lr is a number above 0, such as 1e-3",
    "lr=1,2 hydra.sweep.subdir=x": "hydra.sweep.subdir cannot be given here: jobs are numbered, "
    "and ledger.csv says what is varied; leave it out",
    "lr=1,2 hydra/sweeper=basic": "hydra/sweeper is refused: "
    "hydra._internal.core_plugins.basic_sweeper.BasicSweeper keeps no ledger; leave it out",
    "sweep.resume=nowhere": "sweep.resume=nowhere: no sweep there; name the folder of a sweep, "
    "under outputs/",
    "sweep.resume=latest": "sweep.resume=latest: no sweep under outputs/ has jobs left to do",
    "sweep.resume=x hydra.sweep.dir=y": "hydra.sweep.dir cannot be given here: a sweep that goes "
    "on keeps its folder; leave it out",
    "lr=1,2 sweep.retry_failed=true": "sweep.retry_failed goes with sweep.resume=DIR, "
    "the sweep that failed",
    "optimizer=[sgd,adam] lr=1,2": "optimizer is one choice: several, one a run, are -m "
    "optimizer=A,B",
    "sweep.fail_fast=true,false": "sweep.fail_fast is one for the whole sweep: give it one value",
}


@pytest.mark.parametrize("arguments", REFUSED)
def test_refused_before_anything_is_made(arguments: str, tmp_path: Path) -> None:
    done = sweep(*arguments.split(), cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (2, f"charrec: {REFUSED[arguments]}\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [("-m", "lr=1,2"), ("resume=latest",), ()])
def test_a_folder_in_which_hydra_can_run_nothing(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    odd = tmp_path / "a ${b}"
    odd.mkdir()
    done = run_main("train", *arguments, cwd=odd)
    told = f"charrec: {odd}: Hydra takes ${{ in a folder's name for a reference to a setting; "
    assert (done.exit_code, done.stderr) == (2, f"{told}work in another folder\n")
    assert list(odd.iterdir()) == []


def test_a_sweep_in_such_a_folder(tmp_path: Path) -> None:
    make_sweep(tmp_path / "${b}", "waiting")
    for name, folder in (("sweep.resume", "${b}"), ("hydra.sweep.dir", "'\\${b}/c'")):
        done = sweep(f"{name}={folder}", "lr=1,2", cwd=tmp_path)
        assert (done.exit_code, "charrec: " + str(tmp_path / "${b}") in done.stderr) == (2, True)


def test_settings_of_a_sweep_without_one(tmp_path: Path) -> None:
    done = run_main("train", "sweep.resume=latest", cwd=tmp_path)
    told = "charrec: sweep.resume is for sweeps: put -m in front\n"
    assert (done.exit_code, done.stderr, list(tmp_path.iterdir())) == (2, told, [])


# Failures

RECIPES = {
    **{f"fine{n}": ("32-true", 1e-3, 8 + n) for n in range(6)},
    "wrong": ("13", 1e-3, 16),  # refused by Lightning, once the job has begun
    "wild": ("32-true", 1e30, 16),  # diverges in its second step
}
LISTED = f"experiment={','.join(RECIPES)}"


@pytest.fixture
def recipes(tmp_path: Path) -> str:
    """Eight points, two of which fail, which no grid of single settings has."""
    folder = tmp_path / "conf" / "experiment"
    folder.mkdir(parents=True)
    for name, (precision, lr, hsize) in RECIPES.items():
        trainer = f"trainer: {{precision: {precision}}}"
        text = f"# @package _global_\n{trainer}\nlr: {lr}\nhsize: {hsize}\nactivation: relu\n"
        (folder / f"{name}.yaml").write_text(text)
    return f"--config-dir={tmp_path / 'conf'}"


def expected(first: int = 6) -> list[str]:
    """What is told of the failures, which are the jobs after so many others."""
    return [
        f"{first} (experiment=wrong): UserError: trainer is refused: Precision 13 is invalid. ",
        f"{first + 1} (experiment=wild): the loss is no longer finite in epoch 1, step 2, at lr=",
    ]


def failures(done: Finished, first: int = 6) -> list[str]:
    """The jobs that are listed as failures, and how that begins."""
    listed = re.findall(r"^  (\d+ \(.*)", done.stderr, re.MULTILINE)
    return [told[: len(known)] for told, known in zip(listed, expected(first), strict=True)]


@pytest.mark.slow
def test_a_failure_leaves_the_others(small: tuple[str, ...], recipes: str, tmp_path: Path) -> None:
    done = sweep(recipes, LISTED, *small, "hydra.sweep.dir=s", cwd=tmp_path)
    assert done.exit_code == 2
    assert failures(done) == expected()
    lines = done.stderr.splitlines()
    assert lines[0] == "charrec: 2 of 8 jobs did not complete:"
    assert lines[-2:] == [
        "go on with",
        f"  python -m charrec.train -m {recipes} sweep.resume=s sweep.retry_failed=true",
    ]
    assert statuses(tmp_path / "s") == ["completed"] * 6 + ["failed", "diverged"]
    wrong, wild = tmp_path / "s" / "6", tmp_path / "s" / "7"
    assert "Precision" in (wrong / "traceback.txt").read_text()
    assert (wild / "traceback.txt").read_text().startswith("Traceback (most recent call last):")
    assert (wrong / ".hydra" / "config.yaml").is_file()
    for row in Sweep(tmp_path / "s").ledger.rows()[6:]:
        assert (row["best_validation_accuracy"], float(row["seconds"]) < 60) == ("", True)

    before = started_at(tmp_path / "s")
    retried = sweep(*shlex.split(lines[-1])[4:], cwd=tmp_path)
    assert "Sweep: s, 2 of 8 jobs to do" in retried.stdout
    assert failures(retried) == expected()
    assert started_at(tmp_path / "s") == before


def test_nothing_is_started_after_a_failure_where_that_is_asked(
    small: tuple[str, ...], recipes: str, tmp_path: Path
) -> None:
    fast = ("experiment=fine0,wild,fine1", "sweep.fail_fast=true", "hydra.sweep.dir=s")
    done = sweep(recipes, *fast, *small, cwd=tmp_path)
    assert done.exit_code == 2
    assert "\n  2 (experiment=fine1): not started\n" in done.stderr
    assert statuses(tmp_path / "s") == ["completed", "diverged", "waiting"]
    assert not (tmp_path / "s" / "2").exists()
    again = ("sweep.resume=s", "sweep.retry_failed=true", "sweep.fail_fast=true")
    sweep(recipes, *again, cwd=tmp_path)
    assert statuses(tmp_path / "s") == ["completed", "diverged", "waiting"]
    (tmp_path / "s" / STOP).touch()  # as if killed in the middle
    done = sweep(recipes, "sweep.resume=s", cwd=tmp_path)
    assert statuses(tmp_path / "s") == ["completed", "diverged", "completed"]
    assert (done.exit_code, "1 of 3 jobs did not complete" in done.stderr) == (2, True)


# Going on


def ended(folder: Path) -> int:
    return sum(status not in ("waiting", "running") for status in statuses(folder))


@pytest.mark.slow
def test_killed_at_any_moment_nothing_is_lost_or_done_twice(
    small: tuple[str, ...], recipes: str, tmp_path: Path
) -> None:
    seed = random.randrange(10**6)
    killed_and_gone_on_with([recipes, LISTED, *small], 6, 2, seed, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3))
def test_twenty_four_points_on_the_embedded_letters(
    seed: int, recipes: str, tmp_path: Path
) -> None:
    """Of which one diverges and one raises, while the sweep is killed four times."""
    for number in range(6, 22):
        text = f"# @package _global_\nhsize: {number}\nlr: 1e-3\n"
        (tmp_path / "conf" / "experiment" / f"fine{number}.yaml").write_text(text)
    listed = f"experiment={','.join([*(f'fine{n}' for n in range(22)), 'wrong', 'wild'])}"
    killed_and_gone_on_with([recipes, listed, "trainer=cpu", "epochs=3"], 22, 4, seed, tmp_path)


def killed_and_gone_on_with(
    command: list[str], fine: int, times: int, seed: int, home: Path
) -> None:
    """A sweep of so many points that end well, and of two that do not; none is lost or repeated."""
    chance, points = random.Random(seed), fine + 2
    arguments, before = [*command, "hydra.sweep.dir=s"], started_at(home / "s")
    for part in range(times):
        count = part * fine // times + chance.randrange(fine // times)
        with start("train", "-m", *arguments, cwd=home) as process:
            assert process.until((home / "s" / COMMAND).exists)
            process.until(lambda count=count: ended(home / "s") >= count)  # type: ignore[misc]
            time.sleep(chance.random())
            process.send(signal.SIGKILL)
            assert process.wait().exit_code == -signal.SIGKILL, seed
        after = started_at(home / "s")
        assert before.items() <= after.items(), seed
        before, arguments = after, [*command, "sweep.resume=s"]
    done = sweep(command[0], "sweep.resume=s", cwd=home)
    assert (done.exit_code, failures(done, fine)) == (2, expected(fine)), seed
    assert before.items() <= started_at(home / "s").items(), seed
    rows = Sweep(home / "s").ledger.rows()
    assert [row["job"] for row in rows] == [str(n) for n in range(points)], seed
    assert len({row["fingerprint"] for row in rows}) == points
    assert statuses(home / "s") == ["completed"] * fine + ["failed", "diverged"], seed
    assert list((home / "s").rglob("*.draft")) == []
    again = sweep(command[0], "sweep.resume=s", cwd=home)
    assert f"Sweep: s, 0 of {points} jobs to do" in again.stdout
    assert failures(again, fine) == expected(fine)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_says_how_to_go_on(
    number: signal.Signals, small: tuple[str, ...], tmp_path: Path
) -> None:
    """In a folder whose name the shell and Hydra would both misread."""
    odd = "it's a (b=c), [d]"
    long = ("hsize=4,8", *small, "epochs=100000", "hydra/hydra_logging=none")
    escaped = odd.replace("'", "\\'")
    with start("train", "-m", *long, f"hydra.sweep.dir='{escaped}'", cwd=tmp_path) as process:
        metrics = tmp_path / odd / "0" / "metrics.csv"
        process.until(lambda: metrics.exists() and metrics.read_text().count("\n") > 3)
        process.send(number)
        done = process.wait()
    assert done.exit_code == 128 + number
    *_, message, command = done.stderr.splitlines()
    assert message == "charrec: interrupted; go on with"
    assert command == (
        f"  python -m charrec.train -m {shlex.quote(f'sweep.resume={odd}')} "
        "hydra/hydra_logging=none"
    )
    assert statuses(tmp_path / odd) == ["interrupted", "waiting"]
    rows = metrics.read_text().count("\n")
    with start("train", *shlex.split(command)[3:], cwd=tmp_path) as process:
        process.until(lambda: metrics.read_text().count("\n") > rows + 3)
        process.send(number)
        assert process.wait().exit_code == 128 + number
    assert [path.name for path in tmp_path.iterdir()] == [odd]
    assert statuses(tmp_path / odd) == ["interrupted", "waiting"]


def test_gone_on_with_it_ends_as_if_nothing_had_happened(
    small: tuple[str, ...], tmp_path: Path
) -> None:
    grid = ("hsize=4,8", *small, "epochs=30")
    with start("train", "-m", *grid, "hydra.sweep.dir=cut", cwd=tmp_path) as process:
        metrics = tmp_path / "cut" / "0" / "metrics.csv"
        process.until(lambda: metrics.exists() and metrics.read_text().count("\n") > 3)
        process.send(signal.SIGKILL)
        process.wait()
    assert sweep("sweep.resume=cut", cwd=tmp_path).exit_code == 0
    assert sweep(*grid, "hydra.sweep.dir=whole", cwd=tmp_path).exit_code == 0
    for job in "01":
        cut, whole = (tmp_path / name / job / "metrics.csv" for name in ("cut", "whole"))
        assert cut.read_bytes() == whole.read_bytes()


def test_from_another_folder(small: tuple[str, ...], letters: Path, tmp_path: Path) -> None:
    """Where the letters were named as seen from the first one."""
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "my (letters)").symlink_to(letters)
    grid = ("hsize=4,8", "data.root=my (letters)", *small[1:], "hydra.sweep.dir=s")
    assert sweep(*grid, cwd=tmp_path / "first").exit_code == 0
    shutil.rmtree(tmp_path / "first" / "s" / "1")
    done = sweep("sweep.resume=first/s", cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "Sweep: first/s, 1 of 2 jobs to do" in done.stdout


@pytest.mark.slow
def test_a_grid_that_grew(small: tuple[str, ...], tmp_path: Path) -> None:
    """And has lost a run: what is left to do is 2, 0, 3, 4 and 5, in this order."""
    assert sweep("hsize=4,8", *small, "hydra.sweep.dir=s", cwd=tmp_path).exit_code == 0
    shutil.rmtree(tmp_path / "s" / "0")
    before = started_at(tmp_path / "s")
    done = sweep("lr=4e-3,1e-3", "hsize=16,8,4", *small, "sweep.resume=s", cwd=tmp_path)
    assert done.exit_code == 0, done.stderr
    rows = Sweep(tmp_path / "s").ledger.rows()
    assert [(row["hsize"], row["lr"]) for row in rows] == [
        *(("4", "0.004"), ("8", "0.004"), ("16", "0.004")),
        *(("16", "0.001"), ("8", "0.001"), ("4", "0.001")),
    ]
    assert list(before) == ["1"]
    assert before.items() <= started_at(tmp_path / "s").items()
    hsizes = [Run(tmp_path / "s" / row["job"]).settings["hsize"] for row in rows]
    assert hsizes == [4, 8, 16, 16, 8, 4]
    kept = (tmp_path / "s" / COMMAND).read_bytes()
    part = sweep("epochs=2", "sweep.resume=s", cwd=tmp_path)
    assert (part.exit_code, part.stderr.startswith("charrec: s has none of these jobs: ")) == (
        2,
        True,
    )
    assert (tmp_path / "s" / COMMAND).read_bytes() == kept
    done = sweep("sweep.resume=s", cwd=tmp_path)
    assert (done.exit_code, "0 of 6 jobs to do" in done.stdout) == (0, True)


def test_a_second_process_waits(small: tuple[str, ...], tmp_path: Path) -> None:
    long = ("hsize=4", *small, "epochs=100000", "hydra.sweep.dir=s")
    with start("train", "-m", *long, cwd=tmp_path) as process:
        process.until(lambda: (tmp_path / "s" / "0" / "metrics.csv").exists())
        done = sweep("sweep.resume=s", cwd=tmp_path)
    told = f"charrec: {tmp_path}/s is worked on by another process; wait for its end\n"
    assert (done.exit_code, done.stderr) == (2, told)


# In other processes


class Elsewhere:
    """A launcher whose jobs never begin, for something comes before."""

    def __init__(self, comes: Callable[[], None]) -> None:
        self.comes = comes

    def launch(self, job_overrides: list[list[str]], initial_job_idx: int) -> None:
        self.comes()


def sweep_with(launcher: Elsewhere, folder: Path) -> None:
    with initialize_config_dir(str(resource("conf")), version_base="1.3"):
        where = [f"hydra.sweep.dir={folder}", "hydra/launcher=basic", "sweep.threads=2"]
        config = compose("train", overrides=where, return_hydra_config=True)
        sweeper: Any = GridSweeper()
        loader = GlobalHydra.instance().config_loader()
        sweeper.config, sweeper.hydra_context = config, HydraContext(loader, Callbacks())
        sweeper.launcher = launcher
        sweeper.sweep(["hsize=4,8"])


@pytest.fixture
def survives(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A signal that nobody handles fails the test instead of ending all tests."""
    before = signal.signal(signal.SIGTERM, lambda *_: pytest.fail("nobody handled it"))
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("survives")
def test_interrupted_while_it_waits_for_other_processes(tmp_path: Path) -> None:
    launcher = Elsewhere(lambda: signal.raise_signal(signal.SIGTERM))
    with pytest.raises(Interrupted) as stopped:
        sweep_with(launcher, tmp_path / "s")
    assert stopped.value.exit_code == 143
    resume = f"sweep.resume={tmp_path}/s sweep.threads=2"
    command = f"python -m charrec.train -m {resume} hydra/launcher=basic"
    assert str(stopped.value) == f"interrupted; go on with\n  {command}"
    assert statuses(tmp_path / "s") == ["waiting", "waiting"]


def test_a_launcher_that_breaks(tmp_path: Path) -> None:
    def breaks() -> None:
        raise RuntimeError("no such queue\nand more")

    with pytest.raises(UserError) as refused:
        sweep_with(Elsewhere(breaks), tmp_path / "s")
    assert str(refused.value).splitlines()[:4] == [
        "2 of 2 jobs did not complete:",
        "  0 (hsize=4): not started",
        "  1 (hsize=8): not started",
        "  the launcher ended early: RuntimeError: no such queue",
    ]


LAUNCHER = """
import multiprocessing

from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.core.config_store import ConfigStore

class Forking(BasicLauncher):
    \"\"\"Every job in a process of its own, all at a time.\"\"\"

    def launch(self, job_overrides, initial_job_idx):
        context = multiprocessing.get_context("fork")
        numbered, launch = enumerate(job_overrides, initial_job_idx), super().launch
        jobs = [context.Process(target=launch, args=([o], n)) for n, o in numbered]
        for job in jobs:
            job.start()
        for job in jobs:
            job.join()
        return []

node = {"_target_": f"{__name__}.Forking"}
ConfigStore.instance().store(group="hydra/launcher", name="forking", node=node)
"""


@pytest.mark.slow
def test_jobs_in_processes_of_their_own(small: tuple[str, ...], tmp_path: Path) -> None:
    """One of which is killed: nothing is left in it to say so."""
    plugin = tmp_path / "plugins" / "hydra_plugins" / "forking" / "__init__.py"
    plugin.parent.mkdir(parents=True)
    plugin.write_text(LAUNCHER)
    path = os.pathsep.join([str(tmp_path / "plugins"), os.environ.get("PYTHONPATH", "")])
    grid = ("epochs=1,100000", "hsize=4", "hydra.sweep.dir=s", "hydra/launcher=forking")
    command = [sys.executable, "-m", "charrec.train", "-m", *small[:2], "trainer=cpu", *grid]
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, **streams
    ) as process:
        over = time.monotonic() + 60
        while not (tmp_path / "s/1/metrics.csv").exists() or ended(tmp_path / "s") < 1:
            assert time.monotonic() < over
            time.sleep(0.1)
        os.kill(Run(tmp_path / "s" / "1").summary["process"], signal.SIGKILL)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "1 of 2 done, 1 running, best so far" in out
    assert "charrec: 1 of 2 jobs did not complete:\n  1 (epochs=100000): cut off\n" in err
    assert err.endswith("-m sweep.resume=s hydra/launcher=forking\n")
    assert statuses(tmp_path / "s") == ["completed", "cut off"]
