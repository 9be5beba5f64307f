"""The convolutional network that the recipe is measured against: a tiny one for real."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from benchmarks import convolution


def test_shapes_of_the_network() -> None:
    network = convolution.network_of(32, 26)
    assert network(torch.zeros(3, 1, 32, 32)).shape == (3, 26)
    assert network[-1].in_features == 128 * 4 * 4


@pytest.mark.slow
def test_it_learns_and_does_not_learn_twice(letters: Path, tmp_path: Path) -> None:
    arguments = [f"ours={letters}", "--epochs", "12", "--out", str(tmp_path)]
    convolution.main(arguments)
    told = json.loads((tmp_path / "convolution.json").read_text())
    accuracies = [each["test"] for each in told["sets"]["ours"]]
    assert len(accuracies) == 3
    assert min(accuracies) > 0.5
    assert (tmp_path / "convolution.md").read_text() == convolution.page(told)
    convolution.main(arguments)
    assert json.loads((tmp_path / "convolution.json").read_text())["sets"] == told["sets"]


def test_a_table_by_hand() -> None:
    found = [{"validation": v, "test": v + 0.1, "train_seconds": 90.0} for v in (0.5, 0.6, 0.7)]
    assert convolution.table({"sets": {"a": found}}).splitlines()[2:] == [
        "| a | 60.0 ± 10.0 | 70.0 ± 10.0 | 1.5 |"
    ]
