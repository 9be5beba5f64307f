"""Entries are whole or not there, whoever writes, dies or meddles, and together bounded."""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import tempfile
import time
import tracemalloc
import warnings
from hashlib import sha256
from multiprocessing.synchronize import Barrier
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from charrec.data import entries
from charrec.data.entries import keep, load

FORKS = multiprocessing.get_context("forkserver")
SHAPE = (50, 1, 8, 8)
NOBODY = 65534


def pixels(seed: int = 0, shape: tuple[int, ...] = SHAPE) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def entry_of(place: Path, number: int = 0) -> Path:
    return place / f"charrec-{number:064x}.npy"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "some" / "cache"


@pytest.fixture
def entry(place: Path) -> Path:
    keep(entry_of(place), pixels())
    return entry_of(place)


def names(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir())


def test_what_was_kept_is_loaded(entry: Path) -> None:
    loaded = load(entry, SHAPE)
    assert loaded is not None
    np.testing.assert_array_equal(loaded, pixels())
    assert names(entry.parent) == [entry.name]


def test_numpy_reads_an_entry_too(entry: Path) -> None:
    np.testing.assert_array_equal(np.load(entry, allow_pickle=False), pixels())


def test_no_pictures_at_all(place: Path) -> None:
    keep(entry_of(place), pixels(shape=(0, 1, 8, 8)))
    loaded = load(entry_of(place), (0, 1, 8, 8))
    assert loaded is not None
    assert loaded.shape == (0, 1, 8, 8)


def test_loading_takes_no_more_memory_than_the_pixels(place: Path) -> None:
    shape = (5000, 1, 28, 28)
    keep(entry_of(place), np.zeros(shape, dtype=np.uint8))
    tracemalloc.start()
    loaded = load(entry_of(place), shape)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert loaded is not None
    assert 1 <= peak / loaded.nbytes < 1.05


# Damaged and hostile entries


def replaced(entry: Path) -> None:
    """It does not count, and what is kept in its place does."""
    assert load(entry, SHAPE) is None
    keep(entry, pixels(1))
    loaded = load(entry, SHAPE)
    assert loaded is not None
    np.testing.assert_array_equal(loaded, pixels(1))


@pytest.mark.parametrize("length", [0, 1, 127, 128, 1000, 3328, 3359])
def test_cut_off(entry: Path, length: int) -> None:
    assert entry.stat().st_size == 3360
    os.truncate(entry, length)
    replaced(entry)


@pytest.mark.parametrize("at", [0, 60, 127, 128, 2000, 3327, 3328, 3359])
def test_one_bit_is_another(entry: Path, at: int) -> None:
    """In the header, the pixels and the digest."""
    data = bytearray(entry.read_bytes())
    data[at] ^= 4
    entry.write_bytes(data)
    replaced(entry)


@pytest.mark.parametrize("length", [3361, 2**28])
def test_longer_than_it_should_be(entry: Path, length: int) -> None:
    os.truncate(entry, length)
    tracemalloc.start()
    assert load(entry, SHAPE) is None
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**20
    replaced(entry)


@pytest.mark.parametrize(
    "array",
    [
        pixels(shape=(50, 1, 4, 16)),
        pixels(shape=(49, 1, 8, 8)),
        pixels().astype(np.int8),
        pixels().astype(np.float32),
    ],
    ids=["shape", "count", "type", "wider"],
)
def test_other_arrays(entry: Path, array: NDArray[np.generic]) -> None:
    """Whole ones, with the digest that belongs to them."""
    np.save(entry, array)
    data = entry.read_bytes()
    entry.write_bytes(data + sha256(entry.name.encode() + data).digest())
    replaced(entry)


