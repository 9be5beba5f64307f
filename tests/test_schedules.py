"""Learning rates over a run, worked by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from charrec.schedules import SCHEDULES
from charrec.settings import DataSettings, TrainSettings
from charrec.training import resume, train


def rates(name: str, length: int) -> list[float]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=2.0)
    schedule = SCHEDULES[name].over(length, optimizer)
    found = []
    for _ in range(length + 1):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


def test_one_cycle_rises_for_three_tenths_and_falls_as_a_cosine() -> None:
    """Of 10: 0.04 + 0.96 n / 3 up to n = 3, then (1 + cos(pi (n - 3) / 7)) / 2."""
    found = rates("one_cycle", 10)
    assert found[:4] == pytest.approx([0.08, 0.72, 1.36, 2.0])
    assert found[10] == pytest.approx(0, abs=1e-9)
    assert found[6:8] == pytest.approx([1.2225209, 0.7774791])  # 1 ± cos(3 pi / 7)


def test_cosine_falls_from_the_first() -> None:
    assert rates("cosine", 4) == pytest.approx([2, 1 + 0.5**0.5, 1, 1 - 0.5**0.5, 0], abs=1e-9)


def one_cycle_of(letters: Path, **changes: Any) -> TrainSettings:
    data = DataSettings(root=letters, image_size=8, alphabet="ABCD")
    given = {"trainer": {"accelerator": "cpu"}, **changes}
    return TrainSettings(data=data, schedule="one_cycle", lr=0.1, batch_size=4, **given)


@pytest.mark.parametrize("steps_per_execution", [1, 4])
def test_one_cycle_counts_steps_and_not_blocks(
    letters: Path, tmp_path: Path, steps_per_execution: int
) -> None:
    settings = one_cycle_of(letters, epochs=3, steps_per_execution=steps_per_execution)
    run = train(settings, tmp_path / "run")
    state = torch.load(run.last_checkpoint, weights_only=True)["lr_schedulers"][0]
    steps = torch.load(run.last_checkpoint, weights_only=True)["global_step"]
    assert state["last_epoch"] == steps
    assert state["_last_lr"] == pytest.approx([0], abs=1e-9)  # the end of the curve
    longer = resume(run.folder, epochs=6)
    state = torch.load(longer.last_checkpoint, weights_only=True)["lr_schedulers"][0]
    assert state["last_epoch"] == 2 * steps
    assert state["_last_lr"] == pytest.approx([0], abs=1e-9)


@pytest.mark.parametrize(
    "told",
    [
        {"accumulate_grad_batches": 4},
        {"limit_train_batches": 0.5},
        {"overfit_batches": 2},
        {"max_steps": 7},
    ],
    ids=str,
)
def test_one_cycle_comes_down_however_few_steps_the_trainer_takes(
    told: dict[str, Any], letters: Path, tmp_path: Path
) -> None:
    settings = one_cycle_of(letters, epochs=2, trainer={"accelerator": "cpu", **told})
    run = train(settings, tmp_path / "run")
    saved = torch.load(run.last_checkpoint, weights_only=True)
    assert saved["global_step"] > 1
    assert saved["lr_schedulers"][0]["last_epoch"] == saved["global_step"]
    assert saved["lr_schedulers"][0]["_last_lr"] == pytest.approx([0], abs=1e-9)
