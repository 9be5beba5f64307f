"""What a command says is to be done next."""

from __future__ import annotations

import importlib.util
import io
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from charrec import closing
from charrec.closing import (
    AFTER,
    MOST,
    next_steps,
    of_named_runs,
    of_runs,
    of_sweep,
    pictures,
    say_next,
)
from charrec.resources import embedded_letters
from charrec.run import Run

ODD = "it's a=b, (c) [d] ~$e ü"
KNOWN = {"run": "r", "pictures": "p", "logdir": "l", "sweep": "s", "settings": "hsize=4"}
KNOWN |= {"one_run": "r", "stopped": "r", "lr": "0.1", "seeds": "1,2"}


@pytest.mark.parametrize("after", AFTER)
def test_every_command_is_there(after: str) -> None:
    """Of a command whose module is not there yet nothing may be said."""
    steps = next_steps(after, KNOWN)
    assert 1 <= len(steps) <= MOST
    assert len(AFTER[after]) <= MOST
    for command in AFTER[after]:
        words = command.split()
        if words[0] == "python":
            assert words[1] == "-m"
            assert importlib.util.find_spec(words[2]) is not None, command
        else:
            assert shutil.which(words[0], path=str(Path(sys.executable).parent)), command


def test_after_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    known = of_runs([tmp_path / "outputs" / "one"]) | pictures("WISHYOUANCED")
    new = embedded_letters() / "new_images"
    assert next_steps("train", known) == [
        "python -m charrec.test run=outputs/one",
        f"python -m charrec.predict images={new} run=outputs/one",
        "tensorboard --logdir outputs",
    ]


@pytest.mark.parametrize("after", ["report", "export"])
def test_a_run_that_was_stopped_is_first_to_be_gone_on_with(after: str, tmp_path: Path) -> None:
    run = Run(tmp_path / "it's a run")
    run.folder.mkdir()
    offered = []
    for status in ("completed", "interrupted", "failed", "diverged"):
        run.record(status=status)
        first, *others = next_steps(after, run.known() | {"pictures": "p"})
        offered.append(shlex.split(first)[3] == f"resume={run.folder}")
        assert not any("resume" in command for command in others)
    assert offered == [False, True, True, False]


def test_what_nobody_knows_is_left_out(tmp_path: Path) -> None:
    """A network of digits can read none of the letters that charrec brings along."""
    assert pictures("0123") == {}
    assert pictures("WISHYOUANCE") == {}, "they are to be read, not guessed at"
    assert pictures("xWISHYOUANCED") != {}
    steps = next_steps("train", of_runs([tmp_path / "x"]))
    assert [step.split()[2] for step in steps] == ["charrec.test", str(tmp_path / "x")]
    assert next_steps("diverged", {"lr": "0.1"}) == []


def test_odd_names_come_back_from_the_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / ODD
    folder.mkdir()
    for known in (of_runs([folder]), of_named_runs(str(folder)), of_named_runs(ODD)):
        for step in next_steps("test", known | {"pictures": "p"}):
            assert shlex.split(step)[-1] in (f"run={ODD}", ODD)
    assert [shlex.split(step)[-1] for step in next_steps("sweep", of_sweep(folder))] == [ODD, ODD]


def test_several_runs_are_named_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "outputs" / "a b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    both = of_named_runs(["outputs/a b", "outputs/c"])
    assert both == {"run": "'[outputs/a b,outputs/c]'", "logdir": "outputs"}
    assert of_named_runs("outputs/*") == {"run": "'outputs/*'", "logdir": "outputs"}
    assert of_named_runs(["outputs/a b"]) == of_runs([Path("outputs/a b")])
    assert of_named_runs(["outputs/c", "other/c"]) == {"run": "'[outputs/c,other/c]'"}
    both = of_runs([tmp_path / "a", tmp_path / "b"])
    assert both == {"run": "'[a,b]'", "logdir": "."}


def test_no_word_for_no_settings() -> None:
    assert next_steps("check: good", {"settings": ""}) == ["python -m charrec.train"]
    assert next_steps("diverged", {"settings": "a='x  y'", "lr": "1"}) == [
        "python -m charrec.train a='x  y' lr=1"
    ]


def test_a_line_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    stream = io.StringIO()
    say_next("sweep", {"run": "r", "logdir": "l"}, stream)
    say_next("sweep", {}, stream)
    assert stream.getvalue() == (
        "Next: python -m charrec.test run=r\n      tensorboard --logdir l\n"
    )


def test_one_name_for_each_command() -> None:
    """So that a command which changes is changed in one place."""
    commands = [c for some in AFTER.values() for c in some]
    named = {v for k, v in vars(closing).items() if k.isupper() and isinstance(v, str)}
    assert set(commands) <= named
    assert len({re.sub(r"\{\w+\}", "", c) for c in commands}) == len(set(commands))
