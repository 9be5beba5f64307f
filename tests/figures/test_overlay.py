"""All curves over each other: where they are, which is the best, which did not complete."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from pixels import Pixels, drawn, places

from charrec.figures.comparison import BEST, PLAIN, Comparison, Curve, Key
from charrec.figures.overlay import draw_overlay
from charrec.figures.style import colour_of


def curve(accuracy: float, **about: object) -> Curve:
    """Constant over ten epochs."""
    points = tuple((epoch, accuracy) for epoch in range(1, 11))
    known = {"name": "lr=1", "label": "lr=1", "points": points, "status": "completed", "group": ""}
    return Curve(**(known | about))  # type: ignore[arg-type]


def picture(out: Path, *curves: Curve, key: Key | None = None) -> Pixels:
    comparison = Comparison(curves, key, None, None, (), None)
    return drawn(partial(draw_overlay, comparison), out / "curves.png")


def height(pixels: Pixels, colour: str) -> float:
    """The row of the line of a colour; words in it are fewer dots."""
    rows = places(pixels[:, 150:1000], colour, near=40)[:, 0]
    return float(np.bincount(rows).argmax())


def test_lines_stand_where_the_numbers_are(tmp_path: Path) -> None:
    """The best at 0.8, others at 0.4 and 0.2, above an axis that starts at 0."""
    key = Key("lr", ("1", "2"))
    pixels = picture(
        tmp_path,
        curve(0.8, best=True, group="1"),
        curve(0.4, group="1"),
        curve(0.2, group="2"),
        key=key,
    )
    best, middle, low = (
        height(pixels, c) for c in (BEST, colour_of(key, "1"), colour_of(key, "2"))
    )
    assert (low - best) / (low - middle) == pytest.approx(3, rel=0.03)
    assert (middle - best) / (low - middle) == pytest.approx(2, rel=0.03)


def test_the_best_is_in_front(tmp_path: Path) -> None:
    pixels = picture(tmp_path, curve(0.5, best=True), *[curve(0.5)] * 3)
    assert len(places(pixels[:, 150:1000], PLAIN)) == 0
    assert len(places(pixels[:, 150:1000], BEST)) > 1000


def test_one_epoch_is_a_dot_and_what_did_not_complete_a_cross(tmp_path: Path) -> None:
    one = picture(tmp_path, curve(0.5, points=((1, 0.5),)))
    assert 40 < len(places(one, PLAIN, near=30)) < 200
    whole = picture(tmp_path, curve(0.5))
    broken = picture(tmp_path, curve(0.5, status="diverged"))
    ratio = len(places(broken, PLAIN, near=30)) / len(places(whole, PLAIN, near=30))
    assert 0.5 < ratio < 0.8  # dashed
    assert np.ptp(places(broken, PLAIN, near=30)[:, 0]) > 10  # the cross
    assert np.ptp(places(whole, PLAIN, near=30)[:, 0]) < 5


def test_up_to_eight_are_named_at_their_ends(tmp_path: Path) -> None:
    """Names at the right take room; of many runs only the best has one."""
    few = picture(tmp_path, *[curve(0.1 * n, name="x" * 40, label="x" * 30) for n in range(1, 9)])
    many = picture(tmp_path, *[curve(0.1 * n, name="x" * 40, label="x" * 30) for n in range(1, 10)])

    def end(pixels: Pixels) -> int:
        coloured = np.ptp(pixels[60:640], axis=2) > 30  # words are grey
        return int(np.flatnonzero(coloured.any(axis=0)).max())

    assert end(few) < 1050
    assert end(many) > 1250


@pytest.mark.parametrize("count", [1, 300])
def test_any_number_of_runs(tmp_path: Path, count: int) -> None:
    accuracies = np.linspace(0.3, 0.9, count)
    pixels = picture(tmp_path, *(curve(float(a), best=a == accuracies[-1]) for a in accuracies))
    assert len(places(pixels, BEST)) > 1000


def test_names_are_no_formulas(tmp_path: Path) -> None:
    strange = "$\\frac{_^$"
    picture(
        tmp_path, curve(0, name=strange, label=strange, group=strange), key=Key("$", (strange,))
    )


def test_colours_of_a_key_can_be_told_apart() -> None:
    key = Key("lr", tuple("12345678"))
    colours = [colour_of(key, value) for value in key.values]
    assert len(set(colours)) == 8
    assert to_hex(BEST) not in colours
