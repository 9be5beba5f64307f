"""A loop of PyTorch's own over tensors in memory, without a DataLoader.

The pictures are scaled once and gathered once an epoch, which costs less than once a batch; the
optimizer is fused; metrics are summed up as tensors that are read once an epoch.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from benchmarks.peers.network import begin, make_network, make_optimizer
from benchmarks.peers.pixels import read_pixels, scaled
from benchmarks.peers.protocol import Answer, Task, answer, time_epochs
from charrec.data.letters import SPLITS

Split = tuple[Tensor, Tensor]


def train_epoch(
    network: nn.Module, optimizer: torch.optim.Optimizer, split: Split, batch_size: int
) -> tuple[float, float]:
    """Mean loss and accuracy of the epoch."""
    images, labels = split
    loss_sum = torch.zeros((), device=images.device)
    correct = torch.zeros((), dtype=torch.int64, device=images.device)
    order = torch.randperm(len(labels), device=images.device)
    batches = images[order].split(batch_size), labels[order].split(batch_size)
    for pixels, truth in zip(*batches, strict=True):
        logits = network(pixels)
        loss = cross_entropy(logits, truth)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        loss_sum += loss.detach() * len(truth)
        correct += (logits.argmax(1) == truth).sum()
    return loss_sum.item() / len(labels), correct.item() / len(labels)


@torch.inference_mode()
def validate(network: nn.Module, split: Split) -> tuple[float, int]:
    """Mean loss and the number of right answers."""
    logits = network(split[0])
    correct = int((logits.argmax(1) == split[1]).sum())
    return cross_entropy(logits, split[1]).item(), correct


def to(device: str, split: Split) -> Split:
    return split[0].to(device), split[1].to(device)


def run(task: Task) -> Answer:
    begin(task)
    letters = read_pixels(task)
    train, validation, test = (to(task.device, scaled(letters, split)) for split in SPLITS)
    network = make_network(task).to(task.device)
    optimizer = make_optimizer(task, network.parameters(), fused=True)

    def between() -> None:
        validate(network, validation)
        state = {"network": network.state_dict(), "optimizer": optimizer.state_dict()}
        torch.save(state, task.checkpoint)

    epoch_seconds, between_seconds = time_epochs(
        task.epochs, lambda: train_epoch(network, optimizer, train, task.batch_size), between
    )
    return Answer(
        epoch_seconds=epoch_seconds,
        between_seconds=between_seconds,
        correct=validate(network, test)[1],
        total=len(test[1]),
    )


if __name__ == "__main__":
    answer(run)
