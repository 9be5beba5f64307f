"""Custom scalars: which curves stand in one chart, training beside validation, layer by layer."""

from __future__ import annotations

from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.types_pb2 import DT_STRING
from tensorboard.plugins.custom_scalar import layout_pb2, metadata

CHARTS = {  # by heading: titles, and the tags that each shows
    "Learning": {
        "loss": r"(train|validation)_loss",
        "accuracy": r"(train|validation)_accuracy",
        "learning rate": "learning_rate",
    },
    "The vanishing gradient": {
        "share of saturated units, a layer a curve": "saturated/.*",
        "norm of the gradient, a layer a curve": "gradient_norm/layer_.*",
    },
}


def layout() -> Summary.Value:
    categories = [
        layout_pb2.Category(title=heading, chart=[_chart(*chart) for chart in charts.items()])
        for heading, charts in CHARTS.items()
    ]
    content = layout_pb2.Layout(category=categories).SerializeToString()
    return Summary.Value(
        tag=metadata.CONFIG_SUMMARY_TAG,
        metadata=metadata.create_summary_metadata(),
        tensor=TensorProto(dtype=DT_STRING, string_val=[content]),
    )


def _chart(title: str, tags: str) -> layout_pb2.Chart:
    lines = layout_pb2.MultilineChartContent(tag=[f"^{tags}$"])
    return layout_pb2.Chart(title=title, multiline=lines)
