"""Every YAML says what it is for, and names what the code knows."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

import pytest

from charrec import mlp, normalisation, optimizers, schedules, settings
from charrec.resources import resource

CONF = resource("conf")
FILES = sorted(CONF.rglob("*.yaml"))


def chosen_by(path: Path) -> str:
    """What its first comment must hold: the command that uses this file."""
    if path.parent == CONF:
        return f"python -m charrec.{path.stem}"
    group = path.parent.relative_to(CONF).as_posix()
    flag = "-m " if group == "hydra/sweeper" else ""
    return f"python -m charrec.train {flag}{group}={path.stem}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(CONF)))
def test_opens_with_its_command(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    opening = lines[: next(i for i, line in enumerate(lines) if not line.startswith("#"))]
    assert any(line.lstrip("# ").startswith(chosen_by(path)) for line in opening)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(CONF)))
def test_explains_every_setting(path: Path) -> None:
    text = path.read_text(encoding="utf-8").partition("\nhydra:\n")[0]
    settings = [line for line in text.splitlines() if re.match(r" *(- )?\w[\w/ ]*:", line)]
    bare = [line for line in settings if not re.search(r"  # |^defaults:$|- override ", line)]
    assert bare == []


@pytest.mark.parametrize(
    ("names", "table"),
    [
        (settings.ACTIVATIONS, mlp.ACTIVATIONS),
        (settings.INITS, mlp.INITS),
        (settings.NORMALISATIONS, normalisation.NORMALISATIONS),
        (settings.SCHEDULES, {"constant", *schedules.SCHEDULES}),
        (settings.optimizer_choices(), optimizers.OPTIMIZERS),
    ],
)
def test_every_name_has_its_entry(names: tuple[str, ...], table: Collection[str]) -> None:
    assert sorted(names) == sorted(table)


def choices_of(key: str) -> list[str]:
    """The names in the comment beside a setting of train.yaml, their explanations left out."""
    (line,) = re.findall(rf"^[ -]*{key}: .*#(.*)", (CONF / "train.yaml").read_text(), re.MULTILINE)
    listed = re.sub(r"\([^()]*(\([^()]*\))?[^()]*\)", "", line.rpartition(":")[2])
    return sorted(name.strip() for name in listed.split(","))


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("activation", settings.ACTIVATIONS),
        ("init", settings.INITS),
        ("normalisation", settings.NORMALISATIONS),
        ("optimizer", settings.optimizer_choices()),
        *(
            (group, tuple(path.stem for path in (CONF / group).glob("*.yaml")))
            for group in ("data", "augment", "trainer", "experiment")
        ),
    ],
)
def test_the_comment_lists_every_choice(key: str, names: tuple[str, ...]) -> None:
    assert choices_of(key) == sorted(names)


def test_optimizers_are_called_by_the_name_of_their_file() -> None:
    for name in settings.optimizer_choices():
        assert settings.optimizer_defaults(name)["name"] == name
