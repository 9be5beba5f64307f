"""What runs make of a picture, as HTML that holds nothing of anybody else's."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import torch
from PIL import Image

from charrec.trying.answer import png_url, refused, told
from charrec.trying.nearest import Near
from charrec.trying.seen import Seen
from charrec.trying.trial import Answer, Look

GREY = torch.arange(12, dtype=torch.uint8).view(3, 4)
RANKED = list(zip("ABCDEF", (0.8, 0.1, 0.05, 0.03, 0.02, 0.0), strict=True))


def words(html: str) -> list[str]:
    return [text for text in re.split(r"<[^>]*>", html) if text]


def test_letter_bars_pictures_and_neighbours_are_told() -> None:
    look = Look("mine", Answer("A", RANKED), 0.8291, [Seen("grey", GREY)], [Near(GREY, "B", 0.5)])
    html = told([look])
    shares = ["A", "80.0%", "B", "10.0%", "C", "5.0%", "D", "3.0%", "E", "2.0%"]
    assert words(html) == [
        "mine",
        "reads 82.9% of its test letters",
        "A",
        *shares,
        "What the network sees",
        "grey",
        "Training letters nearest to it in the last hidden layer",
        "B",
    ]
    assert re.findall(r"width: ([\d.]+)%", html)[:2] == ["80.0", "10.0"]
    assert html.count(png_url(GREY)) == 2


def test_together_there_are_no_pictures() -> None:
    html = told([Look("All together", Answer("A", RANKED))])
    assert words(html)[:3] == ["All together", "A", "A"]
    assert "look together" in html
    assert "<img" not in html


def test_blank_has_no_probabilities() -> None:
    html = told([Look("mine", Answer("blank", RANKED), no_near="They are gone.")])
    assert words(html) == [
        "mine",
        "blank",
        "One grey all over: there is nothing to read.",
        "They are gone.",
    ]


def test_a_picture_is_a_png_of_its_very_pixels() -> None:
    data = base64.b64decode(png_url(GREY).removeprefix("data:image/png;base64,"))
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), GREY.numpy())


def test_names_and_letters_are_no_html() -> None:
    evil = "<img src=x onerror=alert(1)>"
    look = Look(evil, Answer("<", [("<", 1.0)]), None, [Seen(evil, GREY)], [Near(GREY, '"', 0.0)])
    html = told([look]) + refused(evil)
    assert evil not in html
    assert html.count("&lt;img src=x onerror=alert(1)&gt;") == 4
    assert 'alt="&quot;"' in html
