"""Experiments over their seeds, the best first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from making import make_run
from making_sweeps import settings_of

from charrec.augment import AugmentSettings
from charrec.errors import UserError
from charrec.run import Run
from charrec.sweep.results import Experiment, rank, read_results, varied_in


def make(folder: Path, accuracy: float | None, status: str = "completed", **settings: Any) -> None:
    """A run whose test accuracy is 0.1 below that on validation."""
    found: dict[str, Any] = {}
    if accuracy is not None:
        found = {"validation": {"accuracy": accuracy}, "test": {"accuracy": accuracy - 0.1}}
    make_run(folder, status=status, settings=settings_of(**settings), best_epoch=3, **found)


def ranked(folder: Path) -> list[Experiment]:
    return rank(read_results([folder]))


def test_mean_and_deviation_over_the_seeds_decide(tmp_path: Path) -> None:
    for seed, accuracy in enumerate((0.5, 0.6, 0.7)):
        make(tmp_path / f"a{seed}", accuracy, seed=seed)
    make(tmp_path / "b", 0.65, hsize=64, seed=7)
    make(tmp_path / "c", 0.9, "interrupted", hsize=65)  # the best so far of a run that is not over
    first, second, last = ranked(tmp_path)
    assert (first.validation, first.best.folder.name) == ((0.65, None), "b")
    for pair, (mean, deviation) in ((second.validation, (0.6, 0.1)), (second.test, (0.5, 0.1))):
        assert pair[0] == pytest.approx(mean)
        assert pair[1] == pytest.approx(deviation)
    assert (len(second.repeats), second.best.folder.name) == (3, "a2")
    assert (last.validation, last.best.status, last.completed) == ((None, None), "interrupted", [])


def test_the_test_accuracy_decides_nothing(tmp_path: Path) -> None:
    make_run(
        tmp_path / "a",
        status="completed",
        settings=settings_of(hsize=1),
        validation={"accuracy": 0.5},
        test={"accuracy": 0.9},
    )
    make(tmp_path / "b", 0.6, hsize=2)
    assert [e.best.folder.name for e in ranked(tmp_path)] == ["b", "a"]


def test_of_equals_the_first_in_natural_order(tmp_path: Path) -> None:
    for number in (10, 9, 2):
        make(tmp_path / str(number), 0.5, hsize=number)
    assert [e.best.folder.name for e in ranked(tmp_path)] == ["2", "9", "10"]


def test_a_repeat_that_failed_does_not_count(tmp_path: Path) -> None:
    make(tmp_path / "a", 0.5, seed=1)
    make(tmp_path / "b", None, "diverged", seed=2)
    (only,) = ranked(tmp_path)
    assert (only.validation, len(only.completed), len(only.repeats)) == ((0.5, None), 1, 2)
    assert only.best.folder.name == "a"


def test_a_run_is_counted_once_however_it_is_named(tmp_path: Path) -> None:
    make(tmp_path / "sweep" / "0", 0.5)
    (tmp_path / "link").symlink_to(tmp_path / "sweep")
    folders = [tmp_path, tmp_path / "sweep", tmp_path / "sweep" / "0", tmp_path / "link"]
    assert len(read_results(folders)) == 1


def test_columns_are_the_settings_that_differ(tmp_path: Path) -> None:
    make(tmp_path / "a", 0.5, seed=1)
    make(tmp_path / "b", 0.4, optimizer="adam", seed=2)
    make(tmp_path / "c", 0.3, optimizer="adam", hsize=64)
    assert varied_in(ranked(tmp_path)) == ["hsize", "optimizer", "lr", "momentum"]
    make(tmp_path / "d", 0.2, optimizer="adam", optimizer_options={"eps": 1e-6})
    with_options = varied_in(ranked(tmp_path))
    assert [n for n in with_options if n.startswith("optimizer.o")] == [
        "optimizer.options.betas",
        "optimizer.options.eps",
    ]


def test_what_comes_with_a_choice_of_deformations_is_not_shown(tmp_path: Path) -> None:
    strong = AugmentSettings(rotation=12.0, blur=1.0)
    make(tmp_path / "a", 0.5, augment="strong", augment_strengths=strong)
    make(tmp_path / "b", 0.4, augment="none", augment_strengths=AugmentSettings())
    assert varied_in(ranked(tmp_path)) == ["augment"]
    blurred = replace(strong, blur=2.0)
    make(tmp_path / "c", 0.3, augment="strong", augment_strengths=blurred)
    assert varied_in(ranked(tmp_path)) == ["augment", "augment.blur"]


def test_a_damaged_run_is_told_and_hides_no_other(tmp_path: Path) -> None:
    make(tmp_path / "a", 0.5)
    make(tmp_path / "b", 0.6, hsize=2)
    (tmp_path / "a" / "summary.json").write_text("{}")
    with pytest.warns(UserWarning, match=r"a/summary\.json is damaged, .*: it holds no settings"):
        (only,) = ranked(tmp_path)
    assert only.best.folder.name == "b"


def test_folders_without_runs(tmp_path: Path) -> None:
    with pytest.raises(UserError) as refused:
        read_results([tmp_path])
    assert str(refused.value) == f"{tmp_path} holds no run; name the folders of runs or sweeps"


@pytest.mark.parametrize(
    "damage",
    [
        {"validation": [1]},
        {"validation": {"accuracy": "high"}},
        {"validation": {"accuracy": float("nan")}},
        {"test": {"accuracy": 1.5}},
        {"best_epoch": "x"},
    ],
)
def test_a_record_that_makes_no_sense_is_told(damage: dict[str, Any], tmp_path: Path) -> None:
    make(tmp_path / "a", 0.5)
    make(tmp_path / "b", 0.6, hsize=2)
    Run(tmp_path / "a").record(**damage)
    with pytest.warns(UserWarning, match=r"a/summary\.json is damaged, left out: \w+Error: "):
        (only,) = ranked(tmp_path)
    assert only.best.folder.name == "b"


def test_what_has_no_size_has_no_number_of_parameters(tmp_path: Path) -> None:
    settings = settings_of(hsize=3)
    del settings["hsize"]
    make_run(tmp_path / "a", status="completed", settings=settings)
    make(tmp_path / "b", 0.6, hsize=2)
    assert [e.best.parameters for e in ranked(tmp_path)] == [1025 * 2 + 3 * 26, None]
