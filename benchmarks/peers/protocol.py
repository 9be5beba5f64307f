"""What the bench asks of a peer, and what it answers: JSON in the arguments, a line of JSON out."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Task:
    """One training run. `folder` exists and is empty: checkpoints and logs go there."""

    root: str
    alphabet: str
    batch_size: int
    hsize: tuple[int, ...]
    optimizer: str  # sgd, adam or adamw
    lr: float
    momentum: float  # of sgd alone
    weight_decay: float
    epochs: int
    seed: int
    folder: str
    threads: int | None = None  # None: the peer has a rule of its own
    workers: int = 0  # processes that decode pictures
    device: str = "cpu"
    steps_per_execution: str | int = "auto"  # charrec's alone
    image_size: int = 32

    @property
    def checkpoint(self) -> Path:
        return Path(self.folder) / "last.ckpt"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Seconds of each epoch: training, shuffling and training metrics; and all the rest.

    The rest is validation, a checkpoint and logging. `correct` of `total` test pictures were
    read right after the last epoch.
    """

    epoch_seconds: list[float]
    between_seconds: list[float]
    correct: int
    total: int
    details: dict[str, Any] = field(default_factory=dict)


def peak_memory() -> int:
    """Bytes of memory that this process has held at most; its workers' are not counted."""
    return _memory("VmHWM")


def memory_now() -> int:
    """Bytes of memory that this process holds; the peak where the system tells no more."""
    return _memory("VmRSS")


def _memory(entry: str) -> int:
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would count the memory of whoever started this process
        (line,) = [line for line in status.read_text().splitlines() if line.startswith(entry)]
        return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def time_epochs(
    epochs: int, train: Callable[[], object], between: Callable[[], object]
) -> tuple[list[float], list[float]]:
    """Call both once an epoch; the seconds that each took."""
    training, rest = [], []
    for _ in range(epochs):
        start = time.perf_counter()
        train()
        trained = time.perf_counter()
        between()
        training.append(trained - start)
        rest.append(time.perf_counter() - trained)
    return training, rest


def answer(run: Callable[[Task], Answer]) -> None:
    """Run the task of the command line and print the answer as the last line."""
    asked = json.loads(sys.argv[1])
    task = Task(**asked | {"hsize": tuple(asked["hsize"])})
    answered = asdict(run(task)) | {"peak_bytes": peak_memory()}
    print("\n" + json.dumps(answered), flush=True)
