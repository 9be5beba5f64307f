"""How far the reading of many pictures is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from charrec.saying import say
from charrec.terminal import FINISHED, console, is_live

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn

PATIENCE = 1.0  # seconds, after which a bar is worth looking at
BETWEEN = 5.0  # seconds between two lines
BAR_WIDTH = 24  # characters


@contextmanager
def progress_of_reading() -> Iterator[Callable[[int, int], None]]:
    """For the block, what is to be told how many pictures more were done, and of how many."""
    with ExitStack() as stack:
        yield (_Bar(stack) if is_live(sys.stdout) else _Lines()).tell


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


# The longest that there is room for.
FORMS = (
    "{done:,} of {of:,} pictures, {speed} a second, {left} left",
    "{done:,} of {of:,} pictures, {left} left",
    "{done:,} of {of:,}, {left} left",
    "{share:.0%}, {left} left",
)


def line(done: int, of: int, seconds: float, width: int | None = None) -> str:
    """``12,288 of 100,000 pictures, 3,912 a second, 0:00:22 left``, or what of it is so wide."""
    a_second = done / seconds
    left = timedelta(seconds=round((of - done) / a_second))
    speed = f"{a_second:,.0f}" if a_second >= 10 else f"{a_second:.1f}"
    told = [f.format(done=done, of=of, share=done / of, speed=speed, left=left) for f in FORMS]
    return next((text for text in told if width is None or len(text) <= width), told[-1])


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
        with suppress(OSError, ValueError):  # the terminal is gone; the reading goes on
            self._show(of, seconds)

    def _show(self, of: int, seconds: float) -> None:
        if self._bar is None:
            self._bar = self._stack.enter_context(_new_bar())
            self._bar.add_task("", total=of)
        (task,) = self._bar.task_ids
        told = line(self._done, of, seconds, self._bar.console.width)
        beside = self._bar.console.width - len(told) >= 1 + BAR_WIDTH
        self._bar.columns = _columns(beside)
        self._bar.update(task, completed=self._done, description=told)


def _columns(bar: bool) -> tuple[ProgressColumn, ...]:
    from rich.progress import BarColumn, TextColumn

    text = TextColumn("{task.description}", markup=False)
    return (BarColumn(BAR_WIDTH, finished_style=FINISHED), text) if bar else (text,)


def _new_bar() -> Progress:
    from rich.progress import Progress

    return Progress(*_columns(False), console=console(sys.stdout), transient=True)
