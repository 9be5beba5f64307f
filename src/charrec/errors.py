"""The one exception that a user is meant to read."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Something that the user can mend.

    The message is one or two lines: the file or setting, its value, and the cure. The
    command-line mains print it without a traceback; in a notebook it is an ordinary exception.
    """


def nearest(name: str, choices: Iterable[str], prefix: str = "") -> str:
    """``"; did you mean 'adam'?"``, or nothing where no choice looks like `name`."""
    close = difflib.get_close_matches(name, list(choices), n=1, cutoff=0.5)
    return f"; did you mean '{prefix}{close[0]}'?" if close else ""


class Diverged(UserError):
    """The loss is no longer a finite number."""
