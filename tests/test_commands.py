"""A run's settings as the command that has them: composed again, they are the same."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir

from charrec.augment import AugmentSettings
from charrec.cli.arguments import quote_paths
from charrec.cli.entry import settings_of
from charrec.commands import names_given, train_command, typed_for
from charrec.errors import UserError
from charrec.resources import resource
from charrec.run import Run
from charrec.settings import DataSettings, TrainSettings
from charrec.spelling import flat

STRONG = AugmentSettings(rotation=7, elastic=0.02)
CASES: dict[str, dict[str, Any]] = {
    "defaults": {},
    "knobs": {"hsize": [128, 64], "lr": 2e-05, "momentum": 0.0, "epochs": 3, "compile": True},
    "another optimizer's own": {"optimizer": "adam"},
    "options": {"optimizer": "adamw", "optimizer_options": {"betas": [0.8, 0.99], "eps": 1e-6}},
    "deformed": {"augment": "light", "augment_strengths": STRONG},
    "letters": {"data": DataSettings(root="/a b/it's ${x}", alphabet="é\"'<&,012 ", image_size=8)},
    "folders": {"data": DataSettings(root="/t", kind="folders", group=r"(w\d+)", test_share=0.2)},
    "emnist": {"data": DataSettings(kind="emnist", split="balanced", alphabet="0123")},
    "trainer": {
        "trainer": {
            **TrainSettings().trainer,
            "accelerator": "cpu",
            "precision": "bf16-mixed",
            "max_time": "00:00:05:00",
            "limit_val_batches": 0.5,
        }
    },
    "weights": {"weights": "/runs/(1) = a"},
}


def recomposed(command: str) -> TrainSettings:
    """What ``python -m charrec.train`` would be asked for."""
    words = shlex.split(command)
    assert words[:3] == ["python", "-m", "charrec.train"]
    with initialize_config_dir(str(resource("conf")), version_base="1.3"):
        config = compose("train", overrides=quote_paths(words[3:]))
    return TrainSettings.from_config(settings_of(config))


@pytest.mark.parametrize("changes", CASES.values(), ids=CASES)
def test_the_command_asks_for_these_settings(changes: dict[str, Any]) -> None:
    settings = TrainSettings(**changes)
    recorded = TrainSettings.from_record(settings.record())
    again = recomposed(train_command(recorded))
    assert dict(flat(again.record())) == dict(flat(recorded.record()))


def test_a_name_of_strengths_that_is_no_choice_is_not_typed() -> None:
    """Runs of before it was checked may have one."""
    record = TrainSettings(augment="light").record() | {"augment": "foo"}
    read = TrainSettings.from_record(record)
    assert read.record() == record
    again = recomposed(train_command(read))
    assert (again.augment, again.strengths) == ("none", read.strengths)


def test_what_is_damaged_is_not_typed(tmp_path: Path) -> None:
    record, run = TrainSettings(lr=0.1, seed=5).record(), Run(tmp_path)

    def typed(settings: Any, *but: str) -> str:
        (tmp_path / "summary.json").write_text(json.dumps({"settings": settings}))
        return typed_for(run.train_settings, but)

    assert typed(record) == "lr=0.1 seed=5"
    assert typed(record, "seed") == "lr=0.1"
    for damage in ({"lr": "much"}, {"data": 3}, {"trainer": None}, {"no": 1}):
        with pytest.raises(UserError):
            typed(record | damage)
    with pytest.raises(UserError):
        typed(None)


def test_it_names_what_is_not_as_by_default_and_nothing_else() -> None:
    assert train_command(TrainSettings()) == "python -m charrec.train"
    settings = TrainSettings(optimizer="adam", hsize=64, data=DataSettings(root=Path("/a b")))
    assert train_command(settings) == (
        "python -m charrec.train optimizer=adam hsize=64 'data.root=/a b'"
    )


def test_the_names_of_what_is_not_as_by_default() -> None:
    assert names_given(TrainSettings()) == set()
    adam = TrainSettings(optimizer="adam", optimizer_options={"eps": 1e-6}, augment="light")
    assert names_given(adam) == {"optimizer", "augment", "optimizer.options.eps"}
    data = DataSettings(kind="folders", root=Path("/tree"))
    folders = TrainSettings(data=data, trainer={"accelerator": "cpu"})
    assert names_given(folders) == {"data.kind", "data.root", "trainer.accelerator"}
    assert names_given(folders) <= set(dict(flat(folders.record())))
