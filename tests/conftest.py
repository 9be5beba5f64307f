"""Small letters for tests: drawn with Pillow's own font, read by a network within seconds."""

from __future__ import annotations

import json
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont
from processes import run_main

pytest.register_assert_rewrite("comparing", "faults.runs")

ALPHABET = "ABCD"
COUNTS = {"train": 24, "validation": 6, "test": 6}  # pictures a letter


def draw_letter(letter: str, seed: int) -> Image.Image:
    """A grey 28x28 picture of one letter, moved and sized a little by its seed."""
    chance = random.Random(seed)
    image = Image.new("L", (28, 28), chance.randrange(200, 256))
    font = ImageFont.load_default(chance.randrange(20, 24))
    place = (chance.randrange(13, 16), chance.randrange(13, 16))
    ImageDraw.Draw(image).text(place, letter, fill=chance.randrange(0, 80), font=font, anchor="mm")
    return image


def make_letters(root: Path) -> Path:
    """A folder of letters in charrec's layout, 144 pictures of A, B, C and D."""
    (root / "images").mkdir(parents=True)
    for split, count in COUNTS.items():
        entries = {}
        for seed, letter in enumerate(ALPHABET * count):
            name = f"{split}_{seed}_{letter}.png"
            draw_letter(letter, seed + 1000 * len(split)).save(root / "images" / name)
            entries[name] = letter
        (root / f"{split}.json").write_text(json.dumps(entries))
    return root


@pytest.fixture(scope="session", autouse=True)
def cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or fills the user's cache; the processes that tests start inherit this."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHARREC_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session", autouse=True)
def heard_signals() -> None:
    """A shell's background job ignores Ctrl-C, and so would the runs that tests interrupt."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of letters that tests read and do not change."""
    return make_letters(tmp_path_factory.mktemp("letters") / "set")


@pytest.fixture
def own_letters(tmp_path: Path) -> Path:
    """A folder of letters of the test's own, to be damaged."""
    return make_letters(tmp_path / "letters")


@pytest.fixture(scope="session")
def trained(letters: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of two epochs that tests read and do not change."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    arguments = (f"data.root={letters}", "data.alphabet=ABCD", "epochs=2", "trainer=cpu")
    done = run_main("train", *arguments, f"hydra.run.dir={folder}", cwd=folder.parent)
    assert done.exit_code == 0, done.stderr
    return folder
