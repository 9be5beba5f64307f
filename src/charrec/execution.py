"""How the steps of a run are carried out; none of it changes what is learned.

Fixed rules of sizes, taught by measurement, so that the same run is carried out in the same way
each time; what they gave is recorded, and a run that is gone on with keeps it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import GradientAccumulationScheduler, ModelCheckpoint

from charrec.errors import UserError
from charrec.rules import Rule, whole
from charrec.settings import TrainSettings
from charrec.trainer_arguments import needs_every_step, processes

OMP = "OMP_NUM_THREADS"
# Multiplications a step below which threads wait for each other longer than they work.
WORTH_SHARING = 20_000_000
# Multiplications a block, a tenth of a second's work, beside which Lightning's 2 ms are little.
ENOUGH_WORK, MOST_STEPS = 2**30, 256
HOOKS_OF_STEPS = (
    "on_train_batch_start",
    "on_train_batch_end",
    "on_before_zero_grad",
    "on_before_backward",
    "on_after_backward",
    "on_before_optimizer_step",
)

# Where Lightning's own hooks of this kind do as well with a block as with a step.
BEAR_BLOCKS = {
    f"pytorch_lightning.callbacks.{name}"
    for name in (
        *("callback", "model_checkpoint", "lr_monitor", "timer"),
        *("progress.rich_progress", "progress.tqdm_progress"),
    )
}


@dataclass(frozen=True)
class Execution:
    threads: int  # of the CPU
    steps_per_execution: int  # training steps that Lightning is handed at a time
    compile: bool  # whether torch.compile translates the step

    @classmethod
    def from_record(cls, record: Any) -> Execution:
        """As a run's summary has it.

        Raises:
            UserError: the record is damaged.
        """
        names = ("threads", "steps_per_execution", "compile")
        if not isinstance(record, dict) or set(record) != set(names):
            raise UserError(f"execution={record} in summary.json is damaged; name another run")
        for name in names[:2]:
            whole(1, 1_000_000).check(name, record[name])
        Rule(lambda v: isinstance(v, bool), "true or false").check("compile", record["compile"])
        return cls(**record)


def choose_execution(
    settings: TrainSettings, parameters: int, callbacks: Sequence[pl.Callback] = ()
) -> Execution:
    """What `auto` means for a network of so many parameters."""
    # Multiplications of a forward pass, in one process.
    work = parameters * settings.batch_size // processes(settings.trainer)
    steps = settings.steps_per_execution
    if steps == "auto":
        alone = needs_every_step(settings.trainer) or any(map(sees_steps, callbacks))
        steps = 1 if alone else max(1, min(MOST_STEPS, ENOUGH_WORK // work))
    return Execution(
        threads=_threads_of_one(settings) if work > WORTH_SHARING else 1,
        steps_per_execution=int(steps),
        # On a CPU the compiled step was no faster than the one by hand, for any size tried.
        compile=settings.compile is True,
    )


def _threads_of_one(settings: TrainSettings) -> int:
    """Of the processes that train together; who has set OMP_NUM_THREADS has meant each."""
    there = torch.get_num_threads()
    together = processes(settings.trainer) // int(settings.trainer.get("num_nodes", 1))
    return there if OMP in os.environ else max(1, there // together)


def need_compiler() -> None:
    """Raise UserError where torch.compile finds nothing to compile with."""
    try:
        torch.compile(lambda x: x + 1)(torch.zeros(8))
    except Exception as e:  # torch raises whatever the compiler leads it to
        raise UserError(
            f"compile=true: torch.compile does not work here: {str(e).splitlines()[0]}\n"
            "install a C++ compiler, g++, say, or leave compile=true out"
        ) from e


def sees_steps(callback: pl.Callback) -> bool:
    """Whether a callback must see every step."""
    hooks = (getattr(callback, name) for name in HOOKS_OF_STEPS)
    if any(hook.__module__ not in BEAR_BLOCKS for hook in hooks):
        return True
    if isinstance(callback, ModelCheckpoint):
        # By the clock, or by a metric that is only known between epochs.
        by_metric = callback._every_n_train_steps and callback.monitor is not None
        return bool(by_metric or callback._train_time_interval)
    return isinstance(callback, GradientAccumulationScheduler)


@contextmanager
def threads(count: int) -> Iterator[None]:
    """So many CPU threads for PyTorch while in the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
