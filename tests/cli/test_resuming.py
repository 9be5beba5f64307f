"""``resume=`` on the command line: which run, with what beside it, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from processes import run_main

from charrec.run import Run

NO_CODE = "it reads files that can name code to call; give settings on the command line"


@pytest.fixture
def stopped(trained: Path, tmp_path: Path) -> Path:
    """An interrupted run of two epochs under outputs/, beside a completed one."""
    folder = tmp_path / "outputs" / "2026-01-31_12-00-00_ab12"
    shutil.copytree(trained, folder)
    Run(folder).record(status="interrupted", started="2026-01-31T12:00:00.000+00:00")
    shutil.copytree(trained, tmp_path / "outputs" / "2026-02-01_12-00-00_ab12")
    return folder


def epochs(folder: Path) -> list[str]:
    lines = (folder / "metrics.csv").read_text().splitlines()[1:]
    return [line.partition(",")[0] for line in lines]


def test_latest_is_the_unfinished_one(stopped: Path, tmp_path: Path) -> None:
    before = (stopped / "metrics.csv").read_bytes()
    done = run_main("train", "resume=latest", cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (0, "")
    assert f"Run: outputs/{stopped.name}\n" in done.stdout
    assert Run(stopped).summary["status"] == "completed"
    assert (stopped / "metrics.csv").read_bytes() == before
    assert len(list((tmp_path / "outputs").iterdir())) == 2

    none = run_main("train", "resume=latest", cwd=tmp_path)
    answer = "charrec: resume=latest: no run under outputs/ was interrupted, cut off or failed\n"
    assert (none.exit_code, none.stderr) == (2, answer)


def test_epochs_may_be_raised_and_not_lowered(stopped: Path, tmp_path: Path) -> None:
    name = f"outputs/{stopped.name}"
    first = (stopped / "metrics.csv").read_text()
    done = run_main("train", f"resume={name}", "epochs=4", cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (0, "")
    assert epochs(stopped) == ["1", "2", "3", "4"]
    assert (stopped / "metrics.csv").read_text().startswith(first)
    assert Run(stopped).summary["settings"]["epochs"] == 4

    less = run_main("train", f"resume={name}", "epochs=3", cwd=tmp_path)
    answer = f"charrec: epochs=3 are fewer than the 4 of {name}; a run that goes on can only be "
    assert (less.exit_code, less.stderr) == (2, f"{answer}made longer\n")
    same = run_main("train", f"resume={name}", "epochs=4", cwd=tmp_path)
    assert same.exit_code == 0
    assert f"{name} is completed: there is nothing to go on with; epochs=8, say" in same.stderr


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ("lr=1", "lr cannot go with resume, which keeps all settings: leave it out, or start a "),
        ("optimizer=adam", "optimizer cannot go with resume, which keeps all settings"),
        ("epochs=0", "epochs=0 is refused"),
        ("epochs=1.5", "epochs=1.5 is refused"),
        ("-m seed=1,2", "resume goes on with one run: leave out -m"),
    ],
)
def test_what_cannot_go_with_it(arguments: str, answer: str, stopped: Path, tmp_path: Path) -> None:
    before = (stopped / "summary.json").read_bytes()
    flags = [a for a in arguments.split() if a.startswith("-")]
    others = [a for a in arguments.split() if not a.startswith("-")]
    done = run_main("train", *flags, f"resume=outputs/{stopped.name}", *others, cwd=tmp_path)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"charrec: {answer}")
    assert (stopped / "summary.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["outputs"]


def test_one_that_diverged_is_not_gone_on_with(stopped: Path, tmp_path: Path) -> None:
    Run(stopped).record(status="diverged", error="the loss is no longer finite")
    done = run_main("train", f"resume=outputs/{stopped.name}", cwd=tmp_path)
    assert done.exit_code == 2
    assert "diverged, and would again: the loss is no longer finite" in done.stderr


# Code that a file may name


def evil_config(folder: Path, evil: Path) -> None:
    """A config as somebody else might hand it over, with a callback that makes a file."""
    (folder / ".hydra").mkdir(parents=True)
    callback = {"_target_": "subprocess.Popen", "args": ["touch", str(evil)]}
    config = {"hydra": {"callbacks": {"evil": callback}}}
    for name in ("config.yaml", "hydra.yaml", "train.yaml", "test.yaml", "predict.yaml"):
        (folder / ".hydra" / name).write_text(json.dumps(config))
    (folder / ".hydra" / "overrides.yaml").write_text("[]")


@pytest.mark.parametrize("main", ["test", "predict", "train"])
@pytest.mark.parametrize(
    "flag",
    ["--experimental-rerun={}/config.pickle", "--config-dir={}", "--config-path={}", "-cn={}/x"],
)
def test_configs_of_somebody_else_are_refused(
    flag: str, main: str, trained: Path, tmp_path: Path
) -> None:
    if main == "train" and "rerun" not in flag:
        pytest.skip("who trains may bring configs along")
    evil_config(tmp_path / "theirs", tmp_path / "evil")
    given = flag.format(tmp_path / "theirs" / ".hydra").replace("-cn=", "--config-name=")
    done = run_main(main, given, *([] if main == "train" else [f"run={trained}"]), cwd=tmp_path)
    name = given.partition("=")[0]
    assert done.stderr == f"charrec: {name} is not for charrec.{main}: {NO_CODE}\n"
    assert done.exit_code == 2
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("main", ["test", "predict"])
@pytest.mark.parametrize("plus", ["", "+", "++"])
def test_a_search_path_of_somebody_else_is_refused(
    plus: str, main: str, trained: Path, tmp_path: Path
) -> None:
    evil_config(tmp_path / "theirs", tmp_path / "evil")
    given = f"{plus}hydra.searchpath=[file://{tmp_path}/theirs/.hydra]"
    done = run_main(main, given, f"run={trained}", cwd=tmp_path)
    assert done.stderr == f"charrec: hydra.searchpath is not for charrec.{main}: {NO_CODE}\n"
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("main", ["test", "predict"])
def test_what_lies_in_a_run_s_folder_is_not_read_as_a_config(
    main: str, trained: Path, letters: Path, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(trained, tmp_path / "run"))
    shutil.rmtree(run / ".hydra", ignore_errors=True)
    evil_config(run, tmp_path / "evil")
    picture = next((letters / "images").iterdir())
    images = [f"images={picture}"] if main == "predict" else []
    done = run_main(main, "run=run", "out=out", "trainer=cpu", *images, cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (0, "")
    assert not (tmp_path / "evil").exists()
