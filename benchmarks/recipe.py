"""Take the recipe of experiment=best apart, and write recipe.md, recipe.json and its figures.

    python -m benchmarks.recipe street=FOLDER handwriting=FOLDER    (hours on two cores)
    python -m benchmarks.recipe letters=FOLDER --epochs 2 --only taken_away   (a look)

Every row of every table is a sweep over three seeds, ``python -m charrec.train -m``, in a folder
of its own under --work. What is there already is not trained once more, so that it goes on where
it was cut off; studies that --only leaves out keep what was measured last. All figures are of
validation letters: by these a recipe is chosen.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from benchmarks import machine
from benchmarks.recipe_figures import draw
from benchmarks.recipe_studies import STUDIES, Variant, part_of
from benchmarks.table import machine_text, markdown, write_results

RESULTS = Path(__file__).parent / "results"
SEEDS = (1, 2, 3)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="+", help="NAME=FOLDER of letters, with images/ and lists")
    parser.add_argument("--epochs", type=int, default=40, help="of a run, where no more is said")
    parser.add_argument("--workers", type=int, default=2, help="sweeps at a time, a thread each")
    parser.add_argument("--only", nargs="+", choices=STUDIES, default=list(STUDIES))
    parser.add_argument("--work", type=Path, default=Path("outputs/recipe"), help="for the runs")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for what is written")
    return parser.parse_args(arguments)


def train(letters: Path, folder: Path, given: Sequence[str]) -> None:
    """Three seeds of it, or what is left of them, on one core."""
    if (folder / "ledger.csv").exists():
        settings = [f"sweep.resume={folder}"]
    else:
        settings = [*given, f"seed={','.join(map(str, SEEDS))}", f"data.root={letters}"]
        settings += ["trainer=cpu", "sweep.threads=1", f"hydra.sweep.dir={folder}"]
    subprocess.run(
        [sys.executable, "-m", "charrec.train", "-m", *settings],
        check=True,
        stdout=subprocess.DEVNULL,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


def accuracies(folder: Path, variant: Variant) -> list[float]:
    """Of each seed's best checkpoint, on its validation letters, as it reads them."""
    # Not at the top: only now, with the runs trained, is torch to take memory.
    from charrec.learning import letters_of
    from charrec.reading import log_probabilities
    from charrec.runs import find_run
    from charrec.settings import TrainSettings
    from charrec.weights import load_classifier

    found = []
    for number in range(len(SEEDS)):
        run = find_run(folder / str(number))
        classifier = load_classifier(run.best_checkpoint)
        if variant.views is not None:
            classifier.hparams["views"] = variant.views
        letters = letters_of(TrainSettings.from_record(run.settings))
        letters.setup()
        answers = log_probabilities(classifier, letters.images["validation"], {"devices": 1})
        right = answers.argmax(dim=1) == letters.labels["validation"]
        found.append(right.double().mean().item())
    return found


def summary_of(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    return found


def row(name: str, study: str, variant: Variant, folder: Path) -> dict[str, Any]:
    found = accuracies(folder, variant)
    return {
        "set": name,
        "study": study,
        "variant": variant.title,
        "settings": list(variant.given),
        "accuracies": [round(each, 4) for each in found],
        "epochs": summary_of(folder / "0")["epochs"],
    }


def gather(chosen: argparse.Namespace) -> dict[str, Any]:
    sets = dict(sets_of(chosen))
    jobs = [
        (name, study, variant, chosen.work / f"{chosen.epochs}-epochs" / name / variant.folder)
        for study in chosen.only
        for name in sets
        for variant in STUDIES[study]
    ]
    # What stands in several tables is trained once.
    sweeps = {folder: (name, variant) for name, _, variant, folder in jobs}
    with ThreadPoolExecutor(chosen.workers) as pool:
        for done in [
            pool.submit(
                train,
                part_of(sets[name], variant.share, chosen.work / name),
                folder,
                ("experiment=best", *variant.given, f"epochs={variant.epochs_of(chosen.epochs)}"),
            )
            for folder, (name, variant) in sweeps.items()
        ]:
            done.result()
    rows = [row(*job) for job in jobs]
    before = measured_before(chosen.out / "recipe.json", chosen.epochs)
    rows += [each for each in before.get("rows", ()) if each["study"] not in chosen.only]
    rows.sort(key=lambda each: list(STUDIES).index(each["study"]))
    return {"machine": machine.describe(), "epochs": chosen.epochs, "rows": rows}


def measured_before(place: Path, epochs: int) -> dict[str, Any]:
    """The results in a file, where they are of so many epochs."""
    before = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {}
    return before if before.get("epochs") == epochs else {}


def sets_of(chosen: argparse.Namespace) -> list[tuple[str, Path]]:
    pairs = [text.partition("=")[::2] for text in chosen.sets]
    return [(name, Path(folder).resolve()) for name, folder in pairs]


def cell(accuracies: Sequence[float]) -> str:
    return f"{100 * mean(accuracies):.1f} ± {100 * stdev(accuracies):.1f}"


def table(rows: Sequence[dict[str, Any]], study: str) -> str:
    """A row a variant, a column a set."""
    of_study = [each for each in rows if each["study"] == study]
    sets = list(dict.fromkeys(each["set"] for each in of_study))
    found = {(each["variant"], each["set"]): each for each in of_study}
    lines = []
    for variant in STUDIES[study]:
        own = [found[variant.title, name] for name in sets]
        told = [cell(each["accuracies"]) for each in own]
        lines.append([variant.title, *told, str(own[0]["epochs"])])
    return markdown(["", *sets, "epochs"], lines)


def page(results: dict[str, Any]) -> str:
    rows = results["rows"]
    studies = list(dict.fromkeys(each["study"] for each in rows))
    head = [
        "# The recipe, taken apart",
        "",
        f"Validation accuracy in per cent, mean and standard deviation of {len(SEEDS)} seeds, "
        f"after {results['epochs']} epochs where no more is said.",
        "",
        machine_text(results["machine"]),
    ]
    parts = [
        f"\n## {study.replace('_', ' ').capitalize()}\n\n{table(rows, study)}" for study in studies
    ]
    return "\n".join([*head, *parts, ""])


def main(arguments: Sequence[str] | None = None) -> None:
    chosen = parse(arguments)
    results = gather(chosen)
    write_results(chosen.out / "recipe", results, page(results))
    draw(results["rows"], chosen.out)


if __name__ == "__main__":
    main()
