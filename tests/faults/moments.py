"""A process that dies, fails or sleeps at the n-th moment at which it writes something.

Moments lie before and after each call that changes files, and in the middle of each write. This is
called in a process of its own, which it changes for good.
"""

from __future__ import annotations

import builtins
import os
import signal
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from tensorboard.summary.writer.record_writer import RecordWriter

import charrec.files

SYSTEM_CALLS = ("fsync", "replace", "link", "unlink", "mkdir")


class Moments:
    """Counts moments, from 1, and notes what each is; at the one that is due it acts."""

    def __init__(
        self, log: Path | None, due: int, act: Callable[[str], None], once: bool = True
    ) -> None:
        self.log, self.due, self.act, self.passed = log, due, act, 0
        self.once = once

    def __call__(self, what: str) -> None:
        self.passed += 1
        if self.log is not None:
            with builtins.open(self.log, "a") as file:
                file.write(what + "\n")
        if self.passed == self.due or (self.passed > self.due > 0 and not self.once):
            self.act(what)


def die(what: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(due: int) -> None:
    _watch(Moments(None, due, die))


def fail_at(due: int, number: int, once: bool) -> None:
    """With an error of the operating system, from which all later ones suffer too, or only one."""

    def fail(what: str) -> None:
        if not what.startswith("after"):  # what is done has not failed
            raise OSError(number, os.strerror(number))

    _watch(Moments(None, due, fail, once))


def log_to(path: Path) -> None:
    _watch(Moments(path, 0, die))


def _watch(moment: Moments) -> None:
    for name in SYSTEM_CALLS:
        setattr(os, name, _around(getattr(os, name), name, moment))
    RecordWriter.write = _around(RecordWriter.write, "event", moment)
    for module in (charrec.files,):
        module.open = _opening(moment)  # type: ignore[attr-defined]


def _around(call: Callable[..., Any], name: str, moment: Moments) -> Callable[..., Any]:
    @wraps(call)
    def watched(*arguments: Any, **named: Any) -> Any:
        about = Path(arguments[-1]).name if name in ("replace", "link") else ""
        moment(f"before {name} {about}")
        result = call(*arguments, **named)
        moment(f"after {name} {about}")
        return result

    return watched


def _opening(moment: Moments) -> Callable[..., Any]:
    def watched(path: Any, mode: str = "r", **how: Any) -> Any:
        if "r" in mode:
            return builtins.open(path, mode, **how)
        moment(f"before open {Path(path).name}")
        file = builtins.open(path, mode, **how)  # noqa: SIM115
        moment(f"after open {Path(path).name}")
        return _Halting(file, moment)

    return watched


class _Halting:
    """A file whose writes have a moment in their middle."""

    def __init__(self, file: Any, moment: Moments) -> None:
        self._file, self._moment = file, moment

    def __enter__(self) -> _Halting:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, data: Any) -> int:
        half = len(data) // 2
        written = self._file.write(data[:half])
        self._file.flush()
        self._moment("in the middle of a write")
        written += self._file.write(data[half:])
        return int(written)
