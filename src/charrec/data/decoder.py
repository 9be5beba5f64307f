"""A process that decodes small pictures for another one: many of them keep Python busy.

Opening a small picture is more work for Python than for the decoder, and Python does one thing at
a time in a process: two threads decode no more of them than one. A large picture is left to the
process that asks, where the decoder lets other threads on and memory is shared out.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

import numpy as np

from charrec.data.pictures import Elsewhere, Grey, leave_large_ones, pillow_quiet, read_at
from charrec.errors import UserError

START = "import sys; sys.path[:] = {path!r}; from charrec.data.decoder import main; main()"


class Decoded(NamedTuple):
    """Some pictures, at each of the sizes; one that cannot be read is left black."""

    images: dict[int, Grey]  # image size -> (n, 1, size, size)
    errors: list[str | None]

    def put(self, place: int, path: str) -> None:
        """Decode one of them."""
        try:
            for images, image in zip(self.images.values(), read_at(path, self.images), strict=True):
                images[place, 0] = image
        except UserError as error:
            self.errors[place] = str(error)


def none_of(count: int, sizes: Sequence[int]) -> Decoded:
    images = {size: np.zeros((count, 1, size, size), np.uint8) for size in sizes}
    return Decoded(images, [None] * count)


class Decoder:
    """Such a process, as the one sees it that asks; for one thread at a time."""

    def __init__(self) -> None:
        # Of a session of its own: Ctrl-C is for the process that asks, which ends this one.
        self._process = subprocess.Popen(
            [sys.executable, "-c", START.format(path=sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def decode(self, paths: Sequence[str], sizes: Sequence[int]) -> tuple[Decoded, list[int]]:
        """The pictures, and the places of those that are left to the caller.

        Those are all of them where the process has been killed, for want of memory, say.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            pickle.dump((paths, sizes), self._process.stdin)
            self._process.stdin.flush()
            decoded, left = pickle.load(self._process.stdout)
        except (OSError, ValueError, EOFError, pickle.UnpicklingError):
            return none_of(len(paths), sizes), list(range(len(paths)))
        return decoded, left

    def kill(self) -> None:
        """Whoever waits for an answer gets none."""
        self._process.kill()

    def close(self) -> None:
        self.kill()
        with suppress(OSError), self._process:
            pass


def main() -> None:
    """Answer what comes, until nobody is there to ask any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    leave_large_ones()
    with os.fdopen(os.dup(1), "wb") as answers, pillow_quiet():
        os.dup2(2, 1)  # whatever a library prints is no answer
        while True:
            try:
                paths, sizes = pickle.load(sys.stdin.buffer)
            except EOFError:
                return
            pickle.dump(_answer(paths, sizes), answers, protocol=5)
            answers.flush()


def _answer(paths: Sequence[str], sizes: Sequence[int]) -> tuple[Decoded, list[int]]:
    decoded, left = none_of(len(paths), sizes), []
    for place, path in enumerate(paths):
        try:
            decoded.put(place, path)
        except Elsewhere:
            left.append(place)
        except OSError:  # of the machine's: the one that asks will tell
            left.append(place)
    return decoded, left
