"""``report.html``: its numbers are those of the run's files, and what is gone is told."""

from __future__ import annotations

import csv
import json
import re
import shutil
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import torch
from processes import run_main

from charrec.answers import COLUMNS
from charrec.errors import UserError
from charrec.page.sections.result import result
from charrec.reporting import EXPLAINED, content_of, page_path, report
from charrec.run import Run

HEAD = ",".join(COLUMNS) + "\n"
NOTHING_LOADED = (
    r"""<(link|iframe|object|embed|base|form)\b|src="(?!data:image/)|href="(?!#)|@import"""
)


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Run:
    """A copy that may be written into."""
    shutil.copytree(trained, tmp_path / "run")
    return Run(tmp_path / "run")


@pytest.fixture
def moved(run: Run, own_letters: Path) -> Run:
    """Its letters are gone from where the run was trained on them."""
    settings = run.summary["settings"]
    gone = {**settings, "data": {**settings["data"], "root": str(own_letters / "gone")}}
    run.record(settings=gone)
    return run


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def text_of(html: str) -> str:
    """What is read, without the scripts and the styles."""
    shown = re.sub(r"<(script|style)[^>]*>.*?</\1>", "", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", shown)))


def counts_in(html: str) -> dict[str, int]:
    """Cell of the matrix -> the count that is written in it."""
    matrix = html.partition('<table role="grid"')[2].partition("</table>")[0]
    return {key: int(n) for key, n in re.findall(r'data-cell="([\d,]+)"[^>]*>(\d+)<', matrix)}


def counts_of(folder: Path, alphabet: str) -> dict[str, int]:
    """The same of ``confusion_matrix.csv``."""
    found = {}
    for row in rows(folder / "confusion_matrix.csv"):
        truth = row.pop("truth")
        for column, count in enumerate(row.values()):
            if int(count):
                found[f"{alphabet.index(truth)},{column}"] = int(count)
    return found


def block(html: str, name: str) -> dict[str, Any]:
    (text,) = re.findall(rf'<script type="application/json" id="{name}">(.*?)</script>', html)
    return dict(json.loads(text))


def table_in(html: str, name: str) -> list[list[str]]:
    table = html.partition(f'id="{name}">')[2].partition("</table>")[0]
    found = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in table.split("<tr>")]
    return [row for row in found if row]


def test_the_numbers_are_those_of_the_runs_files(run: Run) -> None:
    page = report(run)
    assert page == run.folder / "report.html"
    html, test = page.read_text("utf-8"), run.summary["test"]
    text = text_of(html)
    low, high = test["interval"]
    assert (
        f"test accuracy {test['accuracy']:.1%} {test['correct']} of {test['total']}; "
        f"95% interval {low:.1%} to {high:.1%} mean over letters {test['macro_accuracy']:.1%}"
    ) in text
    assert f"among the first three {test['top_3_accuracy']:.1%}" in text
    before = test["before_temperature"]["expected_calibration_error"]
    error = test["expected_calibration_error"]
    assert f"off by {error:.1%} {before:.1%} before calibration" in text
    best = run.summary["best_epoch"]
    assert f"{run.summary['validation']['accuracy']:.1%} in epoch {best} of 2" in text
    assert counts_in(html) == counts_of(run.folder, "ABCD")
    recalls = [f"{float(row['recall']):.1%}" for row in rows(run.folder / "per_letter.csv")]
    assert [row[2] for row in table_in(html, "per-letter")] == recalls
    assert "not completed" not in text


def test_precision_and_f1(run: Run) -> None:
    """Against their definitions, from the predictions themselves."""
    report(run)
    html = (run.folder / "report.html").read_text("utf-8")
    said = rows(run.folder / "test_predictions.csv")
    for letter, count, _, precision, f1, *_ in table_in(html, "per-letter"):
        there = sum(row["truth"] == letter for row in said)
        answered = sum(row["letter"] == letter for row in said)
        right = sum(row["truth"] == row["letter"] == letter for row in said)
        assert count == str(there)
        assert precision == (f"{right / answered:.1%}" if answered else "")
        assert f1 == f"{2 * right / (there + answered):.1%}"


def test_each_count_has_its_pictures(run: Run) -> None:
    html = report(run).read_text("utf-8")
    cells = block(html, "cells")["cells"]
    said = rows(run.folder / "test_predictions.csv")
    for key, cell in cells.items():
        truth, answer = ("ABCD"[int(place)] for place in key.split(","))
        expected = {r["file"] for r in said if (r["truth"], r["letter"]) == (truth, answer)}
        assert {file for _, file, _ in cell["pictures"]} == expected
        sure = [float(probability[:-1]) for _, _, probability in cell["pictures"]]
        assert sure == sorted(sure, reverse=truth != answer)
    assert set(cells) == set(counts_in(html))


