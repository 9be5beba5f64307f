"""Settings of the letters: what each kind has, what is recorded, which command names them."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir

from charrec.cli.arguments import quote_paths
from charrec.cli.entry import settings_of
from charrec.data.kinds import CHECKS
from charrec.data.places import emnist_folder
from charrec.data.readers import READERS
from charrec.data.settings import OF_KIND, DataSettings
from charrec.errors import UserError
from charrec.resources import embedded_letters, resource
from charrec.settings import TrainSettings

LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
in_folders = partial(DataSettings, "x", kind="folders")


def refusal(make: Callable[[], object]) -> str:
    with pytest.raises(UserError) as refused:
        make()
    return str(refused.value)


def composed(*overrides: str) -> DataSettings:
    with initialize_config_dir(str(resource("conf")), version_base="1.3"):
        config = compose("train", overrides=quote_paths(list(overrides)))
    return TrainSettings.from_config(settings_of(config)).data


def test_every_kind_is_in_every_table() -> None:
    files = {path.stem for path in (resource("conf") / "data").glob("*.yaml")}
    assert set(OF_KIND) == set(CHECKS) == set(READERS) == files


@pytest.mark.parametrize("kind", OF_KIND)
def test_python_and_yaml_agree_on_every_default(kind: str) -> None:
    settings = composed(f"data={kind}", "data.root=x")
    assert settings == DataSettings("x", kind=kind)
    assert settings.download is DataSettings("x", kind=kind).download is False


@pytest.mark.parametrize("group", [r"-(\d+)\.", "(writer ${x}[0-9]+),", "^(.)_='\"~"])
def test_an_expression_passes_through_the_command_line(group: str) -> None:
    assert composed("data=folders", "data.root=x", f"data.group={group}").group == group


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("validation_share", [0.01, 0.8], [0, 1, -0.1, "0.1", True, None]),
        ("test_share", [0.01, 0.8, 1], [0, 1.01, -0.1, "0.1", True, None]),
        ("split_seed", [0, 2**32 - 1], [-1, 2**32, 0.5, "0", None]),
        ("group", [None, "(a)", r"w(\d+)_(?:a|b)"], ["a", "(a)(b)", "(", 3, ["(a)"]]),
    ],
)
def test_ranges(name: str, good: list[Any], bad: list[Any]) -> None:
    for value in good:
        in_folders(**{name: value})
    for value in bad:
        shown = "null" if value is None else value
        message = refusal(partial(in_folders, **{name: value}))
        assert message.startswith(f"data.{name}={shown} is refused: data.{name} is ")


@pytest.mark.parametrize(
    ("name", "bad"), [("kind", "tree"), ("split", "Letters"), ("download", 1), ("kind", None)]
)
def test_words(name: str, bad: Any) -> None:
    assert " is refused: data." in refusal(partial(DataSettings, **{"kind": "emnist", name: bad}))


def test_shares_leave_something_to_train_on() -> None:
    assert refusal(partial(in_folders, validation_share=0.5, test_share=0.5)) == (
        "data.validation_share=0.5 and data.test_share=0.5 leave nothing to train on; "
        "make them smaller"
    )
    everything = in_folders(test_share=1)
    assert "is for charrec.test" in refusal(partial(TrainSettings, data=everything))


BRING = "lists bring their own splits; it is for "


@pytest.mark.parametrize(
    ("kind", "given", "meant"),
    [
        ("lists", {"group": "(a)"}, f"{BRING}data=folders"),
        ("lists", {"validation_share": 0.2}, f"{BRING}data=folders or data=emnist"),
        ("lists", {"split": "digits"}, "it is for data=emnist"),
        ("lists", {"split_seed": 3}, f"{BRING}data=folders or data=emnist"),
        ("folders", {"download": True}, "it is for data=emnist"),
        ("emnist", {"test_share": 0.3}, "it is for data=folders"),
    ],
)
def test_what_a_kind_does_not_have(kind: str, given: dict[str, Any], meant: str) -> None:
    ((name, value),) = given.items()
    told = f"data.{name}={value} cannot go with data={kind}: {meant}; leave one"
    assert refusal(partial(DataSettings, "x", kind=kind, **given)).startswith(told)


def test_what_is_recorded() -> None:
    """Of lists what runs recorded before there were other kinds."""
    root = str(Path("x").absolute())
    common = {"root": root, "image_size": 32, "alphabet": LATIN}
    own: dict[str, Any] = {
        "folders": {"validation_share": 0.15, "test_share": 0.2, "split_seed": 0, "group": "(a)"},
        "emnist": {"split": "digits", "validation_share": 0.15, "split_seed": 0},
    }
    assert DataSettings("x").record() == common
    for kind, settings in own.items():
        data = DataSettings("x", kind=kind, **settings)
        assert data.record() == {"kind": kind, **common, **settings}
        assert DataSettings(**data.record()) == data
    asked = DataSettings("x", kind="emnist", download=True)
    assert "download" not in asked.record()
    assert DataSettings(**asked.record()) == asked


def test_where_the_letters_are() -> None:
    assert DataSettings().folder == embedded_letters()
    assert DataSettings(kind="emnist").folder == emnist_folder()
    assert in_folders().folder == Path("x").absolute()
    assert refusal(partial(DataSettings, kind="folders")) == (
        "data=folders needs a folder: write data.root=FOLDER"
    )


def test_the_command_for_the_same_letters() -> None:
    here = shlex.quote("a b")
    assert DataSettings("a b").command("check") == f"python -m charrec.check data.root={here}"
    data = DataSettings("a b", 16, "01", kind="folders", group=r"-(\d+)", test_share=0.3)
    assert data.command("check") == (
        f"python -m charrec.check data=folders data.root={here} data.alphabet=01 "
        "data.test_share=0.3 "
        r"data.group='-(\d+)'"
    )
    assert DataSettings(kind="emnist", download=True).command("train", "data.download=true") == (
        "python -m charrec.train data=emnist data.split=letters data.download=true"
    )
