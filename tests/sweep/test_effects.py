"""What each knob did, in numbers worked by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from making_sweeps import settings_of

from charrec.sweep.effects import (
    Effect,
    as_number,
    effects_in,
    in_order,
    strength,
    strongest_first,
)
from charrec.sweep.results import Result, rank


def result(accuracy: float | None, **settings: Any) -> Result:
    """One that failed, where there is no accuracy."""
    found = None if accuracy is None else {"accuracy": accuracy}
    summary = {"settings": settings_of(**settings), "validation": found}
    return Result(Path("run"), summary, "diverged" if accuracy is None else "completed")


def effects(*results: Result) -> dict[str, dict[str, Effect]]:
    found = effects_in(rank(results))
    return {name: {effect.value: effect for effect in some} for name, some in found.items()}


def test_mean_deviation_and_best_over_experiments() -> None:
    """Three seeds of one experiment weigh no more than one seed of another."""
    found = effects(
        *(result(a, hsize=8, lr=0.1, seed=s) for s, a in enumerate((0.2, 0.3, 0.4))),
        result(0.5, hsize=8, lr=0.01),
        result(0.6, hsize=16, lr=0.1),
        result(0.8, hsize=16, lr=0.01),
    )
    assert list(found) == ["hsize", "lr"]
    eight = found["hsize"]["8"]
    assert (eight.runs, eight.completed, eight.experiments) == (4, 4, 2)
    assert eight.mean == pytest.approx(0.4)  # of 0.3 and 0.5
    assert eight.deviation == pytest.approx(0.2 / 2**0.5)
    assert eight.best == 0.5
    assert found["lr"]["0.1"].mean == pytest.approx(0.45)
    assert found["lr"]["0.01"].mean == pytest.approx(0.65)
    assert eight.alike == 2
    assert eight.alike_mean == pytest.approx(0.4)


def test_where_failures_are_missing_like_is_compared_with_like() -> None:
    """lr=0.1 looks best, for only the easy half of it completed; among its likes it is worse."""
    found = effects(
        result(0.9, hsize=64, lr=0.01),
        result(0.3, hsize=8, lr=0.01),
        result(0.8, hsize=64, lr=0.1),
        result(None, hsize=8, lr=0.1),
    )["lr"]
    low, high = found["0.01"], found["0.1"]
    assert low.mean == pytest.approx(0.6)
    assert high.mean == 0.8
    assert (low.alike_mean, high.alike_mean) == (0.9, 0.8)
    assert (low.experiments, low.alike, high.experiments, high.alike) == (2, 1, 1, 1)
    assert (high.runs, high.completed, high.deviation) == (2, 1, None)
    assert strength(list(found.values())) == pytest.approx(0.1)


def test_a_value_with_which_nothing_completed() -> None:
    found = effects(result(None, lr=1.0), result(0.5, lr=0.1), result(0.4, lr=0.01))["lr"]
    failed = found["1.0"]
    assert (failed.mean, failed.best, failed.alike_mean) == (None, None, None)
    assert (failed.runs, failed.completed, failed.experiments, failed.alike) == (1, 0, 0, 0)
    assert [effect.alike for effect in found.values()] == [0, 0, 0]  # nothing is like it
    assert strength(list(found.values())) == pytest.approx(0.1)


def test_null_is_a_value_without_a_like() -> None:
    """Adam has no momentum: it is compared with SGD, momentum 0 with 0.9, and null with nothing."""
    found = effects(
        result(0.2, optimizer="sgd", lr=0.1, momentum=0.0),
        result(0.6, optimizer="sgd", lr=0.1, momentum=0.9),
        result(0.5, optimizer="adam", lr=0.1),
    )
    momentum = found["momentum"]
    assert list(momentum) == ["0.0", "0.9", "null"]
    assert (momentum["null"].mean, momentum["null"].alike_mean) == (0.5, None)
    assert [momentum[value].alike_mean for value in ("0.0", "0.9")] == [0.2, 0.6]
    assert [effect.alike for effect in found["optimizer"].values()] == [1, 2]
    assert found["optimizer"]["sgd"].alike_mean == pytest.approx(0.4)
    assert found["optimizer"]["adam"].alike_mean == 0.5


def test_a_knob_that_only_some_have_still_tells_companions_apart() -> None:
    """lr is compared within SGD and within Adam: each pair counts once."""
    found = effects(
        *(
            result(accuracy, optimizer=optimizer, lr=lr, momentum=momentum)
            for accuracy, optimizer, lr, momentum in (
                (0.2, "sgd", 0.1, 0.0),
                (0.3, "sgd", 0.01, 0.0),
                (0.4, "sgd", 0.1, 0.9),
                (0.8, "sgd", 0.01, 0.9),
                (0.6, "adam", 0.1, None),
                (0.1, "adam", 0.01, None),
            )
        )
    )["lr"]
    assert found["0.1"].alike_mean == pytest.approx(1.2 / 3)
    assert found["0.01"].alike_mean == pytest.approx(1.2 / 3)


def test_settings_that_always_changed_together_have_no_likes() -> None:
    found = effects(
        result(0.2, hsize=8, lr=0.1), result(0.6, hsize=16, lr=0.2), result(0.7, hsize=32, lr=0.3)
    )
    assert all(e.alike == 0 for some in found.values() for e in some.values())
    assert strength(list(found["lr"].values())) == pytest.approx(0.5)  # of the plain means


def test_strongest_first() -> None:
    found = effects_in(
        rank(
            result(0.3 + 0.1 * (hsize == 8) + 0.3 * (lr == 0.1), hsize=hsize, lr=lr)
            for hsize in (8, 16)
            for lr in (0.1, 0.2)
        )
    )
    assert list(found) == ["hsize", "lr"]
    assert strongest_first(found) == ["lr", "hsize"]


def test_one_experiment_has_no_effects() -> None:
    assert effects_in(rank([result(0.5, seed=1), result(0.6, seed=2)])) == {}


def test_order_of_values() -> None:
    assert in_order(["null", "10", "9", "1e-3", "", "9"]) == ["1e-3", "9", "10", "null", ""]
    assert in_order(["run10", "[64,32]", "128", "run9"]) == ["128", "[64,32]", "run9", "run10"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1e-3", 0.001),
        ("8", 8.0),
        *((text, None) for text in ("true", "[1]", "NaN", "Infinity", "1e999", "a", "")),
        ("1" + "0" * 400, None),  # a record may hold anything
    ],
)
def test_what_is_a_number(text: str, number: float | None) -> None:
    assert as_number(text) == number


def test_a_setting_that_a_record_lacks() -> None:
    """From another version of charrec, say."""
    old = result(0.4, hsize=16)
    del old.summary["settings"]["schedule"]
    found = effects(result(0.5), old)["schedule"]
    assert [(value, effect.mean) for value, effect in found.items()] == [
        ("constant", 0.5),
        ("", 0.4),
    ]
