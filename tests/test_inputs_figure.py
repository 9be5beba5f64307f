"""What inputs.png is drawn from: letters as they are, and as they are fed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from charrec.conclusion import inputs_of
from charrec.data.settings import DataSettings
from charrec.inputs import Inputs
from charrec.learning import letters_of
from charrec.settings import TrainSettings
from charrec.views import views_of


def test_rows_of_the_inputs_figure(letters: Path) -> None:
    data = DataSettings(letters, image_size=16, alphabet="ABCD")
    settings = TrainSettings(data=data, normalisation="strokes", augment="strong", seed=3)
    split = letters_of(settings)
    split.setup()
    names, pictures = zip(*inputs_of(settings, split), strict=True)
    fed = "as it is fed"
    assert names == ("picture", fed, "epoch 1", fed, "epoch 2", fed, "epoch 3", fed)
    assert {row.shape for row in pictures} == {(16, 16, 16)}

    some = split.images["train"][:: len(split.images["train"]) // 16][:16]
    assert np.array_equal(pictures[0], some[:, 0].numpy())
    (seen,) = views_of(some, 1, "strokes", torch.float32)
    assert np.array_equal(pictures[1], seen[:, 0].numpy())
    inputs = Inputs("strokes", settings.strengths, 3, torch.float32)
    second = inputs(inputs.frame(some), 1, 0).view(16, 16, 16)
    assert np.array_equal(pictures[5], second.numpy())
    assert not np.array_equal(pictures[4], pictures[2])  # an epoch's own


def test_letters_that_are_not_deformed_have_no_rows_of_epochs(letters: Path) -> None:
    settings = TrainSettings(data=DataSettings(letters, image_size=16, alphabet="ABCD"))
    split = letters_of(settings)
    split.setup()
    assert [name for name, _ in inputs_of(settings, split)] == ["picture", "as it is fed"]
