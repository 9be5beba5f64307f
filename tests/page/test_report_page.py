"""A run's page in a browser: what is pressed is shown, and nothing else happens."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from browsing import opened
from conftest import draw_letter
from PIL import Image

from charrec.reporting import report
from charrec.run import Run
from charrec.settings import DataSettings, TrainSettings
from charrec.training import train

if TYPE_CHECKING:
    from playwright.sync_api import Page

ALPHABET = "<&\"'"  # to be read from pictures of A, B, C and D
HOSTILE = "<img src=x onerror=alert(1)>&\"'{}_\u202e.png"
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
WATCH = """window.told = [];
addEventListener("securitypolicyviolation", (event) => told.push(event.blockedURI));
addEventListener("error", (event) => told.push(event.message));"""
OF_CELL = """() => [...document.querySelectorAll("#cell figure")].map((figure) => {
  const canvas = figure.querySelector("canvas");
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  return [figure.dataset.file, [...pixels].filter((_, i) => i % 4 === 0)];
})"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Of letters and names that look like HTML, trained so little that it is often wrong."""
    root = tmp_path_factory.mktemp("hostile") / "</script><b>letters"
    (root / "images").mkdir(parents=True)
    for split, count in {"train": 24, "validation": 8, "test": 40}.items():
        entries = {}
        for number in range(count):
            name = f"{split}_{HOSTILE.format(number)}"
            draw_letter("ABCD"[number % 4], number + len(split)).save(root / "images" / name)
            entries[name] = ALPHABET[number % 4]
        (root / f"{split}.json").write_text(json.dumps(entries))
    data = DataSettings(root=root, alphabet=ALPHABET)
    settings = TrainSettings(epochs=3, hsize=6, lr=0.02, data=data, trainer={"accelerator": "cpu"})
    return train(settings, tmp_path_factory.mktemp("run") / "</title><script>run")


@pytest.fixture(scope="module")
def page(run: Run) -> Iterator[Page]:
    """On a desktop, in the light; it has asked for nothing but itself and has said nothing."""
    asked: list[str] = []
    said: list[str] = []
    file = report(run)
    with opened("about:blank", viewport={"width": 1280, "height": 900}) as page:
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.add_init_script(WATCH)
        page.goto(file.as_uri())
        yield page
        assert page.evaluate("told") == []
    assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]
    assert said == []


def predictions(run: Run) -> list[dict[str, str]]:
    with (run.folder / "test_predictions.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def width(page: Page) -> list[int]:
    return list(page.evaluate("[document.documentElement.scrollWidth, innerWidth]"))


def test_it_lists_first_what_is_not_as_by_default(page: Page) -> None:
    names = page.locator("#settings > .table tbody th").all_inner_texts()
    letters = {"data.root", "data.alphabet"}
    assert set(names) == {"hsize", "lr", "epochs", "trainer.accelerator"} | letters


@pytest.mark.slow
def test_a_count_shows_exactly_its_pictures(page: Page, run: Run) -> None:
    said = predictions(run)
    cells = page.locator(".matrix [data-cell]")
    seen = 0
    for number in range(cells.count()):
        cell = cells.nth(number)
        key = str(cell.get_attribute("data-cell"))
        cell.click()
        page.wait_for_selector(f'#cell[data-shown="{key}"]')
        truth, answer = (ALPHABET[int(place)] for place in key.split(","))
        expected = [r for r in said if (r["truth"], r["letter"]) == (truth, answer)]
        assert int(cell.inner_text()) == len(expected)
        shown = page.evaluate(OF_CELL)
        assert len(shown) == len(expected)
        for file, pixels in shown:
            name = file.replace("\\u202e", "\u202e")
            assert name in {row["file"] for row in expected}
            assert_alike(pixels, Path(run.letters.folder, "images", name))
        assert page.locator("#cell h3").inner_text() == f"{truth} read as {answer}"
        seen += len(shown)
    assert seen == len(said) == 40
    assert cells.count() >= 6  # not the diagonal alone


def assert_alike(pixels: list[int], path: Path) -> None:
    """WebP changes a picture a little; another one differs by far more."""
    with Image.open(path) as file:
        picture = np.asarray(file.resize((32, 32), Image.Resampling.BILINEAR), dtype=float)
    assert np.abs(np.array(pixels).reshape(32, 32) - picture).mean() < 8


@pytest.mark.slow
def test_counts_are_reached_by_keys(page: Page) -> None:
    page.locator(".matrix [data-cell]").first.focus()
    keys = []
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
        keys.append(page.evaluate("document.activeElement.dataset.cell"))
    assert len(set(keys)) > 1
    page.keyboard.press("Enter")
    page.wait_for_selector(f'#cell[data-shown="{keys[-1]}"]')
    assert page.locator('.matrix [tabindex="0"]').count() == 1


@pytest.mark.slow
def test_curves_are_read_off(page: Page, run: Run) -> None:
    with (run.folder / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    page.locator("#curves .plot").first.focus()
    page.keyboard.press("Home")
    for number, row in enumerate(rows):
        text = page.locator("#readout").inner_text()
        assert text.startswith(f"Epoch {number + 1}")
        assert f"training {float(row['train_loss']):.3f}" in text
        assert f"validation {100 * float(row['validation_accuracy']):.1f}%" in text
        page.keyboard.press("ArrowRight")
    box = page.locator("#curves .plot").last.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.13 * box["width"], box["y"] + 40)
    assert page.locator("#readout").inner_text().startswith("Epoch 1")


@pytest.mark.slow
def test_names_stay_names(page: Page, run: Run) -> None:
    assert page.title() == run.folder.name == page.locator("h1").inner_text()
    assert page.locator("img[src=x]").count() == 0
    assert page.locator("script").count() == 3  # two of data
    commands = page.locator("pre").all_inner_texts()
    assert any("</script><b>letters" in command for command in commands)


@pytest.mark.slow
def test_the_tables_sort(page: Page) -> None:
    head = page.locator("#per-letter th button")
    first = page.locator("#per-letter tbody tr td:nth-child(3)")
    head.nth(2).click()
    shares = [float(text[:-1]) for text in first.all_inner_texts()]
    assert shares == sorted(shares, reverse=True)
    head.nth(2).click()
    assert [float(text[:-1]) for text in first.all_inner_texts()] == sorted(shares)


STEPS = """() => ["right", "wrong"].flatMap((kind) => [...Array(10).keys()].map((step) => {
  const row = document.querySelector(".matrix tbody").insertRow();
  row.innerHTML = `<td class="${kind} s${step + 1}"><button>1</button></td>`;
  const cell = row.firstChild;
  const found = [getComputedStyle(cell).backgroundColor, getComputedStyle(cell.firstChild).color];
  row.remove();
  return [`${kind} s${step + 1}`, ...found];
}))"""


def luminance(colour: str) -> float:
    """As WCAG 2 has it, of ``rgb(0, 0, 0)`` or ``color(srgb 0 0 0)``."""
    values = [float(value) for value in re.findall(r"[\d.]+(?:e-\d+)?", colour)[:3]]
    shares = [value / 255 for value in values] if colour.startswith("rgb(") else values
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in shares]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_count_can_be_read_on_its_colour(scheme: Any, page: Page) -> None:
    with again(page, color_scheme=scheme) as window:
        steps = window.evaluate(STEPS)
    assert len(steps) == 20
    assert len({ground for _, ground, _ in steps}) == 20
    contrast = {}
    for name, *pair in steps:
        dark, light = sorted(luminance(colour) for colour in pair)
        contrast[name] = round((light + 0.05) / (dark + 0.05), 2)
    assert {name: value for name, value in contrast.items() if value < 4.5} == {}


