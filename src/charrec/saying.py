"""What is told while a run goes on: worth no run of hours if nobody is there to read it."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from charrec.terminal import marked

NAME = "charrec:"  # before whatever is wrong, or was stopped


def say(text: str) -> None:
    """Print, and from then on be silent where the output is closed or full."""
    try:
        print(text, flush=True)
    except OSError:
        with suppress(OSError, ValueError):  # an output that is no file
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def complain(message: object, colour: str = "red") -> None:
    """Tell an error on stderr."""
    print(f"{marked(NAME, colour, sys.stderr)} {message}", file=sys.stderr)


def warn(message: object) -> None:
    print(f"{marked(f'{NAME} warning:', 'yellow', sys.stderr)} {message}", file=sys.stderr)
