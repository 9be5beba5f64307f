"""``compare.html``: all in one file, nothing loaded, nothing run that is not its own."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from browsing import dom_of
from making_sweeps import make_curve, make_result

from charrec.sweep.comparison import PAGE, write_views
from charrec.sweep.effects import effects_in
from charrec.sweep.results import rank, read_results

HOSTILE = '<script>document.title="ran"</script><img src=x onerror=alert(1)> & "\'</td>'
FIGURES = ["curves", "heat_map", "parallel_coordinates", "accuracy_by_parameters"]
RUNS = [  # hsize, lr, seed, validation accuracy
    (8, 0.1, 1, 0.5),
    (8, 0.1, 2, 0.6),
    (16, 0.1, 1, 0.9),
    (8, 0.01, 1, 0.2),
    (128, 0.01, 1, 0.3),
    (128, 0.1, 1, None),  # it diverged
]


class Reader(HTMLParser):
    """Text of the cells of each table, scripts, and whatever an element would load."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.scripts: list[str] = []
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.policy = ""
        self._inside: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self.tags.append(tag)
        self._inside = [tag]
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"] or ""
        self.loads += [f"{tag} {name}" for name in given if name in LOADING]
        if tag == "table":
            self._rows = self.tables[given["id"] or ""] = []
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th"):
            self._rows[-1].append("")
        elif tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = []

    def handle_data(self, data: str) -> None:
        if self._inside == ["script"]:
            self.scripts[-1] += data
        elif self._inside and self._inside[0] in ("td", "button"):
            self._rows[-1][-1] += data


LOADING = {"src", "href", "srcset", "poster", "background", "data", "action", "formaction"}


def make_page(folder: Path) -> str:
    for number, (hsize, lr, seed, accuracy) in enumerate(RUNS):
        run = folder / str(number + 6)  # 10 comes after 9
        status = "diverged" if accuracy is None else "completed"
        make_result(run, accuracy, status, hsize=hsize, lr=lr, seed=seed)
        make_curve(run, 0.1, accuracy or 0)
    experiments = rank(read_results([folder]))
    return write_views(folder, experiments, effects_in(experiments)).read_text("utf-8")


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    return make_page(tmp_path_factory.mktemp("page") / "sweep")


def test_all_runs_are_in_the_tables_the_best_first(html: str) -> None:
    tables = Reader(html).tables
    head, *rows = tables["experiments"]
    assert head == [
        "hsize", "lr", "runs", "validation", "epoch", "test", "parameters", "folder",
    ]  # fmt: skip
    assert rows == [
        ["16", "0.1", "1", "90.0%", "2", "80.0%", "16,842", "8"],
        ["8", "0.1", "2", "55.0% ± 7.1%", "2", "45.0% ± 7.1%", "8,434", "7"],
        ["128", "0.01", "1", "30.0%", "2", "20.0%", "134,554", "10"],
        ["8", "0.01", "1", "20.0%", "2", "10.0%", "8,434", "9"],
        ["128", "0.1", "0 of 1, 1 diverged", "", "", "", "134,554", "11"],
    ]
    head, *rows = tables["runs"]
    assert [row[0] for row in rows] == ["8", "6", "7", "10", "9", "11"]
    assert [row[head.index("seed")] for row in rows] == ["1", "1", "2", "1", "1", "1"]
    assert [row[head.index("validation")] for row in rows] == [
        "90.0%", "50.0%", "60.0%", "30.0%", "20.0%", "",
    ]  # fmt: skip
    assert [row[:2] for row in tables["effects"][1:]] == [
        ["hsize", "8"], ["hsize", "16"], ["hsize", "128"], ["lr", "0.01"], ["lr", "0.1"],
    ]  # fmt: skip
    assert tables["effects"][4][5:] == ["25.0% ± 7.1%", "30.0%", "20.0% (1)"]


def test_the_best_run_and_its_commands(html: str) -> None:
    assert "Best on validation, 90.0%: " in html
    assert re.search(r"Test: python -m charrec\.test run=\S*sweep/8\n", html)
    assert re.search(
        r"Predict: python -m charrec\.predict images=FOLDER run=\S*sweep/8</pre>", html
    )
    assert "6 runs: 5 completed, 1 diverged; 5 experiments" in html


def test_nothing_is_loaded(html: str) -> None:
    page = Reader(html)
    assert page.loads == []
    assert not {"link", "img", "iframe", "object", "embed", "base", "form"} & set(page.tags)
    assert "@import" not in html.split("</style>")[0]
    assert "url(" not in html.split("</style>")[0]
    allowed = dict(part.strip().split(" ", 1) for part in page.policy.split(";"))
    assert allowed.pop("default-src") == "'none'"
    assert not re.search(r"https?:|\*|'self'|'unsafe-inline'", allowed.pop("script-src"))
    assert set(allowed.values()) == {"'none'", "'unsafe-inline'", "data: blob:"}


