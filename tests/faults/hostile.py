"""Makers of pictures and lists that somebody might put there to do harm, or by accident."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

KINDS = ("PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP", "PPM", "JPEG2000", "TGA", "AVIF", "SGI")


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def picture(side: int = 24) -> Image.Image:
    noise = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return Image.fromarray(noise)


def mutated(good: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """Some bytes changed, and perhaps a piece of another file put in, or the end cut off."""
    data = bytearray(good)
    for _ in range(chance.choice([1, 1, 2, 5, 30])):
        place = chance.randrange(chance.choice([40, len(data)])) % len(data)
        data[place] = chance.choice([0, 1, 127, 128, 255, chance.randrange(256)])
    if chance.random() < 0.3:
        other, place = chance.choice(others), chance.randrange(len(data))
        start = chance.randrange(len(other))
        data[place:place] = other[start : start + chance.choice([4, 20, 200])]
    if chance.random() < 0.3:
        del data[chance.randrange(1, len(data)) :]
    return bytes(data)


def chunk(name: bytes, data: bytes) -> bytes:
    checked = name + data
    return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))


def png(width: int, height: int, *chunks: bytes, rows: bytes | None = None) -> bytes:
    """A grey PNG with more chunks before its pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    rows = bytes((width + 1) * height) if rows is None else rows
    body = chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + body


def tiff(tags: dict[int, tuple[int, list[int]]], data: bytes = b"") -> bytes:
    """A little-endian TIFF: tag -> (type, values), with `data` at its end."""
    entries, extra = b"", b""
    start = 8 + 2 + 12 * len(tags) + 4
    codes = {3: "H", 4: "I"}
    for tag, (kind, values) in sorted(tags.items()):
        packed = struct.pack(f"<{len(values)}{codes[kind]}", *values)
        if len(packed) > 4:
            packed, extra = struct.pack("<I", start + len(extra)), extra + packed
        entries += struct.pack("<HHI", tag, kind, len(values)) + packed.ljust(4, b"\0")
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries
    return head + struct.pack("<I", 0) + extra + data


def tiled_bomb() -> bytes:
    """16 x 16 pixels that stand in a tile of 7,168 x 7,168, all of it there."""
    packed = zlib.compress(bytes(7168**2), 9)
    tags = {256: (3, [16]), 257: (3, [16]), 258: (3, [8]), 259: (3, [8]), 262: (3, [1])}
    tags |= {322: (4, [7168]), 323: (4, [7168]), 324: (4, [0]), 325: (4, [len(packed)])}
    size = len(tiff(tags))
    return tiff(tags | {324: (4, [size])}, packed)


def jpeg_with(marker: int, payload: bytes) -> bytes:
    """A good JPEG with segments of `payload`, as many as it takes."""
    good = encoded(picture(), "JPEG")
    parts = [payload[i : i + 65_533] for i in range(0, len(payload), 65_533)]
    segments = [bytes([0xFF, marker]) + struct.pack(">H", len(p) + 2) + p for p in parts]
    return good[:2] + b"".join(segments) + good[2:]


def looped_exif() -> bytes:
    """EXIF whose directory is its own sub-directory and its own successor."""
    pointers = [struct.pack("<HHII", tag, 4, 1, 8) for tag in (0x8769, 0x8825, 0xA005)]
    directory = struct.pack("<H", 3) + b"".join(pointers) + struct.pack("<I", 8)
    return b"Exif\0\0II*\0" + struct.pack("<I", 8) + directory


def huge_exif() -> bytes:
    """A tag that claims four thousand million values."""
    entry = struct.pack("<HHII", 0x010E, 2, 2**32 - 1, 26)
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0)


def animated(kind: str, frames: int) -> bytes:
    many = [Image.new("L", (16, 16), number % 256) for number in range(frames)]
    return encoded(many[0], kind, save_all=True, append_images=many[1:])


EPS = b"""%!PS-Adobe-3.0 EPSF-3.0
%%BoundingBox: 0 0 20 20
%%EndComments
newpath 2 2 moveto 18 18 lineto stroke
showpage
%%EOF
"""
MEBI = 2**20
# Name -> how to make it, and whether it is read; what is refused must say so.
HOSTILE: dict[str, tuple[Callable[[], bytes], bool]] = {
    "20,000 x 20,000": (lambda: png(20_000, 20_000, rows=bytes(100)), False),
    "decompression bomb": (lambda: png(16, 16, rows=bytes(100 * MEBI)), True),
    "tile larger than the picture": (tiled_bomb, False),
    "eps": (lambda: EPS, False),
    "huge text": (lambda: png(16, 16, chunk(b"tEXt", b"key\0" + b"x" * 20 * MEBI)), True),
    "text bomb": (
        lambda: png(16, 16, chunk(b"zTXt", b"key\0\0" + zlib.compress(bytes(100 * MEBI)))),
        False,
    ),
    "icc bomb": (
        lambda: png(16, 16, chunk(b"iCCP", b"icc\0\0" + zlib.compress(bytes(100 * MEBI)))),
        False,
    ),
    "many chunks": (lambda: png(16, 16, chunk(b"tEXt", b"k\0v") * 100_000), True),
    "icc in a jpeg": (lambda: jpeg_with(0xE2, b"ICC_PROFILE\0\1\1" + bytes(20 * MEBI)), True),
    "truncated icc": (lambda: jpeg_with(0xE2, b"ICC_PROFILE\0\1\7" + bytes(99)), True),
    "looped exif": (lambda: jpeg_with(0xE1, looped_exif()), True),
    "huge exif": (lambda: jpeg_with(0xE1, huge_exif()), True),
    "truncated exif": (lambda: jpeg_with(0xE1, looped_exif()[:20]), True),
    "exif of zeros": (lambda: jpeg_with(0xE1, b"Exif\0\0" + bytes(60_000)), True),
    "gif of 3,000 frames": (lambda: animated("GIF", 3000), True),
    "webp of 1,000 frames": (lambda: animated("WEBP", 1000), True),
    "png of 1,000 frames": (lambda: animated("PNG", 1000), True),
    "tiff of 300 pages": (lambda: animated("TIFF", 300), True),
}


def make_all(folder: Path) -> list[Path]:
    """A file for each of HOSTILE, in their order; the suffix says nothing."""
    paths = [folder / f"hostile {number}.png" for number in range(len(HOSTILE))]
    for path, (make, _) in zip(paths, HOSTILE.values(), strict=True):
        path.write_bytes(make())
    return paths
