"""The figures as Markdown."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.compare import Row, between_shares
from benchmarks.workloads import OURS, PEERS, WORKLOADS

MIB = 2**20


class Fact(NamedTuple):
    """A line of the table of charrec alone."""

    what: str
    measured: str
    goal: str = ""
    met: bool | None = None


def markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column is text and the others figures."""
    marks = ["---", *["---:"] * (len(columns) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (columns, marks, *rows))


def write_results(place: Path, results: Mapping[str, Any], page: str) -> None:
    """``place.json`` and ``place.md``, and the page on the screen."""
    place.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(results, indent=1) + "\n"
    place.with_suffix(".json").write_text(text, encoding="utf-8")
    place.with_suffix(".md").write_text(page, encoding="utf-8")
    print(page)


def seconds_text(seconds: float) -> str:
    """Three significant digits, in milliseconds below a second."""
    scaled, unit = (seconds * 1000, "ms") if seconds < 1 else (seconds, "s")
    digits = 0 if scaled >= 100 else 1 if scaled >= 10 else 2
    return f"{scaled:.{digits}f} {unit}"


def verdict(met: bool | None) -> str:
    return {True: "met", False: "**missed**", None: ""}[met]


def ratio_text(row: Row) -> str:
    """``"0.31 (goal 0.5: met)"``."""
    goal = "" if row.goal is None else f" (goal {row.goal:g}: {verdict(row.met)})"
    return f"{row.ratio:.2f}{goal}"


def overview(rows: Sequence[Row]) -> str:
    """Seconds of a training epoch, a row a peer; behind them charrec's part of them."""
    workloads = list(dict.fromkeys(row.workload for row in rows))
    cells: dict[str, list[str]] = {}
    for row in rows:
        told = "" if row.peer == OURS else f"; {ratio_text(row)}"
        cells.setdefault(row.peer, []).append(seconds_text(row.epoch) + told)
    titles = [WORKLOADS[name].title for name in workloads]
    lines = [[PEERS[peer].title, *told] for peer, told in cells.items()]
    return markdown(["an epoch; charrec / peer", *titles], lines)


COLUMNS = (
    "", "epoch", "fastest to slowest repeat", "charrec / peer",
    "validation, checkpoint, logging", "threads", "test accuracy (95 %)", "peak memory",
)  # fmt: skip


def threads_text(row: Row) -> str:
    threads = "its own" if row.threads is None else str(row.threads)
    return threads + (f", {row.workers} workers" if row.workers else "")


def detail(rows: Sequence[Row]) -> str:
    """One workload, a row a peer; columns for the GPU where there is one."""
    with_gpu = any(row.gpu_epoch is not None for row in rows)
    lines = [_cells(row) + (_gpu_cells(row) if with_gpu else []) for row in rows]
    return markdown([*COLUMNS, *(("GPU epoch", "GPU ratio") if with_gpu else ())], lines)


def _cells(row: Row) -> list[str]:
    low, high = row.interval
    return [
        PEERS[row.peer].title,
        seconds_text(row.epoch),
        f"{seconds_text(row.fastest)} to {seconds_text(row.slowest)}",
        ratio_text(row),
        seconds_text(row.between),
        threads_text(row),
        f"{row.accuracy:.1%} ({low:.1%} to {high:.1%})",
        f"{row.peak_bytes / MIB:.0f} MiB",
    ]


def _gpu_cells(row: Row) -> list[str]:
    if row.gpu_epoch is None or row.gpu_ratio is None:
        return ["", ""]
    return [seconds_text(row.gpu_epoch), f"{row.gpu_ratio:.2f}"]


def startup_facts(startup: Mapping[str, Sequence[float]]) -> list[Fact]:
    middle = {name: statistics.median(seconds) for name, seconds in startup.items()}
    answers = {"help": "`--help`", "settings": "`--cfg job`", "wrong": "a wrong setting"}
    facts = [
        Fact(f"{said} answers", seconds_text(middle[name]), "1 s", middle[name] < 1)
        for name, said in answers.items()
    ]
    facts.append(Fact("`import torch, pytorch_lightning` alone", seconds_text(middle["imports"])))
    for kind, goal in (("cached", 1.3), ("uncached", None)):
        step = middle[f"first_step_{kind}"]
        part = step / middle["imports"]
        said = "" if goal is None else f"{goal:g} times"
        facts.append(
            Fact(
                f"first training step done, pictures {kind}",
                f"{seconds_text(step)}, {part:.2f} times the imports",
                said,
                None if goal is None else part <= goal,
            )
        )
    return facts


def loading_facts(loading: Mapping[str, Any]) -> list[Fact]:
    pictures = loading["pictures"]
    return [
        Fact(
            f"load {pictures:,} pictures, {kind}",
            f"{seconds_text(seconds)}, {pictures / seconds:,.0f} a second",
        )
        for kind in ("uncached", "cached")
        for seconds in [statistics.median(loading[kind])]
    ]


def prediction_fact(prediction: Mapping[str, Any]) -> Fact:
    rate = prediction["pictures"] / prediction["seconds"]
    return Fact("predict, 32 hidden units", f"{rate:,.0f} pictures a second")


def memory_fact(memory: Mapping[str, Any]) -> Fact:
    part = memory["grown_bytes"] / memory["pixel_bytes"]
    what = f"memory of an epoch of {memory['pictures']:,} pictures of 28 x 28"
    return Fact(what, f"{part:.2f} times their pixels", "1.3 times", part <= 1.3)


def growth_facts(growth: Mapping[str, Mapping[str, float]]) -> list[Fact]:
    facts = []
    for what, seconds in growth.items():
        told = ", ".join(f"{times}x {seconds_text(spent)}" for times, spent in seconds.items())
        times = seconds["16"] / seconds["1"]
        measured = f"{told}: {times:.1f} times"
        facts.append(Fact(f"a run of 1, 4, 16 times the {what}", measured, "16 times", times <= 16))
    return facts


def share_facts(runs: Sequence[dict[str, Any]]) -> list[Fact]:
    """What stands between two epochs of charrec, as a part of the training epoch."""
    facts = []
    for workload in dict.fromkeys(run["workload"] for run in runs):
        share = between_shares(runs, workload)
        cost = share["validation"] + share["logging"]
        measured = f"{share['validation']:.1%} + {share['logging']:.1%}"
        measured += f" (checkpoints {share['checkpoints']:.1%})"
        what = f"validation + logging, {WORKLOADS[workload].title}"
        facts.append(Fact(what, measured, "10 % of an epoch", cost <= 0.1))
    return facts


def facts_of(results: Mapping[str, Any]) -> list[Fact]:
    facts = share_facts(results["runs"])
    if measures := results.get("measures"):
        facts += startup_facts(measures["startup"]) + loading_facts(measures["loading"])
        facts += [prediction_fact(measures["prediction"]), memory_fact(measures["memory"])]
        facts += growth_facts(measures["growth"])
    return facts


def fact_table(facts: Sequence[Fact]) -> str:
    lines = [[f.what, f.measured, f.goal, verdict(f.met)] for f in facts]
    return markdown(("charrec alone", "measured", "goal at most", ""), lines)


def machine_text(machine: Mapping[str, Any]) -> str:
    versions = [f"{name} {number}" for name, number in machine["versions"].items() if number]
    return (
        f"{machine['date']}, {machine['processor']}, {machine['cores']} cores, "
        f"{machine['gpu'] or 'no GPU'}, {machine['system']}, Python {machine['python']}, "
        f"{', '.join(versions)}."
    )


def page(results: Mapping[str, Any], rows: Sequence[Row]) -> str:
    """All of ``bench.md``."""
    plan = results["plan"]
    told = (
        f"Trained on {results['letters']}; epochs: {plan['epochs']}, repeats: {plan['repeats']}. "
        "An epoch is the median of those from the second on, a ratio the median of the repeats'."
    )
    parts = ["# charrec beside other ways to do the same", told, overview(rows)]
    raced = dict.fromkeys(row.peer for row in rows)
    notes = [f"- {PEERS[p].title} {PEERS[p].note}." for p in raced if PEERS[p].note]
    parts += ["\n".join(notes)] if notes else []
    if results["quick"]:
        parts.append("Measured with `--quick`: too short to judge by.")
    parts += [f"Left out, because it is not installed: {name}." for name in results["absent"]]
    parts += [f"**Not comparable:** {problem}." for problem in results["unequal"]]
    for workload in plan["workloads"]:
        of_it = [row for row in rows if row.workload == workload]
        title = WORKLOADS[workload].title.removeprefix("batch")
        parts += [f"## Batch{title}", detail(of_it)]
    parts += ["## charrec alone", fact_table(facts_of(results)), machine_text(results["machine"])]
    return "\n\n".join(parts) + "\n"
