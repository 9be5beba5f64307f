"""Which of a run's processes this one is, where several train one network together.

The first of them (rank 0) writes the run's folder; the others compute. Lightning starts them with
the same command line, or torchrun or Slurm do, and tells each its rank in the environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from charrec.trainer_arguments import processes

RANKS = ("RANK", "SLURM_PROCID", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK")
FOLDER = "CHARREC_RUN_DIR"  # of the run, told by the first process to those that it starts


def is_first() -> bool:
    """Whether no variable says that another process is before this one."""
    return all(os.environ.get(name, "0") == "0" for name in RANKS)


def follows(trainer: Mapping[str, Any]) -> bool:
    """Whether, with these arguments of the Trainer, this process is one that only computes."""
    return processes(trainer) > 1 and not is_first()


def folder_of_the_run() -> str | None:
    """Where the first process works, as a process knows it that was started by that one."""
    return None if is_first() else os.environ.get(FOLDER)
