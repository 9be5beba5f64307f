"""Every kind of picture becomes the same grey square, and a broken one becomes a message."""

from __future__ import annotations

import io
import random
import struct
import subprocess
import sys
import time
import warnings
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from charrec.data import grey, pictures
from charrec.data.formats import FORMATS
from charrec.data.pictures import Budget, read_all_pictures, read_picture, read_pictures
from charrec.errors import UserError

SIZE = 16
RAMP = np.arange(256, dtype=np.uint8).reshape(SIZE, SIZE)  # each grey value once


def saved(folder: Path, image: Image.Image, name: str = "a.png", **options: object) -> Path:
    image.save(folder / name, **options)  # type: ignore[arg-type]
    return folder / name


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        read_picture(path, SIZE)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


# Good pictures: exact values


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.gif", "a.tif", "a.pgm", "a.webp"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_any_lossless_file_keeps_every_grey_value(tmp_path: Path, name: str, mode: str) -> None:
    options = {"lossless": True, "exact": True} if name.endswith("webp") else {}
    path = saved(tmp_path, Image.fromarray(RAMP).convert(mode), name, **options)
    read = read_picture(path, SIZE)
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, RAMP)


@pytest.mark.parametrize(
    ("colour", "grey"), [((255, 0, 0), 76), ((0, 255, 0), 150), ((0, 0, 255), 29)]
)
def test_colours_weigh_as_the_eye_sees_them(
    tmp_path: Path, colour: tuple[int, int, int], grey: int
) -> None:
    """0.299 R + 0.587 G + 0.114 B of 255: 76.2, 149.7 and 29.1."""
    path = saved(tmp_path, Image.new("RGB", (9, 9), colour))
    assert set(read_picture(path, SIZE).flat) == {grey}
    palette = saved(tmp_path, Image.new("RGB", (9, 9), colour).convert("P"), "p.png")
    assert set(read_picture(palette, SIZE).flat) == {grey}


def test_cmyk(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.new("CMYK", (8, 8), (0, 0, 0, 155)), "a.tif")
    assert set(read_picture(path, SIZE).flat) == {100}


def test_one_bit(tmp_path: Path) -> None:
    image = Image.fromarray((RAMP > 99).astype(np.uint8) * 255).convert("1")
    np.testing.assert_array_equal(read_picture(saved(tmp_path, image), SIZE), (RAMP > 99) * 255)


def deep(dtype: str, scale: float = 1) -> Image.Image:
    return Image.fromarray((RAMP * np.float64(scale)).astype(dtype))


@pytest.mark.parametrize(
    ("image", "name"),
    [
        (deep("uint16", 257), "a.png"),
        (deep("uint16", 257), "a.tif"),
        (deep("int32", 257), "a.tif"),
        (deep("int32"), "a.tif"),
        (deep("int32", 2**22), "a.tif"),
        (deep("float32"), "a.tif"),
        (deep("float32", 1 / 255), "a.tif"),
        (deep("float32", 257), "a.tif"),
    ],
    ids=["16-png", "16-tif", "i-257", "i-255", "i-large", "f-255", "f-1", "f-65535"],
)
def test_deep_grey_is_scaled_by_the_range_that_holds_it(
    tmp_path: Path, image: Image.Image, name: str
) -> None:
    np.testing.assert_array_equal(read_picture(saved(tmp_path, image, name), SIZE), RAMP)


def test_a_dark_16_bit_picture_stays_dark(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.fromarray(np.full((4, 4), 200, dtype=np.uint16)))
    assert set(read_picture(path, SIZE).flat) == {1}  # 200 / 257 = 0.78


def test_what_is_no_number_or_below_0_is_black(tmp_path: Path) -> None:
    values = np.array([[np.nan, -3, -np.inf, np.inf], [0, 0.2, 0.6, 1]], dtype=np.float32)
    path = saved(tmp_path, Image.fromarray(values.repeat(2, axis=0)), "a.tif")
    np.testing.assert_array_equal(read_picture(path, 4)[::2], [[0, 0, 0, 0], [0, 51, 153, 255]])


# Transparency


def cut_out(ink: int, mode: str, name: str, folder: Path) -> Path:
    """A square of `ink` on a transparent ground whose hidden colour is the ink's too."""
    mask = np.zeros((SIZE, SIZE), dtype=np.uint8)
    mask[4:12, 4:12] = 255
    grey = Image.new("L", (SIZE, SIZE), ink)
    if mode != "P":
        image = grey.convert(mode)
        image.putalpha(Image.fromarray(mask))
        return saved(folder, image, name)
    image = Image.fromarray((mask > 0).astype(np.uint8)).convert("P")
    image.putpalette([255 - ink] * 3 + [ink] * 3)
    return saved(folder, image, name, transparency=0)


