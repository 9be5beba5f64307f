"""Running a main in a process of its own, in a fraction of the time that its imports take.

A server process imports torch and Lightning once; every run is a fork of it. So a run has its
own arguments, folder, output and exit code, as on the command line, but starts at once.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    ["torch", "pytorch_lightning", "torch.utils.tensorboard", "matplotlib.figure", "hydra"]
)


@dataclass(frozen=True)
class Finished:
    exit_code: int
    stdout: str
    stderr: str


def run_main(name: str, *arguments: str, cwd: Path, timeout: float = 120) -> Finished:
    """``python -m charrec.NAME ARGUMENTS`` in `cwd`."""
    return run_module(f"charrec.{name}", *arguments, cwd=cwd, timeout=timeout)


def run_module(module: str, *arguments: str, cwd: Path, timeout: float = 120) -> Finished:
    """``python -m MODULE ARGUMENTS`` in `cwd`."""
    with TemporaryDirectory() as folder:
        streams = [Path(folder) / "stdout", Path(folder) / "stderr"]
        process = _FORKS.Process(target=_run, args=(module, arguments, cwd, streams))
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"{module} {' '.join(arguments)}: over {timeout} s")
        texts = [stream.read_text(encoding="utf-8") for stream in streams]
    return Finished(process.exitcode, *texts)


def _run(module: str, arguments: tuple[str, ...], cwd: Path, streams: list[Path]) -> None:
    for descriptor, stream in zip((1, 2), streams, strict=True):
        os.dup2(os.open(stream, os.O_CREAT | os.O_WRONLY), descriptor)
    os.chdir(cwd)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
