"""How the runs of experiment=best read parts of the test letters, told apart by their names.

    python -m benchmarks.parts handwriting=FOLDER street=FOLDER --named upper_ lower_ good_ bad_

The runs are those that ``python -m benchmarks.best`` has left under --work, trained on these sets
or on others, as many seeds as there are. Writes parts.md and parts.json.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import machine
from benchmarks.recipe import RESULTS, cell, sets_of
from benchmarks.table import machine_text, markdown, write_results
from charrec.answers import Answers
from charrec.evaluation import test

Found = dict[str, list[float]]  # of each part an accuracy a run


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="+", help="NAME=FOLDER of letters, with images/ and lists")
    parser.add_argument("--named", nargs="+", required=True, help="what the names begin with")
    parser.add_argument("--work", type=Path, default=Path("outputs/best/best"), help="of the runs")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for what is written")
    return parser.parse_args(arguments)


def share_right(answers: Answers, beginning: str) -> float | None:
    """None where no picture's name begins so."""
    rows = zip(answers.files, answers.truth, answers.letters, strict=True)
    right = [truth == letter for file, truth, letter in rows if file.startswith(beginning)]
    return mean(right) if right else None


def parts_of(run: Path, letters: Path, beginnings: Sequence[str]) -> dict[str, float]:
    with TemporaryDirectory() as out:
        answers, _ = test(run, root=letters, out=Path(out) / "test")
    found = {beginning: share_right(answers, beginning) for beginning in beginnings}
    return {beginning: share for beginning, share in found.items() if share is not None}


def gather(chosen: argparse.Namespace) -> dict[str, Any]:
    runs = sorted(path.parent for path in chosen.work.glob("*/*/test_predictions.csv"))
    parts: dict[str, dict[str, Found]] = {}
    for name, letters in sets_of(chosen):
        for run in runs:
            found = parts.setdefault(name, {}).setdefault(run.parent.name, {})
            for beginning, share in parts_of(run, letters, chosen.named).items():
                found.setdefault(beginning, []).append(share)
    return {"machine": machine.describe(), "parts": parts}


def table(results: dict[str, Any], tested: str) -> str:
    """A row a set trained on, a column a part."""
    trained = results["parts"][tested]
    columns = [f"{tested}: {beginning}*" for beginning in next(iter(trained.values()))]
    rows = [
        [f"trained on {name}", *(told(accuracies) for accuracies in found.values())]
        for name, found in trained.items()
    ]
    return markdown(["", *columns], rows)


def told(accuracies: Sequence[float]) -> str:
    return cell(accuracies) if len(accuracies) > 1 else f"{100 * accuracies[0]:.1f}"


def page(results: dict[str, Any]) -> str:
    head = ["# experiment=best, on parts of the test letters", "", machine_text(results["machine"])]
    return (
        "\n\n".join(["\n".join(head), *(table(results, name) for name in results["parts"])]) + "\n"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    chosen = parse(arguments)
    results = gather(chosen)
    write_results(chosen.out / "parts", results, page(results))


if __name__ == "__main__":
    main()
