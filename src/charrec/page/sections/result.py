"""The test in large figures, before all else."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from charrec.page.content import Content
from charrec.page.words import counted, lasting
from charrec.parameters import count
from charrec.scores import calibration_told
from charrec.statistics import between

Figure = tuple[str, str, str]  # in large, what it is, and more


def result(content: Content) -> str:
    figures = [*_of_test(content), *_of_training(content)]
    if not figures:
        return ""
    items = "".join(
        f"<div><dt>{escape(what)}</dt><dd><b>{escape(large)}</b> {escape(more)}</dd></div>"
        for large, what, more in figures
    )
    return f'<dl class="figures">{items}</dl>'


def _of_test(content: Content) -> Iterator[Figure]:
    if content.tested is None or content.tested.score.get("accuracy") is None:
        return
    score = content.tested.score
    of = f"{score['correct']:,} of {score['total']:,}"
    interval = score.get("interval")
    more = f"; 95% interval {between(interval)}" if interval else ""
    yield f"{score['accuracy']:.1%}", "test accuracy", of + more
    if (macro := score.get("macro_accuracy")) is not None:
        yield f"{macro:.1%}", "mean over letters", "however many pictures each has"
        if len(content.tested.alphabet) > 3:  # of fewer, it always is
            yield f"{score['top_3_accuracy']:.1%}", "among the first three", "the letter is"
    error, before = calibration_told(score)
    if error:
        yield error, "probabilities are off by", before


def _of_training(content: Content) -> Iterator[Figure]:
    summary = content.summary
    best, epochs = summary.get("best_epoch"), summary.get("epochs")
    validated = (summary.get("validation") or {}).get("accuracy")
    if isinstance(best, int) and isinstance(validated, float):
        of = f" of {epochs:,}" if isinstance(epochs, int) else ""
        yield f"{validated:.1%}", "best on validation", f"in epoch {best:,}{of}"
    data, hsize = summary["settings"]["data"], summary["settings"]["hsize"]
    hidden = " and ".join(f"{n:,}" for n in (hsize if isinstance(hsize, list) else [hsize]))
    parameters = count(data["image_size"], hsize, len(data["alphabet"]))
    yield f"{parameters:,}", "parameters", f"{hidden} hidden units"
    if isinstance(seconds := summary.get("train_seconds"), float) and isinstance(epochs, int):
        yield lasting(seconds), "trained in", counted(epochs, "epoch")
