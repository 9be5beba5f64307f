"""Hydra's override syntax as a space to search, and what is refused before anything starts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

from charrec.errors import UserError
from charrec.resources import resource
from charrec.sweep.space import Choice, Range, Space, space_of


@pytest.fixture(autouse=True)
def hydra() -> Iterator[None]:
    with initialize_config_dir(str(resource("conf")), version_base="1.3"):
        yield


def space(*arguments: str) -> Space:
    config = compose("train", return_hydra_config=True)
    return space_of(config, GlobalHydra.instance().config_loader(), arguments)


@pytest.mark.parametrize(
    ("given", "dimension"),
    [
        ("lr=interval(0.5,1)", Range(0.5, 1.0)),
        ("lr=tag(log,interval(1e-4,1e-1))", Range(1e-4, 1e-1, log=True)),
        ("hsize=int(interval(4,64))", Range(4, 64)),
        ("hsize=tag(log,int(interval(4,64)))", Range(4, 64, log=True)),
        ("hsize=range(4,10)", Range(4, 9, 1)),
        ("hsize=range(4,10,3)", Range(4, 7, 3)),
        ("hsize=range(10,4,-3)", Range(7, 10, 3)),
        ("hsize=tag(log,range(4,10))", Range(4, 9, log=True)),
        ("hsize=shuffle(range(4,10))", Range(4, 9, 1)),
        ("weight_decay=range(0,1,0.25)", Range(0.0, 0.75, 0.25)),
        ("hsize=32,64,32", Choice(("32", "64"))),
        ("hsize=choice([32],[64,32])", Choice(("[32]", "[64,32]"))),
        ("hsize=sort(64,32)", Choice(("32", "64"))),
        ("optimizer=glob(ada*)", Choice(("adadelta", "adagrad", "adam", "adamw"))),
        ("momentum=null,0.9", Choice(("null", "0.9"))),
    ],
)
def test_dimension(given: str, dimension: Choice | Range) -> None:
    name = given.partition("=")[0]
    assert space(given, "epochs=3").dimensions == {name: dimension}


def test_whole_numbers_are_those_of_ranges_and_of_int() -> None:
    whole = space("hsize=int(interval(4,64))", "batch_size=range(1,9)", "lr=interval(1,2)")
    found = {n: d.whole for n, d in whole.dimensions.items() if isinstance(d, Range)}
    assert found == {"hsize": True, "batch_size": True, "lr": False}


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("lr=interval(1,0.5)", "write interval(LOWEST,HIGHEST)"),
        ("lr=interval(1,inf)", "write interval(LOWEST,HIGHEST)"),
        ("lr=tag(log,interval(0,1))", "with the tag log its lowest value must be above 0"),
        ("lr=tag(lin,interval(0.1,1))", "the tag lin means nothing here; the one that does is log"),
        ("hsize=tag(log,choice(1,2))", "choices have no tag log; interval and range do"),
        (
            "hsize=tag(log,range(4,16,4))",
            "with the tag log there are no steps; write interval or int(interval(...))",
        ),
        ("hsize=range(4,4)", "it holds no value"),
        ("hsize=range(4,8,0)", "its step is 0"),
        ("optimizer=glob(x*)", "it holds no value"),
    ],
)
def test_what_is_no_space(given: str, why: str) -> None:
    with pytest.raises(UserError) as refused:
        space(given)
    assert str(refused.value) == f"{given} is refused: {why}"


def test_something_must_vary_and_no_setting_of_the_sweep() -> None:
    with pytest.raises(UserError, match="a search needs settings to vary"):
        space("hsize=3")
    with pytest.raises(UserError, match=r"sweep\.fail_fast is one for the whole sweep"):
        space("sweep.fail_fast=true,false", "hsize=1,2")


@pytest.mark.parametrize(
    "given",
    [
        ("lr=interval(-1,1)",),
        ("momentum=interval(0,1)", "hsize=1,2"),
        ("hsize=1,2", "batch_size=range(-3,2)"),
        ("optimizer=sgd,adma",),
    ],
)
def test_corners_are_checked(given: tuple[str, ...]) -> None:
    with pytest.raises(Exception, match=r"refused|adma"):
        space(*given).check()


def test_few_corners_are_checked_all_of_many_each_end() -> None:
    few = space("hsize=range(1,9)", "batch_size=range(1,9)", "seed=1,2,3,4")
    assert len(list(few._corners())) == 16
    many = space("hsize=range(1,9)", "batch_size=range(1,9)", "seed=1,2,3,4,5")
    corners = list(many._corners())
    assert len(corners) == 5
    assert {corner["hsize"] for corner in corners} == {"1", "8"}
    assert {corner["seed"] for corner in corners} == set("12345")
    wrong = space("hsize=range(1,9)", "batch_size=range(1,9)", "seed=1,2,3,4,-5")
    with pytest.raises(UserError, match="seed=-5"):
        wrong.check()


def test_a_point_of_it() -> None:
    found = space(
        "+optimizer.options.eps=interval(1e-8,1e-6)", "optimizer=adam", "hsize=8,16", "epochs=3"
    ).point({"optimizer.options.eps": 1.23456789e-7, "hsize": "16"})
    assert found.overrides == (
        *("optimizer=adam", "epochs=3"),
        *("+optimizer.options.eps=1.235e-07", "hsize=16"),
    )
    assert (found.settings["hsize"], found.settings["epochs"]) == (16, 3)
    assert found.settings["optimizer_options"]["eps"] == 1.235e-7
    assert found.varied == {"optimizer.options.eps": "1.235e-07", "hsize": "16"}


def test_rounded_values_stay_within_the_range() -> None:
    narrow = space("lr=interval(0.12345678,0.12346789)")
    assert narrow.point({"lr": 0.12345678}).settings["lr"] == 0.12345678
    assert narrow.point({"lr": 0.12346789}).settings["lr"] == 0.12346789
