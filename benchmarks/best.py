"""What experiment=best comes to on several sets of letters, and on each other's.

    python -m benchmarks.best street=FOLDER handwriting=FOLDER    (minutes a set and seed)
    python -m benchmarks.best letters=FOLDER --experiment small

Three seeds a set, ``python -m charrec.train -m``, each in a folder of its own under --work, where
what is there already is not trained once more. Then every run reads the test letters of every
set, and the three of a set read them together. Writes best.md and best.json, or small.md and
small.json. After a change of the recipe name another --work.
Test letters are looked at here and nowhere else: what a recipe is to be is chosen by
benchmarks.recipe, on validation letters.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import mean, median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import machine
from benchmarks.recipe import RESULTS, SEEDS, cell, sets_of, summary_of, train
from benchmarks.table import machine_text, markdown, write_results

Results = dict[str, Any]
COLUMNS = (
    *("", "validation", "test", "three together (95 %)"),
    *("mean over letters", "among three", "minutes a run"),
)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="+", help="NAME=FOLDER of letters, with images/ and lists")
    parser.add_argument("--experiment", default="best", help="of conf/experiment/")
    parser.add_argument("--workers", type=int, default=2, help="sets at a time, a thread each")
    parser.add_argument("--work", type=Path, default=Path("outputs/best"), help="for the runs")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for what is written")
    return parser.parse_args(arguments)


def test_on(runs: Sequence[Path], letters: Path) -> dict[str, Any]:
    """What these say together of all test letters."""
    from charrec.evaluation import test  # not at the top: it takes memory that training needs

    with TemporaryDirectory() as out:
        answers, _ = test(list(map(str, runs)), root=letters, out=Path(out) / "test")
    return answers.score()


def gather(chosen: argparse.Namespace) -> Results:
    sets = dict(sets_of(chosen))
    runs = {
        name: [chosen.work / chosen.experiment / name / str(n) for n in range(len(SEEDS))]
        for name in sets
    }
    with ThreadPoolExecutor(chosen.workers) as pool:
        given = (f"experiment={chosen.experiment}",)
        for done in [
            pool.submit(train, letters, runs[name][0].parent, given)
            for name, letters in sets.items()
        ]:
            done.result()
    return {
        "machine": machine.describe(),
        "experiment": chosen.experiment,
        "minutes": {
            name: median(summary_of(run)["train_seconds"] for run in own) / 60
            for name, own in runs.items()
        },
        "validation": {
            name: [summary_of(run)["validation"]["accuracy"] for run in own]
            for name, own in runs.items()
        },
        "test": {
            trained: {
                tested: {
                    "alone": [test_on([run], letters) for run in own],
                    "together": test_on(own, letters),
                }
                for tested, letters in sets.items()
            }
            for trained, own in runs.items()
        },
    }


def interval(score: dict[str, Any]) -> str:
    low, high = (100 * end for end in score["interval"])
    return f"{100 * score['accuracy']:.1f} ({low:.1f} to {high:.1f})"


def own_table(results: Results) -> str:
    """A row a set: its own test letters."""
    rows = []
    for name, tested in results["test"].items():
        alone, together = tested[name]["alone"], tested[name]["together"]
        found = [score["accuracy"] for score in alone]
        each = ", ".join(f"{100 * accuracy:.1f}" for accuracy in found)
        rows.append(
            [
                name,
                f"{100 * mean(results['validation'][name]):.1f}",
                f"**{100 * mean(found):.1f}** ({each})",
                interval(together),
                f"{100 * mean(score['macro_accuracy'] for score in alone):.1f}",
                f"{100 * mean(score['top_3_accuracy'] for score in alone):.1f}",
                f"{results['minutes'][name]:.1f}",
            ]
        )
    return markdown(COLUMNS, rows)


def pair_table(results: Results) -> str:
    """A row a set trained on, a column a set tested on."""
    rows = [
        [
            f"trained on {trained}",
            *(cell([score["accuracy"] for score in found["alone"]]) for found in tested.values()),
        ]
        for trained, tested in results["test"].items()
    ]
    return markdown(["", *(f"tested on {name}" for name in results["test"])], rows)


STRANGERS = ("uniform_noise", "blurred_noise", "specks", "digits")


def trust_table(results: Results) -> str:
    """A row a set: how far its probabilities can be believed, means of the seeds."""
    rows = []
    for name, tested in results["test"].items():
        alone = tested[name]["alone"]
        before = [score["before_temperature"] for score in alone]
        off = [mean(s["expected_calibration_error"] for s in some) for some in (before, alone)]
        cells = [f"{100 * error:.1f}" for error in off]
        for kind in STRANGERS:
            found = [score["no_letters"][kind] for score in alone]
            above = 100 * mean(each["above_half"] for each in found)
            area = mean(each["area_under_roc"] for each in found)
            cells.append(f"{above:.0f} ({area:.2f})")
        rows.append([name, *cells])
    kinds = (kind.replace("_", " ") for kind in STRANGERS)
    return markdown(["", "off before calibration", "off", *kinds], rows)


def page(results: Results) -> str:
    return "\n".join(
        [
            f"# experiment={results['experiment']}, on test letters",
            "",
            f"{len(SEEDS)} seeds, accuracies in per cent; minutes of training on one core.",
            "",
            machine_text(results["machine"]),
            "",
            own_table(results),
            "",
            "Trained on one set and tested on another, mean and standard deviation of the seeds:",
            "",
            pair_table(results),
            "",
            "Expected calibration error in per cent; of pictures of no letter how many per cent",
            "are read with more than 50 %, and the AUROC:",
            "",
            trust_table(results),
            "",
        ]
    )


def main(arguments: Sequence[str] | None = None) -> None:
    chosen = parse(arguments)
    results = gather(chosen)
    write_results(chosen.out / results["experiment"], results, page(results))


if __name__ == "__main__":
    main()
