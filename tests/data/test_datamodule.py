"""The data module: what is in its batches, and in which order."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from PIL import Image
from torch import Tensor

from charrec.data.datamodule import CharacterDataModule
from charrec.data.pictures import read_picture
from charrec.errors import UserError


def module(root: Path, **changes: int) -> CharacterDataModule:
    letters = CharacterDataModule(root, alphabet="ABCD", **changes)
    letters.setup()
    return letters


def order_of(letters: CharacterDataModule, epoch: int) -> list[int]:
    """The places in the list of the pictures of an epoch, batch after batch."""
    letters.images["train"] = torch.arange(96, dtype=torch.uint8).view(96, 1, 1, 1)
    batches = letters.train_dataloader()
    assert batches.sampler is not None
    batches.sampler.set_epoch(epoch)
    return [int(i) for images, _ in batches for i in images.flatten()]


def test_what_a_batch_holds(letters: Path) -> None:
    batches = list(module(letters, image_size=20, batch_size=7).train_dataloader())
    assert [len(labels) for _, labels in batches] == [7] * 13 + [5]  # the last one is kept
    for images, labels in batches:
        assert (images.dtype, labels.dtype) == (torch.uint8, torch.int64)
        assert images.shape == (len(labels), 1, 20, 20)


@pytest.mark.parametrize(("batch_size", "count"), [(1, 96), (32, 3), (95, 2), (96, 1), (500, 1)])
def test_the_length_is_the_number_of_batches(letters: Path, batch_size: int, count: int) -> None:
    loader = module(letters, batch_size=batch_size).train_dataloader()
    assert len(loader) == len(list(loader)) == count


def test_each_picture_comes_with_its_own_label(letters: Path) -> None:
    data = module(letters)
    entries = json.loads((letters / "train.json").read_text())
    assert data.names["train"] == list(entries)
    assert data.labels["train"].tolist() == ["ABCD".index(c) for c in entries.values()]
    by_picture = {
        read_picture(letters / "images" / name, 32).tobytes(): label
        for name, label in entries.items()
    }
    for images, labels in data.train_dataloader():
        for image, label in zip(images, labels.tolist(), strict=True):
            assert by_picture[image.numpy().tobytes()] == "ABCD"[label]


def test_an_epoch_shows_every_picture_once_in_an_order_of_its_own(letters: Path) -> None:
    data = module(letters)
    orders = [order_of(data, epoch) for epoch in range(5)]
    assert all(sorted(order) == list(range(96)) for order in orders)
    assert len({tuple(order) for order in [*orders, list(range(96))]}) == 6


def test_the_order_follows_from_seed_and_epoch_alone(letters: Path) -> None:
    first, again = module(letters, seed=7), module(letters, seed=7, batch_size=5)
    later = order_of(first, 3)
    torch.manual_seed(99)
    np.random.seed(99)
    assert order_of(again, 3) == later


class Witness(pl.LightningModule):
    """Notes the pictures that Lightning hands over, epoch by epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.seen: list[list[int]] = []

    def on_train_epoch_start(self) -> None:
        self.seen.append([])

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        self.seen[-1] += batch[0].flatten().tolist()
        return self.weight * 1.0

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), 0.1)


