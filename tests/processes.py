"""Running a main in a process of its own, in a fraction of the time that its imports take.

A server process imports torch and Lightning once; every run is a fork of it. So a run has its
own arguments, folder, output and exit code, as on the command line, but starts at once.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

# One for all tests: a process has one fork server, which preloads what was asked for last.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        "torch",
        "pytorch_lightning",
        "torch.utils.tensorboard",
        "matplotlib.figure",
        "plotly.graph_objects",
        "hydra",
    ]
)


@dataclass(frozen=True)
class Finished:
    exit_code: int  # minus the signal's number where one ended it
    stdout: str
    stderr: str


def nothing() -> None: ...


class Started:
    """``python -m MODULE ARGUMENTS`` in `cwd`, under way.

    Args:
        before: is called in the new process first; a function of a module, for it is pickled.
    """

    def __init__(
        self, module: str, *arguments: str, cwd: Path, before: Callable[[], object] = nothing
    ) -> None:
        self.command = f"{module} {' '.join(arguments)}"
        self._folder = TemporaryDirectory()
        self._streams = [Path(self._folder.name) / name for name in ("stdout", "stderr")]
        self._process = FORKS.Process(
            target=_run, args=(module, arguments, cwd, self._streams, before)
        )
        self._process.start()

    def __enter__(self) -> Started:
        return self

    def __exit__(self, *_: object) -> None:
        """Whatever the test came to, nothing outlives it."""
        self._process.kill()
        self._process.join()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.exitcode is None

    @property
    def stdout(self) -> str:
        """So far."""
        return self._streams[0].read_text(encoding="utf-8") if self._streams[0].exists() else ""

    @property
    def stderr(self) -> str:
        """So far."""
        return self._streams[1].read_text(encoding="utf-8") if self._streams[1].exists() else ""

    def send(self, number: int) -> None:
        """A signal, unless it has ended by then."""
        if self.running:
            with suppress(ProcessLookupError):  # it ended since it was asked
                os.kill(self.pid, number)

    def until(self, seen: Callable[[], bool], timeout: float = 120) -> bool:
        """Wait for something that it does; False where it ended first."""
        end = time.monotonic() + timeout
        while not seen():
            if not self.running:
                return seen()
            if time.monotonic() > end:
                self._process.kill()
                raise TimeoutError(f"{self.command}: not seen within {timeout} s")
            time.sleep(0.001)
        return True

    def wait(self, timeout: float = 300) -> Finished:
        self._process.join(timeout)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
            raise TimeoutError(f"{self.command}: over {timeout} s\n{self.stderr}")
        texts = [s.read_text(encoding="utf-8") if s.exists() else "" for s in self._streams]
        self._folder.cleanup()
        return Finished(self._process.exitcode, *texts)


class Alone:
    """``python -m charrec.NAME ARGUMENTS`` in `cwd`: a Python and a process group of its own.

    A process that starts others must end as an ordinary one does, which a fork does not.
    """

    def __init__(self, name: str, *arguments: str, cwd: Path, **environment: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"charrec.{name}", *arguments],
            cwd=cwd,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.pid = self._process.pid

    def __enter__(self) -> Alone:
        return self

    def __exit__(self, *_: object) -> None:
        """Whatever the test came to, nothing outlives it."""
        for pid in (self.pid, *descendants(self.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()

    def until(self, seen: Callable[[], bool], timeout: float = 180) -> bool:
        """Wait for something that it does; False where it ended first."""
        end = time.monotonic() + timeout
        while not seen():
            if self._process.poll() is not None:
                return seen()
            if time.monotonic() > end:
                raise TimeoutError(f"not seen within {timeout} s")
            time.sleep(0.01)
        return True

    def wait(self, timeout: float = 300) -> Finished:
        stdout, stderr = self._process.communicate(timeout=timeout)
        return Finished(self._process.returncode, stdout, stderr)


def _living() -> dict[int, int]:
    """Every process but zombies, with the one that started it."""
    command = ["ps", "-A", "-o", "pid=,ppid=,stat="]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = (line.split() for line in listed.splitlines())
    return {int(pid): int(parent) for pid, parent, state in rows if state[0] != "Z"}


def descendants(pid: int) -> list[int]:
    """The processes that a process has started, and those that these have."""
    parents = _living()
    found = [pid]
    for ancestor in found:
        found += [child for child, parent in parents.items() if parent == ancestor]
    return found[1:]


def living(pids: Iterable[int], seconds: float = 10) -> list[int]:
    """Those that have not ended so soon."""
    end = time.monotonic() + seconds
    while (left := _living().keys() & set(pids)) and time.monotonic() < end:
        time.sleep(0.1)
    return sorted(left)


def run_main(name: str, *arguments: str, cwd: Path, timeout: float = 300) -> Finished:
    """``python -m charrec.NAME ARGUMENTS`` in `cwd`."""
    return run_module(f"charrec.{name}", *arguments, cwd=cwd, timeout=timeout)


def run_module(module: str, *arguments: str, cwd: Path, timeout: float = 300) -> Finished:
    """``python -m MODULE ARGUMENTS`` in `cwd`."""
    return Started(module, *arguments, cwd=cwd).wait(timeout)


def start(name: str, *arguments: str, cwd: Path, before: Callable[[], object] = nothing) -> Started:
    """``python -m charrec.NAME ARGUMENTS`` in `cwd`, not waited for."""
    return Started(f"charrec.{name}", *arguments, cwd=cwd, before=before)


def _run(
    module: str,
    arguments: tuple[str, ...],
    cwd: Path,
    streams: list[Path],
    before: Callable[[], object],
) -> None:
    for descriptor, stream in zip((1, 2), streams, strict=True):
        os.dup2(os.open(stream, os.O_CREAT | os.O_WRONLY), descriptor)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell's job tests
    os.chdir(cwd)
    sys.argv = [module, *arguments]
    before()
    runpy.run_module(module, run_name="__main__", alter_sys=True)
