"""What TensorBoard reads of a run's folder."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata


def events_of(folder: Path) -> Any:
    """All of them: of histograms and pictures it would keep a few."""
    return EventAccumulator(str(folder), size_guidance=dict.fromkeys(KINDS, 0)).Reload()


KINDS = ("scalars", "images", "histograms", "tensors")


def session(events: Any) -> Any:
    content = events.SummaryMetadata(metadata.SESSION_START_INFO_TAG).plugin_data.content
    return metadata.parse_session_start_info_plugin_data(content)


def ended(events: Any) -> Any:
    """None for a run that has not."""
    if metadata.SESSION_END_INFO_TAG not in events.summary_metadata:
        return None
    content = events.SummaryMetadata(metadata.SESSION_END_INFO_TAG).plugin_data.content
    return metadata.parse_session_end_info_plugin_data(content).status


def knobs(events: Any) -> dict[str, Any]:
    values = session(events).hparams.items()
    return {name: getattr(value, value.WhichOneof("kind")) for name, value in values}


def points(events: Any, tag: str) -> list[tuple[int, float]]:
    return [(point.step, point.value) for point in events.Scalars(tag)]


def pixels(encoded: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(encoded)) as image:
        return np.asarray(image.convert("RGB"))
