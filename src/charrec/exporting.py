"""Exporting a run: one file that reads letters where there is no charrec, and its model card.

::

    from charrec.exporting import export

    export("outputs/2026-01-31_12-00-00_ab12", "onnx")  # the path of model.onnx
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from charrec.ensembles import load_ensemble, warn_of_doubts
from charrec.exports.about import NETWORK, WEIGHTS_ALONE, Words, about
from charrec.exports.card import model_card
from charrec.exports.extras import need_packages
from charrec.exports.proof import ON_THE_CPU, Proof, pictures_of, prove
from charrec.files import whole_file, write_whole
from charrec.new_folders import output_folder
from charrec.reading import Ensemble
from charrec.run import Run
from charrec.runs import Named, find_readers

CARD = "MODEL_CARD.md"
# The packages behind a format are imported by the one function that makes its file.
Made = tuple[bytes, Proof | None]


class Exported(NamedTuple):
    path: Path
    card: Path
    proof: Proof | None  # None where there is nothing that could answer


def export(
    run: Named | Sequence[Named] = None,
    format: str = "onnx",
    out: str | Path | None = None,
    checkpoint: str = "best",
) -> Path:
    """Write ``model.onnx``, ``model.pt2`` or ``model.safetensors``, and ``MODEL_CARD.md`` beside.

    The network is tried before it is written: it must answer as charrec does.

    Args:
        run: a run, its folder, a sweep's, which means its best run, a glob, or a list of these,
            which then answer together; None means the newest completed one under ``outputs/``.
        format: ``"onnx"``, ``"torch_export"`` or ``"safetensors"``, the weights alone.
        out: where to write; None means a new folder under ``RUN/export/`` of the (first) run.
        checkpoint: ``"best"`` (on validation) or ``"last"``.

    Returns:
        The path of the file.

    Raises:
        UserError: no such run, a package that is missing, or a network that answers otherwise.
    """
    return export_proved(run, format, out, checkpoint).path


def export_proved(
    run: Named | Sequence[Named] = None,
    format: str = "onnx",
    out: str | Path | None = None,
    checkpoint: str = "best",
) -> Exported:
    """As `export`, with all that came of it."""
    need_packages(format)
    runs = find_readers(run)
    ensemble = load_ensemble(runs, checkpoint, ON_THE_CPU)
    warn_of_doubts(ensemble)
    for each in runs:
        each.warn_if_unfinished()
    make, name, words = FORMATS[format]
    told = about(runs, ensemble, checkpoint, words)
    content, proof = make(runs, ensemble, told)
    card = model_card(runs, ensemble, told, name, proof)
    folder = output_folder(out, runs[0].folder / "export")
    with whole_file(folder / name, "wb") as file:
        file.write(content)
    write_whole(folder / CARD, card)
    return Exported(folder / name, folder / CARD, proof)


def _onnx(runs: Sequence[Run], ensemble: Ensemble, told: Mapping[str, str]) -> Made:
    from charrec.exports.onnx_models import answer_of_onnx, onnx_file

    file = onnx_file(ensemble, told)
    return file, prove(answer_of_onnx(file), ensemble, pictures_of(runs[0], ensemble.image_size))


def _torch_export(runs: Sequence[Run], ensemble: Ensemble, told: Mapping[str, str]) -> Made:
    from charrec.exports.programs import answer_of_program, program_file

    file = program_file(ensemble, told)
    return file, prove(answer_of_program(file), ensemble, pictures_of(runs[0], ensemble.image_size))


def _safetensors(runs: Sequence[Run], ensemble: Ensemble, told: Mapping[str, str]) -> Made:
    from charrec.exports.weights import weights_file

    return weights_file(ensemble, told), None


Make = Callable[[Sequence[Run], Ensemble, Mapping[str, str]], Made]
FORMATS: dict[str, tuple[Make, str, Words]] = {
    "onnx": (_onnx, "model.onnx", NETWORK),
    "torch_export": (_torch_export, "model.pt2", NETWORK),
    "safetensors": (_safetensors, "model.safetensors", WEIGHTS_ALONE),
}
