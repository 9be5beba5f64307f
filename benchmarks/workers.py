"""Measure how much sooner two workers finish a sweep than one, and write workers.md, workers.json.

    python -m benchmarks.workers              (twelve jobs; a quarter of an hour on two cores)
    python -m benchmarks.workers --epochs 2   (a look, not a measurement)

The same sweep by ``hydra/launcher=joblib`` with one worker and with two, each in a process of its
own, start and imports included, on a machine that should do nothing else. It fails where the
two did not come to the same accuracies, or the gain is below what is asked.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import machine
from benchmarks.launch import BenchError

RESULTS = Path(__file__).parent / "results"
GRID = ("hsize=32,64", "seed=1,2,3,4,5,6")
COUNTS = (1, 2)  # workers
ENOUGH_SECONDS, ENOUGH_GAIN = 360, 1.6
FOUND = ("hsize", "seed", "status", "best_validation_accuracy", "test_accuracy")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=400, help="of each job")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for what is written")
    parser.add_argument("settings", nargs="*", help="of every job: data.root=FOLDER, say")
    return parser.parse_args(arguments)


def sweep(workers: int, settings: Sequence[str], folder: Path) -> dict[str, Any]:
    """Seconds of the whole command, and what each job came to."""
    launcher = ("hydra/launcher=joblib", f"hydra.launcher.n_jobs={workers}")
    command = [sys.executable, "-m", "charrec.train", "-m", *launcher, *GRID, *settings]
    began = time.perf_counter()
    done = subprocess.run(
        [*command, "trainer=cpu", f"hydra.sweep.dir={folder}"],
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - began
    if done.returncode != 0:
        raise BenchError(f"{workers} workers: {done.stderr[-2000:]}")
    with (folder / "ledger.csv").open(newline="", encoding="utf-8") as file:
        jobs = [{name: row[name] for name in FOUND} for row in csv.DictReader(file)]
    return {"workers": workers, "seconds": round(seconds, 1), "jobs": jobs}


def gather(chosen: argparse.Namespace) -> dict[str, Any]:
    settings = (f"epochs={chosen.epochs}", *chosen.settings)
    with TemporaryDirectory() as folder:
        # A first, short one fills the cache of decoded letters.
        sweep(1, (*settings, "epochs=1"), Path(folder) / "first")
        sweeps = [sweep(count, settings, Path(folder) / str(count)) for count in COUNTS]
    one, two = sweeps
    return {
        "machine": machine.describe(),
        "command": " ".join(["-m", "hydra/launcher=joblib", *GRID, f"epochs={chosen.epochs}"]),
        "sweeps": sweeps,
        "ratio": round(one["seconds"] / two["seconds"], 2),
        "same_accuracies": one["jobs"] == two["jobs"],
    }


def shortcomings(results: dict[str, Any]) -> list[str]:
    """Why the figures are not what is asked, or must not be believed."""
    one, ratio = results["sweeps"][0]["seconds"], results["ratio"]
    found = [
        (not results["same_accuracies"], "the accuracies differ"),
        (one < ENOUGH_SECONDS, f"one worker took {one} s, less than {ENOUGH_SECONDS}"),
        (ratio < ENOUGH_GAIN, f"two workers were {ratio} times as fast, not {ENOUGH_GAIN}"),
    ]
    return [text for wrong, text in found if wrong]


def page(results: dict[str, Any]) -> str:
    about, sweeps = results["machine"], results["sweeps"]
    rows = [f"| {s['workers']} | {s['seconds']} | {len(s['jobs'])} |" for s in sweeps]
    accuracies = "the same" if results["same_accuracies"] else "**not the same**"
    return "\n".join(
        [
            "# Two workers beside one",
            "",
            f"`python -m charrec.train {results['command']}`,",
            f"{about['date']}, {about['cores']} cores ({about['processor']}); seconds of the",
            "whole command, start and imports included.",
            "",
            "| workers | seconds | jobs |",
            "|---|---|---|",
            *rows,
            "",
            f"Two workers are {results['ratio']} times as fast; every job's accuracies are",
            f"{accuracies}.",
            *(f"\n**Not what was to be measured:** {text}." for text in shortcomings(results)),
            "",
        ]
    )


def main(arguments: Sequence[str] | None = None) -> None:
    chosen = parse(arguments)
    try:
        results = gather(chosen)
    except BenchError as error:
        sys.exit(f"workers: {error}")
    chosen.out.mkdir(parents=True, exist_ok=True)
    (chosen.out / "workers.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    (chosen.out / "workers.md").write_text(page(results), encoding="utf-8")
    print(page(results))
    if wrong := shortcomings(results):
        sys.exit(f"workers: {'; '.join(wrong)}")


if __name__ == "__main__":
    main()
