"""The graph names every layer, what it is given, and whose gradient it has."""

from __future__ import annotations

from charrec.board.graph import graph_of
from charrec.mlp import MLP


def test_graph_of_two_hidden_layers() -> None:
    graph = graph_of(MLP(64, [5, 4], 3), 8, "ink")
    assert {node.name: (node.op, *node.input) for node in graph.node} == {
        "pictures": ("uint8",),
        "normalisation": ("ink", "pictures"),
        "flatten": ("Flatten", "normalisation"),
        "layer_1/weight": ("Parameter",),
        "layer_1/bias": ("Parameter",),
        "layer_1/linear": ("Linear", "flatten", "layer_1/weight", "layer_1/bias"),
        "layer_1/tanh": ("Tanh", "layer_1/linear"),
        "layer_2/weight": ("Parameter",),
        "layer_2/bias": ("Parameter",),
        "layer_2/linear": ("Linear", "layer_1/tanh", "layer_2/weight", "layer_2/bias"),
        "layer_2/tanh": ("Tanh", "layer_2/linear"),
        "layer_3/weight": ("Parameter",),
        "layer_3/bias": ("Parameter",),
        "layer_3/linear": ("Linear", "layer_2/tanh", "layer_3/weight", "layer_3/bias"),
        "letters": ("int64",),
        "cross_entropy": ("CrossEntropy", "layer_3/linear", "letters"),
    }
    shapes = {
        node.name: [d.size for d in node.attr["_output_shapes"].list.shape[0].dim]
        for node in graph.node
    }
    assert shapes["pictures"] == [-1, 1, 8, 8]
    assert shapes["flatten"] == [-1, 64]
    assert shapes["layer_1/weight"] == [5, 64]
    assert shapes["layer_2/tanh"] == [-1, 4]
    assert shapes["layer_3/linear"] == [-1, 3]
    of = {node.name: node.attr["gradient"].s for node in graph.node if "gradient" in node.attr}
    assert of["layer_1/tanh"] == b"by hand"
    assert of["layer_1/linear"] == b"of torch"


def test_a_gradient_of_torch_is_not_by_hand() -> None:
    graph = graph_of(MLP(16, 2, 2, activation="relu"), 4, "plain")
    (node,) = (node for node in graph.node if node.op == "ReLU")
    assert node.attr["gradient"].s == b"of torch"
