"""Looking into the network while it learns, for TensorBoard."""

from __future__ import annotations

import math

import numpy as np
import pytorch_lightning as pl
import torch
from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary
from torch import Tensor

from charrec.board.looks import gradient_norms, tanh_outputs
from charrec.classifier import CharacterClassifier
from charrec.data.datamodule import CharacterDataModule
from charrec.figures.units import picture_of_units, png_of
from charrec.inspection import first_layer, saturated
from charrec.recording import EventLogger
from charrec.views import views_of

LOOKED_AT = 64  # training pictures, of all of them at equal distances
BINS = 100
EVERY = 10  # epochs, after which it looks; after 1, 2, 4 and 8, too, when much changes


class Watcher(pl.Callback):
    """The share of saturated units and the norm of the gradient, a layer a curve; less often
    histograms, and the first layer's weights as pictures, which take longer to write than some
    runs' epochs.

    Always of the same training pictures, as they are and not deformed, by the network as it is at
    the end of the epoch. So a run that is gone on with shows what it would have shown.
    """

    def __init__(self, letters: CharacterDataModule) -> None:
        self.letters = letters
        self._seen = self._labels = torch.empty(0)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert isinstance(pl_module, CharacterClassifier)
        count = len(self.letters.images["train"])
        some = slice(None, None, math.ceil(count / LOOKED_AT))
        images, self._labels = (
            of["train"][some].to(pl_module.device)
            for of in (self.letters.images, self.letters.labels)
        )
        dtype = pl_module.network.dtype
        (self._seen,) = views_of(images, 1, pl_module.hparams["normalisation"], dtype)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert isinstance(pl_module, CharacterClassifier)
        epoch = trainer.current_epoch + 1
        last = epoch == trainer.max_epochs
        if not trainer.is_global_zero or not (last or is_looked_at(epoch)):
            return
        layers = list(tanh_outputs(pl_module, self._seen))
        pl_module.also_log(self._scalars(pl_module, layers))
        if last or is_pictured(epoch):
            values = [_histogram(n, *layer) for n, layer in enumerate(layers, 1)]
            values.append(_weights(pl_module))
            for logger in trainer.loggers:
                if isinstance(logger, EventLogger):
                    logger.log_values(values, trainer.global_step)

    def _scalars(
        self, classifier: CharacterClassifier, layers: list[tuple[bool, Tensor]]
    ) -> dict[str, float]:
        norms = gradient_norms(classifier, self._seen, self._labels)
        found = {"gradient_norm/network": math.hypot(*norms)}
        found |= {f"gradient_norm/layer_{n}": norm for n, norm in enumerate(norms, 1)}
        shares = {n: saturated(y) for n, (has_limit, y) in enumerate(layers, 1) if has_limit}
        return found | {f"saturated/layer_{n}": share for n, share in shares.items()}


def is_looked_at(epoch: int) -> bool:
    """1, 2, 4, 8, 10, 16, 20, 30, 32 and so on, counted from 1."""
    return epoch % EVERY == 0 or epoch.bit_count() == 1


def is_pictured(epoch: int) -> bool:
    """1, 4, 16, 64 and so on."""
    return epoch.bit_count() == 1 and epoch.bit_length() % 2 == 1


def _histogram(number: int, has_limit: bool, outputs: Tensor) -> Summary.Value:
    """In equal bins, from -1 to 1 where the units can answer no more."""
    values = outputs.float().cpu()
    low, high = (-1.0, 1.0) if has_limit else (float(values.min()), float(values.max()))
    counts = torch.histc(values, BINS, low, high)
    edges = np.linspace(low, max(high, low + 1e-6), BINS + 1)[1:]
    content = HistogramProto(
        min=low,
        max=high,
        num=values.numel(),
        sum=float(values.sum()),
        sum_squares=float(values.square().sum()),
        bucket_limit=edges.tolist(),
        bucket=counts.tolist(),
    )
    return Summary.Value(tag=f"units/layer_{number}", histo=content)


def _weights(classifier: CharacterClassifier) -> Summary.Value:
    picture = picture_of_units(first_layer(classifier).numpy())
    content = Summary.Image(
        width=picture.width,
        height=picture.height,
        colorspace=3,
        encoded_image_string=png_of(picture),
    )
    return Summary.Value(tag="first_layer/weights", image=content)
