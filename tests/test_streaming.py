"""A stream of pictures is read as all of them at once are, to the last bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import draw_letter
from pytorch_lightning import Callback

from charrec.classifier import CharacterClassifier
from charrec.data.pictures import Grey, read_pictures
from charrec.errors import UserError
from charrec.execution import threads
from charrec.reading import Ensemble, Reader, Reading, read
from charrec.streaming import read_stream

CPU = {"accelerator": "cpu", "devices": 1}


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """2,100 paths of 70 pictures, one of them blank, one broken."""
    folder = tmp_path_factory.mktemp("pictures")
    for n in range(70):
        draw_letter("ABCD"[n % 4], n).save(folder / f"{n}.png")
    draw_letter(" ", 1).save(folder / "3.png")
    (folder / "4.png").write_bytes(b"")
    return [str(folder / f"{n % 70}.png") for n in range(2100)]


def networks(**sizes: int) -> Ensemble:
    torch.manual_seed(1)
    readers = [
        Reader(CharacterClassifier("ABCD", size, 16, normalisation=how, views=2).eval(), 1.4)
        for how, size in sizes.items()
    ]
    return Ensemble(readers, 0.8)


def streamed(ensemble: Ensemble, names: list[str], trainer: dict[str, Any]) -> list[Any]:
    taken: list[Any] = []
    read_stream(ensemble, names, trainer, lambda *batch: taken.append(batch))
    return taken


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_the_same_numbers_as_all_at_once(names: list[str], precision: str) -> None:
    ensemble = networks(standard=32, ink=20)
    trainer = CPU | {"precision": precision}
    taken: list[tuple[Reading, dict[int, Grey], list[str | None]]]
    taken = streamed(ensemble, names, trainer)
    seen = {size: read_pictures(names, size)[0] for size in (32, 20)}
    with threads(1):
        at_once = read(ensemble, lambda size: torch.from_numpy(seen[size]), trainer)
    assert [len(errors) for _, _, errors in taken] == [1024, 1024, 52]
    for name in ("together", "blank"):
        found = np.concatenate([getattr(reading, name) for reading, _, _ in taken])
        np.testing.assert_array_equal(found, getattr(at_once, name))
    assert at_once.blank.sum() == 60
    for size, images in seen.items():
        np.testing.assert_array_equal(np.concatenate([i[size] for _, i, _ in taken]), images)
    assert sum(error is not None for _, _, errors in taken for error in errors) == 30


def test_each_lane_is_one_thread_and_torch_has_its_threads_back(names: list[str]) -> None:
    class Witness(Callback):
        seen = 0

        def on_predict_batch_end(self, *_: Any) -> None:
            self.seen = torch.get_num_threads()

    before, witness = torch.get_num_threads(), Witness()
    with threads(before + 1):
        streamed(networks(plain=8), names[:5], CPU | {"callbacks": [witness]})
        assert (witness.seen, torch.get_num_threads()) == (1, before + 1)


def test_large_pictures_are_read_fewer_at_a_time(names: list[str]) -> None:
    taken = streamed(networks(plain=512), names[:20], CPU)
    assert [len(errors) for _, _, errors in taken] == [16, 4]


def test_callbacks_of_the_user_are_called_too(names: list[str], tmp_path: Path) -> None:
    class Count(Callback):
        batches = 0

        def on_predict_batch_end(self, *_: Any) -> None:
            self.batches += 1

    count = Count()
    streamed(networks(plain=8), names, CPU | {"callbacks": [count]})
    assert count.batches == 3


def test_pictures_that_are_left_out_are_told(names: list[str]) -> None:
    with pytest.raises(UserError, match="the trainer's limits leave 1076 pictures unread"):
        streamed(networks(plain=8), names, CPU | {"limit_predict_batches": 1})
