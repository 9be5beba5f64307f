"""What an output can show: plain lines, colours and drawn tables, or a bar drawn anew all the time.

The answers are rich's own, without importing it, for errors are told at once. ``NO_COLOR``
(https://no-color.org) takes the colours away, ``FORCE_COLOR`` (https://force-color.org) gives a
pipe what a terminal gets; a dumb terminal gets what a file gets.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

COLOURS = {"bold": 1, "red": 31, "yellow": 33}  # as ECMA-48 numbers them
# Of a bar. Where there are 16 colours rich's own is the one of a bar that is empty.
FINISHED = "green"
KERNELS = ("ZMQInteractiveShell", "Shell")  # of Jupyter, of Colab


def is_drawn(stream: IO[str]) -> bool:
    """Whether tables, boxes and colours go there."""
    if os.environ.get("TERM", "").lower() in ("dumb", "unknown") or in_notebook():
        return False
    if (compatible := os.environ.get("TTY_COMPATIBLE", "")) in ("0", "1"):
        return compatible == "1"
    if (forced := os.environ.get("FORCE_COLOR")) is not None:
        return forced != ""
    return _is_terminal(stream)


def is_coloured(stream: IO[str]) -> bool:
    return is_drawn(stream) and not os.environ.get("NO_COLOR")


def is_live(stream: IO[str]) -> bool:
    """Whether a line there can be drawn over: never in a pipe, whatever is forced."""
    still = os.environ.get("TTY_INTERACTIVE") == "0"
    return is_drawn(stream) and _is_terminal(stream) and not still


def _is_terminal(stream: IO[str]) -> bool:
    try:
        return stream.isatty()
    except (AttributeError, ValueError):  # there is none, or it is closed
        return False


def in_notebook() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ in KERNELS


def marked(text: str, colour: str, stream: IO[str]) -> str:
    """In a colour where the stream has colours."""
    return f"\033[{COLOURS[colour]}m{text}\033[0m" if is_coloured(stream) else text


def console(stream: IO[str], **options: Any) -> Console:
    """rich's, with text taken as it is: a file's name may look like markup or a number."""
    from rich.console import Console

    return Console(file=stream, markup=False, highlight=False, emoji=False, **options)


def drawn(renderable: RenderableType, stream: IO[str]) -> str:
    """What a terminal is sent for it, to be printed like any text."""
    here = console(stream)
    with here.capture() as captured:
        here.print(renderable)
    return "\n".join(line.rstrip(" ") for line in captured.get().splitlines()).strip("\n")


def never_refuse_text(streams: Iterable[IO[str]]) -> None:
    """A character that an output's encoding lacks shows as an escape, and ends nothing."""
    for stream in streams:
        with suppress(AttributeError, ValueError):  # a notebook's, or one that is closed
            stream.reconfigure(errors="backslashreplace")  # type: ignore[attr-defined]
