"""Measure what it costs to deform training pictures, beside the step, on one core.

    python -m benchmarks.deformations [experiment]      (a minute; experiment=best)

It fails where 64 pictures take more than 5 ms, or a third of a step is spent on them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import median

import torch
from hydra import compose, initialize_config_dir

from charrec.backpropagation import Backpropagation
from charrec.cli.entry import settings_of
from charrec.execution import threads
from charrec.inputs import Inputs
from charrec.mlp import MLP
from charrec.optimizers import make_optimizer
from charrec.resources import resource
from charrec.settings import TrainSettings
from charrec.updates import Updates

MOST_MILLISECONDS, MOST_SHARE = 5.0, 1 / 3
REPEATS = 50


def milliseconds(*works: Callable[[], object]) -> list[float]:
    """Median time of a call of each, called in turn, after some that warm up."""
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(REPEATS + 5):
        for work, times in zip(works, taken, strict=True):
            began = time.perf_counter()
            work()
            times.append(1000 * (time.perf_counter() - began))
    return [median(times[5:]) for times in taken]


def deforming(settings: TrainSettings, pictures: int) -> Callable[[], object]:
    """Deforms and normalises, as in a step of training."""
    size = settings.data.image_size
    images = torch.randint(256, (pictures, 1, size, size), dtype=torch.uint8)
    inputs = Inputs(settings.normalisation, settings.strengths, 1, torch.float32)
    return lambda: inputs(images, 0, 0)


def stepping(settings: TrainSettings) -> Callable[[], object]:
    """The rest of the step: forward, backward and update."""
    letters, pixels = len(settings.data.alphabet), settings.data.image_size**2
    network = MLP(pixels, settings.hsize, letters, settings.activation, settings.init)
    by_hand = Backpropagation(network, label_smoothing=settings.label_smoothing)
    knobs = {name: getattr(settings, name) for name in ("lr", "momentum", "weight_decay")}
    update = Updates(make_optimizer(settings.optimizer, network.parameters(), knobs, {}))
    for parameter, gradient in by_hand.gradients.items():
        parameter.grad = gradient
    x, labels = torch.randn(settings.batch_size, pixels), torch.arange(settings.batch_size)

    def step() -> None:
        by_hand(x, by_hand.targets(labels % letters))
        update()

    return step


def main(experiment: str = "best") -> None:
    with initialize_config_dir(str(resource("conf")), version_base="1.3"):
        config = compose("train", overrides=[f"experiment={experiment}"])
    settings = TrainSettings.from_config(settings_of(config))
    with threads(1), torch.no_grad():
        of_64, of_batch, step = milliseconds(
            deforming(settings, 64), deforming(settings, settings.batch_size), stepping(settings)
        )
    share = of_batch / (of_batch + step)
    print(f"64 pictures: {of_64:.1f} ms (at most {MOST_MILLISECONDS})")
    print(f"{settings.batch_size} pictures: {of_batch:.1f} ms; the rest of the step: {step:.1f} ms")
    print(f"share of the step: {share:.0%} (at most {MOST_SHARE:.0%})")
    if of_64 > MOST_MILLISECONDS or share > MOST_SHARE:
        sys.exit("deforming costs more than it may")


if __name__ == "__main__":
    main(*sys.argv[1:])
