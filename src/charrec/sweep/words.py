"""What came out of many runs, for the terminal."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from charrec.closing import of_runs, say_next
from charrec.commands import typed_for
from charrec.errors import UserError
from charrec.figures.tables import print_table
from charrec.paths import shown_path
from charrec.run import Run
from charrec.sweep.effects import Effect, Effects
from charrec.sweep.results import Experiment, varied_in

ENOUGH_SEEDS = 3  # of an experiment
MOST_VALUES = 8  # of a setting whose effect is printed; effects.csv has all
EFFECT = ("setting", "value", "runs", "validation", "best", "like with like")


def show(experiments: Sequence[Experiment], effects: Effects) -> None:
    """Print the table, the effects, and which run is the best."""
    if not experiments:
        return
    names = varied_in(experiments)
    columns = (*names, "runs", "validation", "epoch", "test", "folder")
    print_table(columns, [_shown(experiment, names) for experiment in experiments])
    if rows := list(_effect_rows(effects)):
        said = len(EFFECT) if any(row[-1] for row in rows) else len(EFFECT) - 1
        print()
        print_table(EFFECT[:said], [row[:said] for row in rows])
        print()
    for line in words_of(experiments)[:1]:
        print(line)


def say_next_after(
    what: str, experiments: Sequence[Experiment], known: Mapping[str, str] | None = None
) -> None:
    """Print what to do with the best run, after a "sweep" or what was to "compare"."""
    best = experiments[0].best if experiments else None
    if best is None or best.validation is None:
        return
    told = {**of_runs([best.folder]), **(known or {})}
    seeds = {result.settings["seed"] for result in experiments[0].repeats}
    if len(seeds) < ENOUGH_SEEDS:
        others = [str(seed) for seed in range(1, 2 * ENOUGH_SEEDS) if str(seed) not in seeds]
        with suppress(UserError):  # of another version of charrec
            recorded = Run(best.folder).train_settings_in(best.summary)
            settings = typed_for(recorded, but=("seed",))
            told |= {"settings": settings, "seeds": ",".join(others[:ENOUGH_SEEDS])}
    say_next(what, told)


def words_of(experiments: Sequence[Experiment]) -> list[str]:
    """The best run and the commands to go on with it; nothing where no run completed."""
    best = experiments[0].best
    if best.validation is None:
        return []
    run = shlex.quote(shown_path(best.folder))
    return [
        f"Best on validation, {best.validation:.1%}: {run}",
        f"Test: python -m charrec.test run={run}",
        f"Predict: python -m charrec.predict images=FOLDER run={run}",
    ]


def _shown(experiment: Experiment, names: Sequence[str]) -> list[str]:
    best, done, count = experiment.best, len(experiment.completed), len(experiment.repeats)
    return [
        *(best.settings.get(name, "") for name in names),
        of(done, count),
        share(*experiment.validation) or best.status,
        str(best.best_epoch or ""),
        share(*experiment.test),
        shown_path(best.folder),
    ]


def _effect_rows(effects: Effects) -> Iterator[list[str]]:
    for name, some in effects.items():
        if len(some) > MOST_VALUES:
            yield [name, f"{len(some)} values: see effects.csv", "", "", "", ""]
            continue
        yield from map(_effect_row, some)


def _effect_row(effect: Effect) -> list[str]:
    all_alike = effect.alike in (0, effect.experiments)
    alike = "" if all_alike else f"{share(effect.alike_mean)} ({effect.alike})"
    return [
        effect.setting,
        effect.value or "not set",
        of(effect.completed, effect.runs),
        share(effect.mean, effect.deviation),
        share(effect.best),
        alike,
    ]


def of(done: int, count: int) -> str:
    return str(count) if done == count else f"{done} of {count}"


def share(mean: float | None, deviation: float | None = None) -> str:
    """``61.3%``, or ``61.3% ± 1.2%`` over several."""
    if mean is None:
        return ""
    return f"{mean:.1%}" if deviation is None else f"{mean:.1%} ± {deviation:.1%}"
