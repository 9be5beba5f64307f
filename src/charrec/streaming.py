"""Networks that read pictures as they are decoded, however many they are.

While the networks read some, the next ones are decoded. Lightning says where it is computed and
how exactly; a batch is what `charrec.reading` reads at once, so the answers are the same, too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from charrec.classifier import CharacterClassifier
from charrec.data.decoder import Decoded
from charrec.data.decoding import cores, decoded
from charrec.data.pictures import Grey
from charrec.errors import UserError
from charrec.execution import threads
from charrec.reading import AT_ONCE, Ensemble, Reader, Reading, put_together
from charrec.trainer import interrupts_unchanged, make_trainer

MOST_PIXELS = 2**22  # of a batch
QUIET = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
# Is handed what was read, and of the same pictures their pixels at each size, and their errors.
Take = Callable[[Reading, Mapping[int, Grey], Sequence[str | None]], object]
Tell = Callable[[int], object]  # is handed how many more have been decoded


def read_stream(
    ensemble: Ensemble,
    paths: Sequence[str],
    trainer: Mapping[str, Any],
    take: Take,
    tell: Tell = lambda count: None,
) -> None:
    """Read the pictures by ``pl.Trainer(**trainer)``, and have `take` take them, in order.

    One that cannot be read is black, with an error.
    """
    at_once = min(AT_ONCE, max(1, MOST_PIXELS // max(ensemble.sizes) ** 2))
    taken = 0
    with (
        decoded(paths, ensemble.sizes, at_once, tell=tell) as batches,
        ThreadPoolExecutor(cores()) as lanes,
        # Threads that share a small product out wait for each other, above all while decoders are
        # at work; each lane has pictures of its own.
        threads(1),
    ):
        stream = _Stream(batches, -(-len(paths) // at_once))

        def put(logarithms: Sequence[Tensor]) -> None:
            nonlocal taken
            images, errors = stream.under_way.popleft()
            exact = [each.cpu().double().numpy() for each in logarithms]
            taken += len(errors)
            take(put_together(ensemble, exact, images), images, errors)

        given = dict(trainer)
        given["callbacks"] = [_Hand(put), *(given.get("callbacks") or [])]
        runner = make_trainer(QUIET | given)
        with interrupts_unchanged():
            readers = _Readers(ensemble.readers, lanes)
            runner.predict(readers, stream, return_predictions=False)
    if taken < len(paths):
        raise UserError(f"the trainer's limits leave {len(paths) - taken} pictures unread")


class _Stream:
    """What stands in a DataLoader's place."""

    def __init__(self, batches: Iterator[Decoded], length: int) -> None:
        self.batches, self.length = batches, length
        self.under_way: deque[Decoded] = deque()  # the networks have them

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[dict[int, Tensor]]:
        for batch in self.batches:
            self.under_way.append(batch)
            yield {size: torch.from_numpy(images) for size, images in batch.images.items()}


class _Readers(pl.LightningModule):
    """The networks side by side: batches by image size in, logarithms of probabilities out."""

    def __init__(self, readers: Sequence[Reader], lanes: ThreadPoolExecutor) -> None:
        super().__init__()
        # As modules of this one Lightning puts them where it computes.
        self.classifiers = nn.ModuleList(reader.classifier for reader in readers)
        self.readers, self.lanes = readers, lanes

    def predict_step(self, batch: Mapping[int, Tensor], batch_idx: int) -> list[Tensor]:
        return [self._read(each.classifier, batch[each.image_size]) for each in self.readers]

    def _read(self, classifier: CharacterClassifier, images: Tensor) -> Tensor:
        if self.device.type != "cpu":
            return classifier.predict_step((images,), 0)
        mode, context = torch.is_inference_mode_enabled(), self.trainer.precision_plugin

        def piece(images: Tensor) -> Tensor:
            # What the main thread has entered holds in it alone.
            with torch.inference_mode(mode), torch.no_grad(), context.predict_step_context():
                return classifier.predict_step((images,), 0)

        return torch.cat(list(self.lanes.map(piece, classifier.pieces(images))))


class _Hand(pl.Callback):
    def __init__(self, put: Callable[[Sequence[Tensor]], None]) -> None:
        self.put = put

    def on_predict_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, *_: Any
    ) -> None:
        self.put(outputs)