def test_lightning_shuffles_anew_each_epoch(letters: Path, tmp_path: Path) -> None:
    expected = [order_of(module(letters), epoch) for epoch in range(3)]
    data, witness = module(letters), Witness()
    data.images["train"] = torch.arange(96, dtype=torch.uint8).view(96, 1, 1, 1)
    quiet: dict[str, Any] = {
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Lightning asks for workers of a DataLoader
        trainer = pl.Trainer(max_epochs=3, accelerator="cpu", enable_model_summary=False, **quiet)
        trainer.fit(witness, train_dataloaders=data.train_dataloader())
    assert witness.seen == expected


@pytest.mark.parametrize("split", ["validation", "test"])
def test_validation_and_test_keep_the_order_of_their_lists(letters: Path, split: str) -> None:
    data = module(letters, batch_size=5)
    batches = list(data.val_dataloader() if split == "validation" else data.test_dataloader())
    assert torch.equal(torch.cat([labels for _, labels in batches]), data.labels[split])
    assert torch.equal(torch.cat([images for images, _ in batches]), data.images[split])
    assert data.labels[split].tolist() == [0, 1, 2, 3] * 6


def test_pictures_are_decoded_once(own_letters: Path) -> None:
    data = module(own_letters)
    before = data.images["train"]
    for picture in (own_letters / "images").iterdir():
        picture.unlink()
    data.setup()
    data.setup("test")
    assert data.images["train"] is before


def test_names_stay_as_in_the_list(own_letters: Path) -> None:
    deep = own_letters / "images" / "a" / "b"
    deep.mkdir(parents=True)
    Image.new("L", (3, 3), 77).save(deep / "x.png")
    (own_letters / "test.json").write_text('{"a/b/x.png": "c", "a/../a/b/x.png": "D"}')
    with pytest.warns(UserWarning, match="have the same pixels and different letters: "):
        data = module(own_letters)
    assert data.names["test"] == ["a/b/x.png", "a/../a/b/x.png"]
    assert data.labels["test"].tolist() == [2, 3]
    assert data.images["test"].unique().tolist() == [77]


def test_letters_without_a_picture_are_told_who_wants_to_learn_them(own_letters: Path) -> None:
    for split, letter in (("train", "C"), ("validation", "A")):
        entries = json.loads((own_letters / f"{split}.json").read_text())
        fewer = {name: its for name, its in entries.items() if its != letter}
        (own_letters / f"{split}.json").write_text(json.dumps(fewer))
    data = CharacterDataModule(own_letters, alphabet="ABCDE")
    with pytest.warns(UserWarning, match="has no picture of") as told:
        data.setup("fit")
    assert [str(warning.message) for warning in told] == [
        "train.json has no picture of CE: it cannot be learned",
        "validation.json has no picture of A: the best epoch is chosen without it",
    ]
    assert data.labels["train"].unique().tolist() == [0, 1, 3]  # D keeps its place
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        module(own_letters)  # to test or to read with


def test_the_same_pixels_in_two_splits_or_with_two_letters_are_warnings(own_letters: Path) -> None:
    images = own_letters / "images"
    (images / "test_0_A.png").write_bytes((images / "train_4_A.png").read_bytes())
    Image.open(images / "train_5_B.png").save(images / "train_6_C.bmp")
    entries = json.loads((own_letters / "train.json").read_text())
    (own_letters / "train.json").write_text(json.dumps({"train_6_C.bmp": "C", **entries}))
    with pytest.warns(UserWarning, match="of 145 pictures") as told:
        module(own_letters)
    command = f"python -m charrec.check data.root={own_letters} data.alphabet=ABCD shows all"
    assert [str(warning.message) for warning in told] == [
        "1 of 145 pictures are in two splits, pixel for pixel: "
        f"train 'train_4_A.png' A = test 'test_0_A.png' A; {command}",
        "1 of 145 pictures have the same pixels and different letters: "
        f"train 'train_6_C.bmp' C = train 'train_5_B.png' B; {command}",
    ]


@pytest.mark.parametrize("root", ["letters", None])
def test_the_tests_letters_and_the_embedded_ones_give_no_warning(
    root: str | None, request: pytest.FixtureRequest
) -> None:
    folder, alphabet = (request.getfixturevalue(root), "ABCD") if root else (None, ascii_uppercase)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        CharacterDataModule(folder, alphabet=alphabet).setup()


def test_broken_pictures_are_counted_and_named(own_letters: Path) -> None:
    names = list(json.loads((own_letters / "validation.json").read_text()))
    for name in names[:5]:
        (own_letters / "images" / name).write_text("text")
    with pytest.raises(UserError) as caught:
        module(own_letters)
    message = str(caught.value)
    assert message.startswith(f"{own_letters}: 5 of 144 pictures cannot be read: ")
    assert [name in message for name in names[:5]] == [True] * 3 + [False] * 2
    assert "and 2 more\n" in message
