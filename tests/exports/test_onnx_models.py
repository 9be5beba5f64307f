"""What ONNX Runtime makes of an exported network, and what the file holds."""

from __future__ import annotations

import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from test_standalone import pictures, reader

from charrec.errors import UserError
from charrec.exports.onnx_models import answer_of_onnx, onnx_file
from charrec.exports.programs import ABOUT, answer_of_program, program_file
from charrec.exports.proof import Answer, prove
from charrec.reading import Ensemble
from charrec.standalone import Standalone

TOLD = {"letters": "ABCDEÄΩ", "charrec": "1.2", "runs": json.dumps([{"name": "x"}])}
# Every normalisation and activation in one network of networks.
ALL = Ensemble(
    [
        reader(0.7, 1, normalisation="strokes", views=9, activation="scaled_tanh"),
        reader(1.3, 2, normalisation="framed", views=2, activation="relu"),
        reader(1.0, 3, normalisation="standard", activation="sigmoid"),
        reader(2.0, 4),
    ],
    0.8,
)

ONE = Ensemble([reader(image_size=8)])


@pytest.fixture(scope="module")
def file() -> bytes:
    return onnx_file(ALL, TOLD)


def test_it_answers_as_prediction_does(file: bytes) -> None:
    proof = prove(answer_of_onnx(file), ALL, pictures(300, 32))
    assert proof.pictures == 303  # and a blank one
    assert 0 < proof.difference < 1e-5


def test_names_and_shapes(file: bytes) -> None:
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    (given,), (probabilities, blank) = session.get_inputs(), session.get_outputs()
    assert (given.name, given.type, given.shape) == (
        "images",
        "tensor(uint8)",
        ["batch", 1, 32, 32],
    )
    assert (probabilities.name, probabilities.type) == ("probabilities", "tensor(float)")
    assert probabilities.shape == ["batch", 7]
    assert (blank.name, blank.type, blank.shape) == ("blank", "tensor(bool)", ["batch"])
    for count in (1, 2, 7):
        images = pictures(20, 32)[:count].numpy()
        assert session.run(["probabilities"], {"images": images})[0].sum(1) == pytest.approx(1)


def test_the_file_is_one_and_tells_of_itself_but_not_of_this_machine(file: bytes) -> None:
    model = onnx.load_model_from_string(file)
    onnx.checker.check_model(model, full_check=True)
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 20)]
    assert model.ir_version == 10
    assert {p.key: p.value for p in model.metadata_props} == TOLD
    assert (model.producer_name, model.producer_version) == ("charrec", "1.2")
    assert not any(tensor.external_data for tensor in model.graph.initializer)
    for word in (b"standalone.py", b"stack_trace", b"site-packages", b"class_hierarchy"):
        assert word not in file


@pytest.mark.slow
def test_programs_of_torch_export() -> None:
    file = program_file(ALL, TOLD)
    answer = answer_of_program(file)
    assert prove(answer, ALL, pictures(60, 32)).difference < 1e-6
    for count in (1, 2, 7):
        images = pictures(20, 32)[:count].numpy()
        assert answer(images)[0].shape == (count, 7)
    assert b"standalone.py" not in file
    assert json.dumps(TOLD, ensure_ascii=False, sort_keys=True).encode() in file
    assert f"/{ABOUT}".encode() in file


@pytest.mark.slow
def test_the_same_bytes_again() -> None:
    one = Ensemble([reader(normalisation="ink", image_size=8)])
    assert onnx_file(one, TOLD) == onnx_file(one, TOLD)
    assert program_file(one, TOLD) == program_file(one, TOLD)


def off_by(amount: float, flips: bool = False) -> Answer:
    """What prediction says, but for one probability of one picture, or for which is blank."""

    def answer(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with torch.no_grad():
            probabilities, blank = Standalone(ONE)(torch.from_numpy(images))
        probabilities[-1, 2] += amount
        return probabilities.numpy(), blank.numpy() ^ flips

    return answer


@pytest.mark.parametrize(
    ("amount", "flips"), [(2e-5, False), (-2e-5, False), (float("nan"), False), (0, True)]
)
def test_one_that_answers_otherwise_is_refused(amount: float, flips: bool) -> None:
    images = pictures(10, 8)
    assert prove(off_by(0), ONE, images).difference < 1e-6
    with pytest.raises(UserError, match=r"^the exported network answers otherwise than charrec"):
        prove(off_by(amount, flips), ONE, images)