def test_only_its_own_scripts_may_run(html: str) -> None:
    page = Reader(html)
    known = set(re.findall(r"'sha256-(.+?)'", page.policy))
    digests = [_digest(script) for script in page.scripts]
    assert [digest in known for digest in digests] == [False] * 4 + [True] * 2
    assert html.count("plotly.js v") == 1


def test_the_figures_are_data(html: str) -> None:
    found = re.findall(r'<script type="application/json" id="(\w+)">(.*?)</script>', html)
    assert [name for name, _ in found] == FIGURES
    for _, text in found:
        assert json.loads(text)["data"]


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


# Tells what became of the page: what it tried to load, and its first rows after clicks.
TOLD = """
const told = { refused: [], errors: [] };
addEventListener("securitypolicyviolation", (event) => told.refused.push(event.blockedURI));
addEventListener("error", (event) => told.errors.push(event.message));
addEventListener("load", () => setTimeout(() => {
  const table = document.getElementById("experiments");
  const rows = () => [...table.rows].slice(1).map((row) => row.cells[7].textContent);
  told.sorted = { first: rows() };
  for (const [name, column] of [["hsize", 0], ["hsize again", 0], ["lr", 1],
                                ["folder", 7], ["validation", 3], ["validation again", 3]]) {
    table.rows[0].cells[column].querySelector("button").click();
    told.sorted[name] = rows();
  }
  told.heads = [...table.rows[0].cells].map((cell) => cell.getAttribute("aria-sort"));
  told.title = document.title;
  told.figures = [...document.querySelectorAll(".figure")].map((place) => ({
    name: place.dataset.figure,
    svg: place.querySelectorAll(".main-svg").length,
    traces: place.querySelectorAll(".trace, .parcoords .y-axis, .hm").length,
  }));
  const text = document.createElement("pre");
  text.id = "told";
  text.textContent = JSON.stringify(told);
  document.body.append(text);
}, 1000));
"""


def opened(html: str, folder: Path) -> dict[str, Any]:
    """What the page tells of itself in a browser, by a script that it is made to allow."""
    allowed = html.replace("script-src ", f"script-src 'sha256-{_digest(TOLD)}' ", 1)
    page = folder / "opened.html"
    page.write_text(allowed.replace("<title>", f"<script>{TOLD}</script><title>", 1), "utf-8")
    (found,) = re.findall(r'<pre id="told">(.*?)</pre>', dom_of(page, folder / "profile"))
    return dict(json.loads(found.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")))


@pytest.mark.slow
def test_in_a_browser(html: str, tmp_path: Path) -> None:
    told = opened(html, tmp_path)
    assert told["errors"] == []
    assert told["refused"] == []  # it did not even try to load anything
    assert told["title"] == "sweep"
    assert told["sorted"] == {
        "first": ["8", "7", "10", "9", "11"],
        "hsize": ["10", "11", "8", "7", "9"],  # the largest first, the equal as they were
        "hsize again": ["7", "9", "8", "10", "11"],
        "lr": ["7", "8", "11", "9", "10"],  # by size, not as text
        "folder": ["11", "10", "9", "8", "7"],
        "validation": ["8", "7", "10", "9", "11"],
        "validation again": ["9", "10", "7", "8", "11"],  # what has none stays last
    }
    assert told["heads"] == [None, None, None, "ascending", None, None, None, None]
    assert [figure["name"] for figure in told["figures"]] == FIGURES
    for figure in told["figures"]:
        assert figure["svg"] >= 2, figure
        assert figure["traces"] >= 1, figure


@pytest.mark.slow
def test_hostile_names_are_names(tmp_path: Path) -> None:
    folder = tmp_path / HOSTILE.replace("/", "∕")
    for number, size in enumerate((8, 16)):
        make_result(folder / f"{number}{folder.name}", 0.5, hsize=size, activation=HOSTILE)
        make_curve(folder / f"{number}{folder.name}", 0.5)
    make_result(folder / "2", 0.4, hsize=8, activation="${style} {{}} <!--</script>")
    experiments = rank(read_results([folder]))
    html = write_views(folder, experiments, effects_in(experiments)).read_text("utf-8")
    page = Reader(html)
    assert "img" not in page.tags
    assert len(page.scripts) == 6
    assert page.tables["experiments"][1][-1] == f"0{folder.name}"
    told = opened(html, tmp_path)
    assert (told["title"], told["errors"], told["refused"]) == (folder.name, [], [])
    assert len(told["figures"]) == 4


def test_without_a_completed_run(tmp_path: Path) -> None:
    make_result(tmp_path / "0", None, status="diverged", error="boom <b>")
    experiments = rank(read_results([tmp_path]))
    write_views(tmp_path, experiments, {})
    html = (tmp_path / PAGE).read_text("utf-8")
    assert "No run completed" in html
    assert Reader(html).tables["runs"][1][-1] == "boom <b>"
    assert 'class="figure"' not in html
    assert not list(tmp_path.glob("*.png"))
