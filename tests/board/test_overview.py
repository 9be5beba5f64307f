"""What TensorBoard reads of runs, whatever became of them: once, and right."""

from __future__ import annotations

import csv
import os
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from board.reading_events import ended, events_of, knobs, pixels, points, session
from conftest import ALPHABET
from PIL import Image
from stopping import Stopping
from tensorboard.plugins.hparams import api_pb2

from charrec.board.looks import gradient_norms
from charrec.board.overview import given_in
from charrec.board.watching import is_looked_at, is_pictured
from charrec.data.datamodule import CharacterDataModule
from charrec.errors import Diverged, Interrupted
from charrec.figures.units import picture_of_units
from charrec.inspection import first_layer, hidden_outputs, saturated
from charrec.run import Run
from charrec.settings import DataSettings, TrainSettings
from charrec.training import resume, train
from charrec.views import views_of
from charrec.weights import load_classifier

STEPS = 12  # an epoch
TAGS = {
    *("train_loss", "train_accuracy", "validation_loss", "validation_accuracy"),
    *("learning_rate", "gradient_norm/network"),
    *("gradient_norm/layer_1", "gradient_norm/layer_2", "gradient_norm/layer_3"),
    *("saturated/layer_1", "saturated/layer_2"),
    *("best_validation_accuracy", "test_accuracy"),
}


def settings(letters: Path, **changes: Any) -> TrainSettings:
    data = DataSettings(root=letters, alphabet=ALPHABET)
    chosen: dict[str, Any] = {
        "hsize": [16, 8],
        "epochs": 5,
        "trainer": {"accelerator": "cpu"},
        "data": data,
    }
    return TrainSettings(**chosen | changes)


