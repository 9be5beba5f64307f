"""Sweeps by Hydra's launchers: jobs beside each other, in processes of their own."""

from __future__ import annotations

import os
import re
import signal
import site
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from processes import Alone, Finished, descendants, living, run_main

import charrec
from charrec.run import Run
from charrec.sweep.folder import Sweep

JOBLIB = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
WIDE = 4096  # units, for which a run alone would take all threads


@pytest.fixture
def small(letters: Path) -> tuple[str, ...]:
    return (f"data.root={letters}", "data.alphabet=ABCD", "trainer=cpu", "hydra.sweep.dir=s")


def statuses(folder: Path) -> list[str]:
    return [row["status"] for row in Sweep(folder).rows()]


def check_whole(ended: Finished, folder: Path, count: int) -> None:
    assert ended.exit_code == 0, ended.stderr
    assert statuses(folder) == ["completed"] * count
    assert [row["status"] for row in Sweep(folder).ledger.rows()] == ["completed"] * count
    threads = {Run(folder / str(n)).summary["execution"]["threads"] for n in range(count)}
    assert threads == {1}


@pytest.mark.slow
def test_joblib(small: tuple[str, ...], tmp_path: Path) -> None:
    grid = (f"hsize=4,8,{WIDE}", "seed=1,2", "epochs=1")
    with Alone("train", "-m", *JOBLIB, *grid, *small, cwd=tmp_path) as run:
        assert run.until(lambda: "running" in statuses(tmp_path / "s"))
        workers = descendants(run.pid)
        ended = run.wait()
    check_whole(ended, tmp_path / "s", 6)
    lines = [line for line in ended.stdout.splitlines() if line.startswith("Job ")]
    assert sorted(int(re.findall(r"^Job (\d) \(hsize=", line)[0]) for line in lines) == [*range(6)]
    assert ended.stderr == ""
    processes = {Run(tmp_path / "s" / str(n)).summary["process"] for n in range(6)}
    assert len(processes) <= 2, "a worker does one job after the other"
    assert processes <= set(workers)
    assert living(workers) == []


LONG = ("hsize=4,8,16", "epochs=100")


def learning(folder: Path, jobs: int) -> Callable[[], bool]:
    """Whether so many jobs have saved an epoch."""
    return lambda: len(list(folder.glob("*/checkpoints/last.ckpt"))) >= jobs


def go_on(tmp_path: Path) -> None:
    ended = run_main("train", "-m", "sweep.resume=s", "hydra/launcher=basic", cwd=tmp_path)
    check_whole(ended, tmp_path / "s", 3)
    assert [Run(tmp_path / "s" / job).summary["epochs"] for job in "012"] == [100] * 3


@pytest.mark.slow
def test_a_killed_worker(small: tuple[str, ...], tmp_path: Path) -> None:
    with Alone("train", "-m", *JOBLIB, *LONG, *small, cwd=tmp_path) as run:
        assert run.until(learning(tmp_path / "s", 2))
        workers = descendants(run.pid)
        os.kill(Run(tmp_path / "s" / "0").summary["process"], signal.SIGKILL)
        ended = run.wait()
    assert ended.exit_code == 2
    assert "jobs did not complete:" in ended.stderr.splitlines()[0]
    assert "  0 (hsize=4): cut off" in ended.stderr.splitlines()
    assert "  the launcher ended early: TerminatedWorkerError: " in ended.stderr
    assert ended.stderr.endswith(
        "go on with\n  python -m charrec.train -m sweep.resume=s "
        "hydra/launcher=joblib hydra.launcher.n_jobs=2\n"
    )
    assert living(workers) == []
    assert statuses(tmp_path / "s")[0] == "cut off"
    go_on(tmp_path)


def everybody(run: Alone) -> None:
    """As a terminal does it."""
    os.killpg(run.pid, signal.SIGINT)


def the_sweep_alone(run: Alone) -> None:
    os.kill(run.pid, signal.SIGINT)


@pytest.mark.slow
@pytest.mark.parametrize(
    "interrupt", [everybody, pytest.param(the_sweep_alone, marks=pytest.mark.long)]
)
def test_ctrl_c(interrupt: Callable[[Alone], None], small: tuple[str, ...], tmp_path: Path) -> None:
    command = ("-m", *JOBLIB, *LONG, *small)
    with Alone("train", *command, cwd=tmp_path) as run:
        assert run.until(learning(tmp_path / "s", 2))
        workers = descendants(run.pid)
        interrupt(run)
        ended = run.wait()
    assert ended.exit_code == 130, ended.stderr
    assert ended.stderr.endswith(
        "charrec: interrupted; go on with\n  python -m charrec.train -m sweep.resume=s "
        "hydra/launcher=joblib hydra.launcher.n_jobs=2\n"
    )
    assert "Traceback" not in ended.stderr
    assert living(workers) == []
    assert "running" not in statuses(tmp_path / "s")
    assert "completed" not in statuses(tmp_path / "s")
    go_on(tmp_path)


