"""What an output can show, by the environment; rich is asked the same."""

from __future__ import annotations

import io
import itertools
import subprocess
import sys
import types

import pytest
from rich.console import Console

from charrec import saying, terminal

NAMES = ("TERM", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
VALUES = {
    "TERM": (None, "xterm", "dumb"),
    "NO_COLOR": (None, "", "1"),
    "FORCE_COLOR": (None, "", "1"),
    "TTY_COMPATIBLE": (None, "0", "1"),
    "TTY_INTERACTIVE": (None, "0"),
}


class Stream(io.StringIO):
    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


def surround(patch: pytest.MonkeyPatch, values: dict[str, str | None]) -> None:
    for name in NAMES:
        patch.delenv(name, raising=False)
    for name, value in values.items():
        if value is not None:
            patch.setenv(name, value)


def test_the_answers_are_those_of_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    told = set()
    for at_terminal, values in itertools.product(
        (True, False), itertools.product(*VALUES.values())
    ):
        surround(monkeypatch, dict(zip(VALUES, values, strict=True)))
        stream = Stream(at_terminal)
        rich = Console(file=stream)
        drawn = rich.is_terminal and not rich.is_dumb_terminal
        coloured = drawn and not rich.no_color
        assert terminal.is_drawn(stream) is drawn, values
        assert terminal.is_coloured(stream) is coloured, values
        assert terminal.is_live(stream) is (drawn and rich.is_interactive and at_terminal), values
        told.add((drawn, coloured, terminal.is_live(stream)))
    assert len(told) == 5  # what is not drawn is neither coloured nor live


def test_a_stream_that_is_closed_or_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    surround(monkeypatch, {})
    closed = io.StringIO()
    closed.close()
    assert not terminal.is_drawn(closed)
    assert not terminal.is_drawn(None)  # type: ignore[arg-type]  # as under pythonw


def test_a_notebook_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    surround(monkeypatch, {"FORCE_COLOR": "1"})
    shell = type("ZMQInteractiveShell", (), {})()
    kernel = types.ModuleType("IPython")
    kernel.get_ipython = lambda: shell  # type: ignore[attr-defined]
    assert terminal.is_drawn(Stream(False))
    monkeypatch.setitem(sys.modules, "IPython", kernel)
    assert terminal.in_notebook()
    assert not terminal.is_drawn(Stream(False))


def test_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    surround(monkeypatch, {"FORCE_COLOR": "1"})
    errors = Stream(False)
    monkeypatch.setattr(sys, "stderr", errors)
    saying.complain("no")
    saying.warn("hm")
    assert errors.getvalue().splitlines() == [
        "\x1b[31mcharrec:\x1b[0m no",
        "\x1b[33mcharrec: warning:\x1b[0m hm",
    ]


def test_characters_that_an_output_lacks() -> None:
    program = (
        "import sys\n"
        "from charrec.terminal import never_refuse_text\n"
        "never_refuse_text((sys.stdout, sys.stderr))\n"
        "print('±', '\\u2501')"
    )
    command = [sys.executable, "-c", program]
    environment = {"PYTHONIOENCODING": "ascii", "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(command, capture_output=True, env=environment, check=True)
    assert done.stdout == b"\\xb1 \\u2501\n"


def test_asking_imports_no_rich() -> None:
    program = "import sys, charrec.saying; charrec.saying.warn('x'); print('rich' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("False\n", "charrec: warning: x\n")