@pytest.mark.slow
def test_on_a_phone_the_names_behind_a_count_are_whole(page: Page) -> None:
    with again(page, viewport={"width": 360, "height": 740}, is_mobile=True) as phone:
        phone.locator(".matrix [data-cell]").first.click()
        phone.wait_for_selector("#cell canvas")
        names = phone.locator("#cell .file")
        cut = names.evaluate_all("all => all.filter((e) => e.scrollWidth > e.clientWidth).length")
        assert (names.count() > 0, cut) == (True, 0)
        assert width(phone) == [360, 360]


@pytest.mark.slow
def test_on_paper_the_matrix_begins_below_its_heading(page: Page) -> None:
    with again(page) as paper:
        paper.emulate_media(media="print")
        rules = "all => all.map((e) => getComputedStyle(e).breakAfter)"
        kept = paper.locator("#confusion > :is(h2, p)").evaluate_all(rules)
    assert kept == ["avoid", "avoid", "avoid"]


def colours(page: Page) -> tuple[int, int]:
    """How light the page's background and its words are, 0 .. 255."""
    with Image.open(BytesIO(page.screenshot())) as shot:
        values = np.asarray(shot.convert("L"))
    return int(values[-1, 2]), int(values[:60].min() if values[-1, 2] > 128 else values[:60].max())


@contextmanager
def again(page: Page, **how: Any) -> Iterator[Page]:
    """The same page in another window of the same browser."""
    assert page.context.browser is not None
    other = page.context.browser.new_context(**how).new_page()
    other.goto(page.url)
    yield other
    other.context.close()


@pytest.mark.slow
def test_on_a_phone_and_in_the_dark(page: Page) -> None:
    with again(page, **PHONE) as phone:
        phone.locator(".chips button").first.tap()
        phone.wait_for_selector("#cell canvas")
        for folded in phone.locator("summary").all():
            folded.click()
        assert width(phone) == [390, 390]
        phone.evaluate("scrollTo(0, 0)")
        light = colours(phone)
        phone.emulate_media(color_scheme="dark")
        dark = colours(phone)
        assert light[0] > 240
        assert light[1] < 60
        assert dark[0] < 40
        assert dark[1] > 200


@pytest.mark.slow
def test_on_paper_all_is_unfolded_and_light(page: Page) -> None:
    with again(page, color_scheme="dark", viewport={"width": 700, "height": 900}) as paper:
        folded = paper.locator("details .table").first
        assert not folded.is_visible()
        paper.emulate_media(media="print")
        box = folded.bounding_box()
        assert box is not None
        assert box["height"] > 100
        white = "rgb(255, 255, 255)"
        assert paper.evaluate("getComputedStyle(document.body).backgroundColor") == white
        assert width(paper) == [700, 700]
        assert not paper.locator("nav").is_visible()