@pytest.fixture(scope="module")
def run(letters: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(settings(letters), tmp_path_factory.mktemp("board") / "run")


@pytest.fixture(scope="module")
def shown(run: Run) -> Any:
    return events_of(run.folder)


def test_curves_have_a_point_an_epoch_and_looks_some(run: Run, shown: Any) -> None:
    assert set(shown.Tags()["scalars"]) == TAGS
    for tag in TAGS - {"best_validation_accuracy", "test_accuracy"}:
        epochs = (1, 2, 4, 5) if tag.startswith(("saturated", "gradient")) else range(1, 6)
        assert [step for step, _ in points(shown, tag)] == [STEPS * n for n in epochs], tag
    assert [rate for _, rate in points(shown, "learning_rate")] == pytest.approx([0.004] * 5)


def test_what_is_looked_at_is_the_network_of_the_epoch(run: Run, shown: Any, letters: Path) -> None:
    """Of the last one, whose weights are in last.ckpt: every second of 96 training pictures."""
    classifier = load_classifier(run.last_checkpoint)
    data = CharacterDataModule(letters, alphabet=ALPHABET)
    data.setup()
    images, labels = data.images["train"][::2], data.labels["train"][::2]
    (seen,) = views_of(images, 1, "plain", torch.float32)
    norms = gradient_norms(classifier, seen, labels)
    last = {tag: points(shown, tag)[-1][1] for tag in shown.Tags()["scalars"]}
    for number, norm in enumerate(norms, 1):
        assert last[f"gradient_norm/layer_{number}"] == pytest.approx(norm, rel=1e-5)
    assert last["gradient_norm/network"] == pytest.approx(np.linalg.norm(norms), rel=1e-5)
    for number, outputs in enumerate(hidden_outputs(classifier, images), 1):
        assert last[f"saturated/layer_{number}"] == pytest.approx(saturated(outputs))
        histogram = shown.Histograms(f"units/layer_{number}")[-1].histogram_value
        assert histogram.num == outputs.numel() == sum(histogram.bucket)
        assert (histogram.bucket_limit[0], histogram.bucket_limit[-1]) == (-0.98, 1)
        assert sum(histogram.bucket[75:]) == int((outputs >= 0.5).sum())
    picture = shown.Images("first_layer/weights")[-1].encoded_image_string
    drawn = picture_of_units(first_layer(classifier).numpy()).convert("RGB")
    assert np.array_equal(pixels(picture), np.asarray(drawn))


def test_pictures_and_histograms_are_of_few_epochs(shown: Any) -> None:
    few = [STEPS * n for n in (1, 4, 5)]
    assert [image.step for image in shown.Images("first_layer/weights")] == few
    assert [h.step for h in shown.Histograms("units/layer_2")] == few


def test_long_runs_are_looked_at_after_one_epoch_in_ten() -> None:
    looked_at = [1, 2, 4, 8, 10, 16, 20, 30, 32, 40, 50, 60, 64, 70]
    assert [epoch for epoch in range(1, 71) if is_looked_at(epoch)] == looked_at
    assert [epoch for epoch in range(1, 1025) if is_pictured(epoch)] == [1, 4, 16, 64, 256, 1024]


def test_knobs_and_results_are_those_of_the_record(run: Run, shown: Any) -> None:
    assert session(shown).group_name == f"hsize=[16,8] epochs=5 in {run.folder.parent.name}/run"
    assert knobs(shown) | {"hsize": "[16,8]", "epochs": 5, "momentum": "0.9"} == knobs(shown)
    assert ended(shown) == api_pb2.STATUS_SUCCESS
    step = STEPS * run.summary["best_epoch"]
    for split, tag in (("validation", "best_validation_accuracy"), ("test", "test_accuracy")):
        ((at, accuracy),) = points(shown, tag)
        assert at == step
        assert accuracy == pytest.approx(run.summary[split]["accuracy"])


def test_pictures_of_the_test_are_the_files(run: Run, shown: Any) -> None:
    tags = ("first_layer/inputs", "test/confusion_matrix", "test/worst_mistakes")
    for tag in (*tags, "test/reliability"):
        (image,) = shown.Images(tag)
        path = run.folder / f"{tag.partition('/')[2]}.png"
        assert image.encoded_image_string == path.read_bytes()
        with Image.open(path) as file:
            assert (image.width, image.height) == file.size


def test_graph_is_there(shown: Any) -> None:
    assert "layer_2/tanh" in {node.name for node in shown.Graph().node}


def test_units_without_a_limit_have_a_histogram_alone(letters: Path, tmp_path: Path) -> None:
    done = train(settings(letters, epochs=1, activation="relu"), tmp_path / "run")
    events = events_of(done.folder)
    assert {t for t in events.Tags()["scalars"] if t.startswith("saturated")} == set()
    (histogram,) = events.Histograms("units/layer_1")
    assert histogram.histogram_value.num == 48 * 16
    assert sum(histogram.histogram_value.bucket) == 48 * 16


# Runs that are gone on with


def everything(folder: Path) -> dict[str, Any]:
    events = events_of(folder)
    found: dict[str, Any] = {tag: points(events, tag) for tag in events.Tags()["scalars"]}
    for tag in events.Tags()["images"]:
        found[tag] = [(i.step, i.encoded_image_string) for i in events.Images(tag)]
    for tag in events.Tags()["histograms"]:
        found[tag] = [(h.step, h.histogram_value) for h in events.Histograms(tag)]
    return found | knobs(events) | {"end": ended(events)}


def test_interrupted_and_gone_on_with_it_is_as_if_undisturbed(
    run: Run, letters: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    with pytest.raises(Interrupted):
        train(settings(letters), folder, [Stopping(3)])
    stopped = events_of(folder)
    assert ended(stopped) is None
    (step, accuracy), *more = points(stopped, "best_validation_accuracy")
    with (folder / "metrics.csv").open(newline="") as file:
        rows = [float(row["validation_accuracy"]) for row in csv.DictReader(file)]
    assert (step, more) == (STEPS * (rows.index(max(rows)) + 1), [])
    assert accuracy == pytest.approx(max(rows))
    assert "test_accuracy" not in stopped.Tags()["scalars"]
    assert everything(resume(folder).folder) == everything(run.folder)


def test_made_longer_it_has_the_epochs_and_results_of_the_end(run: Run, tmp_path: Path) -> None:
    copy = Run(Path(shutil.copytree(run.folder, tmp_path / "copy")))
    longer = resume(copy.folder, epochs=8)
    events = events_of(longer.folder)
    assert knobs(events)["epochs"] == 8
    ((_, accuracy),) = points(events, "test_accuracy")
    assert accuracy == pytest.approx(longer.summary["test"]["accuracy"])
    assert len(events.Images("test/confusion_matrix")) == 1
    assert len(list(longer.folder.glob("*.overview"))) == 1


def test_where_the_clock_was_set_back_the_overview_is_read_last(run: Run, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(run.folder, tmp_path / "copy"))
    (old,) = folder.glob("*.overview")
    tomorrow = int(time.time()) + 86400
    os.rename(old, folder / f"events.out.tfevents.{tomorrow}.overview")
    longer = resume(folder, epochs=6)
    (new,) = folder.glob("*.overview")
    assert new.name == max(path.name for path in folder.glob("events.*"))
    assert knobs(events_of(longer.folder))["epochs"] == 6


def test_a_run_that_diverges_has_failed(letters: Path, tmp_path: Path) -> None:
    with pytest.raises(Diverged):
        train(settings(letters, lr=1e30, activation="relu"), tmp_path / "run")
    events = events_of(tmp_path / "run")
    assert ended(events) == api_pb2.STATUS_FAILURE
    assert knobs(events)["lr"] == 1e30
    assert "test_accuracy" not in events.Tags()["scalars"]


def test_in_blocks_or_one_by_one_the_curves_are_alike(letters: Path, tmp_path: Path) -> None:
    """Also where gradients are clipped: what is looked at is no step's own gradient."""
    clipped = {"accelerator": "cpu", "gradient_clip_val": 0.01}
    one, blocks = (
        everything(
            train(
                settings(letters, epochs=1, steps_per_execution=steps, trainer=clipped),
                tmp_path / str(steps),
            ).folder
        )
        for steps in (1, 5)
    )
    assert one == blocks
    assert one["gradient_norm/network"][0][1] > 0.1


def test_in_mixed_precision_there_is_as_much_to_see(letters: Path, tmp_path: Path) -> None:
    mixed = {"accelerator": "cpu", "precision": "bf16-mixed"}
    done = train(settings(letters, epochs=1, trainer=mixed), tmp_path / "run")
    assert set(events_of(done.folder).Tags()["scalars"]) == TAGS


def test_looking_changes_nothing(run: Run, letters: Path, tmp_path: Path) -> None:
    """Not a bit of what is learned, and no random number is drawn."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("charrec.board.watching.Watcher.on_train_epoch_end", lambda *_: None)
        blind = train(settings(letters), tmp_path / "run")
    assert (blind.folder / "metrics.csv").read_bytes() == (run.folder / "metrics.csv").read_bytes()


# Names


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (
            "- hsize=64\n- +lr=0.1\n- data.root=${x}\n- optimizer=adam\n",
            ("hsize", "lr", "optimizer"),
        ),
        ("[]\n", ()),
        ("hsize: 3\n", ()),
        ("- [\n", ()),
        ("", ()),
    ],
)
def test_knobs_that_the_command_line_named(
    text: str, named: tuple[str, ...], tmp_path: Path
) -> None:
    assert given_in(tmp_path) == ()
    (tmp_path / ".hydra").mkdir()
    (tmp_path / ".hydra" / "overrides.yaml").write_text(text)
    assert given_in(tmp_path) == named
