"""Pictures as a stream: decoded side by side, a bounded number ahead of who takes them, in order.

Few pictures are decoded by threads; many by processes, which cost half a second each to start
and decode small pictures at once, as threads cannot.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from queue import SimpleQueue
from threading import Event

import numpy as np

from charrec.data.decoder import Decoded, Decoder, none_of
from charrec.data.pictures import pillow_quiet

MANY = 4096  # pictures, from which on processes are worth their start
MOST, MOST_PIXELS = 128, 2**22  # pictures that a thread is handed, and their pixels when small
OURS = r"PIL\b|charrec\.data\.pictures$"  # modules
Work = Callable[[Sequence[str], Sequence[int]], Decoded]


def cores() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def decoded(
    paths: Sequence[str],
    sizes: Sequence[int],
    at_once: int,
    decoders: int | None = None,
    tell: Callable[[int], object] = lambda count: None,
) -> Iterator[Iterator[Decoded]]:
    """For the block, an iterator over the pictures, `at_once` at a time.

    At most two such batches and what is under way are held, however many pictures there are.

    Args:
        decoders: processes; 0 for threads alone, None for what suits the number of pictures.
        tell: is called with the number of pictures that were decoded since the last call.
    """
    if decoders is None:
        worth_it = len(paths) >= MANY and cores() > 1 and sys.executable
        decoders = cores() if worth_it else 0
    over = Event()
    with ExitStack() as stack:
        processes = _started(decoders, stack)
        pool = stack.enter_context(ThreadPoolExecutor(len(processes) or cores()))
        for process in processes:
            stack.callback(process.kill)
        stack.enter_context(pillow_quiet(OURS))
        work = _by_processes(processes, over) if processes else _by_thread(over)
        try:
            yield _batches(pool, work, paths, sizes, at_once, tell)
        finally:
            over.set()
            pool.shutdown(wait=False, cancel_futures=True)


def _started(count: int, stack: ExitStack) -> list[Decoder]:
    """As many as the system lets start."""
    decoders: list[Decoder] = []
    with suppress(OSError):
        for _ in range(count):
            decoders.append(Decoder())
            stack.callback(decoders[-1].close)
    return decoders


def _by_thread(over: Event) -> Work:
    def work(paths: Sequence[str], sizes: Sequence[int]) -> Decoded:
        return _here(none_of(len(paths), sizes), range(len(paths)), paths, over)

    return work


def _by_processes(processes: Sequence[Decoder], over: Event) -> Work:
    free: SimpleQueue[Decoder] = SimpleQueue()
    for process in processes:
        free.put(process)

    def work(paths: Sequence[str], sizes: Sequence[int]) -> Decoded:
        process = free.get()
        try:
            found, left = process.decode(paths, sizes)
            return _here(found, left, paths, over)
        finally:
            free.put(process)

    return work


def _here(found: Decoded, places: Sequence[int], paths: Sequence[str], over: Event) -> Decoded:
    """Decode those at the `places` in this thread."""
    for place in places:
        if over.is_set():
            break
        found.put(place, paths[place])
    return found


def _batches(
    pool: ThreadPoolExecutor,
    work: Work,
    paths: Sequence[str],
    sizes: Sequence[int],
    at_once: int,
    tell: Callable[[int], object],
) -> Iterator[Decoded]:
    length = _chunk_length(len(paths), sizes, at_once)
    batches = range(0, len(paths), at_once)
    chunks = [  # none of them goes over the end of a batch
        slice(start, min(start + length, batch + at_once, len(paths)))
        for batch in batches
        for start in range(batch, min(batch + at_once, len(paths)), length)
    ]
    coming = iter(chunks)
    under_way: deque[Future[Decoded]] = deque()
    ahead = 2 * -(-at_once // length)
    for batch in batches:
        parts: list[Decoded] = []
        missing = min(at_once, len(paths) - batch)
        while missing:
            for chunk in islice(coming, ahead - len(under_way)):
                under_way.append(pool.submit(work, paths[chunk], sizes))
            parts.append(under_way.popleft().result())
            missing -= len(parts[-1].errors)
            tell(len(parts[-1].errors))
        yield _joined(parts)


def _chunk_length(count: int, sizes: Sequence[int], at_once: int) -> int:
    """Short enough to share a few large pictures out, and not to fill the memory."""
    most = MOST_PIXELS // sum(size**2 for size in sizes)
    return max(1, min(MOST, at_once, most, count // 64))


def _joined(parts: Sequence[Decoded]) -> Decoded:
    images = {
        size: np.concatenate([part.images[size] for part in parts]) for size in parts[0].images
    }
    return Decoded(images, [error for part in parts for error in part.errors])
