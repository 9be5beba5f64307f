"""HPARAMS: the knobs of a run and what came of them, as TensorBoard's table takes them.

Only metadata is read there, and of each tag the first that is found. So a run's record is
written anew as a whole, and never added to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2

from charrec.settings import TrainSettings
from charrec.spelling import in_text

METRICS = {  # tags, and what the table calls them
    "best_validation_accuracy": "best validation accuracy",
    "test_accuracy": "test accuracy",
}
STUDIED = ("hsize", "lr", "momentum", "optimizer", "weight_decay")
KNOBS = (
    *STUDIED,
    *("activation", "augment", "batch_size", "epochs", "init", "label_smoothing"),
    *("normalisation", "schedule", "seed", "views"),
)
# In a column all values are of one kind, or TensorBoard cannot sort it.
TEXTS = (
    *("hsize", "momentum", "optimizer", "activation", "augment", "init"),
    *("normalisation", "schedule"),
)
COLUMNS = 5  # that are shown before somebody asks for more
STATUSES = {
    "completed": api_pb2.STATUS_SUCCESS,
    "diverged": api_pb2.STATUS_FAILURE,
    "failed": api_pb2.STATUS_FAILURE,
}


def knobs_of(settings: TrainSettings) -> dict[str, Any]:
    """Numbers, and texts for `TEXTS`: a list of layers, and a momentum that is null, among them.

    A run without a value would be missing from the parallel coordinates.
    """
    values = {name: getattr(settings, name) for name in KNOBS}
    momentum = settings.momentum
    texts = {
        "hsize": in_text(settings.hsize),
        "momentum": "null" if momentum is None else f"{momentum:g}",
    }
    return values | texts


def changed(settings: TrainSettings) -> tuple[str, ...]:
    """The knobs that are not as in the course's run; the optimizer's own lr and momentum are."""
    default = TrainSettings(optimizer=settings.optimizer)
    names = [name for name in KNOBS if getattr(settings, name) != getattr(default, name)]
    if settings.optimizer != TrainSettings().optimizer:
        names.append("optimizer")
    return tuple(name for name in KNOBS if name in names)


def name_of(settings: TrainSettings, varied: Sequence[str], folder: str) -> str:
    """``hsize=64 lr=0.01 in outputs/DATE_TIME_xxxx/3``; no two runs may have the same."""
    knobs = knobs_of(settings)
    words = [f"{name}={_short(knobs[name])}" for name in varied if name in knobs]
    return f"{' '.join(words) or 'as by default'} in {folder}"


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def experiment(varied: Sequence[str]) -> Summary.Value:
    """Which columns there are, those that were varied in front.

    TensorBoard takes the first run's word for all of them.
    """
    front = [*(n for n in KNOBS if n in varied), *(n for n in STUDIED if n not in varied)]
    shown = front[: max(COLUMNS, len(varied))]
    content = api_pb2.Experiment(
        hparam_infos=[
            api_pb2.HParamInfo(name=name, type=_type(name), differs=name in shown) for name in KNOBS
        ],
        metric_infos=[
            api_pb2.MetricInfo(name=api_pb2.MetricName(tag=tag), display_name=name)
            for tag, name in METRICS.items()
        ],
    )
    return _value(metadata.EXPERIMENT_TAG, experiment=content)


def _type(knob: str) -> int:
    return int(api_pb2.DATA_TYPE_STRING if knob in TEXTS else api_pb2.DATA_TYPE_FLOAT64)


def start(knobs: Mapping[str, Any], name: str, began: Any) -> Summary.Value:
    """`began` is a time as ``summary.json`` has it."""
    content = plugin_data_pb2.SessionStartInfo(group_name=name, start_time_secs=_seconds(began))
    for knob, value in knobs.items():
        kind = "string_value" if knob in TEXTS else "number_value"
        setattr(content.hparams[knob], kind, value)
    return _value(metadata.SESSION_START_INFO_TAG, session_start_info=content)


def end(status: str, ended: float) -> Iterable[Summary.Value]:
    """Nothing for a run that is to go on: it has not ended."""
    if status in STATUSES:
        content = plugin_data_pb2.SessionEndInfo(status=STATUSES[status], end_time_secs=ended)
        yield _value(metadata.SESSION_END_INFO_TAG, session_end_info=content)


def _seconds(moment: Any) -> float:
    try:
        return datetime.fromisoformat(moment).timestamp()
    except (TypeError, ValueError):  # of a summary that somebody has changed
        return 0.0


def _value(tag: str, **content: Any) -> Summary.Value:
    data = plugin_data_pb2.HParamsPluginData(**content)
    described = metadata.create_summary_metadata(data)
    return Summary.Value(tag=tag, metadata=described, tensor=metadata.NULL_TENSOR)
