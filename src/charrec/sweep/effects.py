"""What each knob did: for every value of every varied setting the experiments that have it.

The unit is an experiment, its accuracy the mean over its seeds, so that one with more seeds weighs
no more. A mean over all experiments with a value misleads in two ways, and the table says both:

- Runs that did not complete have no accuracy. A learning rate at which half of the runs diverged
  is judged by the half that did not, hence `runs` beside `completed`.
- The grid may have holes: experiments that failed, that were merged, or knobs that one optimizer
  does not have. Then two values are averaged over different companions. `alike_mean` is over
  those experiments alone whose companions (the other varied settings) completed with every value
  of the knob; where `alike` is less than `experiments`, believe `alike_mean`.

A knob that is null for some experiments, as momentum is with Adam, has null as a value of its own,
which has no like; its other values are compared among themselves, and SGD is compared with Adam
without regard to momentum.
"""

from __future__ import annotations

import json
import math
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from charrec.sweep.results import Experiment, natural, varied_in

NULL, ABSENT = "null", ""  # ABSENT: the run's record does not have the setting at all
Companions = tuple[str, ...]  # values of the other settings
Accuracies = dict[Companions, list[float]]


@dataclass(frozen=True)
class Effect:
    """One value of one setting."""

    setting: str
    value: str  # as on the command line
    runs: int
    completed: int  # of the runs
    experiments: int  # with a completed run; seeds are not counted
    mean: float | None  # of their validation accuracies, fractions; None where there are none
    deviation: float | None  # needs two
    best: float | None
    alike: int  # experiments whose companions completed with every other value, too
    alike_mean: float | None


Effects = Mapping[str, Sequence[Effect]]  # by setting


def in_order(values: Sequence[str]) -> list[str]:
    """Each once: numbers by their size, other text in natural order, null and what is absent."""
    return sorted(set(values), key=_place)


def _place(value: str) -> tuple[int, float, list[tuple[int, str]]]:
    if value in (NULL, ABSENT):
        return 2, float(value == ABSENT), []
    number = as_number(value)
    return (1, 0.0, natural(value)) if number is None else (0, number, [])


def as_number(value: str) -> float | None:
    """None for what is no number, true and lists among it."""
    try:
        number = json.loads(value)
        is_number = isinstance(number, (int, float)) and not isinstance(number, bool)
        return float(number) if is_number and math.isfinite(number) else None
    except (ValueError, RecursionError, OverflowError):
        return None


def effects_in(experiments: Sequence[Experiment]) -> Effects:
    """For each varied setting its values in order."""
    names = varied_in(experiments)
    return {name: _effects(name, names, experiments) for name in names}


def value_of(experiment: Experiment, name: str) -> str:
    return experiment.best.settings.get(name, ABSENT)


def _effects(name: str, names: Sequence[str], experiments: Sequence[Experiment]) -> list[Effect]:
    having: dict[str, list[Experiment]] = defaultdict(list)
    for experiment in experiments:
        having[value_of(experiment, name)].append(experiment)
    alike = _alike(having, _companions(name, names, having))
    return [_effect(name, value, having[value], alike) for value in in_order(list(having))]


def _companions(
    name: str, names: Sequence[str], having: Mapping[str, list[Experiment]]
) -> list[str]:
    """The other settings, but for those that no experiment with some value of this one has."""
    return [
        other
        for other in names
        if other != name
        and all(
            any(value_of(experiment, other) not in (NULL, ABSENT) for experiment in some)
            for some in having.values()
        )
    ]


def _alike(having: Mapping[str, list[Experiment]], others: Sequence[str]) -> dict[str, Accuracies]:
    """Of each value that can be compared the accuracies by companions that all values have.

    Several experiments have the same ones where they differ in a setting that some value lacks.
    """
    by_value: dict[str, Accuracies] = {}
    for value in having.keys() - {NULL, ABSENT}:
        found = by_value[value] = defaultdict(list)
        for experiment in having[value]:
            if (accuracy := experiment.validation[0]) is not None:
                found[tuple(value_of(experiment, other) for other in others)].append(accuracy)
    in_all = set.intersection(*map(set, by_value.values())) if len(by_value) > 1 else set()
    return {value: {key: found[key] for key in in_all} for value, found in by_value.items()}


def _effect(
    name: str, value: str, experiments: Sequence[Experiment], alike: Mapping[str, Accuracies]
) -> Effect:
    means = [e.validation[0] for e in experiments]
    there = [mean for mean in means if mean is not None]
    matched = list(alike.get(value, {}).values())
    return Effect(
        setting=name,
        value=value,
        runs=sum(len(e.repeats) for e in experiments),
        completed=sum(len(e.completed) for e in experiments),
        experiments=len(there),
        mean=statistics.mean(there) if there else None,
        deviation=statistics.stdev(there) if len(there) > 1 else None,
        best=max(there, default=None),
        alike=sum(map(len, matched)),
        alike_mean=statistics.mean(map(statistics.mean, matched)) if matched else None,
    )


def strength(effects: Sequence[Effect]) -> float:
    """How far apart a setting's values are: of those alike if they are, else of all."""
    alike = [effect.alike_mean for effect in effects if effect.alike_mean is not None]
    means = alike or [effect.mean for effect in effects if effect.mean is not None]
    return max(means) - min(means) if len(means) > 1 else 0.0


def strongest_first(effects: Effects) -> list[str]:
    return sorted(effects, key=lambda name: strength(effects[name]), reverse=True)
