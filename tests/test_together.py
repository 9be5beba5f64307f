"""Several processes that train one network: the same numbers, one folder, and every ending."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import torch
from processes import descendants, living, run_main, start
from torch import Tensor

from charrec.checkpoints import read_checkpoint
from charrec.classifier import CharacterClassifier
from charrec.data.batches import Among, Part, TrainingBatches
from charrec.run import Run

SETTINGS = ("data.alphabet=ABCD", "hsize=16", "batch_size=10", "epochs=3", "trainer=cpu")
TWO = ("trainer.devices=2", "trainer.strategy=ddp")


@pytest.fixture(scope="module")
def arguments(letters: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """With a path that Hydra's grammar would take apart, in the second process as in the first."""
    odd = tmp_path_factory.mktemp("odd") / "my [1], (letters)=x"
    odd.symlink_to(letters)
    return (*SETTINGS, f"data.root={odd}")


@pytest.fixture(scope="module")
def done(arguments: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two processes that nothing disturbed."""
    folder = tmp_path_factory.mktemp("together")
    ended = run_main("train", *arguments, *TWO, "hydra.run.dir=runs/two", cwd=folder)
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert [line.split(":")[0] for line in ended.stdout.splitlines()] == [
        *("Epoch 1", "Epoch 2", "Epoch 3"),
        *("Test accuracy of the best epoch, 3", "Mean over letters", "Probabilities"),
        *("Run", "Next"),
        "      tensorboard --logdir runs/two",
    ]
    assert [path.name for path in (folder / "runs").iterdir()] == ["two"]
    assert {path.name for path in folder.iterdir()} == {"runs"}
    return folder / "runs" / "two"


def weights(run: Path) -> dict[str, Tensor]:
    content: dict[str, Tensor] = read_checkpoint(run / "checkpoints" / "last.ckpt")["state_dict"]
    return content


def metrics(run: Path) -> list[list[float]]:
    lines = (run / "metrics.csv").read_text().splitlines()[1:]
    return [[float(value) for value in line.split(",")] for line in lines]


@pytest.mark.slow
def test_two_processes_learn_what_one_does(
    arguments: tuple[str, ...], done: Path, tmp_path: Path
) -> None:
    ended = run_main("train", *arguments, "hydra.run.dir=one", cwd=tmp_path)
    assert ended.exit_code == 0, ended.stderr
    one = tmp_path / "one"
    assert {path.name.split(".vm")[0].split(".17")[0] for path in one.iterdir()} == {
        path.name.split(".vm")[0].split(".17")[0] for path in done.iterdir()
    }
    assert len(metrics(done)) == 3
    for alone, together in zip(metrics(one), metrics(done), strict=True):
        assert together == pytest.approx(alone, abs=2e-6)
    for name, values in weights(one).items():
        torch.testing.assert_close(weights(done)[name], values, atol=1e-5, rtol=0)
    summaries = [Run(folder).summary for folder in (one, done)]
    for key in ("validation", "best_epoch", "epochs", "status", "temperature"):
        assert summaries[1][key] == pytest.approx(summaries[0][key], abs=1e-4), key
    together, alone = (summary["test"] for summary in summaries)
    assert together["correct"] == alone["correct"]
    assert together["interval"] == alone["interval"]
    for key in ("accuracy", "negative_log_likelihood", "expected_calibration_error"):
        assert together[key] == pytest.approx(alone[key], abs=1e-4), key
    assert summaries[1]["execution"]["steps_per_execution"] == 1


@pytest.mark.slow
def test_ctrl_c_ends_both_and_resume_goes_on_to_the_last_bit(
    arguments: tuple[str, ...], done: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    with start("train", *arguments, *TWO, f"hydra.run.dir={folder}", cwd=tmp_path) as run:
        assert run.until(lambda: (folder / "checkpoints" / "last.ckpt").exists())
        children = descendants(run.pid)
        assert children
        run.send(signal.SIGINT)
        ended = run.wait()
    assert ended.exit_code == 130, ended.stderr
    assert ended.stderr.splitlines() == [
        "charrec: finishing the step; once more to stop at once",
        "charrec: interrupted; go on with",
        "  python -m charrec.train resume=run",
    ]
    assert living(children) == []
    assert Run(folder).status == "interrupted"
    assert len(metrics(folder)) < 3
    ended = run_main("train", "resume=run", cwd=tmp_path)
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert (folder / "metrics.csv").read_bytes() == (done / "metrics.csv").read_bytes()
    for name, values in weights(done).items():
        assert torch.equal(weights(folder)[name], values)
    assert Run(folder).summary["test"] == Run(done).summary["test"]


@pytest.mark.slow
def test_a_killed_process_ends_the_other(arguments: tuple[str, ...], tmp_path: Path) -> None:
    folder = tmp_path / "run"
    long = (*arguments, "epochs=100000", *TWO, f"hydra.run.dir={folder}")
    with start("train", *long, cwd=tmp_path) as run:
        assert run.until(lambda: (folder / "checkpoints" / "last.ckpt").exists())
        (child,) = descendants(run.pid)
        os.kill(child, signal.SIGKILL)
        ended = run.wait(timeout=30)
    assert ended.exit_code != 0
    assert Run(folder).status in ("failed", "cut off")  # whichever noticed first


def test_no_sweep_of_runs_of_several_processes(tmp_path: Path) -> None:
    ended = run_main("train", "-m", "lr=1,2", *TWO, cwd=tmp_path)
    told = "charrec: 2 processes are for one large run: leave out -m, or trainer.devices\n"
    assert (ended.exit_code, ended.stderr, list(tmp_path.iterdir())) == (2, told, [])


# The parts of a batch


@pytest.mark.parametrize("count", [2, 3])
def test_every_picture_is_seen_by_one_process(count: int) -> None:
    images = torch.arange(11, dtype=torch.uint8).view(11, 1, 1, 1)
    alone = TrainingBatches(images, torch.arange(11), 6, seed=5)
    parts = [
        TrainingBatches(images, torch.arange(11), 6, seed=5, among=Among(rank, count))
        for rank in range(count)
    ]
    for whole, *divided in zip(alone, *parts, strict=True):
        assert all(isinstance(part, Part) for part in divided)
        seen = torch.cat([part.labels for part in divided])
        assert sorted(seen.tolist()) == sorted(whole[1].tolist())
        assert sum(len(part.images) for part in divided) == len(whole[0])


@pytest.mark.parametrize("size", [7, 4, 1])  # of the last batch, of which a process may have none
def test_the_mean_over_the_processes_is_the_mean_over_the_batch(size: int) -> None:
    torch.manual_seed(1)
    classifier = CharacterClassifier("ABCD", image_size=4, hsize=3, label_smoothing=0.2)
    images = torch.randint(256, (size, 1, 4, 4), dtype=torch.uint8)
    labels = torch.randint(4, (size,))
    loss, _ = classifier._loss(images, labels, 0)
    loss.backward()
    expected = [torch.clone(p.grad) for p in classifier.parameters() if p.grad is not None]
    classifier.zero_grad()
    for rank in range(3):
        (part,) = TrainingBatches(images, labels, size, seed=1, among=Among(rank, 3))
        of_part, logits = classifier._loss_of_part(part, 0)
        assert logits.shape == (len(part.labels), 4)
        (of_part / 3).backward()
    for parameter, gradient in zip(classifier.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient)
