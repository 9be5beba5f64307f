"""How many CPU threads a training step gets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

# Below this many multiplications a step, threads wait for each other longer than they work.
WORTH_SHARING = 20_000_000


@contextmanager
def suitable_threads(parameters: int, batch_size: int) -> Iterator[None]:
    """One thread for a small step, PyTorch's own number for a large one, while in the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(before if parameters * batch_size > WORTH_SHARING else 1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
