"""Settings: the same from Python as from the YAML, checked, and recorded so that they come back."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hypothesis import given
from hypothesis import strategies as st
from processes import run_main

from charrec.augment import AUGMENT_NAMES, AugmentSettings
from charrec.cli.entry import settings_of
from charrec.errors import UserError
from charrec.resources import resource
from charrec.settings import (
    LETTER_IS_LIGHT,
    NORMALISATIONS,
    DataSettings,
    TrainSettings,
    optimizer_choices,
    optimizer_defaults,
)


def composed(*overrides: str) -> TrainSettings:
    with initialize_config_dir(str(resource("conf")), version_base="1.3"):
        return TrainSettings.from_config(settings_of(compose("train", overrides=list(overrides))))


def refusal(make: Callable[[], object]) -> str:
    with pytest.raises(UserError) as refused:
        make()
    return str(refused.value)


# Defaults


def test_the_default_run_is_the_course_s() -> None:
    assert TrainSettings().record() == {
        "hsize": 32,
        "activation": "tanh",
        "init": "xavier",
        "optimizer": "sgd",
        "lr": 4e-3,
        "momentum": 0.9,
        "weight_decay": 0.0,
        "schedule": "constant",
        "label_smoothing": 0.0,
        "normalisation": "plain",
        "views": 1,
        "augment": "none",
        "augment_strengths": dict.fromkeys(AUGMENT_NAMES, 0.0),
        "steps_per_execution": "auto",
        "compile": "auto",
        "optimizer_options": {},
        "batch_size": 8,
        "epochs": 50,
        "seed": 2024,
        "weights": None,
        "data": {"root": None, "image_size": 32, "alphabet": "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
        "trainer": {
            "accelerator": "auto",
            "devices": 1,
            "strategy": "auto",
            "precision": "32-true",
        },
    }


def test_python_and_yaml_agree_on_every_default() -> None:
    assert composed() == TrainSettings()
    assert composed().record() == TrainSettings().record()


@pytest.mark.parametrize("name", optimizer_choices())
def test_python_and_yaml_agree_on_every_optimizer(name: str) -> None:
    settings = composed(f"optimizer={name}", "hsize=[64,16]", "data.root=x")
    assert settings == TrainSettings(optimizer=name, hsize=[64, 16], data=DataSettings(root="x"))
    own = optimizer_defaults(name)
    assert (settings.lr, settings.momentum) == (own["lr"], own["momentum"])
    assert settings.optimizer_options == own["options"]
    assert settings.notes == ()


# What wins


def test_the_command_line_wins_over_an_experiment_and_that_over_the_optimizer(
    tmp_path: Path,
) -> None:
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text(
        "# @package _global_\ndefaults:\n  - override /optimizer: adam\nlr: 0.25\nhsize: 7\n"
    )
    mine = ("experiment=mine", f"hydra.searchpath=[file://{tmp_path}]")
    settings = composed(*mine)
    assert (settings.optimizer, settings.lr, settings.hsize) == ("adam", 0.25, 7)
    assert composed(*mine, "lr=0.5").lr == 0.5
    settings = composed(*mine, "optimizer=sgd")
    assert (settings.optimizer, settings.lr, settings.momentum) == ("sgd", 0.25, 0.9)


def test_null_means_the_optimizer_s_own() -> None:
    settings = composed("optimizer=sgd", "lr=null", "momentum=null", "optimizer.options=null")
    assert settings == TrainSettings()


def test_zero_is_a_value() -> None:
    settings = TrainSettings(seed=0, momentum=0, weight_decay=0)
    assert (settings.seed, settings.momentum, settings.weight_decay) == (0, 0, 0.0)
    assert TrainSettings.from_record(settings.record()) == settings


# Ranges


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("lr", [1e-9, 1, 100], [0, -1, -0.0, math.inf, math.nan, 10**400, "1e-3", True, [1]]),
        ("momentum", [0, 0.5, 0.999999], [1, 15, -0.1, math.nan, "0.9", False, [0.9]]),
        ("weight_decay", [0, 1e-4, 5], [-1e-9, math.inf, math.nan, "0", False, None]),
        ("hsize", [1, 65536, [1], [64, 32]], [0, -1, 65537, 1.0, "32", True, [], [0], [[1]], None]),
        ("batch_size", [1, 10**6], [0, 10**6 + 1, 8.0, "8", True, None]),
        ("epochs", [1, 10**6], [0, -1, 10**6 + 1, 5.0, "5", True, None]),
        ("seed", [0, 2**32 - 1], [-1, 2**32, 0.0, "0", False, None]),
        ("activation", ["tanh", "relu", "sigmoid"], ["Tanh", "", None, 3, ["tanh"]]),
        ("init", ["xavier", "kaiming", "normal"], ["he", None, 1]),
        ("optimizer", ["sgd", "adam", "adadelta"], ["SGD", "", None, "../optimizer/sgd"]),
        ("weights", ["x", Path("x"), None], [3, True, ["x"]]),
        ("data.root", ["x", Path("x"), None], [3, True, ["x"]]),
        ("data.image_size", [4, 512], [3, 513, 32.0, "32", True, None]),
        ("data.alphabet", ["AB", "01", "aA", "文字"], ["A", "", "AA", 12, None, ["A", "B"]]),
    ],
)
def test_ranges(name: str, good: list[Any], bad: list[Any]) -> None:
    kind = DataSettings if name.startswith("data.") else TrainSettings
    key = name.removeprefix("data.")
    for value in good:
        kind(**{key: value})
    for value in bad:
        shown = "null" if value is None else value
        message = refusal(partial(kind, **{key: value}))
        assert message.startswith(f"{name}={shown} is refused: {name} is ")


def test_a_refusal_names_setting_value_and_cure() -> None:
    assert refusal(lambda: TrainSettings(activation="rellu")) == (
        "activation=rellu is refused: activation is one of tanh, scaled_tanh, relu, sigmoid; "
        "did you mean 'relu'?"
    )
    assert refusal(lambda: TrainSettings(momentum=15)) == (
        "momentum=15 is refused: momentum is at least 0 and below 1, such as 0.9, or null"
    )


# Momentum that an optimizer does not have


def test_a_momentum_without_effect_is_recorded_as_null_and_noted() -> None:
    settings = TrainSettings(optimizer="adam", momentum=0.9)
    assert settings.momentum is None
    assert settings.notes == ("momentum=0.9 has no effect: adam has no momentum",)
    assert settings == TrainSettings(optimizer="adam")
    assert settings.record()["momentum"] is None
    assert TrainSettings.from_record(settings.record()).notes == ()


def test_its_range_is_checked_all_the_same() -> None:
    message = refusal(lambda: TrainSettings(optimizer="adam", momentum=15))
    assert message.startswith("momentum=15 is refused: ")


@pytest.mark.parametrize(("given", "said"), [(("momentum=0.9",), 1), ((), 0)])
def test_it_is_said_once_if_the_user_gave_it(
    given: tuple[str, ...], said: int, letters: Path, tmp_path: Path
) -> None:
    small = (f"data.root={letters}", "data.alphabet=ABCD", "epochs=1", "hydra.run.dir=run")
    done = run_main("train", "optimizer=adam", *given, *small, "trainer=cpu", cwd=tmp_path)
    note = "charrec: warning: momentum=0.9 has no effect: adam has no momentum\n"
    assert (done.exit_code, done.stderr) == (0, note * said)
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["settings"]["momentum"] is None


# An inversion that no network sees


@pytest.mark.parametrize("name", NORMALISATIONS)
def test_an_inversion_is_noted_where_it_was_given_and_no_network_sees_it(name: str) -> None:
    given = composed(f"normalisation={name}", "augment=light", "augment.inversion=0.2")
    note = f"augment.inversion=0.2 has no effect: with normalisation={name} the letter is light"
    expected = [f"{note}, whichever it was"] if name in LETTER_IS_LIGHT else []
    assert (list(given.notes), given.strengths.inversion) == (expected, 0.2)
    for own in ("light", "strong"):
        assert composed(f"normalisation={name}", f"augment={own}").notes == ()
    assert composed(f"normalisation={name}", "augment=light", "augment.inversion=0").notes == ()


def test_two_settings_without_effect_are_both_noted() -> None:
    both = composed("optimizer=adam", "momentum=0.5", "normalisation=ink", "augment.inversion=1")
    assert [note.partition("=")[0] for note in both.notes] == ["momentum", "augment.inversion"]


def test_a_run_that_is_gone_on_with_says_it_no_more(letters: Path, tmp_path: Path) -> None:
    small = (f"data.root={letters}", "data.alphabet=ABCD", "epochs=1", "hydra.run.dir=run")
    useless = ("normalisation=ink", "augment.inversion=0.5", "trainer=cpu")
    began = run_main("train", *small, *useless, cwd=tmp_path)
    assert began.stderr.count("has no effect") == 1, began.stderr
    longer = run_main("train", "resume=run", "epochs=2", cwd=tmp_path)
    assert (longer.exit_code, longer.stderr) == (0, "")


# Records


@given(
    st.builds(
        dict,
        optimizer=st.sampled_from(optimizer_choices()),
        hsize=st.one_of(st.integers(1, 99), st.lists(st.integers(1, 99), min_size=1)),
        lr=st.one_of(st.none(), st.floats(1e-9, 1e3), st.integers(1, 9)),
        momentum=st.one_of(st.none(), st.floats(0, 1, exclude_max=True)),
        weight_decay=st.floats(0, 10),
        seed=st.integers(0, 2**32 - 1),
        weights=st.sampled_from([None, "a b", Path("c"), "~/d"]),
    )
)
def test_a_record_comes_back_from_json(values: dict[str, Any]) -> None:
    data = DataSettings(root="~/letters", alphabet="abcÄ", image_size=16)
    settings = TrainSettings(**values, data=data, trainer={"accelerator": "cpu"})
    record = json.loads(json.dumps(settings.record()))
    assert TrainSettings.from_record(record) == settings
    assert TrainSettings.from_record(record).record() == record


def test_a_tuple_is_recorded_as_the_list_that_json_makes_of_it() -> None:
    assert TrainSettings(hsize=(64, 32)) == TrainSettings(hsize=[64, 32])


def test_paths_are_recorded_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert DataSettings(root="letters").root == str(tmp_path / "letters")
    assert DataSettings(root="~/letters").root == str(tmp_path / "home" / "letters")
    (tmp_path / "~").mkdir()
    assert DataSettings(root="~").root == str(tmp_path / "~")


def test_the_options_of_one_run_are_not_those_of_the_next() -> None:
    first = TrainSettings(optimizer="adam")
    assert first.optimizer_options is not None
    first.optimizer_options["betas"] = [0, 0]
    assert TrainSettings(optimizer="adam").optimizer_options == {"betas": [0.9, 0.999]}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: TrainSettings(optimizer_options={"nestrov": True}),
            "optimizer.options.nestrov is no setting; did you mean 'optimizer.options.nesterov'?",
        ),
        (
            lambda: TrainSettings(optimizer="adam", optimizer_options={"momentum": 0.9}),
            "optimizer.options.momentum is no setting",
        ),
        (
            lambda: TrainSettings(trainer={"max_tme": 1}),
            "trainer.max_tme is no setting; did you mean 'trainer.max_time'?",
        ),
        (
            lambda: TrainSettings(trainer={"max_epochs": 1}),
            "trainer.max_epochs is set by charrec; use epochs=N",
        ),
        (
            lambda: TrainSettings(trainer={"callbacks": []}),
            "trainer.callbacks is set by charrec; use train(settings, callbacks=[...]) from Python",
        ),
        (
            lambda: TrainSettings(trainer=None),  # type: ignore[arg-type]
            "trainer=None is refused: write trainer.NAME=VALUE",
        ),
    ],
)
def test_unknown_names_are_refused(make: Callable[[], object], message: str) -> None:
    assert refusal(make).splitlines()[0] == message


@pytest.mark.parametrize("devices", [0, -1, "-1", []])
def test_devices_that_are_none(devices: object) -> None:
    said = refusal(lambda: TrainSettings(trainer={"devices": devices}))
    assert said.startswith(f"trainer.devices={devices} is refused: trainer.devices is 1")


def test_a_record_of_another_version_is_refused() -> None:
    record = TrainSettings().record()
    assert "sharpness is no setting" in refusal(
        lambda: TrainSettings.from_record(record | {"sharpness": 1})
    )


# Deformations


def test_a_choice_has_strengths_of_its_own_and_each_may_be_another() -> None:
    strong = TrainSettings(augment="strong")
    assert strong.strengths == composed("augment=strong").strengths
    assert strong.strengths.rotation > TrainSettings(augment="light").strengths.rotation > 0
    other = composed("augment=strong", "augment.rotation=3")
    assert (other.augment, other.strengths.rotation) == ("strong", 3)
    assert other.strengths.noise == strong.strengths.noise
    assert TrainSettings.from_record(other.record()) == other


def test_a_record_of_before_there_were_deformations_has_none() -> None:
    record = TrainSettings().record()
    for name in ("augment", "augment_strengths", "normalisation", "label_smoothing"):
        del record[name]
    assert TrainSettings.from_record(record) == TrainSettings()


def test_strengths_without_a_choice_are_taken_as_they_are() -> None:
    assert TrainSettings(augment_strengths=AugmentSettings(blur=2)).strengths.blur == 2


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("augment.blurr=1", "did you mean 'augment.blur'"),
        ("augment.blur=9", "0 to 5 pixels"),
        ("augment.name=foo", "^augment.name=foo is refused: .* one of light, none, strong$"),
        ("augment.name=null", "^augment.name=null is refused: .* one of light, none, strong"),
    ],
)
def test_a_wrong_strength_is_refused(override: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        composed(f"+{override}" if "blurr" in override else override)
