"""Starting a main in a process of its own, to be stopped in the middle."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory

from processes import _FORKS, Finished, _run


@dataclass(frozen=True)
class Started:
    process: BaseProcess
    streams: list[Path]

    def wait_until(self, what: Callable[[], bool], timeout: float = 60) -> None:
        """Raises TimeoutError where that does not come true; the end of the process suffices."""
        over = time.monotonic() + timeout
        while not what() and self.process.exitcode is None:
            if time.monotonic() > over:
                raise TimeoutError(f"not within {timeout} s: {self.ended(0)}")
            time.sleep(0.01)

    def send(self, number: signal.Signals) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, number)

    def ended(self, timeout: float = 60) -> Finished:
        self.process.join(timeout)
        texts = [stream.read_text(encoding="utf-8") for stream in self.streams]
        code = self.process.exitcode
        return Finished(-1000 if code is None else code, *texts)


@contextmanager
def started(name: str, *arguments: str, cwd: Path) -> Iterator[Started]:
    """``python -m charrec.NAME ARGUMENTS`` in `cwd`; killed at the end of the block."""
    with TemporaryDirectory() as folder:
        streams = [Path(folder) / "stdout", Path(folder) / "stderr"]
        for stream in streams:
            stream.touch()
        process = _FORKS.Process(target=_run, args=(f"charrec.{name}", arguments, cwd, streams))
        process.start()
        try:
            yield Started(process, streams)
        finally:
            process.kill()
            process.join()
