"""What the figures show, before anything is drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from making_sweeps import make_curve, make_result

from charrec.figures.comparison import Comparison
from charrec.sweep.effects import effects_in
from charrec.sweep.results import rank, read_results
from charrec.sweep.views import MOST_POINTS, shortened, views_of


def views(folder: Path) -> Comparison:
    experiments = rank(read_results([folder]))
    return views_of(experiments, effects_in(experiments))


def make(folder: Path, accuracy: float | None, *curve: float, **settings: Any) -> None:
    status = "completed" if accuracy is not None else "diverged"
    make_result(folder, accuracy, status, **settings)
    if curve:
        make_curve(folder, *curve)


@pytest.fixture
def grid(tmp_path: Path) -> Path:
    """hsize 8 and 16, lr 0.1, 0.2 and 0.3; one failed, one was never tried, two seeds once."""
    make(tmp_path / "0", 0.1, 0.05, 0.1, hsize=8, lr=0.1, seed=1)
    make(tmp_path / "1", 0.3, 0.15, 0.3, hsize=8, lr=0.1, seed=2)
    make(tmp_path / "2", 0.4, 0.2, 0.4, hsize=8, lr=0.2)
    make(tmp_path / "3", 0.8, 0.4, 0.8, hsize=16, lr=0.1)
    make(tmp_path / "4", None, 0.9, hsize=16, lr=0.2)
    make(tmp_path / "5", 0.5, hsize=8, lr=0.3)
    return tmp_path


def test_curves_the_best_first_and_the_unfinished_last(grid: Path) -> None:
    curves = views(grid).curves
    assert [curve.name for curve in curves] == [
        "hsize=16 lr=0.1 seed=2024",
        "hsize=8 lr=0.2 seed=2024",
        "hsize=8 lr=0.1 seed=2",
        "hsize=8 lr=0.1 seed=1",
        "hsize=16 lr=0.2 seed=2024",
    ]  # and none of the run that has no metrics.csv
    assert [curve.best for curve in curves] == [True, *[False] * 4]
    assert curves[0].points == ((1, 0.4), (2, 0.8))
    assert (curves[-1].status, curves[-1].points) == ("diverged", ((1, 0.9),))


def test_colours_are_the_setting_with_the_most_effect(grid: Path) -> None:
    """hsize alone changes the size, so that the dots by size have another."""
    found = views(grid)
    assert found.key is not None
    assert (found.key.setting, found.key.values) == ("hsize", ("8", "16"))
    assert [curve.group for curve in found.curves] == ["16", "8", "8", "8", "16"]
    assert found.spot_key is not None
    assert (found.spot_key.setting, found.spot_key.values) == ("lr", ("0.1", "0.2", "0.3"))


def test_the_heat_map_is_means_of_experiments(grid: Path) -> None:
    heat = views(grid).heat
    assert heat is not None
    assert (heat.settings, heat.down, heat.across) == (
        ("hsize", "lr"),
        ("8", "16"),
        ("0.1", "0.2", "0.3"),
    )
    assert heat.means == ((0.2, 0.4, 0.5), (0.8, None, None))
    assert heat.completed == ((1, 1, 1), (1, 0, 0))
    assert heat.tried == ((1, 1, 1), (1, 1, 0))


def test_the_heat_map_is_of_the_two_strongest_over_all_else(tmp_path: Path) -> None:
    for number, (batch, lr, hsize) in enumerate(
        (b, r, h) for b in (4, 8) for r in (0.1, 0.2) for h in (8, 16)
    ):
        accuracy = 0.1 + 0.02 * (batch == 8) + 0.3 * (lr == 0.2) + 0.2 * (hsize == 16)
        make(tmp_path / str(number), accuracy, batch_size=batch, lr=lr, hsize=hsize)
    heat = views(tmp_path).heat
    assert heat is not None
    assert heat.settings == ("hsize", "lr")
    assert [round(m or 0, 6) for row in heat.means for m in row] == [0.11, 0.41, 0.31, 0.61]
    assert heat.completed == ((2, 2), (2, 2))


def test_one_setting_has_no_heat_map_and_thirteen_values_are_too_many(tmp_path: Path) -> None:
    for number in range(13):
        make(tmp_path / str(number), 0.5, lr=0.1 + number)
    assert views(tmp_path).heat is None
    make(tmp_path / "more", 0.5, lr=0.1, hsize=8)
    assert views(tmp_path).heat is None
    make(tmp_path / "most", 0.5, lr=0.1, hsize=8, batch_size=2)
    heat = views(tmp_path).heat
    assert heat is not None
    assert heat.settings == ("hsize", "batch_size")


def test_parallel_coordinates_end_with_the_strongest_setting_and_the_accuracy(grid: Path) -> None:
    parallel = views(grid).parallel
    assert parallel is not None
    assert [axis.title for axis in parallel.axes] == ["lr", "hsize", "validation accuracy"]
    assert [axis.ticks for axis in parallel.axes][1] == ((0.25, "8"), (0.75, "16"))
    assert parallel.accuracies == (0.2, 0.4, 0.5, 0.8)
    assert parallel.names[-1] == "hsize=16 lr=0.1"
    lr, hsize, accuracy = zip(*parallel.lines, strict=True)
    assert accuracy == pytest.approx((0, 1 / 3, 1 / 2, 1))
    # Three lines in the lower half, apart; the fourth in the middle of the upper.
    assert hsize == pytest.approx((0.5 * 0.35, 0.5 * 0.5, 0.5 * 0.65, 0.75))
    assert lr == pytest.approx((0.4 / 3, 1.5 / 3, 2.5 / 3, 0.6 / 3))


def test_many_values_are_a_scale(tmp_path: Path) -> None:
    for number in range(11):
        make(tmp_path / str(number), 0.5, lr=2.0**number)
    parallel = views(tmp_path).parallel
    assert parallel is not None
    places = sorted(line[0] for line in parallel.lines)
    assert places == pytest.approx([number / 10 for number in range(11)])
    ticks, words = zip(*parallel.axes[0].ticks, strict=True)
    assert ticks == pytest.approx([number / 5 for number in range(6)])
    assert words == tuple(f"{4**number:.3g}" for number in range(6))


def test_many_values_that_are_no_numbers(tmp_path: Path) -> None:
    for number in range(25):
        make(tmp_path / str(number), 0.5, hsize=[8, number + 1])
    parallel = views(tmp_path).parallel
    assert parallel is not None
    assert [words for _, words in parallel.axes[0].ticks] == [f"[8,{n}]" for n in range(1, 26, 3)]


def test_spots_are_experiments_that_completed(grid: Path) -> None:
    spots = views(grid).spots
    assert [(spot.parameters, round(spot.accuracy, 6)) for spot in spots] == [
        (1025 * 16 + 17 * 26, 0.8),
        (1025 * 8 + 9 * 26, 0.5),
        (1025 * 8 + 9 * 26, 0.4),
        (1025 * 8 + 9 * 26, 0.2),
    ]
    assert spots[-1].deviation == pytest.approx(0.2 / 2**0.5)
    assert [spot.group for spot in spots] == ["0.1", "0.3", "0.2", "0.1"]


def test_a_single_run(tmp_path: Path) -> None:
    make(tmp_path / "0", 0.5, 0.4, 0.5)
    found = views(tmp_path)
    assert (found.key, found.heat, found.parallel, found.spot_key) == (None,) * 4
    assert (len(found.curves), len(found.spots)) == (1, 1)
    assert (found.curves[0].name, found.curves[0].label) == ("", "0")


def test_no_completed_run(tmp_path: Path) -> None:
    for number in (1, 2):
        make(tmp_path / str(number), None, 0.1, hsize=number, lr=number)
    found = views(tmp_path)
    assert (found.heat, found.parallel, found.spots) == (None, None, ())
    assert [curve.best for curve in found.curves] == [False, False]


def test_a_long_curve_keeps_its_last_epoch(tmp_path: Path) -> None:
    count = 3 * MOST_POINTS
    make(tmp_path / "0", 0.5, *(epoch / count for epoch in range(1, count + 1)))
    (curve,) = views(tmp_path).curves
    assert len(curve.points) == MOST_POINTS + 1
    assert [epoch for epoch, _ in curve.points[:2]] == [1, 4]
    assert curve.points[1][1] == pytest.approx(4 / count)
    assert curve.points[-1] == (count, 1.0)


@pytest.mark.parametrize("content", ["", "epoch\n", "\0", "epoch,validation_accuracy\n1,x\n"])
def test_a_broken_curve_hides_no_other(
    content: str, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    make(tmp_path / "0", 0.5, 0.5, hsize=8)
    make(tmp_path / "1", 0.4, 0.4, hsize=16)
    (tmp_path / "0" / "metrics.csv").write_text(content)
    assert [curve.name for curve in views(tmp_path).curves] == ["hsize=16"]
    assert len(recwarn) <= 1


def test_runs_of_two_sweeps_are_told_apart(tmp_path: Path) -> None:
    """By the sweep's folder, where what is varied is too long for a label."""
    for sweep in ("a", "b"):
        settings = {"activation": sweep * 30, "lr": ord(sweep)}
        make(tmp_path / sweep / "0", 0.5, 0.5, **settings)
    assert sorted(curve.label for curve in views(tmp_path).curves) == ["a/0", "b/0"]


@pytest.mark.parametrize(
    ("value", "short"),
    [
        ("0.03135266518108026", "0.03135"),
        ("0.001", "0.001"),
        ("/data/pictures/of/letters", "…ctures/of/letters"),
        ("a" * 18, "a" * 18),
    ],
)
def test_long_values_are_shortened(value: str, short: str) -> None:
    assert shortened(value) == short
