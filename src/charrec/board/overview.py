"""What TensorBoard shows of a run as a whole: knobs, results, graph and pictures of the test.

They stand in an events file of their own, which is written whole and takes the place of the one
before: at the start of each leg, and at its end. So nothing is there twice, whatever ended a leg.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from PIL import Image
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from charrec.board import hparams
from charrec.board.graph import graph_of
from charrec.board.layout import layout
from charrec.checkpoints import count_in
from charrec.classifier import CharacterClassifier
from charrec.conclusion import best_so_far
from charrec.errors import Interrupted, Pruned, UserError
from charrec.files import whole_file
from charrec.run import Run
from charrec.settings import TrainSettings

PICTURES = {  # tags, and files of the run's folder
    "first_layer/inputs": "inputs.png",
    "test/confusion_matrix": "confusion_matrix.png",
    "test/worst_mistakes": "worst_mistakes.png",
    "test/reliability": "reliability.png",
}
KIND = "events.out.tfevents"
TO_GO_ON = (KeyboardInterrupt, Interrupted, Pruned)  # what ends a leg, but not the run


@contextmanager
def overview(run: Run, settings: TrainSettings, classifier: CharacterClassifier) -> Iterator[None]:
    """Written as the block begins, and as it ends: with the results where it completes."""
    about = list(_about(run, settings, classifier))
    _write(run.folder, about)
    try:
        yield
    except BaseException as stop:
        with suppress(OSError, UserError, KeyError):  # what stopped it is to be told, not this
            found = best_so_far(run)["validation"] if run.best_checkpoint.exists() else {}
            status = "interrupted" if isinstance(stop, TO_GO_ON) else "failed"
            _write(run.folder, [*about, *_outcome(run, status, found, {})])
        raise
    summary = run.summary
    found, test = (summary.get(split) or {} for split in ("validation", "test"))
    pictures = list(_pictures(run)) if test else []
    _write(run.folder, [*about, *_outcome(run, "completed", found, test), *pictures])


def _about(run: Run, settings: TrainSettings, classifier: CharacterClassifier) -> Iterator[Event]:
    varied = given_in(run.folder) or hparams.changed(settings)
    name = hparams.name_of(settings, varied, f"{run.folder.parent.name}/{run.folder.name}")
    yield Event(file_version="brain.Event:2")
    chosen = classifier.hparams
    graph = graph_of(classifier.network, chosen["image_size"], chosen["normalisation"])
    yield Event(graph_def=graph.SerializeToString())
    yield _event(
        [
            hparams.experiment(varied),
            hparams.start(hparams.knobs_of(settings), name, run.summary.get("started")),
            layout(),
        ]
    )


def given_in(folder: Path) -> tuple[str, ...]:
    """The knobs that a command line named, as Hydra has kept it; none for a run of a notebook."""
    try:
        lines = OmegaConf.to_container(OmegaConf.load(folder / ".hydra" / "overrides.yaml"))
    except Exception:  # a view is not to stop a run, whatever somebody did to that file
        return ()
    given = lines if isinstance(lines, list) else []
    names = {str(line).lstrip("+").partition("=")[0] for line in given}
    return tuple(name for name in hparams.KNOBS if name in names)


def _outcome(
    run: Run, status: str, validation: Mapping[str, Any], test: Mapping[str, Any]
) -> Iterator[Event]:
    accuracies = (validation.get("accuracy"), test.get("accuracy"))
    values = [
        Summary.Value(tag=tag, simple_value=accuracy)
        for tag, accuracy in zip(hparams.METRICS, accuracies, strict=True)
        if accuracy is not None
    ]
    if values:
        yield _event(values, count_in(run.best_checkpoint, "global_step"))
    yield _event(hparams.end(status, time.time()))


def _pictures(run: Run) -> Iterator[Event]:
    for tag, name in PICTURES.items():
        path = run.folder / name
        if path.exists():
            with Image.open(path) as image:
                width, height = image.size
            picture = Summary.Image(
                width=width, height=height, colorspace=3, encoded_image_string=path.read_bytes()
            )
            step = count_in(run.best_checkpoint, "global_step")
            yield _event([Summary.Value(tag=tag, image=picture)], step)


def _event(values: Iterable[Summary.Value], step: int = 0) -> Event:
    return Event(wall_time=time.time(), step=step, summary=Summary(value=values))


def _write(folder: Path, events: Iterable[Event]) -> None:
    """Under a new name: a TensorBoard that looks on would not see what has replaced a file."""
    before = list(folder.glob(f"{KIND}.*.overview"))
    others = re.findall(rf"{KIND}\.(\d+)\.", "\n".join(p.name for p in folder.glob(f"{KIND}.*")))
    second = max([int(time.time()), *(int(other) + 1 for other in others)])  # read last
    with whole_file(folder / f"{KIND}.{second:010}.overview", "wb") as file:
        writer = RecordWriter(file)
        for event in events:
            writer.write(event.SerializeToString())
    for path in before:
        path.unlink()
