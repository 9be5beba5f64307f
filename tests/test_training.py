"""Training on four small letters: what is written, that it learns, that it repeats itself."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from charrec import evaluation
from charrec.classifier import CharacterClassifier
from charrec.conclusion import report
from charrec.data.datamodule import CharacterDataModule
from charrec.errors import Diverged, Interrupted, UserError
from charrec.reading import log_probabilities
from charrec.run import Run
from charrec.settings import DataSettings, TrainSettings
from charrec.training import resume, train
from charrec.weights import load_classifier


def settings(letters: Path, **changes: Any) -> TrainSettings:
    quick: dict[str, Any] = {"optimizer": "adam", "lr": 2e-3, "epochs": 10, "hsize": 32}
    data = DataSettings(root=letters, alphabet="ABCD")
    return TrainSettings(**quick | {"data": data} | changes)


def rows(run: Run) -> list[dict[str, str]]:
    with (run.folder / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def run(letters: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(settings(letters), tmp_path_factory.mktemp("run") / "first")


def test_learns_the_letters(run: Run) -> None:
    assert run.summary["validation"]["accuracy"] == 1.0
    assert run.summary["test"]["total"] == 24
    assert run.summary["test"]["correct"] >= 21
    assert float(rows(run)[-1]["train_loss"]) < 0.25 * float(rows(run)[0]["train_loss"])


def test_a_letter_that_cannot_be_learned_is_told_once(letters: Path, tmp_path: Path) -> None:
    data = DataSettings(root=letters, alphabet="ABCDEF")
    told = "^train.json has no picture of EF: it cannot be learned$"
    with pytest.warns(UserWarning, match=told) as warned:
        evaluation.test(
            resume(train(settings(letters, data=data, epochs=1), tmp_path / "run").folder, epochs=2)
        )
    assert [w.category for w in warned].count(UserWarning) == 1


def test_folder_holds_what_the_contract_names(run: Run) -> None:
    events = [path for path in run.folder.iterdir() if path.name.startswith("events.")]
    assert sorted(path.suffix == ".overview" for path in events) == [False, True]
    assert {path.name for path in set(run.folder.iterdir()) - set(events)} == {
        ".lock",
        "checkpoints",
        "confusion_matrix.csv",
        "confusion_matrix.png",
        "inputs.png",
        "loss_curve.png",
        "metrics.csv",
        "per_letter.csv",
        "reliability.csv",
        "reliability.png",
        "summary.json",
        "test_predictions.csv",
        "worst_mistakes.png",
    }
    assert {path.name for path in run.best_checkpoint.parent.iterdir()} == {
        "best.ckpt",
        "last.ckpt",
    }


def test_summary_agrees_with_the_records(run: Run) -> None:
    summary = run.summary
    best = rows(run)[summary["best_epoch"] - 1]
    accuracies = [float(row["validation_accuracy"]) for row in rows(run)]
    assert summary["status"] == "completed"
    assert (
        summary["validation"]["accuracy"] == max(accuracies) == accuracies[int(best["epoch"]) - 1]
    )
    assert summary["validation"]["loss"] == float(best["validation_loss"])
    assert summary["best_epoch"] == 1 + accuracies.index(max(accuracies)), "the first of equals"
    assert summary["epochs"] == 10
    assert 0 < summary["epoch_seconds"] < summary["train_seconds"]
    assert summary["settings"]["hsize"] == 32
    assert summary["settings"]["momentum"] is None
    assert summary["started"] < summary["ended"]


def test_metrics_are_one_row_an_epoch(run: Run) -> None:
    assert [row["epoch"] for row in rows(run)] == [str(n) for n in range(1, 11)]
    assert {row["learning_rate"] for row in rows(run)} == {"0.002"}


def test_tensorboard_shows_the_same_curve(run: Run) -> None:
    events = EventAccumulator(str(run.folder)).Reload()
    for name in ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy"):
        shown = events.Scalars(name)
        assert [e.value for e in shown] == pytest.approx([float(row[name]) for row in rows(run)])
        assert [event.step for event in shown] == [12 * epoch for epoch in range(1, 11)]
    assert "hp_metric" not in events.Tags()["scalars"]


def test_checkpoint_reproduces_the_recorded_validation(run: Run, letters: Path) -> None:
    data = CharacterDataModule(letters, alphabet="ABCD")
    data.setup()
    classifier, where = load_classifier(run.best_checkpoint), evaluation.ON_WHAT_IS_THERE
    answered = log_probabilities(classifier, data.images["validation"], where)
    right = answered.argmax(dim=1) == data.labels["validation"]
    assert right.double().mean().item() == pytest.approx(run.summary["validation"]["accuracy"])


def test_same_seed_same_curve(run: Run, letters: Path, tmp_path: Path) -> None:
    again = train(settings(letters), tmp_path / "again")
    other = train(settings(letters, seed=1), tmp_path / "other")
    first = (run.folder / "metrics.csv").read_bytes()
    assert (again.folder / "metrics.csv").read_bytes() == first
    assert (other.folder / "metrics.csv").read_bytes() != first


def test_a_completed_run_has_nothing_to_go_on_with(run: Run) -> None:
    before = (run.folder / "summary.json").read_bytes()
    with pytest.warns(UserWarning, match="is completed"):
        resume(run.folder)
    assert (run.folder / "summary.json").read_bytes() == before


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_resumed_equals_undisturbed(letters: Path, tmp_path: Path, schedule: str) -> None:
    run = train(settings(letters, schedule=schedule), tmp_path / "undisturbed")
    stopped = {"accelerator": "cpu", "max_steps": 60}
    half = train(settings(letters, schedule=schedule, trainer=stopped), tmp_path / "half")
    assert len(rows(half)) == 5
    summary = half.summary
    del summary["settings"]["trainer"]["max_steps"]
    summary["status"] = "interrupted"
    (half.folder / "summary.json").write_text(json.dumps(summary))
    resumed = resume(half.folder)
    assert (resumed.folder / "metrics.csv").read_text() == (run.folder / "metrics.csv").read_text()
    weights, undisturbed = (load_classifier(r.last_checkpoint).state_dict() for r in (resumed, run))
    assert all(torch.equal(weights[name], undisturbed[name]) for name in undisturbed)


def test_cosine_schedule_falls_from_lr_towards_0(letters: Path, tmp_path: Path) -> None:
    """Loshchilov and Hutter, 2017: lr (1 + cos(pi t / T)) / 2 in epoch t = 0 .. T - 1."""
    done = train(settings(letters, schedule="cosine", epochs=4, lr=1.0), tmp_path / "run")
    shown = [float(row["learning_rate"]) for row in rows(done)]
    assert shown == pytest.approx([1.0, 0.5 + 0.5**1.5, 0.5, 0.5 - 0.5**1.5])


def test_a_moved_run_still_tests(run: Run, tmp_path: Path) -> None:
    moved = Path(shutil.copytree(run.folder, tmp_path / "moved"))
    answers, out = evaluation.test(moved)
    assert answers.score() == run.summary["test"]
    assert out.parent == moved / "test"
    assert (out / "test_predictions.csv").read_bytes() == (
        run.folder / "test_predictions.csv"
    ).read_bytes()


def test_course_recipe_never_gives_inf(letters: Path, tmp_path: Path) -> None:
    """N(0, 1) weights and ReLU: the course's script printed inf for its first epochs."""
    recipe = {"init": "normal", "activation": "relu", "optimizer": "sgd", "lr": 4e-3}
    done = train(settings(letters, **recipe, hsize=64, epochs=1), tmp_path / "run")
    assert 1 < float(rows(done)[0]["train_loss"]) < 1000


