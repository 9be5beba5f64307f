"""On a terminal: a bar over the jobs of a sweep, whichever processes they run in."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from charrec.errors import UserError
from charrec.sweep.ledger import TO_DO, Ledger, Row
from charrec.sweep.progress import ending, standing
from charrec.terminal import console, is_live

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

LOOKS = 0.5  # seconds between two looks into the ledger
UNDER_WAY = ("running", *TO_DO)


@contextmanager
def bar_over(ledger: Ledger) -> Iterator[None]:
    """While in the block; nothing where the output is no terminal, for there the jobs tell."""
    if not is_live(sys.stdout):
        yield
        return
    from rich.live import Live

    here, told = console(sys.stdout), is_live(sys.stderr)  # else errors go to a file
    with Live(console=here, auto_refresh=False, transient=True, redirect_stderr=told) as live:
        watcher = _Watcher(ledger, live)
        watcher.start()
        try:
            yield
        finally:
            watcher.stop()


class _Watcher(threading.Thread):
    """Looks into the ledger, tells of each job that has ended, and draws the bar anew."""

    def __init__(self, ledger: Ledger, live: Live) -> None:
        super().__init__(daemon=True)
        self.ledger, self.live = ledger, live
        self._over = threading.Event()
        self._told = {row["job"] for row in ledger.rows() if row["status"] not in UNDER_WAY}

    def run(self) -> None:
        while not self._over.wait(LOOKS):
            self._look()

    def stop(self) -> None:
        self._over.set()
        self.join()
        self._look()

    def _look(self) -> None:
        with suppress(UserError, OSError):  # the sweep itself will tell, and a bar must not end it
            rows = self.ledger.rows()
            for row in rows:
                if row["status"] not in UNDER_WAY and row["job"] not in self._told:
                    self._told.add(row["job"])
                    self.live.console.print(ending(row))
            self.live.update(_bar(rows), refresh=True)


def _bar(rows: list[Row]) -> Table:
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    ended = sum(row["status"] not in UNDER_WAY for row in rows)
    running = sum(row["status"] == "running" for row in rows)
    line = Table.grid(padding=(0, 1))
    line.add_row(ProgressBar(len(rows), ended, width=24), standing(rows, max(1, running)))
    return line