def test_nothing_is_loaded(run: Run) -> None:
    html = report(run).read_text("utf-8")
    assert not re.search(NOTHING_LOADED, html)
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', html)
    assert "unsafe" not in policy
    assert len(html) < 1_000_000


def test_the_worst_mistakes_are_the_surest(run: Run) -> None:
    content = content_of(run)
    assert content.tested is not None
    said = rows(run.folder / "test_predictions.csv")
    wrong = [float(row["probability"]) for row in said if row["truth"] != row["letter"]]
    shown = [float(content.tested.rows[m.place]["probability"]) for m in content.mistakes]
    assert shown == sorted(wrong, reverse=True)[:EXPLAINED]
    pictures = content.tested.pictures
    assert pictures is not None
    for mistake in content.mistakes:
        assert (mistake.picture == pictures[mistake.place]).all()
        assert mistake.why.shape == mistake.picture.shape


def test_without_the_letters_it_is_made_of_the_runs_files(moved: Run, own_letters: Path) -> None:
    with pytest.warns(UserWarning, match=r"the letters are gone .*data\.root=FOLDER"):
        html = report(moved).read_text("utf-8")
    assert "the letters are gone" in text_of(html)
    assert counts_in(html) == counts_of(moved.folder, "ABCD")
    assert f"{moved.summary['test']['accuracy']:.1%}" in text_of(html)
    assert 'id="sheet"' not in html
    assert 'id="weights"' in html
    assert 'id="mistakes"' not in html

    html = report(moved, root=own_letters, out=moved.folder / "again.html").read_text("utf-8")
    commands = re.findall(r"data\.root=([^\s<]+)", html)
    assert commands == [str(own_letters)], "the command that trains again finds them there"
    assert "the letters are gone" not in text_of(html)
    assert 'id="sheet"' in html
    assert counts_in(html) == counts_of(moved.folder, "ABCD")


def test_letters_that_are_named_must_be_there(run: Run, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        report(run, root=tmp_path / "no")
    assert not (run.folder / "report.html").exists()


def test_other_letters_are_told(run: Run, own_letters: Path) -> None:
    listed = json.loads((own_letters / "test.json").read_text())
    first, second, *_ = listed
    listed[first], listed[second] = listed[second], listed[first]
    (own_letters / "test.json").write_text(json.dumps(listed))
    with pytest.warns(UserWarning, match="holds other letters"):
        report(run, root=own_letters)


def test_a_run_that_has_not_begun_to_be_tested(run: Run) -> None:
    for name in ("checkpoints/best.ckpt", "test_predictions.csv", "reliability.csv"):
        (run.folder / name).unlink()
    summary = json.loads((run.folder / "summary.json").read_text())
    for key in ("test", "best_epoch", "validation", "ended", "temperature"):
        del summary[key]
    (run.folder / "summary.json").write_text(json.dumps(summary | {"status": "interrupted"}))
    with pytest.warns(UserWarning, match="not completed but interrupted|is not there"):
        text = text_of(report(run).read_text("utf-8"))
    assert "is not completed but interrupted" in text
    assert "best.ckpt is not there" in text
    assert "test accuracy" not in text
    assert "Curves" in text
    assert f"python -m charrec.train resume={run.folder}" in text


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("metrics.csv", "epoch,train_loss\n1,much\n", "metrics.csv cannot be read"),
        ("test_predictions.csv", "file,truth\na,A\n", "has not the columns"),
        ("test_predictions.csv", f"{HEAD}a,Z,A,0.5,,,,,\n", "of other letters"),
        ("test_predictions.csv", f"{HEAD}a,A,B,much,,,,,\n", "cannot be read"),
        (
            "reliability.csv",
            "above,to,count,probability,accuracy,before_count,before_probability,before_accuracy\n"
            "0,1,many,,,0,,\n",
            "reliability.csv cannot be read",
        ),
        ("reliability.csv", "count\n1\n", "has not the columns"),
        ("checkpoints/best.ckpt", "no network", "nothing could be tested"),
    ],
)
def test_a_damaged_file_costs_its_part_of_the_page(
    name: str, content: str, told: str, moved: Run
) -> None:
    (moved.folder / name).write_text(content)
    with pytest.warns(UserWarning, match=told):
        html = report(moved).read_text("utf-8")
    assert re.search(told, text_of(html))
    assert "Repeat it" in html


