"""Standard output and error of the mains, which may have no reader any more, or no room."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from charrec.terminal import never_refuse_text


class _Outlet(io.FileIO):
    """Takes what nobody reads, or what there is no room for, as if it were written.

    What the command is for goes on.
    """

    def __init__(self, descriptor: int, title: str) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._title, self._silent = title, False
        self._failure: OSError | None = None

    def write(self, data: Any) -> int:
        if self._silent:
            return len(data)
        try:
            return super().write(data)
        except BrokenPipeError:  # | head has seen enough
            self._silent = True
        except OSError as error:
            self._silent = True
            self._failure = OSError(error.errno, error.strerror, self._title)
        return len(data)

    def check(self) -> None:
        """Raise, once, what a write met with."""
        failure, self._failure = self._failure, None
        if failure:
            raise failure


@contextmanager
def outlets() -> Iterator[None]:
    """For the block, text that an output cannot take ends nothing; `finish` tells of it.

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


def finish(stream: IO[str] | None) -> None:
    """Flush.

    Raises:
        OSError: there was no room for all that the block has written.
    """
    if stream is None:
        return
    stream.flush()
    outlet = getattr(getattr(stream, "buffer", None), "raw", None)
    if isinstance(outlet, _Outlet):
        outlet.check()
