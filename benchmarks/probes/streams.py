"""Decoding alone and the whole of `predict`, in turn, over the pictures of a folder."""

from __future__ import annotations

import json
import os
import sys
import time
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.peers.protocol import peak_memory
from charrec.data.decoding import decoded
from charrec.data.finding import find_names
from charrec.evaluation import predict
from charrec.reading import AT_ONCE

CPU = {"accelerator": "cpu", "devices": 1}


def decode(asked: dict[str, Any]) -> None:
    names = find_names(asked["images"])
    with decoded(names, [32], AT_ONCE) as batches:
        assert sum(len(batch.errors) for batch in batches) == asked["pictures"]


def read(asked: dict[str, Any]) -> None:
    with TemporaryDirectory() as out:
        answers, _ = predict(asked["images"], asked["run"], out=out, trainer=CPU)
    assert len(answers.files) == asked["pictures"]


def cpu_seconds() -> float:
    """Of this process, and of those that it started and that have ended."""
    return sum(os.times()[:4])


def main() -> None:
    asked = json.loads(sys.argv[1])
    if asked["repeats"]:
        read(asked | asked["first"])  # imports, and all that is done once
    seconds: dict[str, list[float]] = {"decode": [], "predict": []}
    worked: dict[str, list[float]] = {"decode_cpu": [], "predict_cpu": []}
    for turn in range(asked["repeats"]):
        works = (("decode", decode), ("predict", read))
        for name, work in works if turn % 2 == 0 else works[::-1]:
            began, before = time.perf_counter(), cpu_seconds()
            work(asked)
            seconds[name].append(time.perf_counter() - began)
            worked[f"{name}_cpu"].append(cpu_seconds() - before)
    if not asked["repeats"]:
        read(asked)
    print("\n" + json.dumps(seconds | worked | {"peak_bytes": peak_memory()}))


if __name__ == "__main__":
    main()
