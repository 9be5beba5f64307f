"""Measure how hard a set of letter pictures is: linear classifiers and a small network.

    python benchmarks/difficulty.py [FOLDER] [--seed 0] [--epochs 40]

FOLDER holds letters in charrec's layout; the embedded ones are measured by default. All classifiers
see what charrec's networks see, grey pictures of 32 x 32 pixels, scaled to -1..1:

* multinomial logistic regression, with the weight decay that is best on the validation split;
* a convolutional network of three layers and one hidden layer, trained on randomly deformed and
  inverted pictures and kept from the epoch that is best on the validation split;
* the linear classifier once more, helped by turning every picture to a light letter on a dark
  ground, as far as its centre tells: without that help it has no chance, because what speaks for
  a letter in a light one speaks against it in a dark one.

The test split is used once for each. One core needs about ten minutes.
"""

from __future__ import annotations

import argparse
import copy
import math
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from charrec.data.datamodule import CharacterDataModule
from charrec.data.letters import SPLITS
from charrec.resources import embedded_letters
from charrec.statistics import in_words

SIDE = 32
WEIGHT_DECAYS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)

Split = tuple[Tensor, Tensor]


def read_splits(folder: Path) -> tuple[list[Split], int]:
    """The pictures (N, 1, SIDE, SIDE) and labels (N,) of every split; how many classes."""
    letters = CharacterDataModule(folder, SIDE)
    letters.setup()
    splits = [(letters.images[s] / 127.5 - 1, letters.labels[s]) for s in SPLITS]
    return splits, len(letters.alphabet)


def count_correct(model: nn.Module, split: Split) -> int:
    model.eval()
    with torch.no_grad():
        guesses = torch.cat([model(part).argmax(1) for part in split[0].split(500)])
    return int((guesses == split[1]).sum())


def linear_classifier(train: Split, classes: int, weight_decay: float) -> nn.Module:
    """Fit multinomial logistic regression with a penalty on the squared weights."""
    layer = nn.Linear(SIDE * SIDE, classes)
    model = nn.Sequential(nn.Flatten(), layer)
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        penalty = weight_decay / 2 * layer.weight.square().sum()
        loss = F.cross_entropy(model(train[0]), train[1]) + penalty
        loss.backward()
        return loss

    optimizer.step(closure)
    return model


def best_linear_classifier(train: Split, validation: Split, classes: int) -> nn.Module:
    models = [linear_classifier(train, classes, decay) for decay in WEIGHT_DECAYS]
    return max(models, key=lambda model: count_correct(model, validation))


def light_on_dark(split: Split) -> Split:
    """Invert pictures whose centre is darker than the rest, and equalise their contrast."""
    quarter = SIDE // 4
    pixels = split[0] - split[0].mean((2, 3), keepdim=True)
    centre = pixels[:, :, quarter:-quarter, quarter:-quarter].mean((2, 3), keepdim=True)
    return pixels * centre.sign() / pixels.std((2, 3), keepdim=True), split[1]


def convolutional_network(classes: int) -> nn.Sequential:
    def block(inputs: int, outputs: int) -> list[nn.Module]:
        convolution = nn.Conv2d(inputs, outputs, kernel_size=3, padding=1)
        return [convolution, nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)]

    flat = 128 * (SIDE // 8) ** 2
    return nn.Sequential(
        *block(1, 32), *block(32, 64), *block(64, 128), nn.Flatten(), nn.Dropout(0.3),
        nn.Linear(flat, 256), nn.ReLU(), nn.Dropout(0.5), nn.Linear(256, classes),
    )  # fmt: skip


def deform(pixels: Tensor) -> Tensor:
    """Turn, slant, stretch and move each picture a little, and invert every other one."""
    count = len(pixels)
    turn = torch.randn(count) * math.radians(7)
    shape = torch.stack([turn.cos(), -turn.sin(), turn.sin(), turn.cos()], 1).view(-1, 2, 2)
    shape = shape * (1 + 0.1 * torch.randn(count, 1, 2)) + 0.08 * torch.randn(count, 2, 2)
    shift = 0.08 * torch.randn(count, 2, 1)
    grid = F.affine_grid(torch.cat([shape, shift], 2), list(pixels.shape), align_corners=False)
    moved = F.grid_sample(pixels, grid, padding_mode="border", align_corners=False)
    sign = torch.randint(0, 2, (count, 1, 1, 1)) * 2 - 1
    contrast = torch.empty(count, 1, 1, 1).uniform_(0.6, 1.4)
    return moved * sign * contrast


def train_network(train: Split, validation: Split, classes: int, epochs: int) -> nn.Module:
    """Train with AdamW on a one-cycle schedule; keep the epoch that is best on validation."""
    model, batch = convolutional_network(classes), 64
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.01)
    steps = epochs * math.ceil(len(train[0]) / batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=3e-3, total_steps=steps)
    best, best_state = -1, model.state_dict()
    for _ in range(epochs):
        model.train()
        for chosen in torch.randperm(len(train[0])).split(batch):
            optimizer.zero_grad()
            scores = model(deform(train[0][chosen]))
            loss = F.cross_entropy(scores, train[1][chosen], label_smoothing=0.1)
            loss.backward()
            optimizer.step()
            schedule.step()
        correct = count_correct(model, validation)
        if correct >= best:
            best, best_state = correct, copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return model


def report(name: str, model: nn.Module, test: Split) -> None:
    print(f"{name}: {in_words(count_correct(model, test), len(test[0]))}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", default=embedded_letters())
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=40)
    arguments = parser.parse_args()

    torch.manual_seed(arguments.seed)
    torch.set_num_threads(1)  # the sums, and so the figures, depend on the number of threads
    (train, validation, test), classes = read_splits(arguments.folder)
    linear = best_linear_classifier(train, validation, classes)
    report("linear classifier", linear, test)
    network = train_network(train, validation, classes, arguments.epochs)
    report("convolutional network", network, test)
    train, validation, test = map(light_on_dark, (train, validation, test))
    helped = best_linear_classifier(train, validation, classes)
    report("linear classifier, letters made light", helped, test)


if __name__ == "__main__":
    main()
