"""Folders: none is shared, none is overwritten, and none stays where nothing was done."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from omegaconf import OmegaConf
from processes import run_main

from charrec.cli.folders import take_folder


@pytest.fixture
def small(letters: Path) -> tuple[str, ...]:
    return (f"data.root={letters}", "data.alphabet=ABCD", "epochs=1", "hsize=4", "trainer=cpu")


def test_runs_that_start_together_share_no_folder(small: tuple[str, ...], tmp_path: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda _: run_main("train", *small, cwd=tmp_path), range(3)))
    assert [run.exit_code for run in done] == [0, 0, 0]
    names = [path.name for path in (tmp_path / "outputs").iterdir()]
    assert len(names) == 3
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", name) for name in names)


def test_another_name_is_taken_where_the_first_is_taken(tmp_path: Path) -> None:
    ids = iter("abc")
    OmegaConf.register_new_resolver("next_id", lambda: next(ids), use_cache=True, replace=True)
    config = OmegaConf.create({"dir": f"{tmp_path}/new/${{next_id:}}"})
    (tmp_path / "new" / "a").mkdir(parents=True)
    (tmp_path / "new" / "b").touch()
    assert take_folder(config, "dir") == [tmp_path / "new" / "c"]
    assert config.dir == f"{tmp_path}/new/c"


def test_a_sweep_has_one_folder(small: tuple[str, ...], tmp_path: Path) -> None:
    done = run_main("train", "-m", "lr=1e-3,2e-3", *small, cwd=tmp_path)
    assert done.exit_code == 0
    (sweep,) = (tmp_path / "outputs").iterdir()
    assert re.fullmatch(r"[A-Za-z0-9._-]+", sweep.name)
    assert {"0", "1", "multirun.yaml", "ledger.csv"} <= {path.name for path in sweep.iterdir()}
    rates = [
        json.loads((sweep / job / "summary.json").read_text())["settings"]["lr"] for job in "01"
    ]
    assert rates == [1e-3, 2e-3]
    assert [path.name for path in tmp_path.iterdir()] == ["outputs"]


@pytest.mark.parametrize("key", ["hydra.run.dir", "hydra.sweep.dir"])
@pytest.mark.parametrize("taken", ["kept/notes.txt", "kept"])
def test_a_folder_that_holds_something_is_refused(
    key: str, taken: str, small: tuple[str, ...], tmp_path: Path
) -> None:
    """A file in its place, too."""
    (tmp_path / taken).parent.mkdir(exist_ok=True)
    (tmp_path / taken).write_text("mine")
    sweep = ["-m"] if "sweep" in key else []
    done = run_main("train", *sweep, *small, f"{key}=kept", cwd=tmp_path)
    answer = f"charrec: {key}=kept already holds something; name another folder\n"
    assert (done.exit_code, done.stderr) == (2, answer)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / taken]


def test_a_folder_that_cannot_be_made(small: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run_main("train", *small, "hydra.run.dir=file/x", cwd=tmp_path)
    answer = "charrec: hydra.run.dir=file/x cannot be made: Not a directory\n"
    assert (done.exit_code, done.stderr) == (2, answer)


def test_an_empty_folder_is_taken(small: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    done = run_main("train", *small, "hydra.run.dir=mine", cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (0, "")
    assert (tmp_path / "mine" / "summary.json").is_file()


def test_an_empty_folder_of_the_user_s_stays_after_a_refusal(
    small: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    wrong = ("hydra.run.dir=mine", "trainer.precision=13")
    done = run_main("train", *small, *wrong, cwd=tmp_path)
    assert done.exit_code == 2
    assert done.stderr.startswith("charrec: trainer is refused: Precision 13 is invalid.")
    assert [path.name for path in tmp_path.rglob("*")] == ["mine"]


def test_a_run_that_began_and_failed_keeps_its_record(
    small: tuple[str, ...], tmp_path: Path
) -> None:
    done = run_main(
        "train", *small, "lr=1e30", "weight_decay=1e30", "hydra.run.dir=x", cwd=tmp_path
    )
    assert done.exit_code == 2
    assert done.stderr.startswith("charrec: the loss is no longer finite in epoch 1, step 2, ")
    assert json.loads((tmp_path / "x" / "summary.json").read_text())["status"] == "diverged"
    assert (tmp_path / "x" / ".hydra" / "overrides.yaml").is_file()


def test_resume_makes_no_folder(small: tuple[str, ...], tmp_path: Path) -> None:
    run_main("train", *small, "hydra.run.dir=x", cwd=tmp_path)
    before = (tmp_path / "x" / ".hydra" / "overrides.yaml").read_text()
    (tmp_path / "outputs").touch()  # so that none can be made, not even for a moment
    done = run_main("train", "resume=x", cwd=tmp_path)
    said = "charrec: warning: x is completed: there is nothing to go on with; "
    said += "epochs=2, say, makes it longer\n"
    assert (done.exit_code, done.stderr) == (0, said)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["outputs", "x"]
    assert (tmp_path / "x" / ".hydra" / "overrides.yaml").read_text() == before


def test_a_run_that_never_began_takes_nothing_of_others_with_it(
    own_letters: Path, tmp_path: Path
) -> None:
    """hydra.output_subdir may name any folder: only what Hydra wrote there may go."""
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("years of work")
    next((own_letters / "images").iterdir()).write_text("no picture")
    data = (f"data.root={own_letters}", "data.alphabet=ABCD")
    done = run_main("train", *data, f"hydra.output_subdir={precious}", cwd=tmp_path)
    assert done.exit_code == 2
    assert "1 of 144 pictures cannot be read" in done.stderr
    assert [path.name for path in precious.iterdir()] == ["thesis.txt"]
