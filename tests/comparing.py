"""Comparing what two ways of doing the same have left."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def alike(ours: Any, theirs: Any) -> None:
    """Nested mappings and lists the same, tensors to the last bit."""
    assert type(ours) is type(theirs)
    if isinstance(theirs, Tensor):
        assert ours.dtype == theirs.dtype
        assert torch.equal(ours, theirs)
    elif isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        for key in theirs:
            alike(ours[key], theirs[key])
    elif isinstance(theirs, (list, tuple)):
        assert len(ours) == len(theirs)
        for our, their in zip(ours, theirs, strict=True):
            alike(our, their)
    else:
        assert ours == theirs
