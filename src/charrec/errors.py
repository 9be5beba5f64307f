"""The exceptions that a user is meant to read."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from signal import SIGINT


class UserError(Exception):
    """Something that the user can mend.

    The message is one or two lines: the file or setting, its value, and the cure. The
    command-line mains print it without a traceback; in a notebook it is an ordinary exception.
    """


ALIKE = 0.65  # of 1: gpu and tpu are, data.root and dropout are not


def nearest(name: str, choices: Iterable[str], prefix: str = "") -> str:
    """``"; did you mean 'adam'?"``, or nothing where no choice looks like `name`."""
    close = difflib.get_close_matches(name, list(choices), n=1, cutoff=ALIKE)
    return f"; did you mean '{prefix}{close[0]}'?" if close else ""


def printable(text: str) -> str:
    """A newline, say, in a file's name shows as an escape and ends no line."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class Diverged(UserError):
    """A loss, a gradient or a weight is no longer a finite number; epoch and step count from 1."""

    def __init__(self, what: str, epoch: int, step: int, learning_rate: float) -> None:
        self.where = {"epoch": epoch, "step": step, "learning_rate": learning_rate}
        super().__init__(
            f"{what} is no longer finite in epoch {epoch}, step {step}, at lr={learning_rate:g}; "
            "try a smaller lr, or +trainer.gradient_clip_val=1"
        )


class Pruned(Exception):
    """A search stopped the run after an epoch, counted from 1: others did better by then."""

    def __init__(self, epoch: int) -> None:
        self.where = {"epoch": epoch}
        super().__init__(f"pruned after epoch {epoch}: others did better by then")


class EndedTogether(Exception):
    """All processes of a run were interrupted after the same step.

    Lightning answers a KeyboardInterrupt by killing the others, which end by themselves.
    """

    def __init__(self, stop: Interrupted) -> None:
        super().__init__(str(stop))
        self.stop = stop


class Interrupted(KeyboardInterrupt):
    """By Ctrl-C or SIGTERM; the message, where there is one, says how to go on."""

    def __init__(self, signal: int, message: str = "stopped") -> None:
        super().__init__(message)
        self.signal = signal

    def __reduce__(self) -> tuple[type[Interrupted], tuple[int, str]]:
        return type(self), (self.signal, str(self))  # it may come from another process

    @classmethod
    def by(cls, stop: KeyboardInterrupt, message: str = "stopped") -> Interrupted:
        """The same with another message; a bare KeyboardInterrupt is Ctrl-C's."""
        return cls(getattr(stop, "signal", SIGINT), message)

    @property
    def exit_code(self) -> int:
        return 128 + self.signal  # as a shell has it
