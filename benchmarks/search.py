"""Is Optuna worth it here? Its trials beside as many random points of the same space.

    python -m benchmarks.search [--seeds 1 2 3] [--trials 30] [--epochs 10] [--out FOLDER]

All are ``python -m charrec.train -m hydra/sweeper=optuna`` on the embedded letters, over five
knobs; the random points are trained to their end, as in a random search. Told is the best
validation accuracy after each third of the trials, that of runs which were trained to their end.
Writes ``search.json`` and ``search.md``. One idle core needs about twelve minutes.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import machine
from benchmarks.table import machine_text, markdown

SPACE = (
    "hsize=16,32,64",
    "lr=tag(log,interval(1e-4,1e-1))",
    "optimizer=sgd,adam,adamw,rmsprop",
    "momentum=interval(0,0.95)",
    "weight_decay=tag(log,interval(1e-6,1e-1))",
)
WAYS = {
    "TPE, median pruning": ("sampler=tpe", "pruner=median"),
    "the same after 15 random trials": ("sampler=tpe", "pruner=median", "n_startup_trials=15"),
    "random points": ("sampler=random", "pruner=none"),
}
FACTS = ("completed", "pruned", "epochs", "seconds")


def search(way: str, seed: int, trials: int, epochs: int) -> dict[str, Any]:
    """One search in a process and a folder of its own."""
    told = (*WAYS[way], f"seed={seed}", f"n_trials={trials}")
    options = [f"hydra.sweeper.{setting}" for setting in told]
    command = [sys.executable, "-m", "charrec.train", "-m", "hydra/sweeper=optuna", *SPACE]
    with TemporaryDirectory() as place:
        start = time.perf_counter()
        subprocess.run(
            [*command, *options, f"epochs={epochs}", "trainer=cpu", "hydra.sweep.dir=s"],
            cwd=place,
            check=True,
            capture_output=True,
        )
        seconds = round(time.perf_counter() - start, 1)
        return {"way": way, "seed": seed, "seconds": seconds, **read(Path(place) / "s")}


def read(sweep: Path) -> dict[str, Any]:
    """What became of each trial: its status, its accuracy, and how many epochs it was trained."""
    with (sweep / "ledger.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    lines = [path.read_text().count("\n") - 1 for path in sweep.glob("*/metrics.csv")]
    statuses = [row["status"] for row in rows]
    return {
        "statuses": statuses,
        "accuracies": [float(row["best_validation_accuracy"] or 0) for row in rows],
        "completed": statuses.count("completed"),
        "pruned": statuses.count("pruned"),
        "epochs": sum(lines),
    }


def best_after(result: Mapping[str, Any], trials: int) -> float:
    """The highest validation accuracy among the first trials, of those that completed."""
    both = zip(result["statuses"][:trials], result["accuracies"][:trials], strict=True)
    return max((accuracy for status, accuracy in both if status == "completed"), default=0.0)


def spread(values: Sequence[float]) -> str:
    """``41.0% ± 1.2% (39.8%, 41.0%, 42.2%)``: mean, standard deviation, each seed."""
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    each = ", ".join(f"{value:.1%}" for value in values)
    return f"{statistics.mean(values):.1%} ± {deviation:.1%} ({each})"


def page(results: Mapping[str, Any]) -> str:
    trials = results["trials"]
    thirds = [trials * n // 3 for n in (1, 2, 3)]
    columns = ["", *(f"best after {n} trials" for n in thirds), *(f"{f}, mean" for f in FACTS)]
    rows = []
    for way in WAYS:
        runs = [run for run in results["searches"] if run["way"] == way]
        bests = [spread([best_after(run, n) for run in runs]) for n in thirds]
        means = [f"{statistics.mean(run[fact] for run in runs):.0f}" for fact in FACTS]
        rows.append([way, *bests, *means])
    return "\n\n".join(
        [
            "# Optuna's trials beside random points",
            f"The embedded letters, {results['epochs']} epochs a run, {trials} trials a search, "
            f"seeds {', '.join(map(str, results['seeds']))} of the sampler. Validation accuracy of "
            "the best run so far, mean ± standard deviation (each seed). The space: "
            + ", ".join(f"`{setting}`" for setting in SPACE)
            + ".",
            markdown(columns, rows),
            "Seconds are wall clock and depend on what else the machine does; epochs do not. Up to "
            "the end of its random trials a search tries the same in every way.",
            machine_text(results["machine"]),
        ]
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    given = parser.parse_args(arguments)
    searches = []
    for seed in given.seeds:
        for way in WAYS:
            searches.append(search(way, seed, given.trials, given.epochs))
            print(f"{way}, seed {seed}: {best_after(searches[-1], given.trials):.1%}", flush=True)
    about = {"seeds": given.seeds, "trials": given.trials, "epochs": given.epochs}
    results = {**about, "space": SPACE, "machine": machine.describe(), "searches": searches}
    (given.out / "search.json").write_text(json.dumps(results, indent=1) + "\n")
    (given.out / "search.md").write_text(page(results) + "\n")


if __name__ == "__main__":
    main()
