"""Decoded pictures on disk: the same files at the same size are decoded once.

The name of an entry is a digest of every picture's bytes and of all that makes pixels of them,
so that it is never out of date: a picture or a Pillow that is another one asks for another name.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import PIL
from PIL import features

from charrec.data.entries import keep, load
from charrec.data.letters import CURE
from charrec.data.pictures import (
    PREPROCESSING,
    Grey,
    decode,
    in_chunks,
    pillow_quiet,
    read_all_pictures,
)
from charrec.data.places import cache_folder
from charrec.ordinary import LARGEST_PICTURE, read_ordinary

# Libraries that may be other ones under the same version of Pillow.
DECODERS = ("jpg", "libjpeg_turbo", "jpg_2000", "webp", "avif")


class _Uncacheable(Exception):
    """A picture that is broken, huge or changing: it is read without the cache."""


def cached_pictures(
    paths: Sequence[str | Path], image_size: int, named_in: str, cure: str = CURE
) -> Grey:
    """As `read_all_pictures`, but what was decoded once is read from the cache.

    Raises:
        UserError: some pictures cannot be read; their count and the first few names.
    """
    folder = cache_folder()
    if folder is not None:
        with suppress(_Uncacheable):
            return _through(folder, paths, image_size)
    return read_all_pictures(paths, image_size, named_in, cure)


def _through(folder: Path, paths: Sequence[str | Path], image_size: int) -> Grey:
    digests = in_chunks(lambda chunk: _digest_of(paths[chunk]), len(paths))
    shape = (len(paths), 1, image_size, image_size)
    images = load(folder / _name(digests, image_size), shape)
    if images is None:
        images = np.empty(shape, dtype=np.uint8)
        digests = _decode_into(images, paths)
        keep(folder / _name(digests, image_size), images)
    return images


def _digest_of(paths: Sequence[str | Path]) -> bytes:
    digest = hashlib.sha256()
    for _ in _contents(paths, digest.update):
        pass
    return digest.digest()


def _decode_into(images: Grey, paths: Sequence[str | Path]) -> list[bytes]:
    """Fill `images`; the digests of the very bytes that were decoded, not of what was before."""

    def decode_some(chunk: slice) -> bytes:
        digest = hashlib.sha256()
        for image, data in zip(images[chunk], _contents(paths[chunk], digest.update), strict=True):
            try:
                image[0] = decode(io.BytesIO(data), images.shape[-1])
            except Exception as error:  # Pillow's decoders raise whatever they are led to
                raise _Uncacheable from error
        return digest.digest()

    with pillow_quiet():
        return in_chunks(decode_some, len(paths))


def _contents(paths: Sequence[str | Path], witness: Callable[[bytes], None]) -> Iterator[bytes]:
    """The bytes of each file, shown to `witness` on the way."""
    for path in paths:
        try:
            data = read_ordinary(path, LARGEST_PICTURE)
        except (OSError, ValueError) as error:
            raise _Uncacheable from error
        witness(len(data).to_bytes(8, "little"))
        witness(data)
        yield data


def _name(digests: list[bytes], image_size: int) -> str:
    decoders = [features.version(name) for name in DECODERS]
    settings = repr((image_size, PREPROCESSING, PIL.__version__, decoders))
    return f"charrec-{hashlib.sha256(b''.join(digests) + settings.encode()).hexdigest()}.npy"
