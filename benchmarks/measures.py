"""What is measured of charrec alone: start-up, loading, prediction, memory, growth."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.launch import ROOT, BenchError, Launch

CACHE = "CHARREC_CACHE"  # the folder in which charrec keeps decoded pictures
TRAIN = ("-m", "charrec.train")
ANSWERS: Mapping[str, tuple[tuple[str, ...], int]] = {  # name -> arguments of Python, exit code
    "help": ((*TRAIN, "--help"), 0),
    "settings": ((*TRAIN, "--cfg", "job"), 0),
    "wrong": ((*TRAIN, "batch_size=0"), 2),
    "imports": (("-c", "import torch, pytorch_lightning"), 0),
}


@contextmanager
def cache_in(folder: str | Path) -> Iterator[None]:
    """While in the block, new processes keep decoded pictures in `folder`."""
    before = os.environ.get(CACHE)
    os.environ[CACHE] = str(folder)
    try:
        yield
    finally:
        del os.environ[CACHE]
        if before is not None:
            os.environ[CACHE] = before


def wall_seconds(arguments: tuple[str, ...], exit_code: int) -> float:
    """From the start of a Python process to its end.

    Raises:
        BenchError: it ended with another exit code.
    """
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - start
    if done.returncode != exit_code:
        raise BenchError(
            f"python {' '.join(arguments)} ended with {done.returncode}: {done.stderr}"
        )
    return seconds


def first_step_seconds(root: str, alphabet: str) -> float:
    """From the start of ``python -m charrec.train`` to the end of its first training step."""
    with TemporaryDirectory() as folder:
        settings = (f"data.root={root}", f"data.alphabet={alphabet}", "trainer=cpu")
        command = [sys.executable, "-m", "benchmarks.probes.first_step", *settings]
        start = time.time()
        done = subprocess.run(
            [*command, f"hydra.run.dir={folder}/run"],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode != 0 or not done.stdout:
        raise BenchError(f"no first step: {done.stderr[-2000:]}")
    return float(done.stdout.splitlines()[-1]) - start


def measure_startup(root: str, alphabet: str, repeats: int) -> dict[str, list[float]]:
    """Seconds of every answer, interleaved; the first step with and without decoded pictures."""
    seconds: dict[str, list[float]] = {}
    with TemporaryDirectory() as kept:
        with cache_in(kept):
            first_step_seconds(root, alphabet)  # fills the cache, and the system's own
        for _ in range(repeats):
            for name, (arguments, exit_code) in ANSWERS.items():
                seconds.setdefault(name, []).append(wall_seconds(arguments, exit_code))
            with cache_in(kept):
                step = first_step_seconds(root, alphabet)
            seconds.setdefault("first_step_cached", []).append(step)
            with TemporaryDirectory() as empty, cache_in(empty):
                step = first_step_seconds(root, alphabet)
            seconds.setdefault("first_step_uncached", []).append(step)
    return seconds


def measure_loading(root: str, alphabet: str, repeats: int, launch: Launch) -> dict[str, Any]:
    """Seconds to read a folder of letters, the cache empty and filled."""
    letters = {"root": root, "alphabet": alphabet}
    seconds: dict[str, list[float]] = {"uncached": [], "cached": []}
    for _ in range(repeats):
        with TemporaryDirectory() as folder, cache_in(folder):
            for found in seconds.values():  # the second load finds what the first one kept
                answer = launch("probes.loading", letters, None)
                found.append(answer["seconds"])
    return {"pictures": answer["pictures"], **seconds}


def measure(root: str, alphabet: str, repeats: int, shrink: int, launch: Launch) -> dict[str, Any]:
    """Everything; made-up pictures are 1 / `shrink` of as many as a real measurement takes."""
    print("start-up, loading, prediction, memory, growth", flush=True)
    return {
        "startup": measure_startup(root, alphabet, repeats),
        "loading": measure_loading(root, alphabet, repeats, launch),
        "prediction": launch(
            "probes.prediction", {"pictures": 100_000 // shrink, "hsize": 32}, None
        ),
        "memory": launch("probes.memory", {"pictures": 800_000 // shrink}, None),
        "growth": launch("probes.growth", {"pictures": 16_000 // shrink, "epochs": 2}, None),
    }
