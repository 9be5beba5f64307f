"""The embedded letters are what their data card says, and stay so."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from charrec.data.letters import SPLITS, Picture, read_splits
from charrec.resources import embedded_letters

ROOT = embedded_letters()
FONTS = Path(__file__).parents[1] / "data" / "fonts.csv"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
FROZEN = "74214deb5c8662b863ecb6909102aabdecda679ec413e9b735d8137478002959"


@pytest.fixture(scope="module")
def splits() -> dict[str, list[Picture]]:
    return read_splits(ROOT, ALPHABET)


@pytest.fixture(scope="module")
def fonts() -> list[dict[str, str]]:
    with FONTS.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def files() -> list[Path]:
    return sorted(path for path in ROOT.rglob("*") if path.is_file() and path.suffix != ".md")


def test_pictures_and_lists_are_frozen() -> None:
    """Results are comparable only while these bytes stay the same."""
    digest = hashlib.sha256()
    for path in files():
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    assert digest.hexdigest() == FROZEN


@pytest.mark.parametrize(("split", "count"), [("train", 200), ("validation", 50), ("test", 50)])
def test_counts(splits: dict[str, list[Picture]], split: str, count: int) -> None:
    assert Counter(p.letter for p in splits[split]) == dict.fromkeys(ALPHABET, count)


def test_no_picture_is_in_two_lists_or_in_none(splits: dict[str, list[Picture]]) -> None:
    listed = [Path(picture.path) for split in SPLITS for picture in splits[split]]
    assert len(set(listed)) == len(listed) == 7800
    assert {path.resolve() for path in (ROOT / "images").iterdir()} == set(listed)
    assert len({path.read_bytes() for path in listed}) == 7800


def test_sizes(splits: dict[str, list[Picture]]) -> None:
    sides = [side for split in SPLITS for p in splits[split] for side in Image.open(p.path).size]
    assert (min(sides), max(sides)) == (24, 64)
    assert sum(path.stat().st_size for path in files()) <= 12_000_000


def test_both_polarities_and_colour(splits: dict[str, list[Picture]]) -> None:
    """A letter is lighter than the edge of its picture about as often as darker."""
    lighter = coloured = 0
    for picture in splits["test"]:
        image = Image.open(picture.path)
        coloured += image.mode in ("RGB", "P")
        grey = image.convert("L").resize((32, 32))
        pixels = grey.tobytes()
        edge = sum(pixels[:32] + pixels[-32:]) / 64
        low, high = min(pixels), max(pixels)
        lighter += high - edge > edge - low
    assert 0.3 < lighter / 1300 < 0.7
    assert coloured / 1300 > 0.9


def test_no_font_family_and_no_design_is_in_two_splits(fonts: list[dict[str, str]]) -> None:
    for column in ("family", "design"):
        places = {(row[column], row["split"]) for row in fonts}
        assert len(places) == len({name for name, _ in places}), column
    assert len({row["family"] for row in fonts}) == len(fonts) == 187
    assert Counter(row["split"] for row in fonts) == {"train": 116, "validation": 38, "test": 33}


def test_fonts_are_openly_licensed_and_named_in_the_card(fonts: list[dict[str, str]]) -> None:
    card = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {row["licence"] for row in fonts} <= {"OFL-1.1", "Apache-2.0", "Ubuntu-font-1.0"}
    assert [row["family"] for row in fonts if row["family"] not in card] == []


def test_new_images_spell_a_greeting() -> None:
    names = sorted(
        (path.stem.split("_") for path in (ROOT / "new_images").iterdir()), key=lambda n: int(n[0])
    )
    assert [int(number) for number, _ in names] == list(range(1, 16))
    assert "".join(letter for _, letter in names) == "WISHYOUANICEDAY"
