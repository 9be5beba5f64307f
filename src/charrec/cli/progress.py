"""How far the reading of many pictures is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from charrec.saying import say

if TYPE_CHECKING:
    from rich.progress import Progress

PATIENCE = 1.0  # seconds, after which a bar is worth looking at
BETWEEN = 5.0  # seconds between two lines


@contextmanager
def progress_of_reading() -> Iterator[Callable[[int, int], None]]:
    """For the block, what is to be told how many pictures more were done, and of how many."""
    with ExitStack() as stack:
        yield (_Bar(stack) if sys.stdout.isatty() else _Lines()).tell


class _Lines:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = self._last = clock()
        self._done = 0

    def tell(self, more: int, of: int) -> None:
        self._done += more
        now = self._clock()
        if now - self._last >= BETWEEN and self._done < of:
            self._last = now
            say(line(self._done, of, now - self._began))


def line(done: int, of: int, seconds: float) -> str:
    """``12,288 of 100,000 pictures, 3,912 a second, 0:00:22 left``."""
    a_second = done / seconds
    left = timedelta(seconds=round((of - done) / a_second))
    shown = f"{a_second:,.0f}" if a_second >= 10 else f"{a_second:.1f}"
    return f"{done:,} of {of:,} pictures, {shown} a second, {left} left"


class _Bar:
    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._began = time.monotonic()
        self._done = 0
        self._bar: Progress | None = None

    def tell(self, more: int, of: int) -> None:
        self._done += more
        seconds = time.monotonic() - self._began
        if seconds < PATIENCE:
            return
        if self._bar is None:
            self._bar = self._stack.enter_context(_new_bar())
            self._bar.add_task("", total=of)
        (task,) = self._bar.task_ids
        self._bar.update(task, completed=self._done, description=line(self._done, of, seconds))


def _new_bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (BarColumn(24), TextColumn("{task.description}", markup=False))
    return Progress(*columns, console=Console(file=sys.stdout), transient=True)
