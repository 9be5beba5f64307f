"""Copies are found, whatever was done to their files; different pictures are not taken for them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from string import ascii_uppercase

import numpy as np
import pytest
from conftest import draw_letter
from numpy.typing import NDArray
from PIL import Image

from charrec.data import duplicates
from charrec.data.duplicates import SIDE, alike_pairs
from charrec.data.survey import Seen, survey
from charrec.resources import embedded_letters

COUNT = 260  # originals, ten of each letter
COPIES = {
    "q30.jpg": (1.0, {"quality": 30}),
    "q75.jpg": (1.0, {"quality": 75}),
    "q95.jpg": (1.0, {"quality": 95}),
    "a.webp": (1.0, {"quality": 60}),
    "a.png": (1.0, {}),
    "0.4.png": (0.4, {}),
    "0.7.jpg": (0.7, {"quality": 75}),
    "1.5.png": (1.5, {}),
    "2.5.jpg": (2.5, {"quality": 75}),
}


def alike(paths: list[str]) -> set[tuple[int, int]]:
    seen, small = survey(paths, SIDE)
    good = [picture for picture in seen if isinstance(picture, Seen)]
    assert len(good) == len(paths)
    sizes = np.array([picture.about[2:] for picture in good])
    loss = np.array([picture.loss for picture in good], dtype=np.float32)
    return {(int(a), int(b)) for a, b in alike_pairs(small, sizes, loss)}


def originals() -> list[str]:
    root = embedded_letters()
    names = list(json.loads((root / "train.json").read_text()))[:: 5200 // COUNT]
    return [str(root / "images" / name) for name in names]


@pytest.mark.parametrize("copy", COPIES)
def test_copies_of_the_embedded_letters_are_found_and_nothing_else(
    copy: str, tmp_path: Path
) -> None:
    factor, options = COPIES[copy]
    paths = originals()
    for number, path in enumerate(paths):
        image = Image.open(path).convert("RGB")
        size = (round(image.width * factor), round(image.height * factor))
        image.resize(size, Image.Resampling.BICUBIC).save(tmp_path / f"{number}{copy}", **options)  # type: ignore[arg-type]
    found = alike([*paths, *(str(tmp_path / f"{number}{copy}") for number in range(COUNT))])
    right = {(number, COUNT + number) for number in range(COUNT)}
    assert len(found & right) / COUNT >= 0.95
    assert found - right == set()


def drawn(*boxes: tuple[int, int, int, int]) -> Image.Image:
    """A white picture of 28 x 28 with black boxes (left, top, right, bottom)."""
    pixels = np.full((28, 28), 255, dtype=np.uint8)
    for left, top, right, bottom in boxes:
        pixels[top:bottom, left:right] = 0
    return Image.fromarray(pixels)


LETTER_I = (12, 4, 16, 24)


@pytest.mark.parametrize(
    "other",
    [
        drawn((12, 4, 17, 24)),  # bolder by a pixel
        drawn((12, 3, 16, 24)),  # taller by one
        drawn((13, 4, 17, 24)),  # moved by one
        drawn(LETTER_I, (10, 22, 18, 24)),  # with a foot
        drawn(LETTER_I, (16, 4, 17, 6)),  # with the stump of a serif
    ],
    ids=["bolder", "taller", "moved", "foot", "serif"],
)
@pytest.mark.parametrize("kinds", [("PNG", "PNG"), ("PNG", "JPEG"), ("JPEG", "JPEG")])
def test_two_letters_i_of_different_fonts_are_different(
    other: Image.Image, kinds: tuple[str, str], tmp_path: Path
) -> None:
    paths = [tmp_path / "a", tmp_path / "b"]
    for path, image, kind in zip(paths, (drawn(LETTER_I), other), kinds, strict=True):
        path.write_bytes(encoded(image, kind))
    assert alike([str(path) for path in paths]) == set()


def encoded(image: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, quality=90)
    return out.getvalue()


def test_a_speck_is_a_difference_where_nothing_was_lost(tmp_path: Path) -> None:
    grey = np.asarray(drawn(LETTER_I)).copy()
    for name, level in (("a.png", 255), ("b.png", 250), ("c.png", 215)):
        grey[3, 3] = level
        Image.fromarray(grey).save(tmp_path / name)
    assert alike([str(tmp_path / f"{name}.png") for name in "abc"]) == {(0, 1)}


@pytest.mark.parametrize("way", ["BILINEAR", "LANCZOS"])
@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_small_letters_of_another_size(factor: float, way: str, tmp_path: Path) -> None:
    """However the resizing blurred or sharpened them."""
    size, filter_ = round(28 * factor), Image.Resampling[way]
    for number in range(52):
        image = draw_letter(ascii_uppercase[number % 26], number)
        image.save(tmp_path / f"{number:03}.png")
        image.resize((size, size), filter_).save(tmp_path / f"copy {number:03}.png")
    found = alike([*map(str, sorted(tmp_path.glob("0*"))), *map(str, sorted(tmp_path.glob("c*")))])
    assert len(found & {(number, 52 + number) for number in range(52)}) >= 49


@pytest.mark.parametrize(
    ("apart", "pairs"),
    [((0.16, 0.12), [[0, 1], [0, 2]]), ((0.05, 0.04), [[0, 1], [0, 2], [1, 2]])],
)
def test_of_pictures_that_might_be_one_each_counts_with_its_nearest(
    apart: tuple[float, float], pairs: list[list[int]]
) -> None:
    """But where they are very near each other, all are one."""
    base = random_letters(1)[0].astype(float) * 0.6 + 40
    speckle = np.random.default_rng(1).normal(size=(2, SIDE, SIDE)) * base.std()
    small = np.stack([base, *(base + a * s for a, s in zip(apart, speckle, strict=True))])
    loss = np.full(3, 30, dtype=np.float32)
    found = alike_pairs(small.round().astype(np.uint8), np.full((3, 2), 28), loss)
    assert found.tolist() == pairs


def test_a_copy_belongs_to_the_nearest_of_two_twin_fonts(tmp_path: Path) -> None:
    grey = np.asarray(drawn((6, 4, 10, 24), (6, 4, 22, 8), (6, 12, 18, 16)))
    twin = grey.copy()
    twin[8:12, 10] = 140
    for name, pixels in (("f.png", grey), ("twin.png", twin), ("copy.jpg", grey)):
        Image.fromarray(pixels).save(tmp_path / name, quality=50)
    paths = [str(tmp_path / name) for name in ("f.png", "twin.png", "copy.jpg")]
    assert alike(paths) == {(0, 2)}


def test_brightness_and_contrast_tell_pictures_apart(tmp_path: Path) -> None:
    grey = np.asarray(drawn(LETTER_I)).astype(int)
    for name, pixels in (("a.png", grey), ("b.png", grey // 2), ("c.png", grey // 2 + 90)):
        Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / name)
    assert alike([str(tmp_path / f"{name}.png") for name in "abc"]) == set()


def test_empty_pictures_of_other_greys_are_not_alike(tmp_path: Path) -> None:
    for grey in range(0, 250, 10):
        Image.new("L", (20, 20 + grey), grey).save(tmp_path / f"{grey}.png")
    assert alike([str(path) for path in sorted(tmp_path.iterdir())]) == set()


def random_letters(count: int) -> NDArray[np.uint8]:
    coarse = np.random.default_rng(0).integers(0, 2, (count, 4, 4), dtype=np.uint8) * 255
    return coarse.repeat(8, axis=1).repeat(8, axis=2)


def test_many_pictures_that_share_a_hash_are_not_all_compared() -> None:
    """The same letter 1,000 times, each time with other noise: all of it in one cell."""
    count = 1000
    noise = np.random.default_rng(0).integers(0, 30, (count, SIDE, SIDE), dtype=np.uint8)
    small = random_letters(1) // 2 + noise
    sizes, loss = np.full((count, 2), 28), np.zeros(count, dtype=np.float32)
    assert len(duplicates._proposed(small)) <= count * (count - 1) * 0.45
    assert len(alike_pairs(small, sizes, loss)) == 0


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_pictures(count: int) -> None:
    small = random_letters(1).repeat(count, axis=0)
    pairs = alike_pairs(small, np.full((count, 2), 32), np.zeros(count, dtype=np.float32))
    assert pairs.tolist() == ([[0, 1]] if count == 2 else [])
