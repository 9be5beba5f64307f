"""scikit-learn's MLPClassifier, on float32 pictures in memory.

Its epochs are timed inside ``fit``, which costs a little less than a ``partial_fit`` an epoch:
that checks the pictures again every time. In its favour, it records no training accuracy. It has
no AdamW: Adam without weight decay stands in. Its biases begin as its weights do, not at 0.
"""

from __future__ import annotations

import pickle
import time
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks.peers.pixels import read_pixels, scaled
from benchmarks.peers.protocol import Answer, Task, answer
from charrec.data.datamodule import CharacterDataModule
from charrec.data.letters import SPLITS

Split = tuple[NDArray[np.float32], NDArray[np.int64]]


class TimedClassifier(MLPClassifier):
    """Notes when each epoch ends, then validates and saves."""

    def watch(self, task: Task, validation: Split) -> None:
        self.task, self.validation = task, validation
        self.epoch_seconds: list[float] = []
        self.between_seconds: list[float] = []
        self.since = time.perf_counter()

    def _update_no_improvement_count(self, *arguments: Any) -> None:
        """What scikit-learn calls at the end of an epoch."""
        ended = time.perf_counter()
        self.epoch_seconds.append(ended - self.since)
        super()._update_no_improvement_count(*arguments)
        self.score(*self.validation)
        with self.task.checkpoint.open("wb") as file:
            pickle.dump((self.coefs_, self.intercepts_), file)
        self.since = time.perf_counter()
        self.between_seconds.append(self.since - ended)


def make_classifier(task: Task) -> TimedClassifier:
    return TimedClassifier(
        hidden_layer_sizes=task.hsize,
        activation="tanh",
        solver="sgd" if task.optimizer == "sgd" else "adam",
        alpha=0.0 if task.optimizer == "adamw" else task.weight_decay,
        batch_size=task.batch_size,
        learning_rate_init=task.lr,
        momentum=task.momentum,
        nesterovs_momentum=False,
        max_iter=task.epochs,
        n_iter_no_change=task.epochs + 1,  # never stops early
        random_state=task.seed,
    )


def arrays(letters: CharacterDataModule, split: str) -> Split:
    images, labels = scaled(letters, split)
    return images.numpy(), labels.numpy()


def run(task: Task) -> Answer:
    letters = read_pixels(task)
    (pixels, labels), validation, test = (arrays(letters, split) for split in SPLITS)
    classifier = make_classifier(task)
    classifier.watch(task, validation)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # so few epochs: it is no news
        classifier.fit(pixels, labels)
    assert len(classifier.epoch_seconds) == task.epochs, "scikit-learn no longer tells its epochs"
    return Answer(
        epoch_seconds=classifier.epoch_seconds,
        between_seconds=classifier.between_seconds,
        correct=int((classifier.predict(test[0]) == test[1]).sum()),
        total=len(test[1]),
    )


if __name__ == "__main__":
    answer(run)
