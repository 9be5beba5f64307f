"""What a small convolutional network comes to on the same letters, deformed as for experiment=best.

    python -m benchmarks.convolution street=FOLDER handwriting=FOLDER    (minutes a set and seed)

Three convolutions of 32, 64 and 128 features, 3 x 3, each with batch normalisation, ReLU and
max-pooling, then one linear layer; it is fed the letter's ink, framed. AdamW and the one-cycle
schedule are those of experiment=best at twice its learning rate; the answer is the mean of the same
nine views. One thread a set, two sets at a time. Writes convolution.md and convolution.json; what
is there of the same length is not trained once more.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import machine
from benchmarks.recipe import RESULTS, SEEDS, cell, measured_before, sets_of
from benchmarks.table import machine_text, markdown, write_results

FEATURES = (32, 64, 128)
LR, WEIGHT_DECAY, BATCH_SIZE, LABEL_SMOOTHING, VIEWS, AT_ONCE = 2e-3, 0.05, 128, 0.1, 9, 500


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="+", help="NAME=FOLDER of letters, with images/ and lists")
    parser.add_argument("--epochs", type=int, default=80)
    parser.add_argument("--workers", type=int, default=2, help="sets at a time, a thread each")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for what is written")
    return parser.parse_args(arguments)


def network_of(image_size: int, classes: int) -> Any:
    """(B, 1, 32, 32) -> (B, 128, 4, 4) -> (B, C)."""
    from torch import nn

    layers: list[nn.Module] = []
    for before, after in zip((1, *FEATURES), FEATURES, strict=False):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after)]
        layers += [nn.ReLU(), nn.MaxPool2d(2)]
    left = FEATURES[-1] * (image_size // 2 ** len(FEATURES)) ** 2
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(left, classes))


def settings_of_best(letters: Path, seed: int) -> Any:
    from hydra import compose, initialize_config_dir

    from charrec.cli.entry import settings_of
    from charrec.resources import resource
    from charrec.settings import TrainSettings

    given = ["experiment=best", f"seed={seed}"]
    with initialize_config_dir(str(resource("conf")), version_base=None):
        composed = settings_of(compose("train", overrides=given))
    composed["data"]["root"] = str(letters)
    return TrainSettings.from_config(composed)


def train(letters: Any, settings: Any, epochs: int) -> Any:
    import torch
    from torch.nn.functional import cross_entropy

    from charrec.inputs import Inputs

    size = settings.data.image_size
    network = network_of(size, len(settings.data.alphabet))
    optimizer = torch.optim.AdamW(network.parameters(), lr=LR, weight_decay=WEIGHT_DECAY)
    inputs = Inputs("framed", settings.strengths, settings.seed, torch.float32)
    pictures, labels = inputs.frame(letters.images["train"]), letters.labels["train"]
    steps = -(-len(labels) // BATCH_SIZE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LR, epochs * steps)
    for epoch in range(epochs):
        for step, rows in enumerate(torch.randperm(len(labels)).split(BATCH_SIZE)):
            seen = inputs(pictures[rows], epoch, step).view(-1, 1, size, size)
            truth = labels[rows]
            loss = cross_entropy(network(seen), truth, label_smoothing=LABEL_SMOOTHING)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return network.eval()


def accuracy(network: Any, images: Any, labels: Any) -> float:
    import torch

    from charrec.views import views_of

    right = 0
    with torch.inference_mode():
        for some, truth in zip(images.split(AT_ONCE), labels.split(AT_ONCE), strict=True):
            views = views_of(some, VIEWS, "framed", torch.float32)
            answers = sum(network(view).softmax(1) for view in views)
            right += int((answers.argmax(1) == truth).sum())
    return right / len(labels)


def measure(letters: Path, seed: int, epochs: int) -> dict[str, float]:
    import torch

    from charrec.learning import letters_of

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    settings = settings_of_best(letters, seed)
    found = letters_of(settings)
    found.setup()
    started = time.process_time()  # of the one core, whatever else the machine does
    network = train(found, settings, epochs)
    seconds = time.process_time() - started
    splits = {
        split: accuracy(network, found.images[split], found.labels[split])
        for split in ("validation", "test")
    }
    return splits | {"train_seconds": round(seconds, 1)}


def gather(chosen: argparse.Namespace, known: dict[str, Any]) -> dict[str, Any]:
    sets = dict(sets_of(chosen))
    context = get_context("spawn")  # torch's threads do not survive a fork
    with ProcessPoolExecutor(chosen.workers, mp_context=context) as pool:
        jobs = {
            (name, seed): pool.submit(measure, letters, seed, chosen.epochs)
            for name, letters in sets.items()
            for seed in SEEDS
            if name not in known
        }
        rows = known | {
            name: [jobs[name, seed].result() for seed in SEEDS]
            for name in sets
            if name not in known
        }
    return {"machine": machine.describe(), "epochs": chosen.epochs, "sets": rows}


def table(results: dict[str, Any]) -> str:
    """A row a set."""
    rows = [
        [
            name,
            *(cell([each[split] for each in found]) for split in ("validation", "test")),
            f"{median(each['train_seconds'] for each in found) / 60:.1f}",
        ]
        for name, found in results["sets"].items()
    ]
    return markdown(["", "validation", "test", "minutes a run"], rows)


def page(results: dict[str, Any]) -> str:
    return "\n".join(
        [
            "# A small convolutional network on the same letters",
            "",
            f"{len(SEEDS)} seeds, {results['epochs']} epochs, accuracies in per cent, mean and "
            "standard deviation; minutes of training, of the core's own time.",
            "",
            machine_text(results["machine"]),
            "",
            table(results),
            "",
        ]
    )


def main(arguments: Sequence[str] | None = None) -> None:
    chosen = parse(arguments)
    place = chosen.out / "convolution.json"
    known = measured_before(place, chosen.epochs).get("sets", {})
    results = gather(chosen, known)
    write_results(place, results, page(results))


if __name__ == "__main__":
    main()
