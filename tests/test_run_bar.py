"""The bar over a run, on a terminal, and what else a terminal shows of a training."""

from __future__ import annotations

import csv
import json
import os
import re
import sys
from pathlib import Path

import pytest
from processes import run_main
from rich.console import Console
from terminals import on_a_terminal

from charrec.bar import Standing, line_of

ROW = {"train_loss": "1.0549", "validation_accuracy": "0.6128"}
HALF = Standing(10, 20, 0.5, ROW, 0.625, "about 40 s left")


@pytest.fixture
def small(letters: Path) -> tuple[str, ...]:
    return (f"data.root={letters}", "data.alphabet=ABCD", "hsize=4", "trainer=cpu")


def best_epoch(place: Path) -> int:
    (path,) = place.glob("outputs/*/summary.json")
    return int(json.loads(path.read_text())["best_epoch"])


def shown(standing: Standing, width: int) -> str:
    console = Console(width=width, color_system=None)
    with console.capture() as captured:
        console.print(line_of(standing, width))
    return captured.get()


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (
            110,
            f"Epoch 10 of 20 {'━' * 13}╺ loss 1.055, validation accuracy 61.3%, best 62.5%, "
            "about 40 s left",
        ),
        (80, "Epoch 10 of 20 ━━━━ loss 1.055, validation accuracy 61.3%, about 40 s left"),
        (66, "Epoch 10 of 20 ━━━━ validation accuracy 61.3%, about 40 s left"),
        (50, "Epoch 10 of 20 ━━━━ validation accuracy 61.3%"),
        (24, "Epoch 10 of 20 ━━━━"),
        (15, "Epoch 10 of 20"),
    ],
)
def test_a_line_for_every_width(width: int, line: str) -> None:
    told = re.sub("[╸╺]", "", re.sub(r"━+[╸╺]?\s*", lambda bar: "━━━━ ", shown(HALF, width)))
    assert told.strip() == re.sub(r"━+[╸╺]? ?", "━━━━ ", line).strip()
    assert len(shown(HALF, width).splitlines()) == 1


def test_before_the_first_epoch_is_over() -> None:
    assert shown(Standing(1, 5, 0.0, {}, None, ""), 40).strip() == "Epoch 1 of 5"