@pytest.mark.parametrize("ink", [0, 90, 160, 255])
@pytest.mark.parametrize(
    ("mode", "name"),
    [("RGBA", "a.png"), ("LA", "a.png"), ("P", "a.png"), ("P", "a.gif"), ("RGBA", "a.tif")],
)
def test_a_letter_without_a_ground_gets_one_that_it_stands_out_from(
    tmp_path: Path, mode: str, name: str, ink: int
) -> None:
    read = read_picture(cut_out(ink, mode, name, tmp_path), SIZE)
    expected = np.full((SIZE, SIZE), 0 if ink > 127 else 255)
    expected[4:12, 4:12] = ink
    np.testing.assert_array_equal(read, expected)


def test_half_transparent_ink_is_mixed_with_its_ground(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.new("RGBA", (4, 4), (0, 0, 0, 128)))
    assert set(read_picture(path, SIZE).flat) == {127}


def test_an_opaque_alpha_band_changes_nothing(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.fromarray(RAMP).convert("RGBA"))
    np.testing.assert_array_equal(read_picture(path, SIZE), RAMP)


def test_a_picture_that_is_all_transparent_is_white(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.new("RGBA", (4, 4), (9, 9, 9, 0)))
    assert set(read_picture(path, SIZE).flat) == {255}


@pytest.mark.parametrize("mode", ["L", "RGB", "1"])
def test_one_colour_declared_transparent(tmp_path: Path, mode: str) -> None:
    image = Image.fromarray(((RAMP > 99) * 255).astype(np.uint8)).convert(mode)
    white = (255, 255, 255) if mode == "RGB" else 255
    path = saved(tmp_path, image, transparency=white)
    np.testing.assert_array_equal(read_picture(path, SIZE), (RAMP > 99) * 255)


# Turned, moving, small and long pictures


def turned(upright: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """What a camera stores for EXIF orientation 1 to 8 (its inverse makes it upright)."""
    store: dict[int, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.T,
        6: lambda a: np.rot90(a, 1),  # shown after a quarter turn clockwise
        7: lambda a: a[::-1, ::-1].T,
        8: lambda a: np.rot90(a, -1),
    }
    return np.ascontiguousarray(store[orientation](upright))


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_upright(tmp_path: Path, orientation: int, name: str) -> None:
    upright = np.zeros((32, 32), dtype=np.uint8)
    upright[:, :8] = upright[24:, :16] = 255  # an L: no turn or mirror image of it is an L
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(turned(upright, orientation))
    read = read_picture(saved(tmp_path, image, name, exif=exif, quality=100), 32)
    assert np.abs(read.astype(int) - upright).max() <= (0 if name == "a.png" else 3)


def test_of_a_moving_picture_the_first_frame_is_read(tmp_path: Path) -> None:
    frames = [Image.new("L", (8, 8), grey) for grey in (40, 200, 90)]
    path = saved(tmp_path, frames[0], "a.gif", save_all=True, append_images=frames[1:])
    assert set(read_picture(path, SIZE).flat) == {40}


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (1, 60_000), (517, 3)])
def test_any_size_and_shape(tmp_path: Path, size: tuple[int, int]) -> None:
    read = read_picture(saved(tmp_path, Image.new("L", size, 123)), SIZE)
    assert read.shape == (SIZE, SIZE)
    assert set(read.flat) == {123}


def test_a_large_picture_is_averaged_not_sampled(tmp_path: Path) -> None:
    """A checkerboard of single pixels is grey from afar."""
    board = (np.indices((160, 160)).sum(axis=0) % 2 * 255).astype(np.uint8)
    read = read_picture(saved(tmp_path, Image.fromarray(board)), SIZE)
    assert read.min() >= 126
    assert read.max() <= 129


def test_stretched_to_a_square(tmp_path: Path) -> None:
    wide = np.zeros((8, 32), dtype=np.uint8)
    wide[:, 16:] = 255
    read = read_picture(saved(tmp_path, Image.fromarray(wide)), 8)
    np.testing.assert_array_equal(read[:, [0, 1, 2, 5, 6, 7]], [[0, 0, 0, 255, 255, 255]] * 8)


