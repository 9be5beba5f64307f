"""Commands on a real terminal: a pseudo-terminal of a size of its own, and what it shows."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from processes import Started

STYLE = re.compile(r"\x1b\[[0-9;]*m")
MOVE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
TOKEN = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|([\r\n])|(.)", re.DOTALL)
COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-8]|9[0-7])[0-9;]*m")  # of the text
OF_TERMINALS = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
CTRL_C = b"\x03"


@dataclass(frozen=True)
class Shown:
    exit_code: int
    sent: str  # all of it, with what moves the cursor and colours
    columns: int

    @property
    def lines(self) -> list[str]:
        """What stands on the terminal at the end, without colours."""
        return [line for line in lines_of(self.sent, self.columns) if line]

    @property
    def drawings(self) -> list[str]:
        """Every drawing of the bar, in order."""
        told = re.split(r"[\r\n]+", MOVE.sub("\r", STYLE.sub("", self.sent)))
        return [line.strip() for line in told if line.startswith("Epoch")]

    @property
    def coloured(self) -> bool:
        return COLOUR.search(self.sent) is not None

    @property
    def has_its_cursor(self) -> bool:
        return self.sent.rfind("\x1b[?25h") >= self.sent.rfind("\x1b[?25l")


def lines_of(sent: str, columns: int) -> list[str]:
    """The little of a terminal that rich makes use of."""
    rows: list[list[str]] = [[]]
    row = column = 0
    for argument, operation, control, character in TOKEN.findall(sent):
        if operation == "K":
            rows[row] = [] if argument == "2" else rows[row][:column]
        elif operation == "A":
            row = max(0, row - int(argument or 1))
        elif control == "\r":
            column = 0
        elif control == "\n" or (character and column >= columns):
            row, column = row + 1, 0 if character else column
        if row == len(rows):
            rows.append([])
        if character:
            rows[row] += [" "] * (column + 1 - len(rows[row]))
            rows[row][column] = character
            column += 1
    return ["".join(row).rstrip() for row in rows]


def on_a_terminal(
    name: str,
    *arguments: str,
    cwd: Path,
    columns: int = 100,
    until: Callable[[str], bool] = lambda sent: False,
    encoding: str = "utf-8",
    **environment: str,
) -> Shown:
    """``python -m charrec.NAME ARGUMENTS``; Ctrl-C is typed as soon as `until` says so."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    attach = partial(
        _attach, os.ttyname(theirs), encoding, {"TERM": "xterm-256color"} | environment
    )
    try:
        with Started(f"charrec.{name}", *arguments, cwd=cwd, before=attach) as process:
            sent = _read(ours, process, until)
            return Shown(process.wait().exit_code, sent, columns)
    finally:
        os.close(theirs)
        os.close(ours)


def _attach(terminal: str, encoding: str, environment: Mapping[str, str]) -> None:
    """Make it the terminal of this process, to which a Ctrl-C goes that is typed there."""
    os.setsid()
    opened = os.open(terminal, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(opened, descriptor)
    for name in OF_TERMINALS:
        os.environ.pop(name, None)
    os.environ.update(environment)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", 1, encoding) for number in (1, 2))


def _read(ours: int, process: Started, until: Callable[[str], bool], seconds: float = 90) -> str:
    sent, typed, end = b"", False, time.monotonic() + seconds
    while time.monotonic() < end:
        if select.select([ours], [], [], 0.05)[0]:
            sent += os.read(ours, 65536)
        elif not process.running:
            return sent.decode()
        if not typed and until(sent.decode(errors="ignore")):
            typed = bool(os.write(ours, CTRL_C))
    raise TimeoutError(sent.decode(errors="replace"))
