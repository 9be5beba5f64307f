"""SIGKILL at any moment: a run that is gone on with ends as one that nothing disturbed."""

from __future__ import annotations

import random
import signal
import time
from functools import partial
from pathlib import Path

import pytest
from faults.moments import die_at, log_to
from faults.runs import LONG, RECIPES, SEED, Figures, Recipe, summary

from charrec.errors import UserError
from charrec.run import Run

KILLED = -signal.SIGKILL
EPOCHS = "epochs=3"
SMALL = ("steps_per_execution=5", "hsize=4", "epochs=2")


def recipe(letters: Path, home: Path, *settings: str) -> Recipe:
    return Recipe(letters, home, settings)


def understood(folder: Path) -> None:
    """What was killed is known as that, and what it has left is whole."""
    run = Run(folder)
    try:
        status = run.status
    except UserError:
        assert not (folder / "summary.json").exists()
        assert not run.last_checkpoint.exists()
        return
    assert status in ("cut off", "completed")


# By the clock


def says_running(folder: Path) -> bool:
    return (folder / "summary.json").exists() and summary(folder)["status"] == "running"


def lifetime(killed: Recipe) -> float:
    """Seconds from a run's first summary to its end."""
    process = killed.start("timed")
    process.until((killed.home / "timed" / "summary.json").exists)
    began = time.monotonic()
    process.wait()
    return time.monotonic() - began


def kill_by_the_clock(killed: Recipe, runs: int, most: int, figures: Figures) -> None:
    """Kills all over a run's life, up to so many of a run before it is let through to its end."""
    chance = random.Random(SEED)
    undisturbed, life = killed.undisturbed(), lifetime(killed)
    for number in range(runs):
        name, kills = f"killed{number}", 0
        for _ in range(chance.randint(1, most)):
            process = killed.resume(name)
            process.until(partial(says_running, killed.home / name))
            time.sleep(chance.uniform(0, life))
            process.send(signal.SIGKILL)
            kills += process.wait().exit_code == KILLED
            understood(killed.home / name)
        figures.check(name, partial(killed.ends_as, name, undisturbed), kills)


@pytest.mark.slow
def test_a_few_kills_by_the_clock(letters: Path, tmp_path: Path) -> None:
    figures = Figures("kills by the clock")
    killed = recipe(letters, tmp_path, *RECIPES["Adam, cosine"], EPOCHS)
    kill_by_the_clock(killed, runs=4, most=2, figures=figures)
    figures.close()


@LONG
@pytest.mark.parametrize("name", list(RECIPES))
def test_many_kills_by_the_clock(name: str, letters: Path, tmp_path: Path) -> None:
    figures = Figures(f"kills by the clock, {name}")
    killed = recipe(letters, tmp_path, *RECIPES[name], EPOCHS)
    kill_by_the_clock(killed, runs=12, most=4, figures=figures)
    figures.close()


# At each moment at which something is written


def moments(killed: Recipe) -> list[str]:
    """What they are, in order, in a run that nothing disturbs."""
    log = killed.home / "moments"
    assert killed.start("counted", partial(log_to, log)).wait().exit_code == 0
    return log.read_text().splitlines()


def kill_at(killed: Recipe, dues: list[int], figures: Figures, again: int = 0) -> None:
    """At moments of the first process, and the one that goes on `again` moments into its own."""
    undisturbed = killed.undisturbed()
    for due in dues:
        name = f"killed at {due}".replace(" ", "_")
        first = killed.start(name, partial(die_at, due)).wait()
        understood(killed.home / name)
        second = killed.resume(name, partial(die_at, again)).wait() if again else first
        kills = sum(end.exit_code == KILLED for end in ([first, second] if again else [first]))
        assert kills >= 1, "it outlived the moment"
        understood(killed.home / name)
        figures.check(name, partial(killed.ends_as, name, undisturbed), kills)


def test_the_moments_are_those_of_an_epoch_s_end(letters: Path, tmp_path: Path) -> None:
    """Before and after, in this order: the row, best.ckpt and last.ckpt beside it."""
    seen = moments(recipe(letters, tmp_path, *SMALL))
    end = seen.index("after replace last.ckpt")
    start = max(i for i in range(end) if seen[i] == "before open metrics.csv")
    calls = [what.split()[1:] for what in seen[start : end + 1] if what.startswith("before")]
    named = [[word.strip(".").split(".")[0] for word in call] for call in calls]
    assert [call for call in named if call[0] in ("open", "fsync", "replace", "link")] == [
        ["open", "metrics"],
        ["open", "best"],
        ["fsync"],
        ["replace", "best"],
        ["link", "last"],
        ["replace", "last"],
    ]


@pytest.mark.slow
def test_a_few_kills_while_writing(letters: Path, tmp_path: Path) -> None:
    """One in each part of a run: the start, both ends of epochs, the report, the summary."""
    figures, chance = Figures("kills while writing"), random.Random(SEED)
    killed = recipe(letters, tmp_path, *SMALL)
    count = len(moments(killed))
    parts = [range(1 + count * part // 7, 1 + count * (part + 1) // 7) for part in range(7)]
    kill_at(killed, [chance.choice(part) for part in parts], figures)
    figures.close()


@LONG
@pytest.mark.parametrize("again", [0, 30])
def test_a_kill_at_every_moment_of_writing(again: int, letters: Path, tmp_path: Path) -> None:
    figures = Figures(f"kills at every moment of writing, twice={bool(again)}")
    killed = recipe(letters, tmp_path, *SMALL)
    every = list(range(1, len(moments(killed)) + 1))
    kill_at(killed, every[:: 3 if again else 1], figures, again)
    figures.close()


def test_a_kill_in_the_middle_of_best_ckpt_s_draft_leaves_the_one_before(
    letters: Path, tmp_path: Path
) -> None:
    figures = Figures("kills in the middle of checkpoints")
    killed = recipe(letters, tmp_path, *SMALL)
    seen = moments(killed)
    opened = [i for i, what in enumerate(seen, start=1) if what.startswith("after open .")]
    drafts = [i for i in opened if ".ckpt" in seen[i - 1]]
    assert len(drafts) == 2
    kill_at(killed, [i + 1 for i in drafts], figures)
    figures.close()
