"""Tables for the terminal: aligned where it is a file, drawn where it is a terminal."""

from __future__ import annotations

import re

import pytest

from charrec.figures.columns import folded, is_number, widths_of
from charrec.figures.tables import print_table

ROWS = [("1_W.jpg", "W", "99.5%"), ("[red]long name[/].jpg", "", "7.1%")]
COMPARED = ("lr", "runs", "validation", "folder")
RUNS = [
    ("0.004", "2 of 3", "41.0% ± 1.2%", "outputs/2026-11-23_08-29-55_1d4a/3"),
    ("1e-05", "1", "diverged", "outputs/2026-11-23_08-29-55_1d4a/11"),
]
STYLE = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A terminal of 80 columns."""
    for name in ("TERM", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    return monkeypatch


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line.rstrip() for line in STYLE.sub("", capsys.readouterr().out).splitlines()]


def test_plain_columns_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("file", "letter", "probability"), ROWS)
    assert capsys.readouterr().out == (
        "file                   letter  probability\n"
        "1_W.jpg                W       99.5%\n"
        "[red]long name[/].jpg          7.1%\n"
    )


def test_drawn_with_numbers_on_the_right(
    drawn: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    print_table(("file", "letter", "probability"), ROWS)
    assert lines(capsys) == [
        "file                   letter  probability",
        "─" * 42,
        "1_W.jpg                W             99.5%",
        "[red]long name[/].jpg                 7.1%",
    ]


def test_a_number_beside_what_became_of_a_run(
    drawn: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    print_table(COMPARED, RUNS)
    assert lines(capsys) == [
        "   lr    runs    validation  folder",
        "─" * 64,
        "0.004  2 of 3  41.0% ± 1.2%  outputs/2026-11-23_08-29-55_1d4a/3",
        "1e-05       1      diverged  outputs/2026-11-23_08-29-55_1d4a/11",
    ]


def test_a_long_path_is_folded_after_a_slash(
    drawn: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn.setenv("COLUMNS", "60")
    print_table(COMPARED, RUNS)
    assert lines(capsys)[2:] == [
        "0.004  2 of 3  41.0% ± 1.2%  outputs/",
        "                             2026-11-23_08-29-55_1d4a/3",
        "1e-05       1      diverged  outputs/",
        "                             2026-11-23_08-29-55_1d4a/11",
    ]


def test_on_a_narrow_terminal_cells_stand_below_each_other(
    drawn: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn.setenv("COLUMNS", "40")
    print_table(COMPARED, RUNS)
    assert lines(capsys) == [
        "lr          0.004",
        "runs        2 of 3",
        "validation  41.0% ± 1.2%",
        "folder      outputs/",
        "            2026-11-23_08-29-55_1d4a/3",
        "",
        "lr          1e-05",
        "runs        1",
        "validation  diverged",
        "folder      outputs/",
        "            2026-11-23_08-29-55_1d4a/11",
    ]


def test_what_became_of_a_run_is_coloured(
    drawn: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn.delenv("NO_COLOR")
    drawn.setenv("TERM", "xterm")
    print_table(COMPARED, RUNS)
    assert re.findall(r"\x1b\[31m *(\w+) *\x1b\[0m", capsys.readouterr().out) == ["diverged"]


@pytest.mark.parametrize("cell", ["84.2%", "1e-05", "-3", "1,300", "55.0% ± 1.0%", "2 of 6"])
def test_numbers(cell: str) -> None:
    assert is_number(cell)


@pytest.mark.parametrize("cell", ["", "1_W.jpg", "[128,64]", "8 values: see", "W", "1.2.3/4", "-"])
def test_no_numbers(cell: str) -> None:
    assert not is_number(cell)


def test_the_widest_column_gives_way_first() -> None:
    columns = (["a/b/c/d/e/f/g/h"], ["one two three"], ["7"])  # 15, 13 and 1 wide
    assert widths_of(columns, 29) == [15, 13, 1]
    assert widths_of(columns, 26) == [12, 13, 1]
    assert widths_of(columns, 8) == [2, 5, 1]
    assert widths_of(columns, 7) is None
    assert widths_of((["x" * 60 + ".png"],), 32) == [32], "a name that is too long for any column"
    assert widths_of((["文字文字"],), 8) == [8], "each as wide as two"


@pytest.mark.parametrize(
    ("cell", "width", "lines"),
    [
        ("a/bc/def", 5, ["a/bc/", "def"]),
        ("a/bc/def", 4, ["a/", "bc/", "def"]),
        ("one two three", 7, ["one two", "three"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
        ("文字文字", 4, ["文字", "文字"]),
        ("", 4, [""]),
    ],
)
def test_folding(cell: str, width: int, lines: list[str]) -> None:
    assert folded(cell, width).split("\n") == lines
