"""What came out of training: the best epoch tested, drawn, recorded and told."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import torch

from charrec.checkpoints import count_in
from charrec.closing import closing_lines, next_steps, of_runs, pictures
from charrec.data.datamodule import CharacterDataModule
from charrec.ensembles import fit_reader
from charrec.evaluation import answer_test_split, write_test_report
from charrec.figures.curves import draw_curves, read_metrics
from charrec.figures.inputs import Rows, draw_inputs
from charrec.figures.mistakes import draw_mistakes
from charrec.figures.summary import drawn_summary
from charrec.inputs import Inputs
from charrec.mistakes import worst_mistakes
from charrec.paths import shown_path
from charrec.reading import Ensemble, Reader
from charrec.run import Run
from charrec.scores import told
from charrec.settings import TrainSettings
from charrec.terminal import is_drawn
from charrec.views import views_of
from charrec.weights import load_classifier

SHOWN, EPOCHS_SHOWN = 16, 3  # training pictures in inputs.png


def conclude(run: Run, settings: TrainSettings, letters: CharacterDataModule) -> None:
    """Calibrate the best checkpoint and test it; draw and record what came out."""
    if not run.best_checkpoint.exists():
        warnings.warn("no epoch was validated, so there is no best one to test", stacklevel=4)
        return
    best_epoch = _epoch_of(run.best_checkpoint)
    draw_inputs(inputs_of(settings, letters), run.folder / "inputs.png")
    draw_curves(run.folder / "metrics.csv", run.folder / "loss_curve.png", best_epoch)
    where: dict[str, Any] = {
        key: settings.trainer[key]
        for key in ("accelerator", "precision")
        if key in settings.trainer
    }
    devices = settings.trainer.get("devices", 1)  # of which the test takes the first
    where["devices"] = devices[:1] if isinstance(devices, list) else 1
    reader = fit_reader(Reader(load_classifier(run.best_checkpoint)), letters, where)
    answers = answer_test_split(Ensemble([reader]), lambda _: letters, where)
    write_test_report(answers, run.folder)
    images = letters.images["test"].cpu().numpy()
    draw_mistakes(worst_mistakes(answers), images, run.folder / "worst_mistakes.png")
    fitted = {"temperature": reader.temperature, "temperature_letters": reader.temperature_letters}
    none = reader.temperature == 1
    run.record(**best_so_far(run), **({} if none else fitted), test=answers.score())


def inputs_of(settings: TrainSettings, letters: CharacterDataModule) -> Rows:
    """Some training pictures, as they are and as the network might be fed them in some epochs."""
    images = letters.images["train"].cpu()
    some = images[:: max(1, len(images) // SHOWN)][:SHOWN]  # (n, 1, H, W)
    (seen,) = views_of(some, 1, settings.normalisation, torch.float32)
    rows = [("picture", some), ("as it is fed", seen)]
    if settings.strengths.deforms:
        inputs = Inputs(settings.normalisation, settings.strengths, settings.seed, torch.float32)
        framed = inputs.frame(some)
        for epoch in range(EPOCHS_SHOWN):
            rows.append((f"epoch {epoch + 1}", inputs.deformed(framed, epoch, 0)))
            rows.append(("as it is fed", inputs(framed, epoch, 0).view_as(seen)))
    return [(name, row[:, 0].float().numpy()) for name, row in rows]


def best_so_far(run: Run) -> dict[str, Any]:
    """The epoch of the best checkpoint, and its accuracy and loss on validation."""
    epoch = _epoch_of(run.best_checkpoint)
    return {
        "best_epoch": epoch,
        "validation": _validation_of(run.folder / "metrics.csv", epoch),
    }


def _epoch_of(checkpoint: Path) -> int:
    """Counted from 1, as everywhere but in Lightning."""
    return count_in(checkpoint, "epoch") + 1


def _validation_of(metrics: Path, epoch: int) -> dict[str, float]:
    columns = read_metrics(metrics)
    return {name: dict(columns[f"validation_{name}"])[epoch] for name in ("accuracy", "loss")}


def report(run: Run) -> str:
    """What came out, where it is and what to do next, in a few lines; framed on a terminal."""
    summary, folder = run.summary, shown_path(run.folder)
    test = summary.get("test")
    if not test:
        return f"Run: {folder}"
    known = of_runs([run.folder]) | pictures(run.letters.alphabet)
    closing = closing_lines(next_steps("train", known), sys.stdout)
    if is_drawn(sys.stdout):
        return "\n".join([drawn_summary(summary, folder), *closing])
    accuracy, *more = told(test)
    best = f"Test accuracy of the best epoch, {summary['best_epoch']}: {accuracy}"
    return "\n".join([best, *more, f"Run: {folder}", *closing])
