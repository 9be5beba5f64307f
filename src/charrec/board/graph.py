"""The network as a graph, a node a layer, written down and not traced.

Tracing shows what torch makes of it, dozens of nodes, takes longer than some runs' epochs, and
fails for functions whose gradient is written by hand. What the layers are is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tensorboard.compat.proto.attr_value_pb2 import AttrValue
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from torch import nn

from charrec.tanh import ScaledTanh, Tanh

BY_HAND = (Tanh, ScaledTanh)
ANY = -1  # pictures of a batch


def graph_of(network: nn.Sequential, image_size: int, normalisation: str) -> GraphDef:
    return GraphDef(node=_nodes(network, image_size, normalisation))


def _nodes(network: nn.Sequential, image_size: int, normalisation: str) -> Iterator[NodeDef]:
    pictures = (ANY, 1, image_size, image_size)
    yield _node("pictures", "uint8", (), pictures)
    yield _node("normalisation", normalisation, ("pictures",), pictures, gradient="not needed")
    before, width, depth = "normalisation", image_size**2, 0
    for layer in network:
        kind = type(layer).__name__
        if isinstance(layer, nn.Linear):
            depth, width = depth + 1, layer.out_features
            weights = [f"layer_{depth}/{name}" for name, _ in layer.named_parameters()]
            for name, (_, parameter) in zip(weights, layer.named_parameters(), strict=True):
                yield _node(name, "Parameter", (), tuple(parameter.shape))
            name, inputs = f"layer_{depth}/linear", (before, *weights)
        else:
            name, inputs = (f"layer_{depth}/" if depth else "") + kind.lower(), (before,)
        by_hand = isinstance(layer, BY_HAND)
        yield _node(name, kind, inputs, (ANY, width), "by hand" if by_hand else "of torch")
        before = name
    yield _node("letters", "int64", (), (ANY,))
    yield _node("cross_entropy", "CrossEntropy", (before, "letters"), ())


def _node(
    name: str, op: str, inputs: Sequence[str], shape: Sequence[int], gradient: str = ""
) -> NodeDef:
    dimensions = [TensorShapeProto.Dim(size=size) for size in shape]
    shapes = AttrValue.ListValue(shape=[TensorShapeProto(dim=dimensions)])
    attributes = {"_output_shapes": AttrValue(list=shapes)}
    if gradient:
        attributes["gradient"] = AttrValue(s=gradient.encode())
    return NodeDef(name=name, op=op, input=inputs, attr=attributes)
