"""Running one measurement in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

# module, its arguments, number of threads (None: its own) -> its answer
Launch = Callable[[str, Mapping[str, Any], "int | None"], dict[str, Any]]


class BenchError(Exception):
    """A measurement that failed, or that must not be believed."""


def launch(module: str, arguments: Mapping[str, Any], threads: int | None = None) -> dict[str, Any]:
    """Run ``benchmarks.MODULE`` with the arguments as JSON; its last line is the answer.

    Raises:
        BenchError: it failed.
    """
    command = [sys.executable, "-m", f"benchmarks.{module}", json.dumps(arguments)]
    counts = {} if threads is None else dict.fromkeys(THREADS, str(threads))
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | counts, capture_output=True, text=True, check=False
    )
    return parse(module, done.returncode, done.stdout, done.stderr)


def parse(module: str, exit_code: int, stdout: str, stderr: str) -> dict[str, Any]:
    if exit_code != 0:
        raise BenchError(f"benchmarks.{module} ended with exit code {exit_code}:\n{stderr[-2000:]}")
    answer = json.loads(stdout.splitlines()[-1])
    assert isinstance(answer, dict)
    return answer