def odd_tiff(path: Path) -> Path:
    """A good picture with a tag that Pillow warns of."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[0x8298] = "title"
    Image.fromarray(RAMP).save(path, tiffinfo=tags)
    data = bytearray(path.read_bytes())
    entry = data.index(struct.pack("<HH", 0x8298, 2))
    data[entry + 4 : entry + 12] = struct.pack("<II", 10_000, 8)  # longer than the file
    path.write_bytes(data)
    return path


def test_warnings_of_pillow_neither_fail_nor_show(tmp_path: Path) -> None:
    path = odd_tiff(tmp_path / "odd.tif")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning), Image.open(path) as image:
            image.load()
        np.testing.assert_array_equal(read_picture(path, SIZE), RAMP)
        images, errors = read_pictures([path] * 20, SIZE)
    assert errors == [None] * 20
    np.testing.assert_array_equal(images[19, 0], RAMP)


def test_reading_leaves_the_filters_of_warnings_as_they_were(tmp_path: Path) -> None:
    paths = [saved(tmp_path, Image.new("L", (4, 4), n), f"{n}.png") for n in range(200)]
    before = list(warnings.filters)
    images, _ = read_pictures(paths, 4)
    assert images[:, 0, 2, 2].tolist() == list(range(200))
    assert list(warnings.filters) == before


# Broken pictures


def letter_bytes(kind: str) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("share", [0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95])
def test_a_file_that_is_cut_off(tmp_path: Path, kind: str, share: float) -> None:
    data = letter_bytes(kind)
    path = tmp_path / "a.png"
    path.write_bytes(data[: int(share * len(data))])
    assert "picture" in refusal(path)


def test_files_that_are_no_pictures(tmp_path: Path) -> None:
    text, empty = tmp_path / "text.png", tmp_path / "empty.png"
    text.write_text("not a picture\n" * 50)
    empty.touch()
    assert refusal(text).endswith("is not a picture")
    assert refusal(empty).endswith("is empty")
    assert refusal(tmp_path / "gone.png").endswith("no such file")
    assert refusal(tmp_path).endswith("cannot be read as a picture: it is a folder")


def claims(width: int, height: int) -> bytes:
    """A PNG of a hundred bytes that says it is as large as this."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(bytes(100)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [9_000, 10_000, 13_000, 20_000, 2**31 - 1])
def test_a_file_that_claims_to_be_enormous(
    tmp_path: Path, side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("memory was taken for it")

    monkeypatch.setattr("PIL.Image.core.fill", never)
    monkeypatch.setattr("PIL.Image.core.new", never)
    path = tmp_path / "bomb.png"
    path.write_bytes(claims(side, side))
    message = refusal(path)
    assert "memory was taken" not in message
    told = f"bomb.png cannot be read as a picture: {side} x {side} pixels are over 40,000,000"
    assert message.endswith(told)


def test_an_enormous_bitmap(tmp_path: Path) -> None:
    bitmap = bytearray(letter_bytes("BMP"))
    bitmap[18:26] = struct.pack("<ii", 30_000, 20_000)
    path = tmp_path / "a.png"
    path.write_bytes(bitmap)
    assert refusal(path).endswith("picture: 30000 x 20000 pixels are over 40,000,000")


def test_where_pillow_alone_knows_how_large_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise Image.DecompressionBombError("could be decompression bomb DOS attack")

    monkeypatch.setattr(Image, "open", refuse)
    path = tmp_path / "a.png"
    path.write_bytes(b"no kind of picture")
    assert refusal(path).endswith("picture: its pixels are over 40,000,000")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP"])
def test_whatever_the_bytes_a_picture_or_a_message_comes_out(tmp_path: Path, kind: str) -> None:
    chance, good = random.Random(kind), letter_bytes(kind)
    path, outcomes = tmp_path / "a.png", {"read": 0, "refused": 0}
    for _ in range(120):
        data = bytearray(good)
        for _ in range(chance.choice([1, 1, 2, 5, 30])):
            place = chance.randrange(chance.choice([40, len(data)]))
            data[place % len(data)] = chance.choice([0, 1, 127, 128, 255, chance.randrange(256)])
        path.write_bytes(data[: chance.choice([len(data), chance.randrange(1, len(data))])])
        try:
            read = read_picture(path, SIZE)
        except UserError as error:
            message = str(error)
        else:
            message = ""
            assert read.shape == (SIZE, SIZE)
            assert read.dtype == np.uint8
        assert not message or (message.startswith(str(path)) and "\n" not in message)
        outcomes["refused" if message else "read"] += 1
    assert outcomes["refused"] > 5, outcomes


def test_what_is_done_tile_by_tile_gives_the_same_pixels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (23, 31, 4), dtype=np.uint8)
    deep = noise[..., 0].astype(np.uint16) * 200
    big_endian = tmp_path / "big.pgm"
    big_endian.write_bytes(b"P5 31 23 65535\n" + deep.astype(">u2").tobytes())
    palette = Image.fromarray(noise[..., :3]).convert("P")
    light = np.zeros((23, 31, 4), dtype=np.uint8)
    light[:12] = 255
    light[22, 30, 3] = 255  # and a dot of black ink in the last tile
    paths = [
        saved(tmp_path, Image.fromarray(light), "light.png"),
        saved(tmp_path, Image.fromarray(noise), "rgba.png"),
        saved(tmp_path, Image.fromarray(noise).convert("LA"), "la.png"),
        saved(tmp_path, palette, "p.png", transparency=3),
        saved(tmp_path, Image.fromarray(deep), "deep.png"),
        saved(tmp_path, Image.fromarray(deep.astype(np.int32) * 999), "deep.tif"),
        saved(tmp_path, Image.fromarray(deep.astype(np.float32) / 7), "float.tif"),
        big_endian,
    ]
    at_once = [read_picture(path, SIZE) for path in paths]
    monkeypatch.setattr(grey, "TILE", 10)
    np.testing.assert_array_equal([read_picture(path, SIZE) for path in paths], at_once)


