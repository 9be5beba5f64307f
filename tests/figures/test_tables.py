"""Tables for the terminal: aligned where it is a file, drawn where it is a terminal."""

from __future__ import annotations

import sys

import pytest

from charrec.figures.tables import print_table

ROWS = [("1_W.jpg", "W", "99.5%"), ("[red]long name[/].jpg", "", "7.1%")]


def test_plain_columns_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("file", "letter", "probability"), ROWS)
    assert capsys.readouterr().out == (
        "file                   letter  probability\n"
        "1_W.jpg                W       99.5%\n"
        "[red]long name[/].jpg          7.1%\n"
    )


def test_on_a_terminal_names_that_look_like_markup_stay(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    print_table(("file", "letter", "probability"), ROWS)
    out = capsys.readouterr().out
    assert "[red]long name[/].jpg" in out
    assert "99.5%" in out
    assert out.count("─") > 20  # the line under the heads
