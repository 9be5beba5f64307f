"""Standard output and error of the mains, which may have no reader any more, or no room."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from charrec.terminal import never_refuse_text


class _Outlet(io.FileIO):
    """Takes what nobody reads as if it were read; what there is no room for is told of once."""

    def __init__(self, descriptor: int, title: str) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._title, self._silent = title, False

    def write(self, data: Any) -> int:
        if self._silent:
            return len(data)
        try:
            return super().write(data)
        except BrokenPipeError:  # | head has seen enough; what the command is for goes on
            self._silent = True
            return len(data)
        except OSError as error:
            self._silent = True
            raise OSError(error.errno, error.strerror, self._title) from None


@contextmanager
def outlets() -> Iterator[None]:
    """For the block, text that an output cannot take ends nothing, or is told by its name.

    Nothing changes where an output is no file, as in a notebook.
    """
    never_refuse_text((sys.stdout, sys.stderr))
    before = sys.stdout, sys.stderr
    sys.stdout = _outlet(sys.stdout, "standard output")
    sys.stderr = _outlet(sys.stderr, "standard error")
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):  # it is closed, or there is none
                stream.flush()
        sys.stdout, sys.stderr = before


def _outlet(stream: Any, title: str) -> Any:
    try:
        stream.flush()
        raw = _Outlet(stream.fileno(), title)
    except (OSError, ValueError, AttributeError):
        return stream
    lines = stream.line_buffering or stream.write_through  # at once, as with python -u
    return io.TextIOWrapper(
        io.BufferedWriter(raw), stream.encoding, stream.errors, line_buffering=lines
    )


def flush(stream: IO[str] | None) -> None:
    """So that what there is no room for is told of while it can be."""
    if stream is not None:
        stream.flush()
