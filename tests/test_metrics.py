"""Loss and accuracy over an epoch."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from charrec.metrics import LossAndAccuracy


def test_uneven_batches_count_as_the_whole() -> None:
    logits, labels = torch.randn(23, 5), torch.randint(0, 5, (23,))
    metrics = LossAndAccuracy()
    for part in torch.arange(23).split(7):
        metrics.update(logits[part], labels[part])
    values = metrics.compute()
    whole = nn.functional.cross_entropy(logits, labels)
    assert values["loss"].item() == pytest.approx(whole.item(), rel=1e-6)
    assert values["accuracy"].item() == pytest.approx((logits.argmax(1) == labels).sum() / 23)
    metrics.reset()
    metrics.update(torch.eye(4), torch.tensor([0, 1, 2, 0]))
    softmax = [math.e / (math.e + 3), 1 / (math.e + 3)]  # of a 1 and of a 0 beside it
    assert metrics.compute()["loss"].item() == pytest.approx(
        -(3 * math.log(softmax[0]) + math.log(softmax[1])) / 4
    )
    assert metrics.compute()["accuracy"].item() == 0.75


def test_metrics_keep_no_graph() -> None:
    metrics, logits = LossAndAccuracy(), torch.randn(2, 3, requires_grad=True)
    metrics.update(logits, torch.tensor([0, 1]))
    assert not any(value.requires_grad for value in metrics.compute().values())


def test_small_losses_still_count_after_many_large_ones() -> None:
    """In float32 the sum would stand still."""
    metrics = LossAndAccuracy()
    metrics.loss_sum += 2.0**24
    for _ in range(64):
        metrics.update(torch.zeros(1, 2), torch.tensor([0]))
    assert metrics.loss_sum.item() - 2.0**24 == pytest.approx(64 * math.log(2), rel=1e-6)
