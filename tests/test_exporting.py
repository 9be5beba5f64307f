"""``charrec.export``: the file and the card, and that both do what they say elsewhere."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from processes import run_main
from safetensors import safe_open

from charrec.ensembles import load_ensemble
from charrec.errors import UserError
from charrec.evaluation import predict
from charrec.exporting import export, export_proved
from charrec.exports import card, proof
from charrec.exports.about import WEIGHTS_ALONE, about
from charrec.exports.example import EXAMPLES
from charrec.exports.extras import need_packages
from charrec.exports.weights import load_weights
from charrec.reading import Ensemble, Reader, read
from charrec.resources import embedded_letters
from charrec.run import Run

NEW = sorted((embedded_letters() / "new_images").iterdir())
MODULES = {
    ".onnx": {"numpy", "onnxruntime", "PIL"},
    ".pt2": {"numpy", "torch", "PIL"},
    ".safetensors": {"numpy", "safetensors"},
}
WITHOUT = "import sys\nfor name in {names}: sys.modules[name] = None\n"


@pytest.fixture(scope="module")
def exported(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(trained, "onnx", tmp_path_factory.mktemp("exported") / "ä b")


def example_in(card: Path) -> str:
    (program,) = re.findall(r"^```python\n(.*?)^```", card.read_text("utf-8"), re.M | re.S)
    return str(program)


def run_example(folder: Path, picture: Path, *forbidden: str) -> str:
    (folder / "letter.png").write_bytes(picture.read_bytes())
    program = WITHOUT.format(names=forbidden) + example_in(folder / "MODEL_CARD.md")
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_card_reads_a_letter_without_charrec_and_torch(
    exported: Path, trained: Path, tmp_path: Path
) -> None:
    for picture in NEW[:3]:
        (row,) = predict(picture, trained, out=tmp_path / "out")[0].rows()
        letter, probability = run_example(exported.parent, picture, "charrec", "torch").split()
        assert letter == row["letter"]
        assert float(probability) == pytest.approx(float(row["probability"]), abs=1e-5)


def test_what_the_file_says(exported: Path) -> None:
    told = {p.key: p.value for p in onnx.load(exported).metadata_props}
    assert (told["letters"], told["image_size"], told["normalisation"]) == ("ABCD", "32", "plain")
    (run,) = json.loads(told["runs"])
    assert run["settings"]["epochs"] == 2
    assert (run["total"], json.loads(told["accuracy"])) == (24, [run["accuracy"]])
    assert float(told["temperature"]) == run["temperature"]
    assert told["licence"].startswith("not stated")
    assert str(Path.home()) not in json.dumps(told)
    assert "root" not in run["settings"]["data"]


def test_what_the_card_says(exported: Path, trained: Path) -> None:
    card = (exported.parent / "MODEL_CARD.md").read_text("utf-8")
    test = json.loads((trained / "summary.json").read_text())["test"]
    assert f"| Accuracy | {test['accuracy']:.1%} ({test['correct']} of 24) |" in card
    assert "fully connected (1024-32-4, tanh, 32,932 parameters, normalisation plain" in card
    assert re.search(r"on 49 pictures: they differ by [\d.]+e-\d\d at most", card)
    assert re.search(r"least often: [A-D] \d+%, ", card)
    assert "| uniform noise |" in card
    assert "Of the last epoch" not in card
    assert "The epoch that was best on validation, " in card
    assert "`probabilities`, float32 (batch, 4), calibrated, in the order" in card
    assert "Temperature, fitted on 24 validation letters: " in card


def test_of_what_did_not_come_to_its_end_nothing_is_claimed(trained: Path, tmp_path: Path) -> None:
    moved = copy_of(trained, tmp_path / "moved")
    summary = json.loads((moved / "summary.json").read_text())
    for name in ("temperature", "test", "best_epoch", "validation"):
        del summary[name]
    (moved / "summary.json").write_text(json.dumps(summary | {"status": "interrupted"}))
    with pytest.warns(UserWarning, match="not completed but interrupted"):
        done = export_proved(moved, "onnx", tmp_path / "out")
    card = done.card.read_text("utf-8")
    assert "not completed but interrupted, in epoch 2 or after it; the best epoch until" in card
    assert "(batch, 4), not calibrated (no temperature was fitted), in the order" in card
    assert "Temperature" not in card
    assert "was kept" not in card
    told = {p.key: p.value for p in onnx.load(done.path).metadata_props}
    assert told["answers"].startswith("probabilities (batch, letters) are not calibrated")
    assert json.loads(told["runs"])[0]["status"] == "interrupted"


@pytest.mark.parametrize(
    ("temperature", "output", "mean"),
    [
        (0.8, "(batch, 4), calibrated, in the order", "temperature, which has one, too, 0.8. "),
        (100.0, "(batch, 4), not to be believed (they say nothing: on", "one, too, 100. "),
        (1.0, "(batch, 4), not calibrated (no temper", "temperature, for which none was fitted. "),
    ],
)
def test_a_mean_claims_no_temperature_that_it_has_not(
    temperature: float, output: str, mean: str, trained: Path, tmp_path: Path
) -> None:
    runs = [Run(trained), Run(copy_of(trained, tmp_path / "again"))]
    (reader,) = load_ensemble(runs[:1], "best", proof.ON_THE_CPU).readers
    ensemble = Ensemble([reader, reader], temperature)
    told = about(runs, ensemble, "best")
    text = card.model_card(runs, ensemble, told, "model.onnx", None)
    assert output in text
    assert mean in text
    assert (" are calibrated, " in told["answers"]) == (temperature == 0.8)


def test_an_older_record_has_no_interval(trained: Path, tmp_path: Path) -> None:
    moved = copy_of(trained, tmp_path / "moved")
    summary = json.loads((moved / "summary.json").read_text())
    del summary["test"]["interval"]
    (moved / "summary.json").write_text(json.dumps(summary))
    done = export_proved(moved, "safetensors", tmp_path / "out")
    assert "| 95% interval | not known |" in done.card.read_text("utf-8")


def test_a_program_and_the_last_epoch(trained: Path, tmp_path: Path) -> None:
    done = export_proved(trained, "torch_export", tmp_path / "out", "last")
    assert done.path.name == "model.pt2"
    assert done.proof is not None
    assert done.proof.difference < 1e-6
    card = done.card.read_text("utf-8")
    assert "The last epoch, 2, is in the file." in card
    assert card.index("Of the last epoch") < card.index("| Accuracy |")
    (row,) = predict(NEW[4], trained, "last", tmp_path / "read")[0].rows()
    letter, probability = run_example(done.path.parent, NEW[4], "charrec").split()
    assert letter == row["letter"]
    assert float(probability) == pytest.approx(float(row["probability"]), abs=1e-5)


def test_weights_alone_and_back(trained: Path, tmp_path: Path) -> None:
    path = export(trained, "safetensors")
    assert path.parent.parent == trained / "export"
    reader = load_weights(path)
    images = torch.randint(0, 256, (5, 1, 32, 32), dtype=torch.uint8)
    expected = load_ensemble([Run(trained)], "best", proof.ON_THE_CPU)
    answers = [
        read(e, lambda _: images, proof.ON_THE_CPU).together for e in (Ensemble([reader]), expected)
    ]
    assert np.array_equal(answers[0], answers[1])
    shown = run_example(path.parent, NEW[0], "charrec", "torch")
    assert shown.startswith("ABCD {")
    assert "'network.1.weight': (32, 1024)" in shown
    assert export(trained, "safetensors", tmp_path / "x").read_bytes() == path.read_bytes()
    cut = tmp_path / "cut"
    for content in (path.read_bytes()[:-1], b"", b"\0" * 20):
        cut.write_bytes(content)
        with pytest.raises(UserError, match="holds no weights of charrec's"):
            load_weights(cut)
    with pytest.raises(UserError, match="holds one network"):
        export([trained, copy_of(trained, tmp_path / "copy")], "safetensors")


def test_weights_alone_claim_no_more(trained: Path, tmp_path: Path) -> None:
    done = export_proved(trained, "safetensors", tmp_path / "out")
    text = done.card.read_text("utf-8")
    temperature = f"{Run(trained).temperature:g}"
    assert "- `network.1.weight`: float32 (32, 1024)\n- `network.1.bias`: float32 (32)\n" in text
    assert "- `network.3.weight`: float32 (4, 32)\n- `network.3.bias`: float32 (4)\n" in text
    assert "greys as normalisation `plain` leaves them, float32 (batch, 1, 32, 32)" in text
    assert f"their softmax after division by the temperature, {temperature}, is calibrated" in text
    for claim in ("`images`", "`probabilities`", "`blank`", "are inside", "letter.png"):
        assert claim not in text
    with safe_open(done.path, "numpy") as file:
        told = json.loads(file.metadata()["charrec"])
    assert "then normalised (plain), of which nothing is in this file" in told["pictures"]
    assert told["answers"].startswith("logits (batch, letters), in the order of letters; ")
    assert f"temperature ({told['temperature']}), calibrated" in told["answers"]


def test_weights_of_several_views_without_a_temperature(trained: Path, tmp_path: Path) -> None:
    moved = copy_of(trained, tmp_path / "moved")
    (reader,) = load_ensemble([Run(moved)], "best", proof.ON_THE_CPU).readers
    summary = json.loads((moved / "summary.json").read_text())
    del summary["temperature"]
    (moved / "summary.json").write_text(json.dumps(summary))
    reader.classifier.hparams["views"] = 9
    ensemble = Ensemble([Reader(reader.classifier, 1.0)])
    told = about([Run(moved)], ensemble, "best", WEIGHTS_ALONE)
    text = card.model_card([Run(moved)], ensemble, told, "model.safetensors", None)
    assert "views `9`: the logarithm of the mean of their probabilities stands for" in text
    assert "is not calibrated (no temperature was fitted)" in text
    assert "views (9)" in told["answers"]


def copy_of(run: Path, folder: Path) -> Path:
    return Path(shutil.copytree(run, folder))


def test_a_network_that_fails_its_proof_is_not_written(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof, "TOLERANCE", 0.0)
    with pytest.raises(UserError, match="so nothing was written"):
        export(trained, "torch_export", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_run_without_its_letters_is_proved_on_the_new_pictures(
    trained: Path, tmp_path: Path
) -> None:
    moved = copy_of(trained, tmp_path / "moved")
    summary = json.loads((moved / "summary.json").read_text())
    summary["settings"]["data"]["root"] = "/no/such"
    (moved / "summary.json").write_text(json.dumps(summary))
    done = export_proved(moved, "torch_export")
    assert done.proof is not None
    assert done.proof.pictures == len(NEW) + 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder, test: test.update(interval=[1]),
        lambda folder, test: test.update(accuracy="all"),
        lambda folder, test: test.pop("total"),
        lambda folder, test: (folder / "per_letter.csv").write_text("letter\nA\n"),
        lambda folder, test: (folder / "per_letter.csv").write_bytes(b"letter,recall\n\xff,1\n"),
    ],
)
def test_a_damaged_record_is_told_and_nothing_written(
    damage: Callable[[Path, dict[str, object]], object], trained: Path, tmp_path: Path
) -> None:
    moved = copy_of(trained, tmp_path / "moved")
    summary = json.loads((moved / "summary.json").read_text())
    damage(moved, summary["test"])
    (moved / "summary.json").write_text(json.dumps(summary))
    with pytest.raises(UserError, match=r"what summary\.json or per_letter\.csv in"):
        export(moved, "safetensors", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("suffix", "modules"), [(s, MODULES[s]) for s in EXAMPLES])
def test_what_an_example_imports_is_installed_by_its_line(suffix: str, modules: set[str]) -> None:
    needed, program = EXAMPLES[suffix]
    imported = set(re.findall(r"^(?:import|from) (\w+)", program, re.M)) - {"json"}
    if '"numpy"' in program:  # safe_open imports it
        imported.add("numpy")
    assert imported == modules
    assert {"PIL" if name == "pillow" else name for name in needed.split()} == modules


@pytest.mark.parametrize("tested", [True, False])
def test_the_limits_name_a_table_that_is_there(tested: bool, trained: Path, tmp_path: Path) -> None:
    moved = copy_of(trained, tmp_path / "moved")
    summary = json.loads((moved / "summary.json").read_text())
    summary["test"] = summary["test"] if tested else None
    (moved / "summary.json").write_text(json.dumps(summary))
    done = export_proved(moved, "safetensors", tmp_path / "out")
    text = done.card.read_text("utf-8")
    assert "strangers" not in text
    assert ("**What is no letter**" in text) == tested
    assert ('how surely, the table "What is no letter" tells' in text) == tested
    assert text.count("answered with one of them too") == 1
    assert "than the accuracy here" not in text


def test_any_alphabet_is_code_in_the_card() -> None:
    assert [card._code(text) for text in ("AB", "A`B", "``")] == ["`AB`", "`` A`B ``", "``` `` ```"]


@pytest.mark.parametrize(
    ("format", "missing"), [("onnx", "onnxruntime"), ("safetensors", "safetensors")]
)
def test_what_is_missing_is_named_with_its_extra(
    format: str, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_packages(format)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(UserError) as refused:
        need_packages(format)
    words = f"format={format} needs {missing}: pip install 'charrec[export]'"
    assert str(refused.value) == words
    need_packages("torch_export")


def test_the_command(trained: Path, tmp_path: Path) -> None:
    done = run_main("export", f"run={trained}", "out=a b", cwd=tmp_path)
    assert done.exit_code == 0, done.stderr
    first, second, *following = done.stdout.splitlines()
    assert re.fullmatch(
        r"Checked on 49 pictures: probabilities differ by [\d.]+e-\d\d at most", first
    )
    assert re.fullmatch(
        r"Written to a b/model.onnx \([\d,]+ bytes\), with MODEL_CARD.md beside it", second
    )
    assert following == [
        f"Next: python -m charrec.test run={trained}",
        f"      python -m charrec.report run={trained}",
    ]
    assert {p.name for p in (tmp_path / "a b").iterdir()} == {"model.onnx", "MODEL_CARD.md"}
    assert done.stderr == ""


def test_the_command_refuses(trained: Path, tmp_path: Path) -> None:
    for wrong, words in (
        ("format=onxn", "format=onxn is refused"),
        ("checkpoint=first", "checkpoint=first is refused"),
        ("run=/no/such", "run=/no/such: no such folder"),
    ):
        done = run_main("export", f"run={trained}", wrong, cwd=tmp_path)
        assert done.exit_code == 2
        assert words in done.stderr
    assert list(tmp_path.iterdir()) == []
