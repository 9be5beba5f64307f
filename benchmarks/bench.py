"""Measure charrec beside other ways to do the same, and write bench.md, bench.json, bench.png.

    make bench ARGS="--quick"     or     python -m benchmarks.bench --quick

The same letters, network, optimizer and learning rate for all; every run in a process of its own,
the peers in turn, several times. On two cores it takes about twenty minutes, which the
machine should spend on nothing else. It fails where a peer does not learn what charrec learns.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import chart, machine, table
from benchmarks.compare import compare, unequal
from benchmarks.launch import BenchError, Launch, launch
from benchmarks.measures import cache_in, measure
from benchmarks.race import Plan, race
from benchmarks.workloads import PEERS, WORKLOADS
from charrec.resources import embedded_letters
from charrec.settings import DataSettings

RESULTS = Path(__file__).parent / "results"
QUICK = {"epochs": 3, "repeats": 1, "threads": [1], "workers": [0]}
FULL = {"epochs": 10, "repeats": 3, "threads": [1, 2], "workers": [0, 2]}
SHRINK = 20  # made-up pictures of a quick run, as a part of those of a full one


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--letters", type=Path, help="folder of letters; default: the embedded")
    parser.add_argument("--alphabet", default=DataSettings().alphabet)
    parser.add_argument("--workloads", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    parser.add_argument("--epochs", type=int, help="of every run; times are of the second on")
    parser.add_argument("--repeats", type=int)
    parser.add_argument("--threads", type=int, nargs="+", help="what each peer may choose from")
    parser.add_argument("--workers", type=int, nargs="+", help="the same for the course's script")
    parser.add_argument("--quick", action="store_true", help="a look, not a measurement")
    parser.add_argument("--peers-only", action="store_true", help="nothing of charrec alone")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for what is written")
    chosen = parser.parse_args(arguments)
    for name, value in (QUICK if chosen.quick else FULL).items():
        if getattr(chosen, name) is None:
            setattr(chosen, name, value)
    return chosen


def make_plan(chosen: argparse.Namespace, gpu: bool) -> Plan:
    return Plan(
        root=str((chosen.letters or embedded_letters()).resolve()),
        alphabet=chosen.alphabet,
        epochs=chosen.epochs,
        repeats=chosen.repeats,
        workloads=chosen.workloads,
        threads=chosen.threads,
        workers=chosen.workers,
        gpu=gpu,
    )


def gather(chosen: argparse.Namespace, launch: Launch) -> dict[str, Any]:
    """Run everything; what comes out is ``bench.json`` without its conclusions."""
    about = machine.describe()
    plan = make_plan(chosen, gpu=about["gpu"] is not None)
    with TemporaryDirectory() as folder, cache_in(folder):
        runs, trials = race(plan, launch)
        shrink, letters = SHRINK if chosen.quick else 1, (plan.root, plan.alphabet)
        alone = None if chosen.peers_only else measure(*letters, plan.repeats, shrink, launch)
    kept = {name: value for name, value in asdict(plan).items() if name != "root"}
    return {
        "letters": chosen.letters.resolve().name if chosen.letters else "the embedded letters",
        "plan": kept,
        "quick": chosen.quick,
        "machine": about,
        "absent": [peer.title for peer in PEERS.values() if not peer.present],
        "runs": runs,
        "trials": trials,
        "measures": alone,
    }


def conclude(results: dict[str, Any], out: Path) -> None:
    """Write table, JSON and chart.

    Raises:
        BenchError: a peer's accuracy is not charrec's; all is written nevertheless, and says so.
    """
    rows = compare(results["runs"])
    results = results | {"rows": [asdict(r) for r in rows], "unequal": unequal(results["runs"])}
    out.mkdir(parents=True, exist_ok=True)
    (out / "bench.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    (out / "bench.md").write_text(table.page(results, rows), encoding="utf-8")
    chart.draw(rows, out / "bench.png")
    if results["unequal"]:
        raise BenchError("not comparable: " + "; ".join(results["unequal"]))


def main(arguments: Sequence[str] | None = None, launch: Launch = launch) -> None:
    chosen = parse(arguments)
    try:
        conclude(gather(chosen, launch), chosen.out)
    except BenchError as error:
        sys.exit(f"bench: {error}")
    print((chosen.out / "bench.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
