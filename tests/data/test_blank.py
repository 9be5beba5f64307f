"""What is blank, and what is only faint."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import draw_letter
from PIL import Image

from charrec.data.blank import blank_pictures
from charrec.data.letters import SPLITS, read_splits
from charrec.data.pictures import read_all_pictures, read_picture
from charrec.resources import embedded_letters


@pytest.mark.parametrize("grey", [0, 1, 127, 254, 255])
@pytest.mark.parametrize(("contrast", "blank"), [(0, True), (3, True), (4, False), (-4, False)])
def test_the_faintest_that_is_read(grey: int, contrast: int, blank: bool) -> None:
    if not 0 <= grey + contrast <= 255:
        contrast = -contrast
    images = np.full((3, 1, 8, 8), grey, dtype=np.uint8)
    images[1, 0, 2, 5] = grey + contrast
    assert blank_pictures(images).tolist() == [True, blank, True]


def test_none_is_blank_where_there_is_none() -> None:
    assert blank_pictures(np.zeros((0, 1, 8, 8), dtype=np.uint8)).tolist() == []


@pytest.mark.parametrize("kind", ["png", "jpg", "gif", "webp"])
@pytest.mark.parametrize("colour", ["white", "black", "#7f8081", "red"])
def test_one_colour_in_a_file_of_any_kind_is_blank(kind: str, colour: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{kind}"
    Image.new("RGB", (50, 41), colour).save(path)
    assert blank_pictures(read_picture(path, 32)[None, None]).tolist() == [True]


@pytest.mark.parametrize("kind", ["png", "jpg"])
def test_a_letter_of_low_contrast_is_not(kind: str, tmp_path: Path) -> None:
    faint = draw_letter("A", 1).point(lambda grey: 100 + grey // 16)
    faint.save(tmp_path / f"a.{kind}")
    assert blank_pictures(read_picture(tmp_path / f"a.{kind}", 32)[None, None]).tolist() == [False]


def test_no_embedded_letter_is_blank() -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    splits = read_splits(embedded_letters(), alphabet)
    paths = [picture.path for split in SPLITS for picture in splits[split][::10]]
    assert not blank_pictures(read_all_pictures(paths, 8, "here")).any()
