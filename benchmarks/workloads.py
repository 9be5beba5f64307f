"""What is raced: the workloads, the peers, and how much faster charrec means to be."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A network, a batch size and an optimizer; `lr` is one that learns within a few epochs."""

    name: str
    batch_size: int
    hsize: tuple[int, ...]
    optimizer: str
    lr: float
    momentum: float = 0.9  # of sgd alone
    weight_decay: float = 0.0

    @property
    def title(self) -> str:
        """``"batch 8, 32 hidden units, SGD"``."""
        units = "-".join(map(str, self.hsize))
        optimizer = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW"}[self.optimizer]
        return f"batch {self.batch_size}, {units} hidden units, {optimizer}"


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload(name="small", batch_size=8, hsize=(32,), optimizer="sgd", lr=4e-3),
        Workload(name="middle", batch_size=64, hsize=(64,), optimizer="adam", lr=1e-3),
        Workload(
            name="large", batch_size=256, hsize=(512, 256), optimizer="adamw", lr=1e-3,
            weight_decay=1e-2,
        ),
    )
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A way to train. `goals`: workload -> the most that charrec's epoch may take of the peer's."""

    title: str
    module: str  # in benchmarks.peers
    needs: str = "torch"  # the package without which it cannot run
    own_threads: bool = False  # has a rule for the number of threads
    decodes: bool = False  # reads pictures while it trains, perhaps with worker processes
    on_gpu: bool = False
    steps_per_execution: str | int = "auto"
    goals: tuple[tuple[str, float], ...] = ()
    note: str = ""  # what a reader of its figures must know

    @property
    def present(self) -> bool:
        return find_spec(self.needs) is not None


OURS = "charrec"
PEERS = {
    OURS: Peer(title="charrec", module="charrec_train", own_threads=True, on_gpu=True),
    "charrec_single_steps": Peer(
        title="charrec, `steps_per_execution=1`", module="charrec_train", own_threads=True,
        on_gpu=True, steps_per_execution=1,
    ),
    "raw_pytorch": Peer(
        title="raw PyTorch loop", module="raw_pytorch", on_gpu=True,
        goals=(("small", 0.5), ("middle", 0.7)),
    ),
    "scikit_learn": Peer(
        title="scikit-learn's MLPClassifier", module="scikit_learn", needs="sklearn",
        goals=(("small", 0.8), ("middle", 0.9)),
        note="counts no training accuracy, and has no AdamW: Adam without weight decay stands in",
    ),
    "lightning_template": Peer(
        title="template-style Lightning", module="lightning_template",
        goals=(("small", 0.1), ("middle", 0.12)),
        note="calls its metrics at every step, as the templates do",
    ),
    "course_script": Peer(
        title="course-style script", module="course_script", decodes=True,
        goals=(("small", 0.07), ("middle", 0.04)),
        note="decodes every picture in every epoch; memory of its workers is not counted",
    ),
}  # fmt: skip
