"""How much of an accuracy is the luck of which pictures fell to the test.

    python -m benchmarks.draws fonts=FOLDER --group='-(\\d+)' --together 4    (minutes a draw)

The letters as they were split, and then five times split anew into as many, each time trained by
experiment=small for --epochs. What --group finds in a picture's name is kept in one split (a
writer, a font); with --together 4 it is a number that counts from 1, and four numbers in a row are
one group. Writes draws.md and draws.json.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.recipe import RESULTS, sets_of, summary_of
from benchmarks.table import machine_text, markdown, write_results

SPLITS = ("train", "validation", "test")
AS_GIVEN, DRAWS = 0, 5
HARDEST = 4
Split = dict[str, str]  # file name to letter


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="+", help="NAME=FOLDER of letters, with images/ and lists")
    parser.add_argument("--group", required=True, help="regular expression with one group")
    parser.add_argument("--together", type=int, default=1, help="numbers in a row that are one")
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--work", type=Path, default=Path("outputs/draws"), help="for the runs")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for what is written")
    return parser.parse_args(arguments)


def group_of(name: str, pattern: str, together: int) -> str:
    found = re.search(pattern, name)
    if found is None:
        raise SystemExit(f"--group={pattern} finds nothing in {name}")
    return found[1] if together == 1 else str((int(found[1]) - 1) // together)


def drawn(splits: dict[str, Split], seed: int, pattern: str, together: int) -> dict[str, Split]:
    """Another split into as many groups; the same one for the same seed."""
    letters = {name: letter for split in splits.values() for name, letter in split.items()}
    groups = {name: group_of(name, pattern, together) for name in letters}
    order = sorted(set(groups.values()))
    random.Random(seed).shuffle(order)
    place = 0
    split_of: dict[str, str] = {}
    for split, own in splits.items():
        count = len({groups[name] for name in own})
        split_of |= dict.fromkeys(order[place : place + count], split)
        place += count
    return {
        split: {name: letters[name] for name in sorted(letters) if split_of[groups[name]] == split}
        for split in splits
    }


def written(splits: dict[str, Split], letters: Path, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "images").exists():
        (folder / "images").symlink_to(letters / "images")
    for split, own in splits.items():
        (folder / f"{split}.json").write_text(json.dumps(own), encoding="utf-8")
    return folder


def train(letters: Path, run: Path, epochs: int) -> None:
    given = ("experiment=small", f"epochs={epochs}", "seed=1", "trainer=cpu")
    command = (sys.executable, "-m", "charrec.train", *given, f"data.root={letters}")
    subprocess.run([*command, f"hydra.run.dir={run}"], check=True, stdout=subprocess.DEVNULL)


def measured(letters: Path, draw: int, chosen: argparse.Namespace, place: Path) -> dict[str, Any]:
    splits: dict[str, Split] = {
        split: json.loads((letters / f"{split}.json").read_text(encoding="utf-8"))
        for split in SPLITS
    }
    if draw != AS_GIVEN:
        splits = drawn(splits, draw, chosen.group, chosen.together)
    run = place / f"run_{draw}"
    if not (run / "test_predictions.csv").exists():
        train(written(splits, letters, place / f"letters_{draw}"), run, chosen.epochs)
    summary = summary_of(run)
    found = {split: summary[split]["accuracy"] for split in ("validation", "test")}
    return {"draw": draw, **found, "groups": mistakes(run, chosen)}


def mistakes(run: Path, chosen: argparse.Namespace) -> list[tuple[int, int]]:
    """Of each group of the test (mistakes, pictures), most mistakes first."""
    with (run / "test_predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    groups = [group_of(row["file"], chosen.group, chosen.together) for row in rows]
    pairs = zip(groups, rows, strict=True)
    wrong = Counter(group for group, row in pairs if row["letter"] != row["truth"])
    return sorted(((wrong[group], count) for group, count in Counter(groups).items()), reverse=True)


def with_half(groups: Sequence[Sequence[int]]) -> int:
    """In how few of them lies half of the mistakes."""
    told = list(accumulate(wrong for wrong, _ in groups))
    return 1 + next(place for place, count in enumerate(told) if 2 * count >= told[-1])


def without_the_hardest(groups: Sequence[Sequence[int]]) -> float:
    """The share that is right of the pictures of all others."""
    rest = groups[HARDEST:]
    return 1 - sum(wrong for wrong, _ in rest) / sum(count for _, count in rest)


COLUMNS = (
    *("split", "validation", "test", "groups in the test", "half of the mistakes are in"),
    f"test without the {HARDEST} hardest groups",
)


def table(rows: Sequence[dict[str, Any]]) -> str:
    """A row a draw."""
    lines = []
    for row in rows:
        split = "as given" if row["draw"] == AS_GIVEN else f"drawn anew, {row['draw']}"
        found = [f"{100 * row[name]:.1f}" for name in ("validation", "test")]
        groups = row["groups"]
        counts = [str(len(groups)), str(with_half(groups))]
        lines.append([split, *found, *counts, f"{100 * without_the_hardest(groups):.1f}"])
    return markdown(COLUMNS, lines)


def page(results: dict[str, Any]) -> str:
    parts = [
        f"# {results['epochs']} epochs of experiment=small on other draws of the split",
        machine_text(results["machine"]),
        *(f"## {name}\n\n{table(rows)}" for name, rows in results["sets"].items()),
    ]
    return "\n\n".join(parts) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    chosen = parse(arguments)
    rows = {
        name: [
            measured(letters, draw, chosen, chosen.work / name)
            for draw in range(AS_GIVEN, DRAWS + 1)
        ]
        for name, letters in sets_of(chosen)
    }
    results = {"machine": machine.describe(), "epochs": chosen.epochs, "sets": rows}
    write_results(chosen.out / "draws", results, page(results))


if __name__ == "__main__":
    main()
