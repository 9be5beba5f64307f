"""Pictures that are no letters: what is in them, and that they are always the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from charrec.data.blank import blank_pictures
from charrec.strangers import resized, strangers

NOISE = ("uniform_noise", "normal_noise", "blurred_noise", "specks")
DIGEST = """
import hashlib
from charrec.strangers import strangers
print(hashlib.sha256(b"".join(p.tobytes() for p in strangers(16, "AB").values())).hexdigest())
"""


@pytest.mark.parametrize("size", [4, 32])
def test_how_many_there_are_of_each_kind(size: int) -> None:
    kinds = strangers(size, "ABC")
    counts = {"blank": 52, "digits": 260} | dict.fromkeys(NOISE, 100)
    assert {kind: p.shape for kind, p in kinds.items()} == {
        kind: (count, 1, size, size) for kind, count in counts.items()
    }
    assert all(pictures.dtype == np.uint8 for pictures in kinds.values())


@pytest.mark.parametrize("alphabet", ["AB0", "0123456789", "xyz9"])
def test_digits_are_no_strangers_to_an_alphabet_that_has_some(alphabet: str) -> None:
    assert list(strangers(8, alphabet)) == [*NOISE, "blank"]


def test_another_process_draws_the_same() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", DIGEST], capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    }
    assert len(digests) == 1


def test_no_two_are_the_same_and_only_blank_ones_are_blank() -> None:
    for kind, pictures in strangers(32, "AB").items():
        assert len({p.tobytes() for p in pictures}) == len(pictures), kind
        share = blank_pictures(pictures).mean()
        assert share == (1 if kind == "blank" else 0) or (kind, share < 0.1) == ("specks", True)


def test_at_another_size_they_are_the_same_pictures() -> None:
    for kind, pictures in strangers(32, "AB").items():
        assert resized(pictures, 32) is pictures
        smaller = resized(pictures, 16)
        assert smaller.shape == (len(pictures), 1, 16, 16)
        before, after = (p.astype(float).mean(axis=(1, 2, 3)) for p in (pictures, smaller))
        np.testing.assert_allclose(before, after, atol=2, err_msg=kind)  # grey values


def test_what_noise_looks_like() -> None:
    kinds = {kind: p[:, 0].astype(float) for kind, p in strangers(32, "AB").items()}
    spread = {kind: p.std(axis=(1, 2)).mean() for kind, p in kinds.items()}
    assert spread["uniform_noise"] == pytest.approx(255 / 12**0.5, rel=0.01)
    assert 20 < spread["normal_noise"] < 50

    def likeness(p: np.ndarray) -> float:
        """Of a pixel and its neighbour: 1 is the same, 0 has nothing to do with it."""
        return float(np.mean([np.corrcoef(a[:, 1:].ravel(), a[:, :-1].ravel())[0, 1] for a in p]))

    assert abs(likeness(kinds["uniform_noise"])) < 0.05
    assert likeness(kinds["blurred_noise"]) > 0.7
    assert all(len(np.unique(a)) <= 2 for a in kinds["specks"])


def test_digits_are_there_in_both_polarities() -> None:
    digits = strangers(32, "AB")["digits"][:, 0].astype(float)
    corners = np.stack([digits[:, r, c] for r in (0, -1) for c in (0, -1)], axis=1).mean(axis=1)
    middle = digits[:, 8:24, 8:24]
    ink = np.where(np.arange(260) // 10 % 2 == 0, middle.min(axis=(1, 2)), middle.max(axis=(1, 2)))
    dark_on_light = np.arange(260) // 10 % 2 == 0
    assert (np.sign(corners - ink) == np.where(dark_on_light, 1, -1)).all()
    assert (abs(corners - ink) > 40).mean() > 0.97  # thin strokes, blurred, are fainter
    inked = abs(digits - corners[:, None, None]) > 30
    assert 0.05 < inked.mean() < 0.4
    border = np.concatenate([inked[:, 0], inked[:, -1], inked[:, :, 0], inked[:, :, -1]], axis=1)
    assert border.mean() < 0.02  # none is cut off


def test_the_same_digit_is_alike_in_all_fonts_and_unlike_others() -> None:
    """Nearest mean by one font left out reads most of them: they are digits indeed."""
    digits = strangers(32, "AB")["digits"][:, 0].astype(float).reshape(13, 2, 10, -1)
    flat = digits - digits.mean(axis=-1, keepdims=True)
    flat /= np.linalg.norm(flat, axis=-1, keepdims=True)
    flat[:, 1] *= -1  # light on dark
    right = 0
    for font in range(13):
        means = np.delete(flat, font, axis=0).mean(axis=(0, 1))
        right += int(((flat[font] @ means.T).argmax(axis=-1) == np.arange(10)).sum())
    assert right / 260 > 0.6


def test_without_the_fonts_there_are_no_digits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matplotlib, "get_data_path", lambda: str(tmp_path))
    assert list(strangers(5, "AB")) == [*NOISE, "blank"]