@pytest.mark.parametrize("test", ["all right", {"accuracy": "1", "correct": 1, "total": 0}, {}])
def test_a_damaged_score_costs_its_part(test: object, moved: Run) -> None:
    moved.record(test=test)
    with pytest.warns(UserWarning, match="what summary.json says of the test cannot be read"):
        text = text_of(report(moved).read_text("utf-8"))
    assert "test accuracy" not in text
    assert "best on validation" in text


@pytest.mark.parametrize("best", ["one", [1], None])
def test_a_best_epoch_that_is_no_number_is_not_marked(best: object, run: Run) -> None:
    run.record(best_epoch=best)
    html = report(run).read_text("utf-8")
    assert block(html, "epochs")["best"] is None
    assert "best epoch on validation" not in html


def test_a_loss_that_is_no_number_leaves_a_gap(run: Run) -> None:
    path = run.folder / "metrics.csv"
    path.write_text(path.read_text() + "3,nan,0.5,inf,0.5,0.1\n")
    found = block(report(run).read_text("utf-8"), "epochs")["rows"]
    assert found[-1] == [3, None, None, 0.5, 0.5]


def test_where_the_page_goes(tmp_path: Path) -> None:
    run = Run(tmp_path)
    (tmp_path / "folder.html").mkdir()
    for out, page in {
        None: "report.html",
        "there": "there/report.html",
        "my.html": "my.html",
        "folder.html": "folder.html/report.html",
    }.items():
        assert page_path(run, None if out is None else tmp_path / out) == tmp_path / page


def test_the_last_epoch_on_request(run: Run) -> None:
    run.best_checkpoint.unlink()
    content = content_of(run, checkpoint="last")
    assert content.weights is not None
    last = torch.load(run.last_checkpoint)["state_dict"]["network.1.weight"]
    assert torch.equal(torch.from_numpy(content.weights).flatten(1), last)


def test_on_the_command_line(trained: Path, tmp_path: Path) -> None:
    done = run_main("report", f"run={trained}", "out=my page.html", cwd=tmp_path)
    assert (done.exit_code, done.stderr) == (0, "")
    first, *following = done.stdout.splitlines()
    assert re.fullmatch(r"Page: my page\.html \(0\.\d MB, needs no network\)", first)
    assert [line.split()[-1] for line in following] == [str(trained)]
    assert [path.name for path in tmp_path.iterdir()] == ["my page.html"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run=/no/such"], "run=/no/such: no such folder; name the folder of a run"),
        (["run=[{run},{run}]"], "run: a page is of one run; name one folder"),
        (["checkpoint=first"], "checkpoint=first is refused: checkpoint is one of best, last"),
        (["run={run}", "data.root=/no/such"], "data.root=/no/such: no such folder"),
        (["run={run}", "data=folders"], "data.kind is no setting"),
        (
            ["run={run}", "out=x.txt"],
            "out=x.txt is to be a folder, with files in it; leave out .txt, or end it in .html "
            "for a file",
        ),
        (["run={run}", "out=x.pdf"], "leave out .pdf, or end it in .html for a file"),
        (["run={run}", "out={run}/summary.json/x"], "is a file; name a folder"),
        ([], "no completed run under outputs/"),
    ],
)
def test_what_is_wrong_is_told(
    arguments: list[str], told: str, trained: Path, tmp_path: Path
) -> None:
    given = [argument.format(run=trained) for argument in arguments]
    done = run_main("report", *given, cwd=tmp_path)
    assert done.exit_code == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_what_was_never_calibrated_is_not_said_to_be(run: Run) -> None:
    calibrated = text_of(report(run).read_text("utf-8"))
    assert " before calibration" in calibrated
    assert "with a temperature of" in calibrated
    summary = run.summary
    for name in ("temperature", "test", "best_epoch", "validation"):
        del summary[name]
    text = json.dumps(summary | {"status": "interrupted"})
    (run.folder / "summary.json").write_text(text)
    with pytest.warns(UserWarning, match="not completed but interrupted"):
        page = report(run).read_text("utf-8")
    assert "probabilities are off by" in text_of(page)
    assert "% not calibrated" in text_of(page)
    assert " off; no temperature was fitted" in text_of(page)
    assert "temperature of" not in text_of(page)
    assert 'class="calibrated"' not in page


def test_that_a_letter_is_among_three_of_three_is_not_told(run: Run) -> None:
    content = content_of(run)
    assert content.tested is not None
    assert "among the first three" in result(content)
    of_three = replace(content, tested=replace(content.tested, alphabet="ABC"))
    assert "among the first three" not in result(of_three)
