"""How far the reading is: lines now and then, or a bar on a terminal."""

from __future__ import annotations

import io

import pytest

from charrec.cli import progress
from charrec.cli.progress import _Lines, line, progress_of_reading


def test_a_line() -> None:
    told = line(12_288, 100_000, 3.072)
    assert told == "12,288 of 100,000 pictures, 4,000 a second, 0:00:22 left"
    assert line(9, 7209, 4.5) == "9 of 7,209 pictures, 2.0 a second, 1:00:00 left"


@pytest.mark.parametrize(
    ("width", "told"),
    [
        (56, "43,500 of 100,000 pictures, 2,000 a second, 0:00:28 left"),
        (55, "43,500 of 100,000 pictures, 0:00:28 left"),
        (39, "43,500 of 100,000, 0:00:28 left"),
        (30, "44%, 0:00:28 left"),
        (5, "44%, 0:00:28 left"),
    ],
)
def test_the_time_left_is_told_on_any_terminal(width: int, told: str) -> None:
    assert line(43_500, 100_000, 21.75, width) == told


def test_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    now = 100.0
    lines = _Lines(lambda: now)
    for _ in range(100):  # 10 pictures a tenth of a second
        now += 0.125
        lines.tell(10, 1000)
    assert capsys.readouterr().out.splitlines() == [
        "400 of 1,000 pictures, 80 a second, 0:00:08 left",
        "800 of 1,000 pictures, 80 a second, 0:00:02 left",
    ]


def test_nothing_is_told_of_a_short_time(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_of_reading() as tell:
        tell(5, 10)
        tell(5, 10)
    assert capsys.readouterr().out == ""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("name", "value"), [("TERM", "dumb"), ("TTY_INTERACTIVE", "0")])
def test_a_terminal_that_cannot_draw_gets_lines(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setattr(progress, "BETWEEN", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv(name, value)
    with progress_of_reading() as tell:
        tell(2, 12)
    assert terminal.getvalue().startswith("2 of 12 pictures, ")


def test_without_an_output_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", None)
    with progress_of_reading() as tell:
        tell(2, 12)


@pytest.mark.parametrize("patience", [0.0, 60.0])
def test_a_bar_on_a_terminal(patience: float, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setattr(progress, "PATIENCE", patience)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with progress_of_reading() as tell:
        tell(2, 12)
        tell(3, 12)
    assert ("5 of 12 pictures, " in terminal.getvalue()) == (patience == 0)
    assert terminal.getvalue().endswith("\x1b[2K") == (patience == 0), "it is gone afterwards"
