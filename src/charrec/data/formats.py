"""The kinds of pictures that are read, whatever the suffix says.

For none of them does Pillow start another program, as it does for EPS, and each says at once how
large it is, which the pictures inside an icon (ICO, ICNS) do not.
"""

from __future__ import annotations

FORMATS: dict[str, tuple[str, ...]] = {  # Pillow's name of the format, usual suffixes
    "PNG": (".png", ".apng"),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    "GIF": (".gif",),
    "BMP": (".bmp",),
    "DIB": (".dib",),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
    "AVIF": (".avif", ".avifs"),
    "JPEG2000": (".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx"),
    "PPM": (".pbm", ".pgm", ".ppm", ".pnm", ".pfm"),
    "SGI": (".sgi", ".rgb", ".rgba", ".bw"),
    "QOI": (".qoi",),
    "PCX": (".pcx",),
    "TGA": (".tga", ".icb", ".vda", ".vst"),  # known by its sizes alone: asked last
}
SUFFIXES = frozenset(suffix for suffixes in FORMATS.values() for suffix in suffixes)
