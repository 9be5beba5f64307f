"""Every peer on every workload, interleaved, so that what else the machine does hits all alike."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.compare import epoch_median
from benchmarks.launch import BenchError, Launch
from benchmarks.workloads import PEERS, WORKLOADS, Workload

TRIAL_EPOCHS = 3
FIRST_SEED = 2024
Record = dict[str, Any]  # one training run, as bench.json keeps it


@dataclass(frozen=True, kw_only=True)
class Plan:
    root: str
    alphabet: str
    epochs: int
    repeats: int
    workloads: Sequence[str]
    threads: Sequence[int] = (1, 2)
    workers: Sequence[int] = (0, 2)
    gpu: bool = False

    @property
    def peers(self) -> list[str]:
        return [name for name, peer in PEERS.items() if peer.present]


@dataclass(frozen=True, kw_only=True)
class Variant:
    """How a peer is run: threads of None are its own choice."""

    threads: int | None = None
    workers: int = 0
    device: str = "cpu"


def variants(peer: str, plan: Plan) -> list[Variant]:
    """What a peer may choose from on the CPU."""
    threads = [None] if PEERS[peer].own_threads else plan.threads
    workers = plan.workers if PEERS[peer].decodes else [0]
    return [Variant(threads=t, workers=w) for w, t in itertools.product(workers, threads)]


def run_once(
    peer: str, workload: Workload, variant: Variant, plan: Plan, repeat: int, launch: Launch
) -> Record:
    seed = FIRST_SEED + repeat
    chosen = asdict(variant)
    with TemporaryDirectory() as folder:
        task = {name: value for name, value in asdict(workload).items() if name != "name"}
        task |= {"root": plan.root, "alphabet": plan.alphabet, "epochs": plan.epochs}
        task |= {"seed": seed, "folder": folder, **chosen}
        task |= {"steps_per_execution": PEERS[peer].steps_per_execution}
        answer = launch(f"peers.{PEERS[peer].module}", task, variant.threads)
    if len(answer["epoch_seconds"]) != plan.epochs:
        raise BenchError(f"{peer} timed {len(answer['epoch_seconds'])} epochs of {plan.epochs}")
    return (
        {"workload": workload.name, "peer": peer, "repeat": repeat, "seed": seed} | chosen | answer
    )


def better_variant(
    peer: str, workload: Workload, plan: Plan, launch: Launch
) -> tuple[Variant, list[Record]]:
    """The fastest of a short trial of each, and the trials; none is needed where there is one."""
    offered = variants(peer, plan)
    if len(offered) == 1:
        return offered[0], []
    short = Plan(**vars(plan) | {"epochs": min(TRIAL_EPOCHS, plan.epochs)})
    trials = [run_once(peer, workload, variant, short, 0, launch) for variant in offered]
    seconds = [epoch_median(trial["epoch_seconds"]) for trial in trials]
    return offered[seconds.index(min(seconds))], trials


def contestants(
    workload: Workload, plan: Plan, launch: Launch
) -> tuple[list[tuple[str, Variant]], list[Record]]:
    """Each peer as it runs best; those that can run on a GPU once more there."""
    chosen, trials = [], []
    for peer in plan.peers:
        variant, tried = better_variant(peer, workload, plan, launch)
        chosen.append((peer, variant))
        trials += tried
    if plan.gpu:
        chosen += [(p, Variant(device="cuda")) for p in plan.peers if PEERS[p].on_gpu]
    return chosen, trials


def rotated(items: Sequence[Any], by: int) -> list[Any]:
    """The same order, begun elsewhere: no peer is always the first of a repeat."""
    start = by % len(items)
    return [*items[start:], *items[:start]]


def race(plan: Plan, launch: Launch) -> tuple[list[Record], list[Record]]:
    """The runs that count, and the trials that chose threads and workers."""
    fields = {name: contestants(WORKLOADS[name], plan, launch) for name in plan.workloads}
    runs = list(_repeats({name: chosen for name, (chosen, _) in fields.items()}, plan, launch))
    return runs, [trial for _, trials in fields.values() for trial in trials]


def _repeats(
    fields: dict[str, list[tuple[str, Variant]]], plan: Plan, launch: Launch
) -> Iterator[Record]:
    for repeat in range(plan.repeats):
        for name, chosen in fields.items():
            for peer, variant in rotated(chosen, repeat):
                run = run_once(peer, WORKLOADS[name], variant, plan, repeat, launch)
                seconds = epoch_median(run["epoch_seconds"])
                where = f"repeat {repeat + 1} of {plan.repeats}, {name}, {variant.device}"
                print(f"{where}: {PEERS[peer].title}: {seconds:.4f} s an epoch", flush=True)
                yield run
