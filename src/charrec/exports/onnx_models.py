"""``format=onnx``: one file for ONNX Runtime, and for whatever else reads the format."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnxscript import opset20

from charrec.exports.programs import program_of
from charrec.exports.proof import Answer
from charrec.reading import Ensemble

op: Any = opset20  # whose types are those of numbers, and these are tensors
OPSET = 20  # the first with GridSample as it is today; ONNX Runtime has it since 1.17
INPUT, OUTPUTS = "images", ("probabilities", "blank")


def _median(values: Any, dim: int) -> tuple[Any, Any]:
    """The lower one of two in the middle, as torch has it, and its place."""
    count = values.shape[dim]
    upper_part = op.Constant(value_ints=[count - (count - 1) // 2])
    largest, places = op.TopK(values, upper_part, axis=dim)
    last = op.Constant(value_int=-1)
    return op.Gather(largest, last, axis=dim), op.Gather(places, last, axis=dim)


def _hypot(across: Any, down: Any) -> Any:
    return op.Sqrt(op.Add(op.Mul(across, across), op.Mul(down, down)))


# What PyTorch's own exporter has no translation for.
TRANSLATIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    torch.ops.aten.median.dim: _median,
    torch.ops.aten.hypot.default: _hypot,
    torch.ops.prims.hypot.default: _hypot,
}


def onnx_file(ensemble: Ensemble, about: Mapping[str, str]) -> bytes:
    with _quietly():
        exported = torch.onnx.export(
            program_of(ensemble),
            input_names=[INPUT],
            output_names=list(OUTPUTS),
            opset_version=OPSET,
            dynamic_shapes={INPUT: {0: "batch"}},
            custom_translation_table=TRANSLATIONS,
            external_data=False,
            verbose=False,
        )
    assert exported is not None
    model: onnx.ModelProto = exported.model_proto
    _forget_where_it_came_from(model)
    model.producer_name, model.producer_version = "charrec", about["charrec"]
    onnx.helper.set_model_props(model, dict(sorted(about.items())))
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def _forget_where_it_came_from(model: onnx.ModelProto) -> None:
    """Lines of files, and names of classes, of the program that exported it."""
    graph = model.graph
    for parts in (graph.node, graph.value_info, graph.input, graph.output, graph.initializer):
        for part in parts:
            part.ClearField("metadata_props")
            part.ClearField("doc_string")
    graph.ClearField("metadata_props")
    model.ClearField("doc_string")


@contextmanager
def _quietly() -> Iterator[None]:
    """The exporter and the packages that it uses have notes for their authors, hundreds of them."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def answer_of_onnx(file: bytes) -> Answer:
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])

    def answer(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        probabilities, blank = session.run(OUTPUTS, {INPUT: images})
        return probabilities, blank

    return answer
