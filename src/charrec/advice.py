"""What to try after a training that began, and ended before its end."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from charrec.closing import AFTER, say_next
from charrec.commands import typed_for
from charrec.errors import UserError
from charrec.runs import find_run

SMALLER = 10  # times, the learning rate to try after one that diverged


def say_what_to_try(folder: str | Path) -> None:
    """On stderr, below the message."""
    try:
        run = find_run(folder, "resume")
        summary, status = run.summary, run.status
        if summary["process"] != os.getpid():  # what this command asked for was refused
            return
        known = run.known()
        if status == "diverged":
            known |= {"settings": typed_for(run.train_settings_in(summary), but=("lr",))}
            known |= {"lr": f"{summary['diverged']['learning_rate'] / SMALLER:g}"}
    except (UserError, TypeError, KeyError):  # it never began, or is damaged
        return
    if status in AFTER:
        say_next(status, known, sys.stderr)