@pytest.mark.slow
def test_ray(small: tuple[str, ...], tmp_path: Path) -> None:
    ray = ("hydra/launcher=ray", "+hydra.launcher.ray.init.num_cpus=2")
    with Alone("train", "-m", *ray, f"hsize=4,{WIDE}", "epochs=1", *small, cwd=tmp_path) as run:
        assert run.until(lambda: "running" in statuses(tmp_path / "s"))
        workers = descendants(run.pid)
        ended = run.wait()
    check_whole(ended, tmp_path / "s", 2)
    assert living(workers) == []


@pytest.mark.slow
def test_submitit_local(small: tuple[str, ...], tmp_path: Path) -> None:
    local = ("hydra/launcher=submitit_local", "hsize=4,8", "epochs=1")
    with Alone("train", "-m", *local, *small, cwd=tmp_path) as run:
        ended = run.wait()
    check_whole(ended, tmp_path / "s", 2)
    told = [path.read_text() for path in (tmp_path / "s" / ".submitit").glob("*/*_log.out")]
    assert sum("): validation accuracy = " in text for text in told) == 2


@pytest.mark.slow
def test_a_job_whose_time_is_up_goes_on_from_where_it_was(
    small: tuple[str, ...], tmp_path: Path
) -> None:
    """Submitit's signal for it, which Slurm sends before a time limit or to make room."""
    local = ("hydra/launcher=submitit_local", "hsize=4", "epochs=100")
    with Alone("train", "-m", *local, *small, cwd=tmp_path) as run:
        assert run.until(learning(tmp_path / "s", 1))
        first = Run(tmp_path / "s" / "0").summary
        os.kill(first["process"], signal.SIGUSR2)
        ended = run.wait()
    check_whole(ended, tmp_path / "s", 1)
    last = Run(tmp_path / "s" / "0").summary
    assert (last["started"], last["epochs"]) == (first["started"], 100)
    assert last["process"] != first["process"]
    (told,) = (tmp_path / "s" / ".submitit").glob("*/*_log.out")
    assert "charrec: finishing the step" in told.with_suffix(".err").read_text()
    assert "Requeued job" in told.read_text()


# What is not there


@pytest.fixture(scope="module")
def without_launchers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All packages but Hydra's plugins, as an environment has them that lacks the extras."""
    packages = tmp_path_factory.mktemp("packages")
    for folder in map(Path, site.getsitepackages()):
        for path in folder.iterdir():
            if path.name != "hydra_plugins" and path.suffix != ".pth":
                (packages / path.name).symlink_to(path)
    return packages


MISSING = {
    "hydra/launcher=joblib": "hydra-joblib-launcher: pip install 'charrec[joblib]'",
    "hydra/launcher=ray": "hydra-ray-launcher: pip install 'charrec[ray]'",
    "hydra/launcher=submitit_local": "hydra-submitit-launcher: pip install 'charrec[submitit]'",
    "hydra/launcher=submitit_slurm": "hydra-submitit-launcher: pip install 'charrec[submitit]'",
}


@pytest.mark.parametrize("choice", MISSING)
def test_the_extra_to_install_is_named(
    choice: str, without_launchers: Path, tmp_path: Path
) -> None:
    """Python's -S leaves out the packages of this environment."""
    source = Path(charrec.__file__).parents[1]
    command = ["-S", "-X", "importtime", "-m", "charrec.train", "-m", choice, "lr=1,2"]
    done = subprocess.run(
        [sys.executable, *command],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": f"{source}{os.pathsep}{without_launchers}"},
        capture_output=True,
        text=True,
    )
    told = [line for line in done.stderr.splitlines() if not line.startswith("import time:")]
    assert (done.returncode, told) == (2, [f"charrec: {choice} needs {MISSING[choice]}"])
    assert not re.search(r"\|\s+(torch|numpy|joblib|ray|submitit)$", done.stderr, re.MULTILINE)
    assert list(tmp_path.iterdir()) == []
