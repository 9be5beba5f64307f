"""The points of a grid."""

from __future__ import annotations

from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

from charrec.errors import UserError
from charrec.resources import resource
from charrec.sweep.points import Point, each_once, points_of


def points(*arguments: str) -> list[Point]:
    with initialize_config_dir(str(resource("conf")), version_base="1.3"):
        config = compose("train", return_hydra_config=True)
        loader = GlobalHydra.instance().config_loader()
        return list(points_of(config, loader, arguments))


def test_every_combination_with_its_settings(letters: Path) -> None:
    data = (f"data.root='{letters}'", "data.alphabet=ABCD")
    found = points("optimizer=sgd,adam", "hsize=8,16", "momentum=0,0.9", "epochs=3", *data)
    assert len(found) == 8
    first, last = found[0], found[-1]
    assert first.varied == {"optimizer": "sgd", "hsize": "8", "momentum": "0"}
    assert last.varied == {"optimizer": "adam", "hsize": "16", "momentum": "null"}
    assert last.overrides[:3] == ("optimizer=adam", "hsize=16", "momentum=0.9")
    assert (last.settings["lr"], last.settings["epochs"]) == (3e-4, 3)
    assert last.settings["data"]["root"] == str(letters)
    assert last.notes == ("momentum=0.9 has no effect: adam has no momentum",)


def test_the_same_experiment_is_left_once_the_first_of_its_kind() -> None:
    found = points("optimizer=sgd,adam", "momentum=0,0.9", "seed=1,2")
    once = each_once(found)
    assert len(found) == 8
    assert [point.varied["seed"] for point in once] == ["1", "2"] * 3
    assert once == [found[i] for i in (0, 1, 2, 3, 4, 5)]


@pytest.mark.parametrize(
    ("twice", "count"),
    [("lr=1e-3,0.001", 1), ("hsize=8,[8],16", 2), ("experiment=small,report_sgd,small", 2)],
)
def test_values_that_say_the_same(twice: str, count: int) -> None:
    assert len(each_once(points(twice))) == count


def test_what_is_varied_is_shown_as_it_was_given_where_it_names_many_settings() -> None:
    (first, second) = points("experiment=small,report_adam", "+trainer.max_steps=5")
    assert first.varied == {"experiment": "small"}
    assert second.varied == {"experiment": "report_adam"}


def test_ranges_and_what_a_plus_adds() -> None:
    found = points("seed=range(3)", "+trainer.max_steps=5,6", "sweep.resume=x")
    assert [p.varied["seed"] for p in found] == ["0", "0", "1", "1", "2", "2"]
    assert found[1].varied == {"seed": "0", "trainer.max_steps": "6"}
    assert found[1].overrides == ("seed=0", "+trainer.max_steps=6")


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("lr=1,-1", "lr=-1 is refused: lr is a number above 0"),
        ("hsize=8,0", "hsize=0 is refused"),
        ("sweep.fail_fast=true,false", "sweep.fail_fast is one for the whole sweep: give it one"),
        ("resume=a,b", "resume goes on with one run: leave out -m; sweeps have sweep.resume"),
        ("data.root=/no/such", "/no/such"),
    ],
)
def test_wrong_values_are_refused(argument: str, message: str) -> None:
    with pytest.raises(UserError) as refused:
        points(argument)
    assert message in str(refused.value)