class Trap:
    """Unpickled, it makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.folder),)


def test_a_pickled_object_is_not_run(entry: Path, tmp_path: Path) -> None:
    np.save(entry, np.array([Trap(tmp_path / "sprung")], dtype=object), allow_pickle=True)
    with entry.open("ab") as file:
        file.write(bytes(3360 - entry.stat().st_size))
    replaced(entry)
    assert not (tmp_path / "sprung").exists()


def test_a_renamed_entry_is_not_taken_for_another(entry: Path) -> None:
    entry.rename(entry_of(entry.parent, 1))
    replaced(entry_of(entry.parent, 1))


def test_a_pipe_in_the_place_of_an_entry_is_not_waited_for(entry: Path) -> None:
    entry.unlink()
    os.mkfifo(entry)
    replaced(entry)


# Several processes


def keep_and_load(place: Path, start: Barrier, own: int, most_bytes: int) -> None:
    """Entry 0 is everybody's, the other one this process's own; any warning is a failure."""
    entries.MOST_BYTES = most_bytes
    warnings.simplefilter("error")
    start.wait(60)
    for _ in range(40):
        for number in (0, own):
            keep(entry_of(place, number), pixels(number))
            loaded = load(entry_of(place, number), SHAPE)
            assert loaded is None or bool((loaded == pixels(number)).all())


@pytest.mark.parametrize("room", [100, 1], ids=["room for all", "room for one"])
def test_processes_that_write_at_once(place: Path, room: int) -> None:
    start = FORKS.Barrier(3)
    processes = [
        FORKS.Process(target=keep_and_load, args=(place, start, own, room * 3360))
        for own in (1, 2, 3)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    if room == 100:
        assert names(place) == [entry_of(place, number).name for number in range(4)]
        for number in range(4):
            loaded = load(entry_of(place, number), SHAPE)
            assert loaded is not None
            np.testing.assert_array_equal(loaded, pixels(number))


def die_writing(entry: Path) -> None:
    """Killed when everything is written but not yet safe on the disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: os.kill(os.getpid(), signal.SIGKILL))
        keep(entry, pixels())


def test_killed_while_writing(place: Path) -> None:
    process = FORKS.Process(target=die_writing, args=(entry_of(place),))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    (draft,) = place.iterdir()
    assert draft.suffix == ".draft"
    assert load(entry_of(place), SHAPE) is None
    keep(entry_of(place), pixels())
    assert draft.exists()  # as far as anybody knows, its process still writes
    long_ago = time.time() - entries.ABANDONED - 1
    os.utime(draft, (long_ago, long_ago))
    keep(entry_of(place), pixels())
    assert names(place) == [entry_of(place).name]


# Folders that cannot be used


@pytest.mark.parametrize("kind", ["a file", "below a file", "too long", "a folder as entry"])
def test_a_place_that_cannot_be_used_is_one_warning(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    place = {"a file": file, "below a file": file / "sub", "too long": tmp_path / ("x" * 300)}
    entry = entry_of(place.get(kind, tmp_path))
    if kind == "a folder as entry":
        (entry / "sub").mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    assert load(entry, SHAPE) is None
    with pytest.warns(UserWarning, match="CHARREC_CACHE") as told:
        keep(entry, pixels())
    assert len(told) == 1
    message = str(told[0].message)
    assert message.startswith(f"decoded pictures are not kept in {entry.parent}: ")
    assert message.endswith("; CHARREC_CACHE names another folder, or off")
    assert sorted(tmp_path.rglob("*")) == before
    assert file.read_text() == "mine"


def test_a_full_disk_leaves_nothing_half_written(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.warns(UserWarning, match="No space left on device"):
        keep(entry_of(place), pixels())
    assert names(place) == []


def use_read_only(place: Path) -> None:
    """What is there is read, what is not cannot be kept; by nobody where root runs the tests."""
    if os.geteuid() == 0:
        os.setuid(NOBODY)
    loaded = load(entry_of(place), SHAPE)
    assert loaded is not None
    assert bool((loaded == pixels()).all())
    with pytest.warns(UserWarning, match="not kept in .*: Permission denied; "):
        keep(entry_of(place, 1), pixels(1))


def test_a_folder_that_can_only_be_read() -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        keep(entry_of(place), pixels())
        entry_of(place).chmod(0o444)
        place.chmod(0o555)
        process = FORKS.Process(target=use_read_only, args=(place,))
        process.start()
        process.join(60)
        assert process.exitcode == 0
        assert names(place) == [entry_of(place).name]
        place.chmod(0o755)


# Bounded


def test_what_was_used_longest_ago_goes_first_and_others_files_stay(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries, "MOST_BYTES", 3 * 3360)
    long_ago = time.time() - 1e6
    for number in range(3):
        keep(entry_of(place, number), pixels(number))
        os.utime(entry_of(place, number), (long_ago + number, long_ago + number))
    foreign = ["charrec-letters.npy", "letters.npy", "notes.draft", entry_of(place).stem]
    for name in foreign:
        (place / name).write_bytes(bytes(9999))
        os.utime(place / name, (1, 1))
    assert load(entry_of(place, 0), SHAPE) is not None  # used now: 1 is the oldest
    keep(entry_of(place, 3), pixels(3))
    assert set(names(place)) - set(foreign) == {entry_of(place, n).name for n in (0, 2, 3)}
    keep(entry_of(place, 4), pixels(4))
    assert set(names(place)) - set(foreign) == {entry_of(place, n).name for n in (0, 3, 4)}
    assert set(foreign) < set(names(place))
