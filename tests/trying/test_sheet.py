"""A drawing is cut out around its ink."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from charrec.trying.sheet import cut_out


def sheet(box: tuple[int, int, int, int]) -> Image.Image:
    image = Image.new("L", (400, 400), "white")
    ImageDraw.Draw(image).rectangle(box, fill=0)
    return image


def test_the_ink_stands_in_the_middle_with_a_tenth_around_its_longer_side() -> None:
    found = cut_out(sheet((300, 100, 319, 199)))  # 20 x 100, at the edge of the sheet
    assert found.size == (120, 120)
    black = np.argwhere(np.asarray(found) == 0)
    assert black.min(axis=0).tolist() == [10, 50]
    assert black.max(axis=0).tolist() == [109, 69]


def test_where_it_was_drawn_and_how_large_the_sheet_was_does_not_matter() -> None:
    one, other = cut_out(sheet((10, 10, 59, 89))), cut_out(sheet((340, 300, 389, 379)))
    assert one.tobytes() == other.tobytes()


def test_a_sheet_without_ink_stays() -> None:
    white = Image.new("L", (400, 400), 200)
    assert cut_out(white) is white
