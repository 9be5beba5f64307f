"""``format=torch_export``: the network as torch.export sees it, for torch without charrec."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping

import numpy as np
import torch
from torch.export import Dim, ExportedProgram

from charrec.exports.proof import Answer
from charrec.reading import Ensemble
from charrec.standalone import Standalone

SAMPLE = 3  # pictures: of one, torch.export would not see that there may be more
ABOUT = "charrec.json"  # the name of the metadata in the archive
OF_THIS_MACHINE = ("stack_trace", "nn_module_stack", "source_fn_stack", "torch_fn", "from_node")


def program_of(ensemble: Ensemble) -> ExportedProgram:
    size = ensemble.image_size
    sample = torch.zeros(SAMPLE, 1, size, size, dtype=torch.uint8)
    shapes = {"images": {0: Dim("batch")}}
    with torch.no_grad():
        program = torch.export.export(Standalone(ensemble), (sample,), dynamic_shapes=shapes)
    for node in program.graph.nodes:  # which line of which file it came from
        for name in OF_THIS_MACHINE:
            node.meta.pop(name, None)
    return program


def program_file(ensemble: Ensemble, about: Mapping[str, str]) -> bytes:
    file = io.BytesIO()
    extra = {ABOUT: json.dumps(about, ensure_ascii=False, sort_keys=True)}
    torch.export.save(program_of(ensemble), file, extra_files=extra)
    return file.getvalue()


def answer_of_program(file: bytes) -> Answer:
    module = torch.export.load(io.BytesIO(file)).module()

    def answer(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        probabilities, blank = module(torch.from_numpy(images))
        return probabilities.numpy(), blank.numpy()

    return answer
