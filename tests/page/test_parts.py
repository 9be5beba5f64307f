"""The parts of pages, each by itself."""

from __future__ import annotations

import base64
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from charrec.page.content import Answered
from charrec.page.document import data_block, policy
from charrec.page.images import ENDS, LARGEST, image, map_image, sheet, signed_image, stretched
from charrec.page.plot import Plot, ticks
from charrec.page.sections.confusion import within
from charrec.page.tables import Cell, plain, sortable
from charrec.page.words import counted, lasting, marked, seen

ORANGE, BLUE = ENDS[2], ENDS[0]


def decoded(html: str) -> Image.Image:
    (found,) = re.findall(r"data:image/\w+;base64,([^\"]+)", html)
    return Image.open(io.BytesIO(base64.b64decode(found)))


def answered(*answers: tuple[str, str, float]) -> Answered:
    """Of (truth, answer, probability)."""
    rows = [
        {"file": str(n), "truth": t, "letter": a, "probability": f"{p}" if p else ""}
        for n, (t, a, p) in enumerate(answers)
    ]
    return Answered("AB", {}, rows, [], None)


def test_of_each_count_as_many_as_there_is_room_for() -> None:
    cells = {("A", "A"): range(10), ("A", "B"): range(2), ("B", "A"): range(5)}
    assert within(cells, 17) == cells
    kept = {cell: len(places) for cell, places in within(cells, 12).items()}
    assert kept == {("A", "A"): 5, ("A", "B"): 2, ("B", "A"): 5}
    assert [len(places) for places in within(cells, 7).values()] == [2, 2, 2]
    assert [len(places) for places in within(cells, 0).values()] == [1, 1, 1]
    assert list(within(cells, 7)["A", "A"]) == [0, 1]  # the first


def test_mistakes_come_surest_first_and_right_answers_least_sure_first() -> None:
    of = answered(
        ("A", "A", 0.9), ("A", "A", 0.3), ("A", "B", 0.4), ("A", "B", 0.8), ("B", "A", 0.6)
    )
    assert of.cells == {("A", "A"): [1, 0], ("A", "B"): [3, 2], ("B", "A"): [4]}
    assert of.mistakes() == [3, 4, 2]


def test_blank_is_an_answer_of_its_own() -> None:
    of = answered(("A", "A", 0.9), ("A", "blank", 0.0), ("B", "", 0.0))
    assert of.answers == ["A", "B", "blank"]
    assert of.mistakes() == [1]
    first, second = of.per_letter()
    assert (first.right, first.there, first.answered, first.taken_for) == (1, 2, 1, "blank")
    assert (second.recall, second.precision, second.f1) == (None, None, None)


def test_signed_pictures_are_orange_above_0_and_blue_below() -> None:
    values = np.array([[2.0, 0.0], [-2.0, 1.0]], dtype=np.float32)
    pixels = np.asarray(decoded(signed_image(values, "w")).convert("RGB"))
    assert (pixels[0, 0] == ORANGE).all()
    assert (pixels[0, 1] == 255).all()
    assert (pixels[1, 0] == BLUE).all()
    assert (pixels[1, 1] == ((ORANGE + 255) / 2).round()).all()


def test_a_map_lies_over_its_picture() -> None:
    values = np.array([[1.0, 0.0], [0.0, -0.25]], dtype=np.float32)
    greys = np.array([[0, 0], [255, 255]], dtype=np.uint8)
    pixels = np.asarray(decoded(map_image(values, greys, "m")), dtype=float)
    assert (pixels[0, 0] == ORANGE).all()
    assert len(set(pixels[0, 1])) == 1  # grey, and paler than black
    assert 100 < pixels[0, 1, 0] < 200
    assert (pixels[1, 0] == 255).all()
    assert np.abs(pixels[1, 1] - (255 + BLUE) / 2).max() <= 1  # the root of a quarter is a half


