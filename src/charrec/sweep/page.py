"""``compare.html``: the whole comparison in one page that needs nothing else, no network either.

plotly.js draws the figures; tables, styles and the policy are those of every page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template

from charrec.figures.comparison import MOST_CELLS, Comparison
from charrec.page.document import policy, shared
from charrec.page.tables import Cell, sortable
from charrec.paths import seen_from
from charrec.sweep.effects import ABSENT, Effect, Effects, as_number, value_of
from charrec.sweep.results import Experiment, Result
from charrec.sweep.words import of, share, words_of

HERE = Path(__file__).parent
HEADINGS = {
    "curves": (
        "Curves",
        "Validation accuracy of every run by epoch, the best in orange; a dashed line is a run "
        "that did not complete. A click on a value above hides its runs.",
    ),
    "heat_map": (
        "Two settings together",
        "Each cell is the mean over all other settings, n the number of experiments. Of the "
        f"settings with at most {MOST_CELLS} values these two have the most effect.",
    ),
    "parallel_coordinates": (
        "From settings to accuracy",
        "One line an experiment, the setting with the most effect beside the accuracy. Drag along "
        "an axis to see only the experiments that pass there; a click beside it ends that.",
    ),
    "accuracy_by_parameters": (
        "Accuracy against size",
        "One dot an experiment; the orange line joins those that no smaller network beats.",
    ),
}
ON_EFFECTS = (
    "For each value of a setting the mean over the experiments that have it. Runs that did not "
    "complete are not in it: where many are missing, it is a mean of the lucky ones. "
    "“Like with like” is over those experiments alone whose other settings completed with every "
    "value of the setting (how many: in brackets); where it differs from the mean, believe it."
)


def page(
    folder: Path, experiments: Sequence[Experiment], effects: Effects, comparison: Comparison
) -> str:
    """The HTML for a file in `folder`, from which the runs' folders are seen."""
    from plotly.offline import get_plotlyjs

    from charrec.figures.interactive import figures_of

    figures = figures_of(comparison)
    script = (HERE / "page.js").read_text("utf-8") + shared("sort.js")
    scripts = {"plotly": get_plotlyjs(), "script": script}
    return Template((HERE / "page.html").read_text("utf-8")).substitute(
        # plotly.js makes functions of text.
        policy=policy(scripts.values(), "'unsafe-eval'"),
        title=escape(folder.name),
        style=shared("base.css") + (HERE / "page.css").read_text("utf-8"),
        counted=escape(_counted(experiments)),
        best=_best(experiments),
        experiments=_experiments(folder, experiments, list(effects)),
        figures="\n".join(_figure(name) for name in figures),
        effects=_effects(effects),
        runs=_runs(folder, experiments, list(effects)),
        data="\n".join(
            f'<script type="application/json" id="{name}">{json}</script>'
            for name, json in figures.items()
        ),
        **scripts,
    )


def _counted(experiments: Sequence[Experiment]) -> str:
    """``5 runs: 4 completed, 1 diverged; 3 experiments``."""
    runs = [result for experiment in experiments for result in experiment.repeats]
    statuses = Counter(result.status for result in runs)
    told = ", ".join(f"{count} {status}" for status, count in statuses.most_common())
    return f"{len(runs)} runs: {told}; {len(experiments)} experiments"


def _best(experiments: Sequence[Experiment]) -> str:
    words = "\n".join(words_of(experiments))
    if not words:
        return "<p>No run completed, so there is no best one.</p>"
    heading, _, commands = words.partition("\n")
    return (
        f'<div class="best"><strong>{escape(heading)}</strong><pre>{escape(commands)}</pre></div>'
    )


def _figure(name: str) -> str:
    heading, said = HEADINGS[name]
    return f'<h2>{heading}</h2>\n<p>{said}</p>\n<div class="figure" data-figure="{name}"></div>'


def _experiments(folder: Path, experiments: Sequence[Experiment], names: Sequence[str]) -> str:
    columns = [*names, "runs", "validation", "epoch", "test", "parameters", "folder"]
    rows = [
        [
            *(_setting(value_of(experiment, name)) for name in names),
            _runs_of(experiment),
            _share(*experiment.validation),
            _number(experiment.best.best_epoch),
            _share(*experiment.test),
            _number(experiment.best.parameters),
            Cell(seen_from(folder, experiment.best.folder)),
        ]
        for experiment in experiments
    ]
    return sortable("experiments", columns, rows, falling="validation")


def _runs_of(experiment: Experiment) -> Cell:
    """``3``, or ``2 of 3, 1 diverged``."""
    done, count = len(experiment.completed), len(experiment.repeats)
    others = Counter(r.status for r in experiment.repeats if r.status != "completed")
    told = ", ".join(f"{number} {status}" for status, number in others.items())
    return Cell(of(done, count) + (f", {told}" if told else ""), done)


def _effects(effects: Effects) -> str:
    if not effects:
        return ""
    columns = ["setting", "value", "runs", "completed", "experiments"]
    columns += ["validation", "best", "like with like"]
    rows = [
        [
            Cell(effect.setting),
            _setting(effect.value),
            *map(_number, (effect.runs, effect.completed, effect.experiments)),
            _share(effect.mean, effect.deviation),
            _share(effect.best),
            _alike(effect),
        ]
        for some in effects.values()
        for effect in some
    ]
    table = sortable("effects", columns, rows)
    return f"<h2>Effect of each setting</h2>\n<p>{ON_EFFECTS}</p>\n{table}"


def _alike(effect: Effect) -> Cell:
    if effect.alike_mean is None:
        return Cell("")
    return Cell(f"{effect.alike_mean:.1%} ({effect.alike})", effect.alike_mean)


def _runs(folder: Path, experiments: Sequence[Experiment], names: Sequence[str]) -> str:
    columns = [
        "folder",
        *names,
        "seed",
        "status",
        "validation",
        "epoch",
        "test",
        "seconds",
        "error",
    ]
    runs = [result for experiment in experiments for result in experiment.repeats]
    return sortable("runs", columns, [_run(folder, result, names) for result in runs])


def _run(folder: Path, result: Result, names: Sequence[str]) -> list[Cell]:
    seconds = result.summary.get("train_seconds")
    error = str(result.summary.get("error") or "").partition("\n")[0]
    return [
        Cell(seen_from(folder, result.folder)),
        *(_setting(result.settings.get(name, ABSENT)) for name in (*names, "seed")),
        Cell(result.status),
        _share(result.validation),
        _number(result.best_epoch),
        _share(result.test),
        Cell(f"{seconds:.1f}", seconds) if isinstance(seconds, (int, float)) else Cell(""),
        Cell(error),
    ]


def _setting(value: str) -> Cell:
    return Cell(value, as_number(value))


def _number(value: int | None) -> Cell:
    return Cell("") if value is None else Cell(f"{value:,}", value)


def _share(mean: float | None, deviation: float | None = None) -> Cell:
    return Cell(share(mean, deviation), mean)
