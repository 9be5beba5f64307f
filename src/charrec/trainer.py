"""``pl.Trainer`` as charrec makes it: quiet, and with errors that a user can mend."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytorch_lightning as pl
from lightning_fabric.utilities.exceptions import MisconfigurationException

from charrec.errors import UserError

# Notes on hardware, tips and loaders: developers' matters. Its warnings stay.
for module in ("utilities.rank_zero", "trainer.connectors.signal_connector"):
    logging.getLogger(f"pytorch_lightning.{module}").setLevel(logging.WARNING)


@contextmanager
def interrupts_unchanged() -> Iterator[None]:
    """Lightning makes a SystemExit of every KeyboardInterrupt; here it is what it was."""
    try:
        yield
    except SystemExit as end:
        if isinstance(end.__context__, KeyboardInterrupt):
            raise end.__context__ from None
        raise


def make_trainer(arguments: dict[str, Any]) -> pl.Trainer:
    """A Trainer without model summary and sanity check.

    Raises:
        UserError: Lightning refuses the arguments, a GPU that is not there, say.
    """
    quiet = {"enable_model_summary": False, "num_sanity_val_steps": 0, "log_every_n_steps": 1}
    try:
        return pl.Trainer(**quiet | arguments)
    except (MisconfigurationException, ValueError, TypeError, RuntimeError) as e:
        raise UserError(f"trainer is refused: {' '.join(str(e).split())}") from e
