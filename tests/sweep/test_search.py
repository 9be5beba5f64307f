"""Searches from the command line: what is asked, what is done once, and how they go on."""

from __future__ import annotations

import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from making_sweeps import make_sweep
from optuna.trial import TrialState
from processes import Finished, run_main, start

from charrec.errors import UserError
from charrec.run import Run
from charrec.sweep.folder import Sweep
from charrec.sweep.ledger import Row
from charrec.sweep.search import need_optuna
from charrec.sweep.study import Study

SEARCH = "hydra/sweeper=optuna"
SPACE = ("lr=tag(log,interval(1e-4,1e-1))", "hsize=choice(4,8)", "optimizer=sgd,adam")


@pytest.fixture
def small(letters: Path) -> tuple[str, ...]:
    return (f"data.root={letters}", "data.alphabet=ABCD", "epochs=1", "trainer=cpu")


def search(*arguments: str, cwd: Path) -> Finished:
    return run_main("train", "-m", SEARCH, *arguments, cwd=cwd)


def go_on(*arguments: str, cwd: Path) -> Finished:
    return run_main("train", "-m", *arguments, cwd=cwd)


def trials(n: int, **others: object) -> list[str]:
    return [f"hydra.sweeper.{name}={value}" for name, value in {"n_trials": n, **others}.items()]


def rows(folder: Path) -> list[Row]:
    return Sweep(folder).ledger.rows()


def asked(folder: Path) -> list[Sequence[str]]:
    return [[row["lr"], row["hsize"], row["optimizer"]] for row in rows(folder)]


def states(folder: Path) -> list[tuple[int, str]]:
    return [(t.user_attrs["job"], t.state.name) for t in Study(folder).study.trials]


def started_at(folder: Path) -> dict[str, str]:
    runs = (Run(path.parent) for path in folder.glob("*/summary.json"))
    return {r.folder.name: r.summary["started"] for r in runs if r.status == "completed"}


