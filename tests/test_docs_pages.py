"""The pages of docs/ say what is so: their commands run, their messages are charrec's own."""

from __future__ import annotations

import errno
import os
import re
import shlex
from pathlib import Path

import pytest
import torch
from documented import HOME, ROOT, answered, blocks, make_place, text_of, texts_of_the_program
from omegaconf import OmegaConf
from processes import run_main

from charrec.resources import resource
from charrec.settings import RULES, SETTING_NAMES
from docs.building.settings_page import PAGE, page

TROUBLE = "troubleshooting.md"
SHORT = ("+trainer.limit_train_batches=5", "epochs=1")  # enough to see that a command works
SEARCH = ("hydra/sweeper=optuna", "hydra.sweeper.n_trials=2")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_place(tmp_path_factory.mktemp("trouble"))


@pytest.mark.slow  # all together
@pytest.mark.parametrize("command", answered(TROUBLE))
def test_the_answer_is_the_one_on_the_page(command: str, place: Path) -> None:
    _, _, module, *arguments = shlex.split(command)
    done = run_main(module.removeprefix("charrec."), *arguments, cwd=place)
    assert done.stderr.replace(str(place), HOME) == answered(TROUBLE)[command]
    assert done.exit_code == (0 if "warning" in done.stderr else 2)


# What the messages below are filled in with; all else of them stands in the program.
FILLED = (
    "outputs/2026-11-23_14-19-29_f73e",
    "outputs/theirs/checkpoints/best.ckpt",
    "/home/me/.cache/charrec",
    *("4711", "0.9", "adam", "/metrics.csv", "hydra/launcher=joblib", "joblib]'"),
    *map(os.strerror, (errno.ENOSPC, errno.EACCES)),
    "InvalidCxxCompiler: No working C++ compiler found in torch._inductor.config.cpp.cxx",
)


def test_other_messages_are_in_the_program() -> None:
    texts = texts_of_the_program()
    shown = [m for block in blocks(TROUBLE, "text") for m in re.split(r"\n(?=charrec: )", block)]
    assert len(shown) == 9
    for one in shown:
        left = one.strip()
        for known in (*FILLED, *texts):
            left = left.replace(known, "\0")
        assert re.sub(r"\0|[\s:;,.=\[\]]", "", left) == "", one


def test_settings_are_those_of_the_files() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m docs.building.settings_page"


def rows(section: str) -> dict[str, list[str]]:
    """Setting -> the other cells of its row, under a heading of the page of settings."""
    text = text_of("settings.md").split(f"\n{section}\n")[1]
    text = re.split(r"^##+ ", text, flags=re.MULTILINE)[0]
    found = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    return {cells[0].strip("`"): cells[1:] for cells in found}


def test_every_setting_of_training_is_on_the_page() -> None:
    train = rows("## `python -m charrec.train`")
    of_groups = {"optimizer_options", "augment_strengths"}
    assert set(SETTING_NAMES) - of_groups <= set(train)
    assert {"sweep.threads", "experiment", "resume"} <= set(train)
    plain = OmegaConf.load(resource("conf") / "train.yaml")
    assert train["batch_size"][0] == f"`{plain.batch_size}`"
    assert train["views"][1] == RULES["views"].words


def test_every_choice_of_every_group_is_on_the_page() -> None:
    text = text_of("settings.md")
    files = [path for path in resource("conf").rglob("*.yaml") if path.parent != resource("conf")]
    for path in files:
        group = path.parent.relative_to(resource("conf")).as_posix()
        assert f"### `{group}={path.stem}`" in text
    assert rows("### `data=folders`")["data.test_share"][0] == "`0.15`"
    assert rows("### `experiment=best`")["hsize"][0] == "`[1024, 768, 512, 256]`"
    # Side by side where the same words explain them: light, none, strong.
    assert rows("### `augment=strong`")["augment.rotation"][:3] == ["`10`", "`0`", "`24`"]
    assert rows("### `hydra/sweeper=optuna`")["hydra.sweeper.n_trials"][0] == "`30`"


def commands(page: str) -> list[str]:
    lines = [line for block in blocks(page, "") for line in block.splitlines()]
    return [line.split("#")[0].strip() for line in lines if line.startswith("python -m charrec.")]


def short(command: str, *letters: str) -> list[str]:
    """The arguments, and those that make it quick; what goes on has these already."""
    arguments = shlex.split(command)[3:]
    goes_on = all(argument.startswith(("-", "sweep.")) for argument in arguments)
    if "charrec.train" not in command or goes_on:
        return arguments
    return [*arguments, *SHORT, *letters, *(SEARCH if SEARCH[0] in arguments else ())]


@pytest.mark.slow
def test_the_tutorial_from_end_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").symlink_to(ROOT / "data")
    monkeypatch.chdir(tmp_path)
    (program,) = blocks("tutorial.md", "python")
    exec(program, {})
    assert [len(list(Path("my_tree", letter).iterdir())) for letter in "ABCD"] == [40] * 4
    said = {}
    for command in commands("tutorial.md"):
        name = command.split()[2].removeprefix("charrec.")
        done = run_main(name, *short(command), cwd=tmp_path)
        assert done.exit_code == 0, done.stderr
        said[command] = done.stdout
    assert len(said) == 6
    (checked,) = [told for command, told in said.items() if "charrec.check" in command]
    shown = next(block for block in blocks("tutorial.md", "text") if block.startswith("letter"))
    assert checked.startswith(shown)
    assert "15_Y.jpg" in next(told for command, told in said.items() if "new_images" in command)


@pytest.mark.slow
def test_the_commands_about_sweeps(letters: Path, tmp_path: Path) -> None:
    small = (f"data.root={letters}", "data.alphabet=ABCD")
    for where in (
        ["hydra.run.dir=RUN_DIR"],
        ["-m", "hydra.sweep.dir=SWEEP_DIR", "hsize=16,32", "seed=1,2"],
    ):
        assert run_main("train", *where, *SHORT, *small, cwd=tmp_path).exit_code == 0
    tried = commands("sweeps.md")
    assert len(tried) == 8
    for command in tried:
        name = command.split()[2].removeprefix("charrec.")
        done = run_main(name, *short(command, *small), cwd=tmp_path)
        assert done.exit_code == 0, done.stderr
    assert len(list((tmp_path / "SWEEP_DIR").glob("*/summary.json"))) == 8


def test_the_torch_of_the_pages() -> None:
    """What troubleshooting.md says of memory and of chance."""
    assert pytest.approx(0.6, abs=0.02) == 800_000 * 28 * 28 / 2**30
    assert pytest.approx(0.038, abs=0.001) == 1 / 26
    assert torch.tensor(26.0).log().item() == pytest.approx(3.26, abs=0.005)
