"""The figures for a browser: the numbers in them, and names that stay names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from charrec.figures.comparison import BEST, Axis, Comparison, Curve, Heat, Key, Parallel, Spot
from charrec.figures.interactive import figures_of

HOSTILE, ESCAPED = "<img src=x> & <b>", "&lt;img src=x&gt; &amp; &lt;b&gt;"
CURVES = (
    Curve(HOSTILE, "0", ((1, 0.25), (2, 0.5)), "completed", HOSTILE, best=True),
    Curve("b", "1", ((1, 0.125),), HOSTILE, "2"),
)
KEY = Key(HOSTILE, (HOSTILE, "2"))
HEAT = Heat(
    settings=(HOSTILE, "lr"),
    down=(HOSTILE, "2"),
    across=("3", "4"),
    means=((0.5, None), (0.25, None)),
    completed=((2, 0), (1, 0)),
    tried=((2, 0), (2, 3)),
)
PARALLEL = Parallel(
    (Axis(HOSTILE, ((0.5, HOSTILE),)), Axis("accuracy", ())),
    ((0.5, 0.0), (0.25, 1.0)),
    ("", HOSTILE),
    (0.25, 0.75),
)
SPOTS = (
    Spot(HOSTILE, "0", 100, 0.5, 0.125, HOSTILE),
    Spot("b", "1", 200, 0.25, None, "2"),
    Spot("c", "2", 1000, 0.75, None, "2"),
)


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    comparison = Comparison(CURVES, KEY, HEAT, PARALLEL, SPOTS, KEY)
    return {name: json.loads(text) for name, text in figures_of(comparison).items()}


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def test_names_are_escaped(figures: dict[str, Any]) -> None:
    found = 0
    for figure in figures.values():
        for text in strings(figure):
            plain = text.replace("<br>", "").replace("<extra></extra>", "")
            assert "<" not in plain
            found += ESCAPED in text
    assert found >= 12


def test_curves(figures: dict[str, Any]) -> None:
    *key, other, best = figures["curves"]["data"]
    assert [entry["legendgroup"] for entry in key] == [ESCAPED, "2"]
    assert [entry["showlegend"] for entry in (*key, other, best)] == [True, True, False, False]
    assert (best["x"], best["y"]) == ([1, 2], [0.25, 0.5])
    assert (best["line"]["color"], best["line"]["dash"], best["mode"]) == (BEST, "solid", "lines")
    assert (other["line"]["dash"], other["mode"]) == ("dash", "lines+markers")
    assert other["line"]["color"] == key[1]["line"]["color"] != key[0]["line"]["color"]


def test_heat_map(figures: dict[str, Any]) -> None:
    (heat,) = figures["heat_map"]["data"]
    layout = figures["heat_map"]["layout"]
    assert heat["z"] == [[0.5, None], [0.25, None]]
    assert heat["text"] == [
        ["50.0%<br>n = 2", "not tried"],
        ["25.0%<br>n = 1 of 2", "0 of 3<br>completed"],
    ]
    empty = [(note["x"], note["y"], note["text"]) for note in layout["annotations"]]
    assert empty == [(1, 0, "not tried"), (1, 1, "0 of 3<br>completed")]
    assert layout["xaxis"]["ticktext"] == ["3", "4"]
    assert layout["yaxis"]["autorange"] == "reversed"  # the first row on top


def test_parallel_coordinates(figures: dict[str, Any]) -> None:
    (parallel,) = figures["parallel_coordinates"]["data"]
    assert [dimension["values"] for dimension in parallel["dimensions"]] == [[0.5, 0.25], [0, 1]]
    assert parallel["dimensions"][0]["tickvals"] == [0.5]
    assert parallel["line"]["color"] == [0.25, 0.75]


def test_sizes(figures: dict[str, Any]) -> None:
    front, first, second = figures["accuracy_by_parameters"]["data"]
    assert (front["x"], front["y"]) == ([100, 1000], [0.5, 0.75])
    assert (first["x"], first["error_y"]["array"]) == ([100], [0.125])
    assert (second["x"], second["y"], second["error_y"]["array"]) == (
        [200, 1000],
        [0.25, 0.75],
        [0, 0],
    )
    axis = figures["accuracy_by_parameters"]["layout"]["xaxis"]
    assert (axis["type"], axis["ticktext"]) == ("log", ["100", "200", "1,000"])


def test_nothing_to_show_is_no_figure() -> None:
    assert figures_of(Comparison((), None, None, None, (), None)) == {}