def test_divergence_is_told(letters: Path, tmp_path: Path) -> None:
    with pytest.raises(Diverged, match=r"the loss is .* epoch 1, step 2, at lr=1e\+30; try a smal"):
        train(settings(letters, optimizer="sgd", lr=1e30, activation="relu"), tmp_path / "run")
    summary = Run(tmp_path / "run").summary
    assert summary["status"] == "diverged"
    assert summary["diverged"] == {"epoch": 1, "step": 2, "learning_rate": 1e30}


def test_a_folder_with_a_run_is_refused(run: Run, letters: Path) -> None:
    before = (run.folder / "summary.json").read_bytes()
    with pytest.raises(UserError, match="already holds something"):
        train(settings(letters), run.folder)
    assert (run.folder / "summary.json").read_bytes() == before


def test_weights_start_from_another_run(run: Run, letters: Path, tmp_path: Path) -> None:
    changes: dict[str, Any] = {"weights": run.folder, "epochs": 1, "lr": 1e-9}
    done = train(settings(letters, **changes), tmp_path / "same")
    assert done.summary["test"] == run.summary["test"]
    wider = DataSettings(root=letters, alphabet="ABCDE")
    done = train(settings(letters, **changes | {"data": wider}), tmp_path / "wider")
    mine, theirs = (load_classifier(r.best_checkpoint).network for r in (done, run))
    assert torch.allclose(mine[1].weight, theirs[1].weight, atol=1e-6)  # type: ignore[arg-type]
    assert mine[-1].out_features == 5