@pytest.fixture(scope="module")
def whole(letters: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A search of four trials in ``s``, that tests read and do not change."""
    place = tmp_path_factory.mktemp("search")
    few = (f"data.root={letters}", "data.alphabet=ABCD", "epochs=1", "trainer=cpu")
    done = search(*SPACE, *few, *trials(4), "hydra.sweep.dir=s", cwd=place)
    assert (done.exit_code, done.stderr) == (0, "")
    (place / "stdout").write_text(done.stdout)
    return place


def test_what_comes_out(whole: Path) -> None:
    lines = (whole / "stdout").read_text().splitlines()
    assert lines[0] == "Search: s, 4 of 4 trials to do"
    assert re.fullmatch(
        r"Job 3 \(lr=\d\S* hsize=[48] optimizer=\w+\): validation accuracy = \d+\.\d%; "
        r"4 of 4 done, best so far \d+\.\d% \(job \d\)",
        lines[4],
    )
    names = {path.name for path in (whole / "s").iterdir()}
    files = {"multirun.yaml", "ledger.csv", "compare.csv", "best.json", "optuna.journal"}
    files |= {"effects.csv", "compare.html", "curves.png", "heat_map.png"}
    files |= {"parallel_coordinates.png", "accuracy_by_parameters.png"}
    locks = {".lock", ".ledger.csv.lock", ".optuna.journal.lock"}
    assert names == {*map(str, range(4)), *files, *locks}
    for row in rows(whole / "s"):
        settings = Run(whole / "s" / row["job"]).settings
        assert (str(settings["hsize"]), settings["optimizer"]) == (row["hsize"], row["optimizer"])
        assert settings["lr"] == float(row["lr"])
        assert 1e-4 <= settings["lr"] <= 1e-1
    assert lines[-3].startswith("Next: python -m charrec.test run=s/")


def test_optuna_is_told_what_the_ledger_says(whole: Path) -> None:
    study = Study(whole / "s").study
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE] * 4
    found = [float(row["best_validation_accuracy"]) for row in rows(whole / "s")]
    assert [trial.value for trial in study.trials] == found
    assert [list(trial.intermediate_values) for trial in study.trials] == [[1]] * 4


@pytest.mark.slow
def test_the_trials_are_those_of_the_seed(
    whole: Path, small: tuple[str, ...], tmp_path: Path
) -> None:
    """However often it is stopped, and started with fewer trials than it has in the end."""
    again = search(*SPACE, *small, *trials(1), "hydra.sweep.dir=s", cwd=tmp_path)
    assert again.exit_code == 0, again.stderr
    more = search("sweep.resume=s", *trials(4), cwd=tmp_path)
    assert more.stdout.startswith("Search: s, 3 of 4 trials to do\n"), more.stderr
    assert asked(tmp_path / "s") == asked(whole / "s")
    others = search(*SPACE, *small, *trials(1, seed=5), "hydra.sweep.dir=o", cwd=tmp_path)
    assert others.exit_code == 0
    assert asked(tmp_path / "o") != asked(whole / "s")[:1]


def test_nothing_is_left_of_it(whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole / "s", tmp_path / "s")
    done = go_on("sweep.resume=s", cwd=tmp_path)
    assert (done.exit_code, "Search: s, 0 of 4 trials to do" in done.stdout) == (0, True)
    fewer = search("sweep.resume=s", *trials(2), cwd=tmp_path)
    assert (fewer.exit_code, len(rows(tmp_path / "s"))) == (0, 4)
    latest = go_on("sweep.resume=latest", cwd=tmp_path)
    assert "sweep.resume=latest: no sweep under outputs/ has jobs left to do" in latest.stderr


def test_what_ended_before_optuna_was_told_is_told(whole: Path, tmp_path: Path) -> None:
    """As if killed in between."""
    shutil.copytree(whole / "s", tmp_path / "s")
    journal = tmp_path / "s" / "optuna.journal"
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:-1]))
    assert states(tmp_path / "s")[-1] == (3, "RUNNING")
    done = go_on("sweep.resume=s", cwd=tmp_path)
    assert "0 of 4 trials to do" in done.stdout
    assert states(tmp_path / "s") == [(job, "COMPLETE") for job in range(4)]


def test_same_settings_are_trained_once(small: tuple[str, ...], tmp_path: Path) -> None:
    space = ("optimizer=adam,adamw", "momentum=interval(0,0.9)")
    done = search(*space, *small, *trials(5), "hydra.sweep.dir=s", cwd=tmp_path)
    assert done.exit_code == 0, done.stderr
    table = rows(tmp_path / "s")
    first = {row["optimizer"]: row for row in reversed(table)}
    assert [row["folder"] for row in table] == [first[r["optimizer"]]["job"] for r in table]
    assert {path.parent.name for path in tmp_path.glob("s/*/summary.json")} == {
        row["job"] for row in first.values()
    }
    told = re.findall(r"Job (\d) .*: the same settings as job (\d)$", done.stdout, re.MULTILINE)
    assert told == [(r["job"], r["folder"]) for r in table if r["job"] != r["folder"]]
    values = [trial.value for trial in Study(tmp_path / "s").study.trials]
    assert values == [float(row["best_validation_accuracy"]) for row in table]


def test_failures_are_told_and_the_search_goes_on(small: tuple[str, ...], tmp_path: Path) -> None:
    """Precision 13 is refused by Lightning, once the job has begun; lr=1e30 diverges."""
    space = ("trainer.precision=32-true,13", "lr=1e-3,1e30", "activation=relu", "epochs=2")
    five = (*trials(5, sampler="random", seed=1), "hydra.sweep.dir=s")  # of which two are the same
    done = search(*space, *small[:2], "trainer=cpu", *five, cwd=tmp_path)
    table = rows(tmp_path / "s")
    found = {(row["trainer.precision"], float(row["lr"])): row["status"] for row in table}
    assert found == {
        ("32-true", 1e-3): "completed",
        ("32-true", 1e30): "diverged",
        ("13", 1e-3): "failed",
        ("13", 1e30): "failed",
    }
    ends = {"completed": "COMPLETE", "diverged": "FAIL", "failed": "FAIL"}
    assert states(tmp_path / "s") == [(int(r["job"]), ends[r["status"]]) for r in table]
    failed = [row for row in table if row["status"] == "failed"]
    assert done.exit_code == 2
    assert f"charrec: {len(failed)} of 5 jobs did not complete:\n" in done.stderr
    assert done.stderr.endswith("sweep.resume=s sweep.retry_failed=true\n")

    before = started_at(tmp_path / "s")
    again = go_on("sweep.resume=s", "sweep.retry_failed=true", cwd=tmp_path)
    left = sum(row["status"] != "completed" for row in table)
    assert f"Search: s, {left} of 5 trials to do" in again.stdout
    assert started_at(tmp_path / "s") == before
    assert len(states(tmp_path / "s")) == 5 + left


def test_after_a_failure_none_is_started_where_that_is_asked(
    small: tuple[str, ...], tmp_path: Path
) -> None:
    wild = ("lr=1e30,2e30", "activation=relu", "sweep.fail_fast=true", *trials(4))
    done = search(*wild, *small, "hydra.sweep.dir=s", cwd=tmp_path)
    assert [row["status"] for row in rows(tmp_path / "s")] == ["diverged"] + ["waiting"] * 3
    assert (done.exit_code, done.stderr.splitlines()[:2]) == (
        *(2, ["charrec: 3 of 4 jobs did not complete:", "  3 more: not started"]),
    )
    assert states(tmp_path / "s") == [(0, "FAIL")]


REFUSED = {
    "sweep.resume=s hydra.sweeper.n_trials=6": "hydra.sweeper.n_trials is no setting of a grid; "
    "those of a search go with hydra/sweeper=optuna",
    "lr=interval(1e-4,1e-1)": "interval(...) is for a search: give hydra/sweeper=optuna, "
    "or values, such as 0.01,0.1",
    f"{SEARCH} lr=interval(-1,1)": "lr=-1.0 is refused: lr is a number above 0, such as 1e-3",
    f"{SEARCH} hsize=4": "a search needs settings to vary: 'lr=tag(log,interval(1e-4,1e-1))' "
    "hsize=32,64, say",
    f"{SEARCH} hsize=4,8 hydra.sweeper.n_trials=0": "hydra.sweeper.n_trials=0 is refused: "
    "hydra.sweeper.n_trials is a whole number from 1 to 1000000",
    f"{SEARCH} hsize=4,8 hydra.sweeper.n_trails=3": "hydra.sweeper.n_trails is no setting; "
    "did you mean 'hydra.sweeper.n_trials'?\nsettings: hydra.sweeper._target_, "
    "hydra.sweeper.n_jobs, hydra.sweeper.n_startup_trials, hydra.sweeper.n_trials, "
    "hydra.sweeper.params, hydra.sweeper.pruner, hydra.sweeper.sampler, hydra.sweeper.seed",
    f"{SEARCH} sweep.resume=g": "g is a grid: leave out hydra/sweeper=optuna",
    f"{SEARCH} hsize=4,8 sweep.resume=s": "s is a search, which goes on with its own settings: "
    "give only sweep.resume and hydra.sweeper.n_trials",
    "hsize=4,8 sweep.resume=s": "s is a search, which goes on with its own settings: "
    "give only sweep.resume and hydra.sweeper.n_trials",
}


@pytest.mark.parametrize("arguments", REFUSED)
def test_refused_before_anything_is_made(arguments: str, whole: Path, tmp_path: Path) -> None:
    if "resume=s" in arguments:
        shutil.copytree(whole / "s", tmp_path / "s")
    make_sweep(tmp_path / "g", "waiting")
    (tmp_path / "g" / "multirun.yaml").write_text("hydra: {sweeper: {_target_: x}}\n")
    before = sorted(tmp_path.rglob("*"))
    done = go_on(*shlex.split(arguments), cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (2, f"charrec: {REFUSED[arguments]}\n")
    assert sorted(tmp_path.rglob("*")) == before


def without_optuna() -> None:
    sys.modules["optuna"] = None  # type: ignore[assignment]


def test_without_optuna(tmp_path: Path) -> None:
    with start("train", "-m", SEARCH, *SPACE, cwd=tmp_path, before=without_optuna) as process:
        done = process.wait()
    told = "charrec: hydra/sweeper=optuna needs Optuna: pip install 'charrec[optuna]'\n"
    assert (done.exit_code, done.stderr, list(tmp_path.iterdir())) == (2, told, [])


@pytest.mark.parametrize(
    ("broken", "why"), [(True, ", which cannot be imported (half)"), (False, "")]
)
def test_an_optuna_that_is_half_there(
    broken: bool, why: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "optuna").mkdir()
    fails = "raise ImportError('half')" if broken else "import what_it_needs_too"
    (tmp_path / "optuna" / "__init__.py").write_text(fails)
    monkeypatch.syspath_prepend(tmp_path)
    with monkeypatch.context() as patch:
        for name in [name for name in sys.modules if name.partition(".")[0] == "optuna"]:
            patch.delitem(sys.modules, name)
        with pytest.raises(UserError) as refused:
            need_optuna()
    told = f"hydra/sweeper=optuna needs Optuna{why}: pip install 'charrec[optuna]'"
    assert str(refused.value) == told


# Going on


def ended(folder: Path) -> int:
    table = rows(folder)
    return sum(row["status"] not in ("waiting", "running") for row in table)


@pytest.mark.slow
def test_killed_at_any_moment_nothing_is_lost_or_done_twice(
    whole: Path, small: tuple[str, ...], tmp_path: Path
) -> None:
    chosen = random.randrange(10**6)
    chance = random.Random(chosen)
    arguments = [SEARCH, *SPACE, *small, *trials(4), "hydra.sweep.dir=s"]
    before: dict[str, str] = {}
    for count in (0, chance.randrange(1, 3)):
        with start("train", "-m", *arguments, cwd=tmp_path) as process:
            process.until(lambda count=count: ended(tmp_path / "s") >= count)  # type: ignore[misc]
            process.until(lambda: (tmp_path / "s" / "multirun.yaml").exists())
            time.sleep(chance.random())
            process.send(signal.SIGKILL)
            assert process.wait().exit_code == -signal.SIGKILL, chosen
        after = started_at(tmp_path / "s")
        assert before.items() <= after.items(), chosen
        before, arguments = after, ["sweep.resume=s"]
    done = go_on("sweep.resume=s", cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (0, ""), chosen
    assert before.items() <= started_at(tmp_path / "s").items(), chosen
    assert asked(tmp_path / "s") == asked(whole / "s"), chosen
    assert states(tmp_path / "s") == [(job, "COMPLETE") for job in range(4)], chosen
    for job in "0123":
        files = (place / "s" / job / "metrics.csv" for place in (whole, tmp_path))
        assert len({file.read_bytes() for file in files}) == 1, chosen


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_says_how_to_go_on(
    number: signal.Signals, small: tuple[str, ...], tmp_path: Path
) -> None:
    """In a folder whose name the shell and Hydra would both misread."""
    odd = "it's a (b=c), [d]?%"
    escaped = odd.replace("'", "\\'")
    long = (*SPACE, *small, "epochs=100000", *trials(2), f"hydra.sweep.dir='{escaped}'")
    with start("train", "-m", SEARCH, *long, cwd=tmp_path) as process:
        metrics = tmp_path / odd / "0" / "metrics.csv"
        process.until(lambda: metrics.exists() and metrics.read_text().count("\n") > 3)
        process.send(number)
        done = process.wait()
    assert done.exit_code == 128 + number
    *_, message, command = done.stderr.splitlines()
    assert message == "charrec: interrupted; go on with"
    assert command == f"  python -m charrec.train -m {shlex.quote(f'sweep.resume={odd}')}"
    assert [row["status"] for row in rows(tmp_path / odd)] == ["interrupted", "waiting"]
    lines = metrics.read_text().count("\n")
    with start("train", *shlex.split(command)[3:], cwd=tmp_path) as process:
        process.until(lambda: metrics.read_text().count("\n") > lines + 3)
        process.send(number)
        assert process.wait().exit_code == 128 + number
    assert states(tmp_path / odd) == [(0, "RUNNING")]
    assert [path.name for path in tmp_path.iterdir()] == [odd]


@pytest.mark.slow
def test_several_at_a_time(small: tuple[str, ...], tmp_path: Path) -> None:
    """Through joblib's processes, which open the storage by themselves."""
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    several = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2", *trials(4, n_jobs=2))
    command = [*SPACE, *small, "epochs=3", *several, "hydra.sweep.dir=s"]
    done = subprocess.run(
        [sys.executable, "-m", "charrec.train", "-m", SEARCH, *command],
        cwd=tmp_path,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    table = rows(tmp_path / "s")
    assert [row["status"] for row in table] == ["completed"] * 4
    processes = [Run(tmp_path / "s" / job).summary["process"] for job in "0123"]
    assert len(set(processes)) == 2
    study = Study(tmp_path / "s").study
    assert [list(trial.intermediate_values) for trial in study.trials] == [[1, 2, 3]] * 4
    assert [trial.value for trial in study.trials] == [
        float(row["best_validation_accuracy"]) for row in table
    ]