def test_no_more_pixels_than_allowed_are_decoded_at_a_time() -> None:
    budget, now, most = Budget(100), [0], [0]

    def decode(pixels: int) -> None:
        with budget.taken(pixels):
            now[0] += pixels
            most[0] = max(most[0], now[0])
            time.sleep(0.002)
            now[0] -= pixels

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(decode, [60, 30, 50, 100, 10, 20] * 5))
    assert most[0] == 100
    with pytest.raises(ZeroDivisionError), budget.taken(100):
        _ = 1 / 0
    with budget.taken(100):
        pass


def test_large_pictures_wait_for_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []

    class Witness(Budget):
        @contextmanager
        def taken(self, pixels: int) -> Iterator[None]:
            taken.append(pixels)
            yield

    monkeypatch.setattr(pictures, "_budget", Witness(0))
    monkeypatch.setattr(pictures, "SMALL", 100)
    for side in (10, 11):
        read_picture(saved(tmp_path, Image.new("L", (side, side))), SIZE)
    assert taken == [121]


def test_nothing_is_logged_for_a_broken_picture(tmp_path: Path) -> None:
    data = bytearray(letter_bytes("TIFF"))
    entry = data.index(struct.pack("<HHI", 277, 3, 1))  # samples per pixel
    data[entry + 8 : entry + 10] = struct.pack("<H", 13_571)
    path = tmp_path / "a.tif"
    path.write_bytes(data)
    program = (
        "import sys; from charrec.data.pictures import *; print(read_pictures(sys.argv[1:], 8)[1])"
    )
    command = [sys.executable, "-c", program, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert "a.tif" in done.stdout


@pytest.mark.parametrize("kind", ["EPS", "ICO", "PDF", "PCX"])
def test_only_formats_of_the_table_are_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(letter_bytes(kind))
    if kind == "PCX":
        assert read_picture(path, SIZE).shape == (SIZE, SIZE)
    else:
        assert refusal(path).endswith("is not a picture")


def test_every_format_of_the_table_is_one_of_pillow_s() -> None:
    assert set(pictures._readable()) == set(FORMATS)
    known = Image.registered_extensions()
    for kind, suffixes in FORMATS.items():
        assert {known[suffix] for suffix in suffixes} <= {kind, "MPO"}


def test_many_pictures_each_with_its_error(tmp_path: Path) -> None:
    good = saved(tmp_path, Image.fromarray(RAMP), "good.png")
    bad = tmp_path / "bad.png"
    bad.write_text("text")
    images, errors = read_pictures([bad, good, tmp_path / "gone.png"], SIZE)
    assert images.shape == (3, 1, SIZE, SIZE)
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(images[:, 0], [RAMP * 0, RAMP, RAMP * 0])
    assert errors == [f"{bad} is not a picture", None, f"{tmp_path / 'gone.png'}: no such file"]


def test_broken_pictures_are_counted_and_the_first_three_named(tmp_path: Path) -> None:
    paths = [saved(tmp_path, Image.new("L", (4, 4)), f"{i}.png") for i in range(7)]
    for path in paths[2:]:
        path.write_text("text")
    with pytest.raises(UserError) as caught:
        read_all_pictures(paths, SIZE, "train.json")
    named = "; ".join(f"{tmp_path / str(i)}.png is not a picture" for i in (2, 3, 4))
    assert str(caught.value) == (
        f"train.json: 5 of 7 pictures cannot be read: {named} and 2 more\n"
        "mend the files, or take them off the list"
    )
