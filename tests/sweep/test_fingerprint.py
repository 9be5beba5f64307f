"""Which settings are the same experiment."""

from __future__ import annotations

from typing import Any

import pytest

from charrec.settings import DataSettings, TrainSettings
from charrec.spelling import flat, in_text
from charrec.sweep.fingerprint import experiment, fingerprint

CPU = {"accelerator": "cpu", "devices": 1}


def of(**settings: Any) -> str:
    return fingerprint(TrainSettings(**settings).record())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"optimizer": "adam", "momentum": 0.9}, {"optimizer": "adam"}),
        ({"lr": 4e-3}, {}),
        ({"momentum": 0}, {"momentum": 0.0}),
        ({"weight_decay": 1}, {"weight_decay": 1.0}),
        ({"hsize": [32]}, {"hsize": 32}),
        ({"hsize": (8, 4)}, {"hsize": [8, 4]}),
        ({"trainer": CPU}, {"trainer": dict(reversed(CPU.items()))}),
    ],
)
def test_the_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert of(**one) == of(**other)


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 1},
        {"hsize": [32, 32]},
        {"lr": 4.0000001e-3},
        {"optimizer": "adam", "lr": 4e-3},
        {"trainer": {"devices": [0]}},
        {"data": DataSettings(image_size=31)},
        {"steps_per_execution": 1},
    ],
)
def test_others(changes: dict[str, Any]) -> None:
    assert of(**changes) != of()
    assert len(of(**changes)) == 12


def test_repeats_are_one_experiment() -> None:
    records = [TrainSettings(seed=seed).record() for seed in (1, 2)]
    assert experiment(records[0]) == experiment(records[1])
    assert experiment(records[0]) != experiment(TrainSettings(hsize=31).record())


def test_settings_by_the_names_that_the_command_line_has() -> None:
    settings = TrainSettings(optimizer="adam", hsize=[8, 4], optimizer_options={"eps": 1e-6})
    shown = dict(flat(settings.record()))
    assert shown["optimizer.options.eps"] == "1e-06"
    assert (shown["data.root"], shown["momentum"], shown["hsize"]) == ("null", "null", "[8,4]")
    assert (shown["trainer.devices"], shown["optimizer"]) == ("1", "adam")


@pytest.mark.parametrize(
    ("value", "text"), [(None, "null"), (True, "true"), (0.001, "0.001"), ("a b", "a b")]
)
def test_in_text(value: Any, text: str) -> None:
    assert in_text(value) == text
