"""The script that courses teach: the Dataset opens a picture each time that it is asked for one.

A plain loop over a DataLoader, with ``.item()`` at every step.
"""

from __future__ import annotations

from collections.abc import Sized
from typing import Any, cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from benchmarks.peers.network import begin, make_network, make_optimizer
from benchmarks.peers.protocol import Answer, Task, answer, time_epochs
from charrec.data.letters import SPLITS, read_splits

Batches = DataLoader[tuple[Tensor, int]]


class Letters(Dataset[tuple[Tensor, int]]):
    def __init__(self, task: Task, split: str) -> None:
        listed = read_splits(task.root, task.alphabet, [split])[split]
        self.pictures = [(p.path, task.alphabet.index(p.letter)) for p in listed]
        self.size = (task.image_size, task.image_size)

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        path, label = self.pictures[index]
        with Image.open(path) as image:
            grey = image.convert("L").resize(self.size, Image.Resampling.BILINEAR)
        return torch.from_numpy(np.asarray(grey, dtype=np.float32)) / 127.5 - 1, label


def make_loader(task: Task, split: str) -> Batches:
    return DataLoader(
        Letters(task, split),
        batch_size=task.batch_size,
        shuffle=split == "train",
        num_workers=task.workers,
        persistent_workers=task.workers > 0,
    )


def train_epoch(
    network: nn.Module, optimizer: torch.optim.Optimizer, loader: Batches
) -> tuple[float, float]:
    """Mean loss and accuracy of the epoch."""
    network.train()
    criterion = nn.CrossEntropyLoss()
    loss_sum, correct, total = 0.0, 0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        logits = network(images)
        loss = criterion(logits, labels)
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * len(labels)
        correct += (logits.argmax(1) == labels).sum().item()
        total += len(labels)
    return loss_sum / total, correct / total


def validate(network: nn.Module, loader: Batches) -> int:
    """The number of right answers."""
    network.eval()
    correct = 0
    with torch.no_grad():
        for images, labels in loader:
            correct += int((network(images).argmax(1) == cast(Any, labels)).sum().item())
    return correct


def run(task: Task) -> Answer:
    begin(task)
    train, validation, test = (make_loader(task, s) for s in SPLITS)
    network = make_network(task)
    optimizer = make_optimizer(task, network.parameters())

    def between() -> None:
        validate(network, validation)
        torch.save(network.state_dict(), task.checkpoint)

    epoch_seconds, between_seconds = time_epochs(
        task.epochs, lambda: train_epoch(network, optimizer, train), between
    )
    return Answer(
        epoch_seconds=epoch_seconds,
        between_seconds=between_seconds,
        correct=validate(network, test),
        total=len(cast(Sized, test.dataset)),
    )


if __name__ == "__main__":
    answer(run)
