"""Importing torch and Lightning, which takes seconds, in fewer of them."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """What is imported in the block is never searched for garbage.

    The imports make a million objects, and they stay. Python's collector would go through them
    again and again: while they are made, in training, and for a second when the process ends.
    """
    first = "torch" not in sys.modules  # later, in a sweep, an earlier run's garbage would stay too
    gc.disable()
    try:
        yield
    finally:
        if first:
            gc.freeze()
        gc.enable()
