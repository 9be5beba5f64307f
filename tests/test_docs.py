"""The site of the pages: built without a warning, whole, and with no need of a network."""

from __future__ import annotations

import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from browsing import opened
from documented import DOCS, ROOT

from docs.building.formulas import mathml
from docs.building.notebook import page_of
from docs.building.outside import files_in, place_of, source_of, sources, with_places


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs") / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(folder)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    return folder


class Seen(HTMLParser):
    """What a page can be jumped to, what it links to, and what it has the browser fetch."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors.add(given.get("id", ""))
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        self.fetched += [given["src"]] if "src" in given else []
        self.fetched += [given["href"]] if tag == "link" and "href" in given else []


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Seen]:
    return {page.resolve(): Seen(page) for page in site.rglob("*.html")}


def test_every_link_leads_somewhere(pages: dict[Path, Seen]) -> None:
    lost, followed = [], 0
    for page, seen in pages.items():
        for link in (*seen.links, *seen.fetched):
            where = urlsplit(link)
            if where.scheme:
                continue
            target = (page.parent / unquote(where.path)).resolve() if where.path else page
            there = target.is_file() and (
                not where.fragment or target not in pages or where.fragment in pages[target].anchors
            )
            followed += 1
            lost += [] if there else [f"{page.name}: {link}"]
    assert lost == []
    assert followed > 1000


def test_nothing_is_fetched_from_elsewhere(pages: dict[Path, Seen], site: Path) -> None:
    assert [link for seen in pages.values() for link in seen.fetched if urlsplit(link).scheme] == []
    styles = [path.read_text(encoding="utf-8") for path in site.rglob("*.css")]
    assert styles
    assert not any("url(http" in style or "@import" in style for style in styles)


def test_every_page_of_the_folder_is_in_the_site(site: Path) -> None:
    names = {path.stem for path in DOCS.glob("*.md")} | {"notebook", "readme"}
    assert {path.stem for path in site.glob("*.html")} == names
    assert len(names) >= 10
    assert not (site / "building").exists()


def test_the_browser_asks_no_network_and_finds_a_word(site: Path) -> None:
    asked: list[str] = []
    with opened((site / "index.html").as_uri()) as page:
        page.on("request", lambda request: asked.append(request.url))
        page.reload()
        page.fill("input[data-md-component=search-query]", "denominator")
        found = page.locator(".md-search-result__link").first
        found.wait_for(state="attached", timeout=60_000)  # milliseconds, on a busy machine
        link = found.get_attribute("href") or ""
    assert "gradients.html" in link
    assert any("search_index.js" in url for url in asked)
    assert [url for url in asked if not url.startswith(("file://", "data:"))] == []


def test_formulas_are_drawn_by_the_browser(site: Path) -> None:
    with opened((site / "gradients.html").as_uri()) as page:
        drawn = page.locator("math").count()
        rows = page.locator(".formula").filter(has=page.locator("mtable")).first.locator("mtr")
        first, second = (rows.nth(i).bounding_box() for i in (0, 1))
    text = (site / "gradients.html").read_text(encoding="utf-8")
    assert drawn > 80
    assert first
    assert second
    assert second["y"] > first["y"] + first["height"] / 2
    assert "arithmatex" not in text
    assert "\\frac" not in text


def test_a_formula() -> None:
    assert mathml("a_1", block=False).count("<msub>") == 1
    aligned = mathml(r"\begin{aligned} a &= b \\ c &= d \end{aligned}", block=True)
    assert aligned.count("<mtr>") == 2
    assert aligned.count("text-align: right") == 2
    assert "&</mi>" not in aligned
    matrix = mathml(r"x = \begin{pmatrix} 1 \\ 2 \end{pmatrix}", block=True)
    assert matrix.count('stretchy="true"') == 2
    assert "≔" in mathml("a := b", block=False)
    primes = mathml("y' + \\tanh'' z", block=False)
    assert "<mi>y</mi><mo>&#x02032;</mo>" in primes
    assert "<mi>tanh</mi><mo>&#x02033;</mo>" in primes
    assert "<msup>" not in primes, "a prime is high by itself"


def test_links_lead_to_copies_in_the_site() -> None:
    text = "[a](../conf/train.yaml) [b](../README.md#the-knobs) [c](sweeps.md) [d](https://x.y)"
    assert with_places(text, "docs/settings.md") == (
        "[a](project/conf/train.yaml.md) [b](readme.md#the-knobs) [c](sweeps.md) [d](https://x.y)"
    )
    assert with_places("[a](docs/recipe.md#x)", "README.md") == "[a](recipe.md#x)"
    assert with_places("[a](peers/)", "benchmarks/x.md") == "[a](peers/files.md)"


def test_every_place_has_a_way_back() -> None:
    found = sources()
    assert {"README.md", "LICENSE", "conf/train.yaml", "benchmarks/peers"} <= found
    assert set(files_in("benchmarks/peers")) <= found
    assert all(source_of(place_of(source)) == source for source in found)


def test_a_notebook_becomes_a_page() -> None:
    picture = {"data": {"image/png": "aGk=", "text/plain": "<Figure>"}}
    cells = [
        {"cell_type": "markdown", "source": ["# T\n", "text"]},
        {"cell_type": "code", "source": ["1 + 1"], "outputs": [{"text": ["2\n"]}, picture]},
    ]
    text, pictures = page_of({"cells": cells})
    assert text == (
        "# T\ntext\n\n```python\n1 + 1\n```\n\n```text\n2\n```\n\n"
        "![What the program above draws](images/notebook_1.png)\n"
    )
    assert pictures == {"images/notebook_1.png": b"hi"}
