"""A network with all that stands before and after it: pictures in, calibrated probabilities out.

The same functions as in prediction, put together so that torch.export can follow them: all views
of a batch are looked at as one, and calibration is done with tensors.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from charrec.data.blank import FAINTEST
from charrec.errors import UserError
from charrec.normalisation import NORMALISATIONS
from charrec.reading import Ensemble, Reader
from charrec.resampling import fetched
from charrec.views import VIEWS, map_of


class Looking(nn.Module):
    """One trained network: uint8 (B, 1, H, W) -> calibrated log-probabilities (B, C)."""

    grids: Tensor  # where the views but the first fetch their pixels, (V - 1, H, W, 2)

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        chosen = reader.classifier.hparams
        self.network = reader.classifier.network
        self.normalisation, self.count = str(chosen["normalisation"]), int(chosen["views"])
        self.temperature = reader.temperature
        self.register_buffer("grids", _grids(self.count, reader.image_size), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        chosen = NORMALISATIONS[self.normalisation]
        grey = chosen.frame(images).float()
        logits = self.network(chosen.values(self._views(grey)))
        logits = logits.view(self.count, -1, logits.shape[1])  # (V, B, C)
        answers = logits.log_softmax(2).logsumexp(0) - math.log(self.count)
        calibrated: Tensor = (answers / self.temperature).log_softmax(1)
        return calibrated

    def _views(self, grey: Tensor) -> Tensor:
        """All of the first view, then all of the second, and so on: (V·B, 1, H, W)."""
        if self.count == 1:
            return grey
        count, (batch, *size) = self.count - 1, grey.shape
        again = grey[None].expand(count, *grey.shape).reshape(count * batch, *size)
        grids = self.grids[:, None].expand(-1, batch, -1, -1, -1).flatten(0, 1)
        return torch.cat([grey, fetched(again, grids)])


def _grids(count: int, size: int) -> Tensor:
    maps = torch.tensor([map_of(view) for view in VIEWS[1:count]]).view(-1, 2, 3)
    if count == 1:  # for none affine_grid has no answer
        return torch.empty(0, size, size, 2)
    return functional.affine_grid(maps, [count - 1, 1, size, size], align_corners=False)


class Standalone(nn.Module):
    """uint8 (B, 1, H, W) -> probabilities (B, C), and which pictures are blank, (B,).

    Raises:
        UserError: the networks see pictures of different sizes.
    """

    def __init__(self, ensemble: Ensemble) -> None:
        super().__init__()
        sizes = sorted({reader.image_size for reader in ensemble.readers})
        if len(sizes) > 1:
            raise UserError(
                f"the runs see pictures of {' and '.join(map(str, sizes))} pixels: an exported "
                "network takes one size; export runs of one data.image_size together"
            )
        self.networks = nn.ModuleList(Looking(reader) for reader in ensemble.readers)
        self.temperature = ensemble.temperature
        self.eval().requires_grad_(False)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        alone = torch.stack([network(images) for network in self.networks])  # (n, B, C)
        together = alone.logsumexp(0)  # of the mean but for a constant, which softmax leaves out
        greys = images.flatten(1).to(torch.int32)
        blank = greys.amax(1) - greys.amin(1) < FAINTEST
        return (together / self.temperature).softmax(1), blank
