"""Loss and accuracy over an epoch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional
from torchmetrics import Metric

# Of many small numbers the order of the summands is not to matter; Apple's GPUs have no float64.
SUM = torch.float32 if torch.backends.mps.is_available() else torch.float64


class LossAndAccuracy(Metric):
    """Mean loss and share of right answers over an epoch; sums stay tensors until asked for."""

    loss_sum: Tensor
    correct: Tensor
    total: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name, kind in (("loss_sum", SUM), ("correct", torch.int64), ("total", torch.int64)):
            zero = torch.zeros((), dtype=kind)
            self.add_state(name, zero, dist_reduce_fx="sum")

    def update(self, logits: Tensor, labels: Tensor) -> None:
        """Count pictures by their logits (B, C) and labels (B,)."""
        losses = functional.cross_entropy(logits.detach(), labels, reduction="none")
        self.loss_sum += losses.sum(dtype=self.loss_sum.dtype)
        self.correct += (logits.argmax(dim=1) == labels).sum()
        self.total += len(labels)

    def compute(self) -> dict[str, Tensor]:
        return {"loss": self.loss_sum / self.total, "accuracy": self.correct / self.total}
