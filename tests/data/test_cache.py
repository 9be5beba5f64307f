"""What the cache gives is what decoding gives, whatever became of files and entries since."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from charrec.data import cache, entries, pictures
from charrec.data.cache import cached_pictures
from charrec.data.datamodule import CharacterDataModule
from charrec.data.pictures import read_all_pictures, read_picture
from charrec.data.places import cache_folder
from charrec.errors import UserError

SIZE = 12


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the test's own."""
    monkeypatch.setenv("CHARREC_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def grey_noise(seed: int) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 256, (20, 17), dtype=np.uint8)
    return Image.fromarray(noise)


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    """Pictures of 1,514 bytes each: uncompressed."""
    (tmp_path / "images").mkdir()
    found = [tmp_path / "images" / f"{seed}.bmp" for seed in range(5)]
    for seed, path in enumerate(found):
        grey_noise(seed).save(path)
    return found


def cached(paths: list[Path], image_size: int = SIZE) -> NDArray[np.uint8]:
    return cached_pictures(paths, image_size, "a list")


def refuse_to_decode(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("a picture was decoded")

    monkeypatch.setattr(cache, "decode", never)
    monkeypatch.setattr(pictures, "decode", never)


# The same pixels


def test_what_was_decoded_once_is_not_decoded_again(
    paths: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = read_all_pictures(paths, SIZE, "a list")
    first = cached(paths)
    refuse_to_decode(monkeypatch)
    again = cached(paths)
    for images in (first, again):
        assert images.flags.writeable  # as torch.from_numpy wants it
        assert images.dtype == np.uint8
        np.testing.assert_array_equal(images, plain)


def test_a_second_run_on_the_same_letters_decodes_nothing(
    letters: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (CharacterDataModule(letters, alphabet="ABCD") for _ in range(2))
    first.setup()
    refuse_to_decode(monkeypatch)
    second.setup()
    for split, images in first.images.items():
        assert bool((second.images[split] == images).all())


def test_every_kind_of_file_gives_the_same_pixels_from_memory_as_from_its_path(
    tmp_path: Path,
) -> None:
    grey, turned = grey_noise(1), Image.Exif()
    turned[0x0112] = 6
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    made = {
        "a.png": grey.convert("RGBA"),
        "a.jpg": grey.convert("RGB"),
        "cmyk.jpg": grey.convert("CMYK"),
        "a.gif": grey.convert("P"),
        "a.webp": grey.convert("RGB"),
        "a.ppm": grey.convert("RGB"),
        "a.bmp": grey,
        "deep.tif": deep,
        "deep.png": deep,
    }
    for name, image in made.items():
        image.save(tmp_path / name)
    grey.save(tmp_path / "turned.png", exif=turned)
    grey.save(tmp_path / "turned.jpg", exif=turned)
    grey.save(tmp_path / "packed.tif", compression="tiff_lzw")
    paths = sorted(path for path in tmp_path.iterdir() if path.is_file())
    assert len(paths) == 12
    expected = [read_picture(path, SIZE) for path in paths]
    np.testing.assert_array_equal(cached(paths)[:, 0], expected)
    np.testing.assert_array_equal(cached(paths)[:, 0], expected)


def test_more_pictures_than_one_task_takes(tmp_path: Path) -> None:
    """Each grey value 3 times in turn: any picture in another's place would show."""
    paths = [tmp_path / f"{grey}.bmp" for grey in range(256)] * 3
    for grey, path in enumerate(paths[:256]):
        Image.new("L", (4, 4), grey).save(path)
    for _ in ("decoded", "from the cache"):
        assert cached(paths, 4)[:, 0, 1, 1].tolist() == list(range(256)) * 3


# Never out of date


def test_a_changed_picture_is_noticed_whatever_its_size_and_time_say(paths: list[Path]) -> None:
    before, about = cached(paths), paths[2].stat()
    grey_noise(99).save(paths[2])
    os.utime(paths[2], ns=(about.st_atime_ns, about.st_mtime_ns))
    now = paths[2].stat()
    assert (now.st_size, now.st_mtime_ns) == (about.st_size, about.st_mtime_ns)
    after = cached(paths)
    np.testing.assert_array_equal(after[2, 0], read_picture(paths[2], SIZE))
    assert [bool((a == b).all()) for a, b in zip(before, after, strict=True)].count(False) == 1


def test_pictures_that_change_while_they_are_read_are_kept_as_what_was_decoded(
    paths: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is another one between the look into the cache and the decoding."""
    old = paths[0].read_bytes()
    before = read_picture(paths[0], SIZE)

    def change_and_miss(*_: object) -> None:
        grey_noise(99).save(paths[0])

    with monkeypatch.context() as patch:
        patch.setattr(cache, "load", change_and_miss)
        changed = cached(paths)
    np.testing.assert_array_equal(changed[0, 0], read_picture(paths[0], SIZE))
    with monkeypatch.context() as patch:
        refuse_to_decode(patch)
        np.testing.assert_array_equal(cached(paths), changed)
    paths[0].write_bytes(old)
    np.testing.assert_array_equal(cached(paths)[0, 0], before)


def test_the_same_pictures_elsewhere_are_the_same(
    paths: list[Path], place: Path, tmp_path: Path
) -> None:
    cached(paths)
    (tmp_path / "images").rename(tmp_path / "moved")
    cached([tmp_path / "moved" / path.name for path in paths])
    assert len(list(place.iterdir())) == 1


@pytest.mark.parametrize("other", ["size", "order", "fewer", "pillow", "jpeg", "ours"])
def test_what_makes_other_pixels_makes_another_entry(
    paths: list[Path], place: Path, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached(paths)
    asked, size = list(paths), SIZE
    if other == "size":
        size = SIZE + 1
    elif other == "order":
        asked = [*paths[1:], paths[0]]
    elif other == "fewer":
        asked = paths[:-1]
    elif other == "pillow":
        monkeypatch.setattr("PIL.__version__", "99.0")
    elif other == "jpeg":
        monkeypatch.setattr("PIL.features.version", lambda name: f"{name} 99")
    elif other == "ours":
        monkeypatch.setattr(cache, "PREPROCESSING", 99)
    np.testing.assert_array_equal(cached(asked, size), read_all_pictures(asked, size, "a list"))
    assert len(list(place.iterdir())) == 2


def test_where_one_file_ends_and_the_next_begins_counts(paths: list[Path]) -> None:
    """The same bytes one after the other, but the second picture has lost its first."""
    many = paths[:2] * 64  # so many that one digest takes in both
    cached(many)
    both = paths[0].read_bytes() + paths[1].read_bytes()
    paths[0].write_bytes(both[:1600])
    paths[1].write_bytes(both[1600:])
    with pytest.raises(UserError, match="64 of 128 pictures"):
        cached(many)


def test_other_pixels_of_the_same_file_need_another_number(tmp_path: Path) -> None:
    """Where this fails, `PREPROCESSING` counts one more and the numbers here are new."""
    frozen = [
        [194, 196, 200, 203],
        [167, 170, 173, 176],
        [135, 138, 142, 146],
        [98, 101, 106, 111],
    ]
    ramp = np.arange(0, 240, 4, dtype=np.uint8).reshape(5, 12)
    image = Image.fromarray(np.stack([ramp, ramp[::-1], 255 - ramp, ramp // 2 + 127], axis=2))
    image.save(tmp_path / "a.png")
    assert pictures.PREPROCESSING == 1
    assert read_picture(tmp_path / "a.png", 4).tolist() == frozen


# Broken pictures


@pytest.mark.parametrize("kind", ["text", "empty", "cut off", "gone", "folder", "enormous"])
def test_a_broken_picture_is_told_as_without_a_cache_and_nothing_is_kept(
    paths: list[Path], place: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = {"text": b"text", "empty": b"", "cut off": paths[1].read_bytes()[:900]}
    if kind in ("gone", "folder"):
        paths[1].unlink()
        if kind == "folder":
            paths[1].mkdir()
    elif kind == "enormous":
        monkeypatch.setattr(pictures, "MOST_PIXELS", 300)
    else:
        paths[1].write_bytes(contents[kind])
    with pytest.raises(UserError) as plain:
        read_all_pictures(paths, SIZE, "a list")
    with pytest.raises(UserError) as told:
        cached(paths)
    assert str(told.value) == str(plain.value)
    assert str(paths[1]) in str(told.value)
    assert not place.exists()


def test_a_huge_file_is_refused_as_without_a_cache(
    paths: list[Path], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = paths[0].stat().st_size
    for module in (cache, pictures):
        monkeypatch.setattr(module, "LARGEST_PICTURE", size - 1)
    told = f"5 of 5 pictures cannot be read: .*: it has {size:,} bytes, over the {size - 1:,} that"
    with pytest.raises(UserError, match=told):
        cached(paths)
    assert not place.exists()


# Where it is


def test_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("CHARREC_CACHE")
    assert cache_folder() == Path("/home/me/.cache/charrec")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert cache_folder() == Path("/caches/charrec")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # not to be taken, says its standard
    assert cache_folder() == Path("/home/me/.cache/charrec")
    monkeypatch.setenv("CHARREC_CACHE", "~/here")
    assert cache_folder() == Path("/home/me/here")


def test_no_folder_for_somebody_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("CHARREC_CACHE")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # what it does then
    assert cache_folder() is None


@pytest.mark.parametrize("off", ["", "0", "off", "OFF"])
def test_turned_off(
    paths: list[Path], off: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHARREC_CACHE", off)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    np.testing.assert_array_equal(cached(paths), read_all_pictures(paths, SIZE, "a list"))
    assert [path.name for path in tmp_path.iterdir()] == ["images"]


def test_a_set_larger_than_the_cache_is_not_kept(
    paths: list[Path], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries, "MOST_BYTES", 5 * SIZE * SIZE - 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cached(paths)
    assert not place.exists()
