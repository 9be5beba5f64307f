"""Every command of the README runs, in the order in which a newcomer meets it."""

from __future__ import annotations

import itertools
import re
import shlex
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import draw_letter
from omegaconf import OmegaConf
from processes import Finished, run_main, start

from charrec.exports.example import EXAMPLES
from charrec.resources import resource
from charrec.settings import SETTING_NAMES, DataSettings, TrainSettings
from charrec.sweep.options import SweepOptions
from charrec.sweep.search_options import SearchOptions

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
SAID: dict[Any, str] = {None: "none", False: "false"}  # how the table writes a default
SEARCH, FEW = "hydra/sweeper=optuna", "hydra.sweeper.n_trials=2"
SHORT = ("+trainer.limit_train_batches=5", "epochs=1")  # enough to see that a command works


def commands() -> list[str]:
    """What stands in a block of its own or as code in a table, each once."""
    lines = [line for language, text in BLOCKS if not language for line in text.splitlines()]
    lines += re.findall(r"`([^`\n]+)`", README)
    found = [line.split("#")[0].strip() for line in lines if line.startswith("python -m charrec.")]
    return [command for command in dict.fromkeys(found) if "." in command.split()[2]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, letters: Path) -> Path:
    """A folder in which the README's names mean something."""
    folder = tmp_path_factory.mktemp("newcomer")
    (folder / "data").symlink_to(ROOT / "data")
    (folder / "FOLDER").symlink_to(letters)
    (folder / "my_letters").symlink_to(letters)
    for letter, seed in itertools.product("ABC", range(10)):
        (folder / "my_tree" / letter).mkdir(parents=True, exist_ok=True)
        draw_letter(letter, seed).save(folder / "my_tree" / letter / f"{seed}.png")
    (folder / "photos").mkdir()
    draw_letter("A", 1).save(folder / "photos" / "one_A.jpg")
    for where in (
        ["hydra.run.dir=RUN_DIR"],
        ["-m", "hydra.sweep.dir=SWEEP_DIR", "hsize=4,8"],
        ["-m", "hydra.sweep.dir=SEARCH_DIR", "hsize=4,8", SEARCH, FEW],
    ):
        first = run_main("train", *where, *SHORT, cwd=folder)
        assert first.exit_code == 0, first.stderr
    return folder


def run(command: str, place: Path) -> Finished:
    name, *arguments = shlex.split(command.removeprefix("python -m charrec."))
    if name == "demo":
        return served(arguments, place)
    training = name == "train" and not {"--cfg", "--help"} & set(arguments)
    own = all(argument.startswith(("-", "resume=", "sweep.", "hydra")) for argument in arguments)
    resuming = bool(arguments) and own  # with settings that are in the folder
    few = (FEW,) if SEARCH in arguments else ()
    short = SHORT if training and not resuming else ()
    return run_main(name, *arguments, *few, *short, cwd=place)


def served(arguments: list[str], place: Path) -> Finished:
    """Until it says where, and then ended as it says."""
    with start("demo", *arguments, "port=null", "trainer=cpu", cwd=place) as process:
        process.until(lambda: "(Ctrl-C ends it)\n" in process.stdout)
        process.send(signal.SIGINT)
        done = process.wait()
    return replace(done, exit_code=0) if done.exit_code == 130 else done


def quick_or_slow(command: str) -> Any:
    """A sweep trains many runs."""
    marks = [pytest.mark.slow] if "charrec.train -m" in command else []
    return pytest.param(command, marks=marks, id=command)


@pytest.mark.parametrize("command", [quick_or_slow(each) for each in commands()])
def test_command(command: str, place: Path) -> None:
    if "trainer=gpu" in command and not torch.cuda.is_available():
        pytest.skip("no GPU on this machine")
    if "data.download=true" in command:
        pytest.skip("tests/data/test_emnist.py downloads small files of its format")
    if launched := re.search(r"hydra/launcher=(joblib|ray|submitit)", command):
        pytest.skip(f"tests/sweep runs the launcher {launched[1]}")
    done = run(command, place)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.strip()


def test_there_are_commands_for_every_main() -> None:
    mains = {command.split()[2] for command in commands()}
    names = ("train", "test", "predict", "check", "compare", "report", "demo", "export")
    assert mains == {f"charrec.{name}" for name in names}
    assert len(commands()) >= 12


