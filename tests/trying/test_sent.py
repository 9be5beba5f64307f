"""What is sent: pixels as charrec.predict has them, or a message that says what is wrong."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from charrec.data.pictures import read_picture
from charrec.errors import UserError
from charrec.trying.sent import LARGEST, Sent, opened


def encoded(image: Image.Image, kind: str, **more: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **more)
    return file.getvalue()


def claiming(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be as large as that."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    nothing = zlib.compress(b"")
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", nothing) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def slope(mode: str = "RGB") -> Image.Image:
    grey = np.arange(40 * 50, dtype=np.uint16).reshape(40, 50) % 251
    return Image.fromarray(grey.astype(np.uint8)).convert(mode)


TURNED = Image.Exif()
TURNED[0x0112] = 6


@pytest.mark.parametrize(
    ("kind", "mode", "more"),
    [
        ("PNG", "RGBA", {}),
        ("JPEG", "CMYK", {"exif": TURNED}),
        ("TIFF", "I;16", {}),
        ("GIF", "P", {}),
        ("WEBP", "RGB", {}),
    ],
)
def test_a_picture_has_the_pixels_that_predict_reads(
    kind: str, mode: str, more: dict[str, object], tmp_path: Path
) -> None:
    data = encoded(slope("L").convert(mode) if mode != "I;16" else slope("I;16"), kind, **more)
    (tmp_path / "picture").write_bytes(data)
    for size in (32, 16):
        found = opened(Sent(data, "a.png"))(size)
        assert found.shape == (1, size, size)
        assert np.array_equal(found[0], read_picture(tmp_path / "picture", size))


def test_of_a_drawing_only_the_ink_is_read() -> None:
    sheet = Image.new("RGBA", (400, 400), "white")
    ImageDraw.Draw(sheet).rectangle((300, 100, 319, 199), fill="black")  # 20 x 100
    data = encoded(sheet, "PNG")
    drawn, picture = (opened(Sent(data, drawn=drawn))(24)[0] for drawn in (True, False))
    assert np.argwhere(drawn < 128).min(axis=0).tolist() == [2, 10]
    assert np.argwhere(drawn < 128).max(axis=0).tolist() == [21, 13]
    assert np.argwhere(picture < 128).min(axis=0).tolist() == [6, 18]


GOOD = encoded(slope().resize((400, 400)), "JPEG")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HOSTILE = {
    "empty": (b"", "x.png is empty"),
    "text": (b"I am no picture", "x.png is not a picture"),
    "svg": (SVG, "x.png is not a picture"),
    "zip": (b"PK\x03\x04" + bytes(100), "x.png is not a picture"),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "x.png is not a picture"),
    "cut off": (GOOD[: len(GOOD) // 2], "x.png cannot be read as a picture: .*truncated"),
    "bomb": (claiming(30_000, 30_000), "x.png .*: 30000 x 30000 pixels are over 40,000,000$"),
    "large": (claiming(8_000, 8_000), "x.png cannot be read .*: 8000 x 8000 pixels are over"),
    "heavy": (GOOD + bytes(LARGEST), "x.png has over 16 MiB; send a smaller picture"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_picture_is_told(kind: str) -> None:
    data, message = HOSTILE[kind]
    with pytest.raises(UserError, match=rf"^{message}"):
        opened(Sent(data, "x.png"))(32)


def test_a_drawing_is_no_long_strip() -> None:
    """What is cut out is a square of the longer side."""
    with pytest.raises(UserError, match=r"^the drawing cannot be read .*: .* 4096 pixels a side"):
        opened(Sent(encoded(Image.new("L", (1, 4097)), "PNG"), drawn=True))(32)
    good = encoded(Image.new("L", (1, 4096)), "PNG")
    assert opened(Sent(good, drawn=True))(32).shape == (1, 32, 32)


def test_a_name_stays_a_short_line() -> None:
    with pytest.raises(UserError) as caught:
        opened(Sent(b"", "../../etc/a\nb\x1b[2J" + 200 * "c"))(32)
    assert str(caught.value).startswith("../../etc/a\\nb\\x1b[2Jccc")
    assert len(str(caught.value)) == 80 + len(" is empty")
