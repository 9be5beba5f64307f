"""Pictures as a stream: the same pixels in the same order, a bounded number ahead."""

from __future__ import annotations

import os
import signal
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from conftest import draw_letter
from PIL import Image
from processes import descendants, living

from charrec.data import decoding
from charrec.data.decoder import Decoded, Decoder
from charrec.data.decoding import cores, decoded
from charrec.data.pictures import SMALL, read_pictures

SIZES = (32, 20)
BY_THREADS_AND_PROCESSES = pytest.mark.parametrize("decoders", [0, 2])


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """300 paths of 30 pictures, of which each tenth cannot be read."""
    folder = tmp_path_factory.mktemp("pictures")
    for n in range(30):
        draw_letter("ABCD"[n % 4], n).save(folder / f"{n}.png")
    for n in range(5, 30, 10):
        (folder / f"{n}.png").write_bytes(b"no picture")
    return [str(folder / f"{n % 30}.png") for n in range(300)]


def processes() -> set[int]:
    """That this one has started, and that go on."""
    return set(living(descendants(os.getpid()), 0))


def whole(batches: list[Decoded]) -> Decoded:
    images = {size: np.concatenate([b.images[size] for b in batches]) for size in SIZES}
    return Decoded(images, [error for batch in batches for error in batch.errors])


@BY_THREADS_AND_PROCESSES
def test_all_of_them_in_their_order(names: list[str], decoders: int) -> None:
    told: list[int] = []
    with decoded(names, SIZES, 64, decoders, told.append) as stream:
        batches = list(stream)
    assert [len(batch.errors) for batch in batches] == [64, 64, 64, 64, 44]
    found = whole(batches)
    for size in SIZES:
        images, errors = read_pictures(names, size)
        np.testing.assert_array_equal(found.images[size], images)
        assert found.errors == errors
    assert sum(error is not None for error in found.errors) == 30
    assert sum(told) == 300


@BY_THREADS_AND_PROCESSES
def test_a_bounded_number_is_decoded_while_nobody_takes_them(tmp_path: Path, decoders: int) -> None:
    """What was not decoded by the time at which the files vanish never is."""
    draw_letter("A", 1).save(tmp_path / "a.png")
    names = [str(tmp_path / f"{n}.png") for n in range(1000)]
    for name in names:
        os.link(tmp_path / "a.png", name)
    with decoded(names, SIZES, 100, decoders) as stream:
        first = next(stream)
        time.sleep(1)
        for name in names:
            os.unlink(name)
        found = whole([first, *stream])
    read = found.errors.count(None)
    assert 150 <= read <= 330, (
        "the next ones while the first are looked at, but two batches at most"
    )
    assert found.errors[:read] == [None] * read
    assert found.errors[-1] == f"{names[-1]}: no such file"


@pytest.mark.parametrize("error", [None, KeyboardInterrupt])
def test_nothing_is_left_of_a_stream_that_is_not_read_to_its_end(
    names: list[str], error: type[BaseException] | None
) -> None:
    before, started = processes(), set()

    def read_some() -> None:
        nonlocal started
        with decoded(names * 20, SIZES, 64, 2) as stream:
            next(stream)
            started = processes() - before
            if error is not None:
                raise error

    with nullcontext() if error is None else pytest.raises(error):
        read_some()
    assert len(started) == 2
    assert living(started) == []


def test_a_decoder_that_is_killed_loses_no_picture(names: list[str]) -> None:
    before = processes()
    with decoded(names * 4, SIZES, 64, 2) as stream:
        first = next(stream)
        for pid in processes() - before:
            os.kill(pid, signal.SIGKILL)
        found = whole([first, *stream])
    images, errors = read_pictures(names, 32)
    np.testing.assert_array_equal(found.images[32], np.concatenate([images] * 4))
    assert found.errors == errors * 4


def test_a_large_picture_is_decoded_where_memory_is_shared_out(tmp_path: Path) -> None:
    large = tmp_path / "large.png"
    pixels = np.arange(1100 * 1000, dtype=np.uint32).reshape(1000, 1100) // 5000
    Image.fromarray(pixels.astype(np.uint8)).save(large)
    assert pixels.size > SMALL
    draw_letter("A", 1).save(tmp_path / "small.png")
    names = [str(tmp_path / "small.png"), str(large)] * 3
    decoder = Decoder()
    try:
        assert decoder.decode(names, [32])[1] == [1, 3, 5]
    finally:
        decoder.close()
    with decoded(names, [32], 6, 1) as stream:
        (found,) = stream
    np.testing.assert_array_equal(found.images[32], read_pictures(names, 32)[0])
    assert found.images[32][1].max() > 200


def test_processes_for_many_and_threads_for_few(
    names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "MANY", 200)
    for some, count in ((names[:199], 0), (names, cores() if cores() > 1 else 0)):
        before = processes()
        with decoded(some, SIZES, 64) as stream:
            next(stream)
            started = processes() - before
        assert len(started) == count


def test_where_no_process_can_be_started_threads_do(
    names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with decoded(names, SIZES, 64, 2) as stream:
        assert len(whole(list(stream)).errors) == 300