def test_pictures_of_nothing_are_pictures() -> None:
    nothing = np.zeros((2, 2), dtype=np.float32)
    assert (np.asarray(decoded(signed_image(nothing, "")).convert("RGB")) == 255).all()
    assert stretched(nothing).tolist() == [[0, 0], [0, 0]]
    assert stretched(np.array([[-1.0, 3.0]], dtype=np.float32)).tolist() == [[0, 255]]


def test_large_pictures_are_made_smaller() -> None:
    picture = decoded(image(np.zeros((512, 512), dtype=np.uint8), '<&"'))
    assert picture.size == (LARGEST, LARGEST)
    source, side = sheet(np.zeros((3, 512, 512), dtype=np.uint8))
    assert (decoded(f'"{source}"').size, side) == ((96, 32), 32)


def test_a_sheet_has_each_picture_in_its_place() -> None:
    pictures = np.zeros((51, 8, 8), dtype=np.uint8)
    pictures[50] = 255
    source, side = sheet(pictures)
    pixels = np.asarray(decoded(f'"{source}"').convert("L"))
    assert (side, pixels.shape) == (8, (16, 400))
    assert pixels[10:14, 2:6].min() > 240
    assert pixels[2:6].max() < 15


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (1, 200, [50, 100, 150, 200]),
        (1, 3, [1, 1.5, 2, 2.5, 3]),
        (1, 1, [1]),
        (0, 144.3, [0, 50, 100]),
    ],
)
def test_ticks_are_round(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(expected)


def test_places_in_a_plot() -> None:
    plot = Plot((1, 0), (3, 1))
    left, bottom = plot.place(1, 0)
    right, top = plot.place(3, 1)
    assert plot.place(2, 0.5) == pytest.approx(((left + right) / 2, (top + bottom) / 2))
    assert top < bottom
    assert left < right
    assert plot.line([(1, 0), (3, 1)], "x").count(",") == 2
    assert "<circle" in plot.line([(1, 0)], "x")  # one epoch is a dot


def test_words() -> None:
    assert [seen(letter) for letter in ("A", " ", "\u202e", "é", "blank")] == [
        "A", "U+0020", "U+202E", "é", "blank",
    ]  # fmt: skip
    assert marked("<\u202e>") == "<bdi>&lt;\\u202e&gt;</bdi>"
    assert [lasting(s) for s in (0.42, 65, 3600, 7384)] == [
        "0.4 s",
        "1 min 5 s",
        "1 h",
        "2 h 3 min",
    ]
    assert [counted(n, "epoch") for n in (1, 2000)] == ["1 epoch", "2,000 epochs"]


def test_no_text_ends_a_block_of_data() -> None:
    value = {"a": "</script><!--<script>", "b": "é\u2028"}
    block = data_block("x", value)
    assert block.count("<") == 2
    (text,) = re.findall(r">(.*)<", block, re.DOTALL)
    assert json.loads(text) == value


def test_a_policy_knows_scripts_and_styles_by_their_digests() -> None:
    of_empty = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"  # of no bytes
    strict = dict(part.split(" ", 1) for part in policy([""], styles=[""]).split("; "))
    assert strict["script-src"] == strict["style-src"] == of_empty
    assert strict["default-src"] == "'none'"
    loose = dict(part.split(" ", 1) for part in policy([""], "'unsafe-eval'").split("; "))
    assert loose["script-src"] == f"{of_empty} 'unsafe-eval'"
    assert loose["style-src"] == "'unsafe-inline'"


def test_cells_are_text() -> None:
    assert "<td>&lt;b&gt;</td>" in sortable("t", ["a", "b"], [[Cell("<b>"), Cell("1", 1.0)]])
    assert "<td>&lt;b&gt;</td>" in plain([("<i>", "<b>")], ("x", "y"))
    assert '<th scope="row">&lt;i&gt;</th>' in plain([("<i>", "<b>")], ("x", "y"))
