"""The settings that a run recorded, as they are typed to train another one like it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Container, Iterator
from typing import Any

from hydra.core.override_parser.types import Quote, QuotedString

from charrec.cli.arguments import LITERAL_SETTINGS
from charrec.data.settings import DATA_NAMES
from charrec.settings import TrainSettings, augment_choices, usual_strengths
from charrec.spelling import in_text

ACCELERATORS = ("auto", "cpu", "gpu")  # each is a choice of `trainer`
PLAIN_WORD = re.compile(r"(?!(true|false|null|inf|nan)$)[a-z_][a-z_0-9]*", re.IGNORECASE)
GROUPS = {"data": "data.kind", "trainer": "trainer.accelerator"}  # what a choice of them sets
APART = ("optimizer", "optimizer_options", "augment", "augment_strengths", "data", "trainer")


def train_command(settings: TrainSettings) -> str:
    return f"python -m charrec.train {typed_for(settings)}".rstrip()


def typed_for(settings: TrainSettings, but: Container[str] = ()) -> str:
    """All that is not as by default, without those that `but` names, quoted for the shell."""
    given = ((name, value) for name, value in given_in(settings) if name not in but)
    return shlex.join(f"{name}={_typed(name, value)}" for name, value in given)


def given_in(settings: TrainSettings) -> Iterator[tuple[str, Any]]:
    """Names, with a plus where the YAML does not list them, and values that are to be given."""
    plain = TrainSettings()
    usual = TrainSettings(optimizer=settings.optimizer)
    if settings.optimizer != plain.optimizer:
        yield "optimizer", settings.optimizer
    if settings.augment in augment_choices() and settings.augment != plain.augment:
        yield "augment", settings.augment
    for name, value in vars(usual).items():
        if name not in (*APART, "notes") and getattr(settings, name) != value:
            yield name, getattr(settings, name)
    known = usual.optimizer_options or {}
    for name, value in (settings.optimizer_options or {}).items():
        if name not in known or known[name] != value:
            yield f"{'' if name in known else '+'}optimizer.options.{name}", value
    for name, value in vars(usual_strengths(settings.augment)).items():
        if getattr(settings.strengths, name) != value:
            yield f"augment.{name}", getattr(settings.strengths, name)
    yield from _of_letters(settings)
    yield from _of_trainer(settings)


def names_given(settings: TrainSettings) -> set[str]:
    """The names of what is not as by default, as `charrec.spelling.flat` has them."""
    names = (name.removeprefix("+") for name, _ in given_in(settings))
    return {GROUPS.get(name, name) for name in names}


def _of_letters(settings: TrainSettings) -> Iterator[tuple[str, Any]]:
    data, usual = settings.data, TrainSettings().data
    if data.kind != usual.kind:
        yield "data", data.kind
    for name in DATA_NAMES:
        if name not in ("kind", "download") and getattr(data, name) != getattr(usual, name):
            yield f"data.{name}", getattr(data, name)


def _of_trainer(settings: TrainSettings) -> Iterator[tuple[str, Any]]:
    usual = TrainSettings().trainer
    for name, value in settings.trainer.items():
        if name == "accelerator" and value in ACCELERATORS and value != usual[name]:
            yield "trainer", value
        elif name not in usual or usual[name] != value:
            yield f"{'' if name in usual else '+'}trainer.{name}", value


def _typed(name: str, value: Any) -> str:
    """As Hydra's grammar reads it; what the main quotes by itself stays as it is."""
    if not isinstance(value, str) or name in LITERAL_SETTINGS or PLAIN_WORD.fullmatch(value):
        return in_text(value)
    return QuotedString(value, Quote.single).with_quotes()
