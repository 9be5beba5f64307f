"""Medians, ratios and whether all learn the same, from the times of every run."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.workloads import OURS, PEERS
from charrec.statistics import wilson_interval

Record = dict[str, Any]
CPU, GPU = "cpu", "cuda"


def epoch_median(seconds: Sequence[float]) -> float:
    """Median over the epochs from the second on: the first one warms up."""
    return statistics.median(seconds[1:] or seconds)


def median_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Median over the repeats of our time by theirs in the same repeat."""
    return statistics.median(our / their for our, their in zip(ours, theirs, strict=True))


@dataclass(frozen=True, kw_only=True)
class Row:
    """A peer on a workload. Times are seconds, `ratio` charrec's epoch by the peer's."""

    workload: str
    peer: str
    epoch: float
    fastest: float  # of the repeats
    slowest: float
    ratio: float
    goal: float | None
    between: float  # validation, checkpoint and logging, an epoch
    accuracy: float  # on test pictures after the last epoch, mean of the repeats
    interval: tuple[float, float]  # 95 %, for as many pictures as the test split has
    peak_bytes: float
    threads: int | None
    workers: int
    gpu_epoch: float | None
    gpu_ratio: float | None

    @property
    def met(self) -> bool | None:
        return None if self.goal is None else self.ratio <= self.goal


def of(runs: Sequence[Record], workload: str, peer: str, device: str = CPU) -> list[Record]:
    """The runs of a peer on a workload, by repeat."""
    asked = (workload, peer, device)
    found = [run for run in runs if (run["workload"], run["peer"], run["device"]) == asked]
    return sorted(found, key=lambda run: int(run["repeat"]))


def epochs_of(runs: Sequence[Record]) -> list[float]:
    return [epoch_median(run["epoch_seconds"]) for run in runs]


def threads_of(run: Record) -> int | None:
    """What was given, or what charrec says that it chose."""
    chosen = run["threads"] or run["details"].get("execution", {}).get("threads")
    return int(chosen) if chosen else None


def learned(runs: Sequence[Record]) -> tuple[float, tuple[float, float]]:
    """Mean accuracy of the repeats; its 95 % interval, for the pictures of one test split.

    All repeats read the same pictures, so more of them do not narrow it.
    """
    accuracy = statistics.mean(run["correct"] / run["total"] for run in runs)
    total = int(runs[0]["total"])
    return accuracy, wilson_interval(round(accuracy * total), total)


def make_row(runs: Sequence[Record], workload: str, peer: str) -> Row:
    found = of(runs, workload, peer)
    epochs, ours = epochs_of(found), epochs_of(of(runs, workload, OURS))
    on_gpu, ours_on_gpu = (epochs_of(of(runs, workload, p, GPU)) for p in (peer, OURS))
    accuracy, interval = learned(found)
    return Row(
        workload=workload,
        peer=peer,
        epoch=statistics.median(epochs),
        fastest=min(epochs),
        slowest=max(epochs),
        ratio=median_ratio(ours, epochs),
        goal=dict(PEERS[peer].goals).get(workload),
        between=statistics.median(epoch_median(run["between_seconds"]) for run in found),
        accuracy=accuracy,
        interval=interval,
        peak_bytes=statistics.median(run["peak_bytes"] for run in found),
        threads=threads_of(found[0]),
        workers=int(found[0]["workers"]),
        gpu_epoch=statistics.median(on_gpu) if on_gpu else None,
        gpu_ratio=median_ratio(ours_on_gpu, on_gpu) if on_gpu else None,
    )


def compare(runs: Sequence[Record]) -> list[Row]:
    """A row for each workload and peer, in the order of the workloads and of `PEERS`."""
    workloads = list(dict.fromkeys(run["workload"] for run in runs))
    raced = {run["peer"] for run in runs}
    return [make_row(runs, w, peer) for w in workloads for peer in PEERS if peer in raced]


def overlap(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def unequal(runs: Sequence[Record]) -> list[str]:
    """Who reads more or fewer test pictures than charrec, beyond chance; each in a sentence."""
    problems = []
    raced = dict.fromkeys((run["workload"], run["peer"], run["device"]) for run in runs)
    for workload, peer, device in raced:
        accuracy, interval = learned(of(runs, workload, peer, device))
        our_accuracy, our_interval = learned(of(runs, workload, OURS))
        if not overlap(interval, our_interval):
            problems.append(
                f"{workload}, {device}: {PEERS[peer].title} reads {accuracy:.1%} of the test "
                f"pictures, charrec {our_accuracy:.1%}: more than chance"
            )
    return problems


def between_shares(runs: Sequence[Record], workload: str) -> dict[str, float]:
    """Validation, logging and checkpoints of charrec, as shares of its training epoch."""
    found = of(runs, workload, OURS)
    shares = []
    for run in found:
        epoch = epoch_median(run["epoch_seconds"])
        validation = epoch_median(run["details"]["validation_seconds"])
        checkpoints = epoch_median(run["details"]["checkpoint_seconds"])
        logging = epoch_median(run["between_seconds"]) - validation - checkpoints
        shares.append((validation / epoch, logging / epoch, checkpoints / epoch))
    names = ("validation", "logging", "checkpoints")
    return {n: statistics.median(s) for n, s in zip(names, zip(*shares, strict=True), strict=True)}
