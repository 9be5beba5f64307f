"""MODEL_CARD.md: what a model is, how it was trained, how good it is, what it cannot do."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from charrec.calibration import doubts
from charrec.classifier import parameter_count
from charrec.data.blank import FAINTEST
from charrec.errors import UserError
from charrec.exports.about import calibration, on_embedded_letters, settings_told
from charrec.exports.example import EXAMPLES
from charrec.exports.proof import TOLERANCE, Proof
from charrec.reading import Ensemble, Reader
from charrec.run import Run
from charrec.scores import calibration_told, no_letters_table
from charrec.statistics import between

WEIGHTS = ".safetensors"  # the one kind of file that holds no more than them
WORST = 5  # letters that are named
SHOWN = (
    *("optimizer", "lr", "momentum", "weight_decay", "schedule", "label_smoothing"),
    *("batch_size", "epochs", "seed", "augment", "init"),
)
LIMITS = (
    "It reads one letter a picture, which fills a good part of it; words must be cut up before.",
    "It knows the letters that it lists and no others: any other picture is answered with one of "
    "them too{}.",
    "Letters of other kinds than it was trained on (handwriting for print, say) it reads worse, "
    "and its probabilities are then too high.",
    "It was not examined for any use on which people's safety or rights depend.",
)


def model_card(
    runs: Sequence[Run], ensemble: Ensemble, told: Mapping[str, str], file: str, proof: Proof | None
) -> str:
    """Markdown; `told` is what the file says of itself, `file` its name, beside the card's."""
    of = "the weights of a reader" if Path(file).suffix == WEIGHTS else "a reader"
    parts = [f"# {file}: {of} of single letters", *_what(runs, ensemble, file)]
    for run, reader in zip(runs, ensemble.readers, strict=True):
        many = f", {run.folder.resolve().name}" if len(runs) > 1 else ""
        parts += [f"## Training{many}", *_training(run, reader, told["checkpoint"])]
        parts += [f"## Accuracy{many}", *_as_recorded(run, told["checkpoint"])]
    if len(runs) > 1:
        mean = ensemble.temperature
        parts.append(TOGETHER.format(HAS_NONE if mean == 1 else HAS_ONE.format(mean)))
    parts += ["## Limits", _limits(runs), "## Use", *_use(file, proof)]
    parts += ["## Licence", f"The weights: {told['licence']}."]
    return "\n\n".join(parts) + "\n"


NOT_OF_THE_LAST = (
    "**Of the last epoch, which is in the file, this is not known: it is said of the best one.**"
)
TOGETHER = (
    "The runs answer with the mean of their probabilities, each at its own temperature, {}. "
    "`python -m charrec.test 'run=[...]'` measures how good they are together."
)
HAS_ONE, HAS_NONE = "which has one, too, {:g}", "for which none was fitted"


def _what(runs: Sequence[Run], ensemble: Ensemble, file: str) -> Iterator[str]:
    many = f"{len(runs)} networks whose answers are averaged" if len(runs) > 1 else "A network"
    layers = "; ".join(dict.fromkeys(_layers(reader) for reader in ensemble.readers))
    yield f"{many}, fully connected ({layers}), trained by charrec."
    letters = f"Letters: {_code(ensemble.alphabet)}"
    if Path(file).suffix == WEIGHTS:
        yield _listed([letters])
        yield from _weights_alone(runs[0], ensemble.readers[0])
        return
    size = ensemble.image_size
    yield _listed(
        [
            letters,
            f"Input: `images`, uint8 (batch, 1, {size}, {size}), grey; scaling and normalisation "
            "are inside",
            f"Output: `probabilities`, float32 (batch, {len(ensemble.alphabet)}), "
            f"{calibration(runs, ensemble)}, in the order of the letters; `blank`, bool (batch), "
            "true for a picture that is one grey all over, whose probabilities mean nothing",
        ]
    )


def _weights_alone(run: Run, reader: Reader) -> Iterator[str]:
    yield "Only its weights are in the file, by their names:"
    weights = reader.classifier.state_dict().items()
    yield _listed([f"`{name}`: {_type(tensor)} {_shape(tensor)}" for name, tensor in weights])
    yield "What stands before, between and behind them is not:"
    chosen, size = reader.classifier.hparams, reader.image_size
    calibrated = calibration([run], Ensemble([reader]))
    yield _listed(
        [
            f"Before: greys as normalisation `{chosen['normalisation']}` leaves them, float32 "
            f"(batch, 1, {size}, {size}), a row of numbers a picture",
            f"Between: activation `{chosen['activation']}`",
            f"Behind: logits, in the order of the letters; {_of_views(chosen['views'])}their "
            f"softmax after division by the temperature, {reader.temperature:g}, is {calibrated}",
            f"A picture whose greys, 0 to 255, differ by less than {FAINTEST} charrec calls blank",
        ]
    )


def _of_views(views: int) -> str:
    if views == 1:
        return ""
    mean = "the logarithm of the mean of their probabilities"
    return f"views `{views}`: {mean} stands for the logits; "