def test_notebook_example(place: Path) -> None:
    (example,) = [text for language, text in BLOCKS if language == "python"]
    program = f"{example}\nprint(run.summary['test']['total'], len(answers.per_letter()))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=place, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "1300 26"


def knobs() -> dict[str, str]:
    """Setting -> default, as the table says it."""
    table = README.split("## The knobs")[1].split("\n## ")[0]
    return {
        name: said.strip() for name, said in re.findall(r"^\| `(.+?)` \| (.+?) \|", table, re.M)
    }


def test_table_of_knobs_says_the_defaults() -> None:
    settings = TrainSettings()
    defaults = {name: str(getattr(settings, name)) for name in SETTING_NAMES}
    defaults |= {f"data.{name}": str(value) for name, value in vars(settings.data).items()}
    own = "the optimizer's own"
    defaults |= {"lr": own, "momentum": own, "optimizer_options": own}
    defaults |= {"augment_strengths": "the choice's own"}
    defaults |= {"weight_decay": "0", "trainer": "auto", "weights": "none"}
    defaults |= {
        f"sweep.{name}": SAID.get(value, value) for name, value in vars(SweepOptions()).items()
    }
    defaults |= {"data.root": "the embedded letters", "data.alphabet": "A to Z"}
    defaults |= {"data": defaults.pop("data.kind"), "data.group": "none", "data.download": "false"}
    for name, said in knobs().items():
        assert said == defaults.get(name, "none"), name
    assert set(knobs()) == {*defaults, "experiment"}


def test_table_of_the_search_says_the_defaults() -> None:
    table = README.split("| setting of a search")[1].split("\n\n")[0]
    said = dict(re.findall(r"^\| `(.+?)` \| (.+?) \|", table, re.M))
    defaults = SearchOptions().record()
    assert said == {f"hydra.sweeper.{name}": str(value) for name, value in defaults.items()}


def test_table_of_check_says_the_defaults() -> None:
    table = README.split("## Check")[1].split("\n## ")[0]
    said = dict(re.findall(r"^\| `(.+?)` \| (.+?) \|", table, re.M))
    plain = OmegaConf.load(resource("conf") / "check.yaml")
    data = OmegaConf.load(resource("conf") / "data" / f"{said.pop('data')}.yaml")
    assert set(said) == {*(f"data.{name}" for name in map(str, data) if name != "kind"), "out"}
    assert said["data.image_size"] == str(data.image_size)
    assert said["data.alphabet"] == knobs()["data.alphabet"]
    assert data.alphabet == DataSettings().alphabet
    assert (data.kind, data.root, plain.out) == ("lists", None, None)


def test_table_of_the_demo_says_the_defaults() -> None:
    table = README.split("| setting of the demo")[1].split("\n\n")[0]
    said = dict(re.findall(r"^\| `(.+?)` \| (.+?) \|", table, re.M))
    plain: Any = OmegaConf.load(resource("conf") / "demo.yaml")
    (trainer,) = (d.trainer for d in plain.defaults if "trainer" in d)
    names = ("run", "checkpoint", "host", "port")
    defaults = {name: str(SAID.get(plain[name], plain[name])) for name in names}
    assert said == defaults | {"data.root": SAID[plain.data.root], "trainer": trainer}


def test_every_make_target_is_in_the_readme_or_the_help() -> None:
    helped = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    named = re.findall(r"make ([a-z]+)", README)
    assert {"train", "test", "help", "tensorboard"} <= set(named)
    for target in set(named) - {"help", "runs", "two"}:
        assert f"make {target} " in helped.stdout


def test_table_of_export_says_the_defaults() -> None:
    table = README.split("## Export")[1].split("\n## ")[0]
    said = dict(re.findall(r"^\| `(.+?)` \| (.+?) \|", table, re.M))
    plain = OmegaConf.load(resource("conf") / "export.yaml")
    assert set(said) == {"run", "format", "checkpoint", "out"}
    assert (said["format"], said["checkpoint"]) == (plain.format, plain.checkpoint)
    assert (plain.run, plain.out) == (None, None)


def test_the_program_that_reads_a_letter_is_that_of_the_model_card() -> None:
    (program,) = [t for language, t in BLOCKS if language == "py" and "onnxruntime" in t]
    assert program == EXAMPLES[".onnx"][1]
    assert len([line for line in program.splitlines() if line]) == 10
    assert "Ten lines read a letter with it:" in README
