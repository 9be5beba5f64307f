"""How many pictures a second a trained network reads, softmax included."""

from __future__ import annotations

import json
import statistics
import sys
import time

import torch

from charrec.classifier import CharacterClassifier
from charrec.reading import log_probabilities

REPEATS = 3


def main() -> None:
    asked = json.loads(sys.argv[1])
    classifier = CharacterClassifier(hsize=asked["hsize"]).eval()
    images = torch.randint(256, (asked["pictures"], 1, 32, 32), dtype=torch.uint8)
    where = {"accelerator": "cpu", "devices": 1}
    log_probabilities(classifier, images[:1024], where)  # warms up
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        log_probabilities(classifier, images, where)
        seconds.append(time.perf_counter() - start)
    answer = {"pictures": len(images), "seconds": statistics.median(seconds)}
    print("\n" + json.dumps(answer))


if __name__ == "__main__":
    main()