def _type(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _shape(tensor: Tensor) -> str:
    return f"({', '.join(map(str, tensor.shape))})"


def _layers(reader: Reader) -> str:
    chosen, network = reader.classifier.hparams, reader.classifier.network
    hidden = [chosen["hsize"]] if isinstance(chosen["hsize"], int) else list(chosen["hsize"])
    sizes = [chosen["image_size"] ** 2, *hidden, len(chosen["alphabet"])]
    return (
        f"{'-'.join(map(str, sizes))}, {chosen['activation']}, {parameter_count(network):,} "
        f"parameters, normalisation {chosen['normalisation']}, views {chosen['views']}"
    )


def _training(run: Run, reader: Reader, checkpoint: str) -> Iterator[str]:
    told, data = settings_told(run.settings), run.letters
    whose = "charrec's embedded set" if on_embedded_letters(run) else f"data={data.kind}"
    yield (
        f"On pictures of {len(data.alphabet)} letters ({whose}), resized to {data.image_size} x "
        f"{data.image_size}. {_kept(run, checkpoint)} Fingerprint of the letters: "
        f"`{run.summary.get('letters')}`."
    )
    yield _table(("setting", "value"), [(name, told.get(name)) for name in SHOWN])
    if run.calibrated:
        many = "the" if (letters := reader.temperature_letters) is None else f"{letters:,}"
        doubt = f" Probabilities {say}." if (say := doubts(reader.temperature)) else ""
        yield f"Temperature, fitted on {many} validation letters: {reader.temperature:g}.{doubt}"


def _kept(run: Run, checkpoint: str) -> str:
    if (status := run.status) != "completed":
        begun = f"Training is not completed but {status}, in epoch {run.epochs_so_far} or after it;"
        return f"{begun} the {checkpoint} epoch until then is in the file."
    if checkpoint == "last":
        return f"The last epoch, {run.summary.get('epochs')}, is in the file."
    return f"The epoch that was best on validation, {run.summary.get('best_epoch')}, was kept."


def _as_recorded(run: Run, checkpoint: str) -> list[str]:
    try:
        return list(_accuracy(run, checkpoint))
    except (TypeError, ValueError, KeyError) as e:  # words where numbers belong, say
        raise UserError(
            f"what summary.json or per_letter.csv in {run.folder} says of the test cannot be read "
            f"({type(e).__name__}: {e}); put them back, or name another run"
        ) from e


def _accuracy(run: Run, checkpoint: str) -> Iterator[str]:
    if checkpoint == "last":
        yield NOT_OF_THE_LAST
    test: Mapping[str, Any] | None = run.summary.get("test")
    if not test:
        yield "Not known: the run did not come to its test."
        return
    interval = test.get("interval")
    rows = [
        ("Accuracy", f"{test['accuracy']:.1%} ({test['correct']:,} of {test['total']:,})"),
        ("95% interval", _share(None) if interval is None else between(interval)),
        ("Mean over letters", _share(test.get("macro_accuracy"))),
        ("Letter among the first three", _share(test.get("top_3_accuracy"))),
        ("Expected calibration error", calibration_told(test)[0] or _share(None)),
    ]
    yield "On test letters that training never saw, by the best epoch:"
    yield _table(("measure", "value"), rows)
    if worst := _worst(run):
        yield f"Letters that it finds least often: {worst}."
    if "no_letters" in test:
        yield "**What is no letter** (AUROC: how likely a letter is answered more surely than it):"
        names = ("no letters", "AUROC", "above 50%", "answered blank")
        yield _table(names, no_letters_table(test))


def _worst(run: Run) -> str:
    path = run.folder / "per_letter.csv"
    if not path.is_file():
        return ""
    with open(path, encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["recall"]]
    rows.sort(key=lambda row: float(row["recall"]))
    return ", ".join(f"{row['letter']} {float(row['recall']):.0%}" for row in rows[:WORST])


def _limits(runs: Sequence[Run]) -> str:
    """Of a run that was not tested there is no table to name."""
    tested = any("no_letters" in (run.summary.get("test") or {}) for run in runs)
    told = '; how surely, the table "What is no letter" tells' if tested else ""
    return _listed([line.format(told) for line in LIMITS])


def _use(file: str, proof: Proof | None) -> Iterator[str]:
    needed, program = EXAMPLES[Path(file).suffix]
    picture = "" if Path(file).suffix == WEIGHTS else " a picture `letter.png`,"
    yield f"`pip install {needed}`,{picture} and:"
    yield f"```python\n{program}```"
    if proof is None:
        yield (
            "`charrec.exports.weights.load_weights` gives all of it back, what is not in the file "
            "too."
        )
        return
    yield (
        "It is for pictures of 8 bits a channel without transparency. charrec itself lays "
        "transparent ones on white (a light letter on black) and scales 16-bit greys first."
    )
    yield (
        f"On export its probabilities were compared with charrec's on {proof.pictures} pictures: "
        f"they differ by {proof.difference:.1e} at most ({TOLERANCE:.0e} is allowed)."
    )


def _share(value: float | None) -> str:
    return "not known" if value is None else f"{value:.1%}"


def _code(text: str) -> str:
    """Between fences longer than any within (CommonMark, 6.1)."""
    fence = "`" * (1 + max(map(len, re.findall("`*", text))))
    return f"{fence} {text} {fence}" if len(fence) > 1 else f"`{text}`"


def _listed(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [names, ["---"] * len(names), *([_cell(v) for v in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