def test_the_bar_goes_over_the_whole_run(small: tuple[str, ...], tmp_path: Path) -> None:
    told = on_a_terminal("train", *small, "epochs=30", "hydra.run.dir=x", cwd=tmp_path, columns=110)
    assert told.exit_code == 0, told.sent
    with (tmp_path / "x" / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    epochs = [int(re.match(r"Epoch +(\d+) of 30 ", line)[1]) for line in told.drawings]  # type: ignore[index]
    assert epochs == sorted(epochs)
    assert (epochs[0], epochs[-1]) == (1, 30)
    best = max(float(row["validation_accuracy"]) for row in rows)
    figures = f"loss {float(rows[-1]['train_loss']):.3f}, validation accuracy "
    figures += f"{float(rows[-1]['validation_accuracy']):.1%}, best {best:.1%}, in "
    assert figures in told.lines[0]
    assert told.lines[0].count("━") == 28  # what TAIL leaves of 110
    seconds = json.loads((tmp_path / "x" / "summary.json").read_text())["train_seconds"]
    assert len(told.drawings) <= 3 + seconds / 0.1
    assert told.has_its_cursor


def test_the_end_of_a_training_is_framed(small: tuple[str, ...], tmp_path: Path) -> None:
    told = on_a_terminal("train", *small, "epochs=2", "hydra.run.dir=x", columns=200, cwd=tmp_path)
    summary = json.loads((tmp_path / "x" / "summary.json").read_text())
    test = summary["test"]
    frame = [line.strip("│ ") for line in told.lines if line.startswith("│")]
    of = f"{test['correct']} of 24, 95% interval {test['interval'][0]:.1%} to "
    assert re.split(r"\s{2,}", frame[0]) == [
        "Test accuracy",
        f"{test['accuracy']:.1%}",
        f"{of}{test['interval'][1]:.1%}",
    ]
    assert frame[-1].endswith(f"validation accuracy {summary['validation']['accuracy']:.1%}")
    assert [line[:1] for line in told.lines[1:-2]] == ["╭", *"│" * 5, "╰"]
    assert told.lines[1].startswith("╭─ x ─")
    assert told.lines[-2] == "Next: python -m charrec.test run=x"
    assert told.lines[-1] == "      tensorboard --logdir x"
    assert "Epoch 1:" not in told.sent
    assert told.coloured


def test_no_colours_for_who_wants_none(small: tuple[str, ...], tmp_path: Path) -> None:
    told = on_a_terminal("train", *small, "epochs=2", cwd=tmp_path, NO_COLOR="1")
    assert (told.exit_code, told.coloured) == (0, False)
    assert told.drawings[-1].startswith("Epoch 2 of 2 ━")


def test_a_terminal_without_such_characters(small: tuple[str, ...], tmp_path: Path) -> None:
    told = on_a_terminal("train", *small, "epochs=2", cwd=tmp_path, encoding="ascii")
    assert (told.exit_code, told.sent.isascii()) == (0, True)
    assert told.drawings[-1].startswith("Epoch 2 of 2 -----")
    assert "\\u" not in told.sent


def test_a_dumb_terminal_is_told_in_lines(small: tuple[str, ...], tmp_path: Path) -> None:
    told = on_a_terminal("train", *small, "epochs=2", cwd=tmp_path, columns=200, TERM="dumb")
    assert told.exit_code == 0
    assert [line.split(":")[0] for line in told.lines[:3]] == [
        "Epoch 1",
        "Epoch 2",
        "Test accuracy of the best epoch, " + str(best_epoch(tmp_path)),
    ]
    assert "\x1b" not in told.sent


def test_without_the_bar_there_are_lines(small: tuple[str, ...], tmp_path: Path) -> None:
    none = "+trainer.enable_progress_bar=false"
    told = on_a_terminal("train", *small, none, "epochs=2", cwd=tmp_path)
    assert told.exit_code == 0, told.sent
    assert told.lines[0].startswith("Epoch 1: loss = ")


def test_an_interrupted_run_leaves_the_terminal_clean(
    small: tuple[str, ...], tmp_path: Path
) -> None:
    """And goes on with a bar that begins where it was."""

    def learning(sent: str) -> bool:
        return re.search(r"Epoch +\d{2,} of", sent) is not None

    long = (*small, "epochs=4000", "hydra.run.dir=x", "batch_size=2", "steps_per_execution=8")
    told = on_a_terminal("train", *long, cwd=tmp_path, until=learning)
    assert told.exit_code == 130, told.sent
    last, *closing = told.lines[-3:]
    assert closing == [
        "charrec: interrupted; go on with",
        "  python -m charrec.train resume=x",
    ]
    assert last.startswith("Epoch")
    assert told.lines[-4] == "charrec: finishing the step; once more to stop at once"
    assert told.has_its_cursor
    reached = int(re.match(r"Epoch +(\d+) of 4000", last)[1])  # type: ignore[index]
    summary = json.loads((tmp_path / "x" / "summary.json").read_text())
    summary["settings"]["epochs"] = reached + 2  # so that it ends soon
    (tmp_path / "x" / "summary.json").write_text(json.dumps(summary))
    told = on_a_terminal("train", "resume=x", cwd=tmp_path)
    assert told.exit_code == 0, told.sent
    assert re.match(rf"Epoch +{reached} of {reached + 2} ━", told.drawings[0])
    assert "loss " in told.drawings[0], "of the last epoch before"


def test_errors_are_red_on_a_terminal_alone(tmp_path: Path) -> None:
    told = on_a_terminal("train", "lr=-1", cwd=tmp_path)
    message = "lr=-1 is refused: lr is a number above 0, such as 1e-3"
    assert told.sent == f"\x1b[31mcharrec:\x1b[0m {message}\r\n"
    plain = on_a_terminal("train", "lr=-1", cwd=tmp_path, NO_COLOR="1")
    assert plain.sent == f"charrec: {message}\r\n"
    assert run_main("train", "lr=-1", cwd=tmp_path).stderr == f"charrec: {message}\n"


def test_warnings_are_yellow(small: tuple[str, ...], tmp_path: Path) -> None:
    told = on_a_terminal(
        "train", *small, "optimizer=adam", "momentum=0.5", "epochs=1", cwd=tmp_path
    )
    assert "\x1b[33mcharrec: warning:\x1b[0m momentum=0.5 has no effect" in told.sent


@pytest.mark.slow
def test_a_notebook_has_the_bar_below_its_cell(
    letters: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import nbclient
    import nbformat

    program = f"""
from charrec.settings import DataSettings, TrainSettings
from charrec.training import train
letters = DataSettings({str(letters)!r}, alphabet="ABCD")
cpu = {{"accelerator": "cpu", "devices": 1}}
train(TrainSettings(data=letters, epochs=3, hsize=4, trainer=cpu), {str(tmp_path / "run")!r})
"""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(program)])
    nbclient.NotebookClient(book, timeout=120, kernel_name="python3").execute()
    outputs = book.cells[0].outputs
    (bar,) = [output.data for output in outputs if output.output_type == "display_data"]
    assert re.match(r"Epoch 3 of 3 ━+ loss \d\.\d{3}, validation", bar["text/plain"])
    assert bar["text/html"].startswith("<pre>Epoch 3 of 3 <span style=")
    assert not any("Epoch" in output.get("text", "") for output in outputs)