def test_weights_of_another_size_are_refused(run: Run, letters: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has hsize=32, this one 8; set hsize=32"):
        train(settings(letters, weights=run.folder, hsize=8), tmp_path / "run")


def test_report_says_accuracy_and_what_is_next(run: Run) -> None:
    lines = report(run).splitlines()
    test = run.summary["test"]
    assert f"{test['accuracy']:.1%} ({test['correct']} of 24; 95% interval" in lines[0]
    assert lines[1].startswith(f"Mean over letters: {test['macro_accuracy']:.1%};")
    assert lines[2].startswith(f"Probabilities: {test['expected_calibration_error']:.1%} off")
    assert lines[3] == f"Run: {run.folder}"
    assert lines[4:] == [
        f"Next: python -m charrec.test run={run.folder}",
        f"      tensorboard --logdir {run.folder}",
    ]


def interrupted(run: Run, **changes: Any) -> Run:
    """The same run as if it had been stopped, its settings changed."""
    summary = run.summary | {"status": "interrupted"}
    summary["settings"] |= changes
    (run.folder / "summary.json").write_text(json.dumps(summary))
    return run


def test_a_moved_run_remembers_its_best_when_it_goes_on(letters: Path, tmp_path: Path) -> None:
    still = settings(letters, epochs=3, lr=1e-12)  # all epochs are alike: the first stays best
    train(still, tmp_path / "here")
    shutil.move(tmp_path / "here", tmp_path / "there")
    moved = resume(interrupted(Run(tmp_path / "there"), epochs=5).folder)
    assert moved.summary["epochs"] == 5
    assert moved.summary["best_epoch"] == 1


def test_going_on_does_not_need_the_run_that_the_weights_came_from(
    run: Run, letters: Path, tmp_path: Path
) -> None:
    shutil.copytree(run.folder, tmp_path / "source")
    done = train(settings(letters, weights=tmp_path / "source", epochs=1), tmp_path / "run")
    shutil.rmtree(tmp_path / "source")
    assert resume(interrupted(done, epochs=2).folder).summary["epochs"] == 2


HOLD_LOCK = """
import sys
from pathlib import Path
from charrec.reading import log_probabilities
from charrec.run import Run
with Run(Path(sys.argv[1])).locked():
    print(flush=True)
    input()
"""


def test_a_run_that_another_process_writes_is_refused(run: Run, tmp_path: Path) -> None:
    copy = Run(Path(shutil.copytree(run.folder, tmp_path / "copy")))
    command = [sys.executable, "-c", HOLD_LOCK, str(copy.folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as alive:
        assert alive.stdout is not None
        alive.stdout.readline()
        copy.record(status="running", process=alive.pid)
        assert copy.status == "running"
        with pytest.raises(UserError, match=f"is written to by process {alive.pid}"):
            resume(copy.folder)
        alive.kill()
    assert copy.status == "cut off"
    assert resume(copy.folder).summary["status"] == "completed", "a dead one is not in the way"


@pytest.mark.parametrize("summary", ["{}", '{"settings": {"data": null}}', '{"settings": 3}'])
def test_a_damaged_summary_is_named(run: Run, tmp_path: Path, summary: str) -> None:
    copy = Path(shutil.copytree(run.folder, tmp_path / "copy"))
    (copy / "summary.json").write_text(summary)
    for go_on in (resume, evaluation.test):
        with pytest.raises(UserError, match=r"summary\.json is damaged, .* holds no settings"):
            go_on(copy)


def test_without_validation_there_is_no_test_and_that_is_said(
    letters: Path, tmp_path: Path
) -> None:
    unvalidated = {"accelerator": "cpu", "limit_val_batches": 0}
    with pytest.warns(UserWarning, match="no epoch was validated"):
        done = train(settings(letters, epochs=1, trainer=unvalidated), tmp_path / "run")
    assert "test" not in done.summary


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU on this machine")
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_gpu_needs_nothing_else_changed(letters: Path, tmp_path: Path, precision: str) -> None:
    on_gpu = {"accelerator": "gpu", "devices": 1, "precision": precision}
    done = train(settings(letters, trainer=on_gpu), tmp_path / "run")
    assert done.summary["validation"]["accuracy"] >= 0.9
    assert evaluation.test(done, trainer={"accelerator": "cpu"})[0].correct == pytest.approx(
        done.summary["test"]["correct"], abs=1
    )


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_a_completed_run_can_be_made_longer(letters: Path, tmp_path: Path, schedule: str) -> None:
    short = train(settings(letters, schedule=schedule, epochs=4), tmp_path / "short")
    assert resume(short.folder, epochs=4).summary["epochs"] == 4
    longer = resume(short.folder, epochs=9)
    assert (longer.summary["epochs"], longer.settings["epochs"]) == (9, 9)
    rates = [float(row["learning_rate"]) for row in rows(longer)]
    undisturbed = train(settings(letters, schedule=schedule, epochs=9), tmp_path / "undisturbed")
    whole = [float(row["learning_rate"]) for row in rows(undisturbed)]
    assert (len(rates), rates[4:]) == (9, whole[4:])
    if schedule == "constant":
        assert rows(longer) == rows(undisturbed)
        assert longer.summary["test"] == undisturbed.summary["test"]


class StoppingAfter(pl.Callback):
    """SIGTERM after a step of an epoch."""

    def __init__(self, epoch: int, step: int) -> None:
        self.at = (epoch, step)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, *arguments: Any
    ) -> None:
        if (trainer.current_epoch + 1, arguments[2] + 1) == self.at:
            signal.raise_signal(signal.SIGTERM)


@pytest.mark.parametrize("most", [20, 24, 30, 99])
@pytest.mark.parametrize("at", [(1, 4), (1, 12), (2, 3), (2, 8)])
def test_with_max_steps_too_it_goes_on_where_it_was(
    most: int, at: tuple[int, int], letters: Path, tmp_path: Path
) -> None:
    """After the last step of an epoch, of which nothing is left, and in the middle of others."""
    limited = settings(letters, epochs=3, trainer={"accelerator": "cpu", "max_steps": most})
    never = StoppingAfter(0, 0)
    whole = train(limited, tmp_path / "whole", [never])
    with contextlib.suppress(Interrupted):
        train(limited, tmp_path / "run", [StoppingAfter(*at)])
    resumed = resume(tmp_path / "run", [never])
    assert rows(resumed) == rows(whole)
    assert len(rows(whole)) == (2 if most < 25 else 3)
    ours, theirs = (load_classifier(r.last_checkpoint).state_dict() for r in (resumed, whole))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    for name in ("best_epoch", "test", "validation", "epochs"):
        assert resumed.summary[name] == whole.summary[name]


def test_plugins_of_the_trainer_s_leave_checkpoints_sealed(letters: Path, tmp_path: Path) -> None:
    plugged = {"accelerator": "cpu", "plugins": []}
    done = train(settings(letters, epochs=1, trainer=plugged), tmp_path / "run")
    assert load_classifier(done.last_checkpoint).hparams["hsize"] == 32


@pytest.mark.parametrize("logger", ["tensorboard", {"_target_": "os.system"}, [True], 1])
def test_a_logger_that_is_named_is_refused(logger: Any, letters: Path) -> None:
    with pytest.raises(UserError, match=r"trainer\.logger is true or false"):
        settings(letters, trainer={"accelerator": "cpu", "logger": logger})


def test_checkpoints_of_another_run_are_not_gone_on_with(
    run: Run, letters: Path, tmp_path: Path
) -> None:
    other = train(settings(letters, epochs=1, lr=1e-3), tmp_path / "other")
    copy = Run(Path(shutil.copytree(run.folder, tmp_path / "copy")))
    interrupted(copy)
    shutil.copyfile(other.last_checkpoint, copy.last_checkpoint)
    with pytest.raises(UserError, match=r"last\.ckpt is of another run: its settings are not"):
        resume(copy.folder)


def test_an_error_of_the_network_s_own_is_no_fault_of_the_checkpoint(
    run: Run, tmp_path: Path
) -> None:
    """Once it learns, what is raised stays what it is."""

    class Broken(pl.Callback):
        def on_validation_end(self, *_: Any) -> None:
            raise ZeroDivisionError("mine")

    copy = Run(Path(shutil.copytree(run.folder, tmp_path / "copy")))
    with pytest.raises(ZeroDivisionError, match="mine"):
        resume(copy.folder, [Broken()], epochs=11)
    assert copy.summary["status"] == "failed"
    assert copy.summary["error"] == "ZeroDivisionError: mine"


def test_an_epoch_that_lightning_ends_early_is_followed_by_a_whole_one(
    letters: Path, tmp_path: Path
) -> None:
    few = {"accelerator": "cpu", "limit_train_batches": 8}  # of 12
    done = train(settings(letters, epochs=4, trainer=few), tmp_path / "run")
    events = EventAccumulator(str(done.folder)).Reload()
    assert [point.step for point in events.Scalars("train_loss")] == [8, 16, 24, 32]


@pytest.mark.parametrize(
    "trainer",
    [
        {"limit_train_batches": 8},
        {"accumulate_grad_batches": 3},
        {"val_check_interval": 0.34},
        {"val_check_interval": 7, "check_val_every_n_epoch": None},
    ],
)
@pytest.mark.parametrize("batch", [2, 3, 7])
def test_interrupted_under_other_loops_it_ends_as_undisturbed(
    letters: Path, tmp_path: Path, trainer: dict[str, Any], batch: int
) -> None:
    asked = settings(letters, epochs=3, trainer={"accelerator": "cpu"} | trainer)
    undisturbed = train(asked, tmp_path / "undisturbed")
    with pytest.raises(Interrupted):
        train(asked, tmp_path / "run", [Signal(epoch=1, batch=batch)])
    resumed = resume(tmp_path / "run")
    assert rows(resumed) == rows(undisturbed)
    assert resumed.summary["test"] == undisturbed.summary["test"]


class Signal(pl.Callback):
    def __init__(self, epoch: int, batch: int) -> None:
        self.epoch, self.batch = epoch, batch

    def on_train_batch_start(self, trainer: pl.Trainer, module: Any, batch: Any, at: int) -> None:
        if (trainer.current_epoch, at) == (self.epoch, self.batch):
            signal.raise_signal(signal.SIGTERM)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_while_the_test_split_is_read(
    letters: Path, tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = CharacterClassifier.predict_step

    def interrupted(self: CharacterClassifier, *batch: Any) -> Any:
        signal.raise_signal(number)
        return step(self, *batch)

    monkeypatch.setattr(CharacterClassifier, "predict_step", interrupted)
    with pytest.raises(Interrupted, match="go on with") as stopped:
        train(settings(letters, epochs=2), tmp_path / "run")
    assert stopped.value.exit_code == 128 + number
    assert Run(tmp_path / "run").summary["status"] == "interrupted"
    monkeypatch.undo()
    assert resume(tmp_path / "run").summary["status"] == "completed"


def test_a_folder_that_is_no_run_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".mine.1.draft").touch()
    with pytest.raises(UserError, match="is no run"):
        resume(tmp_path)
    assert (tmp_path / ".mine.1.draft").exists()


def test_a_run_goes_on_where_its_letters_now_are(letters: Path, tmp_path: Path) -> None:
    here = Path(shutil.copytree(letters, tmp_path / "here"))
    short = train(settings(here, epochs=2), tmp_path / "run")
    here.rename(tmp_path / "there")
    with pytest.raises(UserError, match="no such folder"):
        resume(short.folder, epochs=4)
    longer = resume(short.folder, epochs=4, root=tmp_path / "there")
    assert longer.settings["data"]["root"] == str(tmp_path / "there")
    assert rows(longer) == rows(train(settings(letters, epochs=4), tmp_path / "undisturbed"))


@pytest.mark.parametrize("changed", ["label", "pixel"])
def test_a_run_does_not_go_on_with_other_letters(
    changed: str, own_letters: Path, tmp_path: Path
) -> None:
    run = train(settings(own_letters, epochs=1), tmp_path / "run")
    before = rows(run)
    labels = json.loads((own_letters / "train.json").read_text())
    name, letter = next(iter(labels.items()))
    if changed == "label":
        labels[name] = "B" if letter == "A" else "A"
        (own_letters / "train.json").write_text(json.dumps(labels))
    else:
        with Image.open(own_letters / "images" / name) as picture:
            grey = picture.getpixel((14, 14))
            assert isinstance(grey, int)
            picture.putpixel((14, 14), 255 - grey)
            picture.save(own_letters / "images" / name)
    with pytest.raises(UserError, match=r"the letters are others than when .*/run began"):
        resume(run.folder, epochs=2)
    assert (run.summary["status"], rows(run)) == ("completed", before)


def test_epochs_after_the_checkpoint_are_shown_once(letters: Path, tmp_path: Path) -> None:
    """As if killed after the third, when last.ckpt was of the first."""
    run = train(settings(letters, epochs=1), tmp_path / "run")
    first = run.last_checkpoint.read_bytes()
    resume(run.folder, epochs=3)
    run.last_checkpoint.unlink()  # which best.ckpt may be the same file as
    run.last_checkpoint.write_bytes(first)
    resume(interrupted(run).folder)
    assert [row["epoch"] for row in rows(run)] == ["1", "2", "3"]
    events = EventAccumulator(str(run.folder)).Reload().Scalars("train_loss")
    assert [event.step for event in events] == [12, 24, 36]
    assert [e.value for e in events] == pytest.approx([float(r["train_loss"]) for r in rows(run)])


def test_a_run_whose_checkpoints_are_gone_does_not_begin_again(run: Run, tmp_path: Path) -> None:
    copy = Run(Path(shutil.copytree(run.folder, tmp_path / "copy")))
    shutil.rmtree(copy.last_checkpoint.parent)
    before = (copy.folder / "metrics.csv").read_bytes()
    with pytest.raises(UserError, match="is gone, and the best too"):
        resume(copy.folder, epochs=20)
    assert (copy.folder / "metrics.csv").read_bytes() == before


@pytest.mark.parametrize("name", ["summary.json", "checkpoints/last.ckpt"])
def test_a_pipe_in_a_run_folder_is_not_waited_for(run: Run, tmp_path: Path, name: str) -> None:
    copy = Run(Path(shutil.copytree(run.folder, tmp_path / "copy")))
    copy.record(status="interrupted")
    copy.best_checkpoint.unlink()
    (copy.folder / name).unlink()
    os.mkfifo(copy.folder / name)
    with pytest.raises(UserError, match="cannot be read: it is a pipe"):
        resume(copy.folder)
