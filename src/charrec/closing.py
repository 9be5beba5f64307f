"""What to do next, as it is typed: the lines with which a command ends.

::

    say_next("train", of_runs([folder]) | pictures(alphabet))

prints ``Next: python -m charrec.test run=...`` and the lines below it. Each is a command that works
as it stands, pasted into the shell that the last one was typed into.
"""

from __future__ import annotations

import os
import shlex
import string
import sys
from collections.abc import Mapping, Sequence
from glob import glob
from pathlib import Path
from typing import IO

from charrec.paths import shown_path
from charrec.resources import embedded_letters
from charrec.terminal import marked

TRAIN = "python -m charrec.train {settings}"
SMALLER_STEPS = "python -m charrec.train {settings} lr={lr}"
MORE_SEEDS = "python -m charrec.train -m {settings} seed={seeds}"
RESUME = "python -m charrec.train resume={stopped}"
TEST = "python -m charrec.test run={run}"
PREDICT = "python -m charrec.predict images={pictures} run={run}"
CHECK = "python -m charrec.check {settings}"
COMPARE = "python -m charrec.compare {sweep}"
REPORT = "python -m charrec.report run={one_run}"
TENSORBOARD = "tensorboard --logdir {logdir}"

# After what, the most useful first. A command with a {name} that nobody knows is left out.
AFTER: dict[str, tuple[str, ...]] = {
    "train": (TEST, PREDICT, TENSORBOARD),
    "test": (PREDICT, REPORT, TENSORBOARD),
    "predict": (TEST, REPORT),
    "report": (RESUME, PREDICT, TENSORBOARD),
    "export": (RESUME, TEST, REPORT),
    "check: good": (TRAIN,),
    "check: warned": (TRAIN,),
    "check: refused": (CHECK,),
    "sweep": (TEST, COMPARE, TENSORBOARD),
    "compare": (MORE_SEEDS, TEST),
    "interrupted": (RESUME,),
    "failed": (RESUME,),
    "diverged": (SMALLER_STEPS,),
}
MOST, FIRST = 3, "Next:"  # lines
OUTPUTS = "outputs"  # where runs are beside each other, for TensorBoard to show together
NEW_PICTURES = "new_images"  # with letters, beside the embedded ones


def next_steps(after: str, known: Mapping[str, str]) -> list[str]:
    """The commands, `MOST` at most.

    Args:
        known: what stands for a name in braces, quoted for the shell: `of_runs` and the like.
    """
    commands = [c for c in AFTER[after] if _names(c) <= known.keys()][:MOST]
    return [_filled(command, known) for command in commands]


def _filled(command: str, known: Mapping[str, str]) -> str:
    """Word by word: where nothing is to be said, as of settings, there is no word."""
    words = (word.format(**known).strip() for word in command.split())
    return " ".join(filter(None, words))


def _names(command: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(command) if name}


def of_runs(folders: Sequence[Path]) -> dict[str, str]:
    """What is known of a run, or of several that answer together."""
    if len(folders) > 1:
        return of_named_runs([shown_path(folder) for folder in folders])
    (folder,) = folders
    name = shlex.quote(shown_path(folder))
    return {"run": name, "one_run": name, "logdir": _logdir(folder)}


def of_named_runs(named: str | Path | Sequence[str]) -> dict[str, str]:
    """Of runs as `run=` names them: a folder, a sweep's, a glob, or a list of these."""
    if isinstance(named, (str, Path)):
        names, typed = [str(named)], str(named)
    else:
        names, typed = list(named), f"[{','.join(named)}]"
    if len(names) == 1 and os.path.isdir(os.path.expanduser(names[0])):
        return of_runs([Path(names[0])])
    return {"run": shlex.quote(typed)} | _place_of(names)


def _place_of(names: Sequence[str]) -> dict[str, str]:
    """The folder that the runs are in, if it is one."""
    runs = [run for name in names for run in glob(os.path.expanduser(name)) or [name]]
    places = {Path(run).absolute().parent for run in runs}
    return {"logdir": shlex.quote(shown_path(places.pop()))} if len(places) == 1 else {}


def _logdir(run: Path) -> str:
    """The run's folder, or that of all runs, where TensorBoard shows it beside the others."""
    place = run.absolute().parent
    return shlex.quote(shown_path(place if place.name == OUTPUTS else run))


def of_stopped(run: Path) -> dict[str, str]:
    """What is known of a run that is not at its end, beside `of_runs`."""
    return {"stopped": shlex.quote(shown_path(run))}


def of_sweep(folder: Path) -> dict[str, str]:
    name = shlex.quote(shown_path(folder))
    return {"sweep": name, "logdir": name}


def pictures(alphabet: str) -> dict[str, str]:
    """New pictures that a network can read which knows all of their letters."""
    folder = embedded_letters() / NEW_PICTURES
    letters = {path.stem[-1] for path in folder.glob("*.jpg")}
    return {"pictures": shlex.quote(shown_path(folder))} if letters <= set(alphabet) else {}


def closing_lines(commands: Sequence[str], stream: IO[str]) -> list[str]:
    """``Next: ...``, and what else might be done below it; nothing where there is none."""
    heads = [marked(FIRST, "bold", stream), *[" " * len(FIRST)] * len(commands)]
    return [f"{head} {command}" for head, command in zip(heads, commands, strict=False)]


def say_next(after: str, known: Mapping[str, str], stream: IO[str] | None = None) -> None:
    """Print what to do next, on stdout unless told otherwise."""
    stream = stream or sys.stdout
    for line in closing_lines(next_steps(after, known), stream):
        print(line, file=stream)
