"""What a line can be drawn on, again and again: a terminal's last one, an output of a notebook."""

from __future__ import annotations

import io
import sys
from typing import Protocol

from rich.console import RenderableType
from rich.live import Live

from charrec.terminal import console, in_notebook, is_live

NOTEBOOK_WIDTH = 100  # characters


class Screen(Protocol):
    between: float  # seconds, at least, from one drawing to the next

    @property
    def width(self) -> int:
        """In characters."""

    def draw(self, line: RenderableType) -> None: ...

    def close(self) -> None: ...


class Terminal:
    """What is printed meanwhile comes to stand above the line, and the last one stays."""

    between = 0.1  # an epoch may take 40 ms

    def __init__(self) -> None:
        to_a_file = not is_live(sys.stderr)  # errors, which stay there
        self._live = Live(
            console=console(sys.stdout), auto_refresh=False, redirect_stderr=not to_a_file
        )
        self._live.start()

    @property
    def width(self) -> int:
        return self._live.console.width

    def draw(self, line: RenderableType) -> None:
        self._live.update(line, refresh=True)

    def close(self) -> None:
        try:
            self._live.stop()
        finally:
            self._live.console.show_cursor(True)


class Notebook:
    """Without ipywidgets, which rich would need."""

    between = 0.5  # each drawing is a message to the browser
    width = NOTEBOOK_WIDTH

    def __init__(self) -> None:
        from IPython.display import display

        self._output = display({"text/plain": ""}, raw=True, display_id=True)

    def draw(self, line: RenderableType) -> None:
        here = console(
            io.StringIO(), record=True, width=self.width, force_terminal=True, force_jupyter=False
        )
        here.print(line)
        html = here.export_html(inline_styles=True, code_format="<pre>{code}</pre>", clear=False)
        self._output.update({"text/plain": here.export_text(), "text/html": html}, raw=True)

    def close(self) -> None: ...


def screen_here() -> type[Terminal] | type[Notebook] | None:
    """None where nothing can be drawn over, and lines tell how it goes."""
    if in_notebook():
        return Notebook
    return Terminal if is_live(sys.stdout) else None
