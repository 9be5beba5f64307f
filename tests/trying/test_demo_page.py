"""The page in a real browser: drawn on with the mouse, given pictures, good ones and others."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browsing import opened
from processes import run_main
from serving import Serving, serving

from charrec.evaluation import predict

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow
Stroke = list[tuple[float, float]]  # places on the sheet, 0 .. 1 across and down
A: list[Stroke] = [[(0.3, 0.8), (0.5, 0.2), (0.7, 0.8)], [(0.38, 0.6), (0.62, 0.6)]]
T: list[Stroke] = [[(0.3, 0.25), (0.7, 0.25)], [(0.5, 0.25), (0.5, 0.8)]]
IN_A_CORNER = [[(0.5 * x - 0.1, 0.5 * y - 0.07) for x, y in stroke] for stroke in T]
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="document.title=1"/>'


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that reads most letters, after some seconds."""
    folder = tmp_path_factory.mktemp("quick")
    settings = ("experiment=small", "epochs=6", "views=1", "trainer=cpu", "hydra.run.dir=run")
    done = run_main("train", *settings, cwd=folder)
    assert done.exit_code == 0, done.stderr
    return folder / "run"


@pytest.fixture(scope="module")
def demo(quick: Path) -> Iterator[Serving]:
    with serving(f"run={quick}", cwd=quick.parent) as started:
        yield started


@pytest.fixture
def page(demo: Serving) -> Iterator[Page]:
    """Ready to be drawn on; at the end it has asked nobody else, and no script has failed."""
    wrong: list[str] = []
    with opened("about:blank", viewport={"width": 1280, "height": 900}) as page:
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.extend([said.text] * (said.type == "error")))
        page.on("request", lambda asked: wrong.extend(_elsewhere(asked.url, demo.url)))
        page.goto(demo.url)
        page.wait_for_selector("canvas")
        yield page
    assert wrong == []


def _elsewhere(url: str, home: str) -> list[str]:
    return [] if url.startswith((home, "data:", "blob:", "about:")) else [url]


def draw(page: Page, strokes: list[Stroke]) -> None:
    box = page.locator("canvas").bounding_box()
    assert box is not None
    for stroke in strokes:
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=6)
        page.mouse.up()


def hold(page: Page) -> None:
    """A stroke that is not at its end."""
    box = page.locator("canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 300, steps=5)


def answer(page: Page) -> dict[str, str]:
    """The letters that are named with their shares, the likeliest first."""
    cells = page.locator(".bars").first.locator("dt, dd:not(.bar)").all_inner_texts()
    return dict(zip(cells[::2], cells[1::2], strict=True))


@pytest.mark.parametrize(("letter", "strokes"), [("A", A), ("T", T), ("T", IN_A_CORNER)])
def test_a_letter_is_drawn_and_read(letter: str, strokes: list[Stroke], page: Page) -> None:
    draw(page, strokes)
    page.wait_for_function(f"document.querySelector('.letter')?.textContent === '{letter}'")
    assert next(iter(answer(page))) == letter
    assert page.locator(".seen img").count() == 6
    assert page.locator(".near img").count() == 6
    assert page.locator(".near figcaption").first.inner_text() == letter


def test_what_is_read_changes_while_one_draws(page: Page) -> None:
    hold(page)
    page.wait_for_selector(".letter")  # the pen is still down
    page.mouse.up()
    page.get_by_text("Clear").click()
    page.wait_for_selector(".nothing")
    assert page.locator(".letter").count() == 0


def test_a_stroke_is_taken_back(page: Page) -> None:
    read = "document.querySelector('.letter')?.textContent === '{}'"
    draw(page, T)
    page.wait_for_function(read.format("T"))
    page.get_by_text("Undo").click()
    page.wait_for_function(f"!({read.format('T')})")
    draw(page, [T[1]])
    page.wait_for_function(read.format("T"))


def test_a_hostile_file_is_told_and_a_good_one_read(
    page: Page, quick: Path, tmp_path: Path
) -> None:
    choose = page.locator(".choose input")
    for name, data, told in (
        ("../x.png", b"no picture", "is not a picture"),
        ("x.svg", SVG, "x.svg is not a picture"),
        ("large.png", bytes(17 * 2**20), "large.png has over 16 MiB; send a smaller picture"),
        ("<b>x.png", b"", "<b>x.png is empty"),
    ):
        choose.set_input_files({"name": name, "mimeType": "image/png", "buffer": data})
        page.wait_for_function(
            "told => document.querySelector('.refused')?.textContent.endsWith(told)", arg=told
        )
    picture = Path(__file__).parents[2] / "data/character_classification/new_images/15_Y.jpg"
    choose.set_input_files(picture)
    page.wait_for_selector(".letter")
    answers, _ = predict(picture, quick, out=tmp_path / "out")
    shares = sorted(answers.probabilities[0].tolist(), reverse=True)[:5]
    assert page.locator(".letter").inner_text() == answers.letters[0]
    assert list(answer(page).values()) == [f"{share:.1%}" for share in shares]
    assert page.locator(".state").inner_text() == "15_Y.jpg"


def give(page: Page, event: str) -> None:
    """An A, pasted or dropped."""
    picture = Path(__file__).parents[2] / "data/character_classification/new_images/8_A.jpg"
    page.evaluate(
        """([kind, data]) => {
            const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
            const given = new DataTransfer();
            given.items.add(new File([bytes], "8_A.jpg", { type: "image/jpeg" }));
            const event = kind === "paste"
                ? new ClipboardEvent("paste", { clipboardData: given })
                : new DragEvent("drop", { dataTransfer: given, cancelable: true });
            document.dispatchEvent(event);
        }""",
        [event, base64.b64encode(picture.read_bytes()).decode()],
    )


@pytest.mark.parametrize("event", ["paste", "drop"])
def test_a_picture_is_pasted_or_dropped(event: str, page: Page) -> None:
    give(page, event)
    page.wait_for_function("document.querySelector('.letter')?.textContent === 'A'")
    draw(page, T)  # on a fresh sheet
    page.wait_for_function("document.querySelector('.letter')?.textContent === 'T'")


def test_a_picture_that_comes_during_a_stroke_is_not_drawn_over(page: Page) -> None:
    hold(page)
    give(page, "paste")
    page.wait_for_function("document.querySelector('.state').textContent === '8_A.jpg'")
    page.mouse.move(300, 300)
    page.mouse.up()
    page.wait_for_timeout(1000)
    assert page.locator(".letter").inner_text() == "A"


def test_a_refusal_is_not_written_over_by_an_answer_to_what_was_drawn_before(page: Page) -> None:
    hold(page)
    page.evaluate(
        """() => {
            const given = new DataTransfer();
            given.items.add(new File([new Uint8Array(17 * 2 ** 20)], "large.png"));
            document.dispatchEvent(new DragEvent("drop", { dataTransfer: given }));
        }"""
    )
    page.mouse.up()
    page.wait_for_timeout(2000)
    assert page.locator(".refused").inner_text().startswith("large.png has over 16 MiB")
    draw(page, T)
    page.wait_for_function("document.querySelector('.letter')?.textContent === 'T'")


def test_one_camera_that_makes_way_for_a_picture(page: Page) -> None:
    page.evaluate(
        """() => {
            const media = navigator.mediaDevices, ask = media.getUserMedia.bind(media);
            window.cameras = [];
            media.getUserMedia = (wish) => {
                const camera = ask(wish);
                cameras.push(camera);
                return camera;
            };
            const button = document.querySelector(".photograph");
            button.click();
            button.click();
        }"""
    )
    page.wait_for_function("!document.querySelector('video').hidden")
    assert page.evaluate("cameras.length") == 1
    give(page, "drop")
    page.wait_for_function("document.querySelector('.letter')?.textContent === 'A'")
    assert page.locator("video").is_hidden()
    tracks = "cameras[0].then((camera) => camera.getTracks().map((track) => track.readyState))"
    assert page.evaluate(tracks) == ["ended"]


def test_a_folder_that_is_dropped_is_told_and_stops_nothing(page: Page, tmp_path: Path) -> None:
    browser = page.context.new_cdp_session(page)
    given = {"items": [], "files": [str(tmp_path)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        browser.send("Input.dispatchDragEvent", {"type": kind, "x": 300, "y": 300, "data": given})
    page.wait_for_function(
        "document.querySelector('.refused')?.textContent === 'This cannot be read: drop a file.'"
    )
    draw(page, T)
    page.wait_for_function("document.querySelector('.letter')?.textContent === 'T'")


def test_a_palm_on_the_sheet_draws_nothing(demo: Serving) -> None:
    with opened(demo.url, has_touch=True) as page:
        page.wait_for_selector("canvas")
        browser, box = page.context.new_cdp_session(page), page.locator("canvas").bounding_box()
        assert box is not None

        def touch(kind: str, *places: tuple[float, float]) -> None:
            points = [
                {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"], "id": number}
                for number, (x, y) in enumerate(places)
            ]
            browser.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        for start, end in T:
            palm = (0.9, 0.9)
            touch("touchStart", start)
            touch("touchStart", start, palm)
            touch("touchMove", end, palm)
            touch("touchMove", end, (0.2, 0.9))
            touch("touchEnd")
        page.wait_for_function("document.querySelector('.letter')?.textContent === 'T'")
        pen = "document.querySelector('canvas').getContext('2d')"
        dark = pen + ".getImageData({}, {}, 1, 1).data[0]"
        side = page.evaluate("document.querySelector('canvas').width")
        assert page.evaluate(dark.format(side // 2, side // 2)) == 0
        assert page.evaluate(dark.format(int(0.9 * side), int(0.9 * side))) == 255


def test_on_a_telephone_everything_fits(demo: Serving) -> None:
    size = {"width": 360, "height": 740}
    with opened(demo.url, viewport=size, has_touch=True, color_scheme="dark") as page:
        page.wait_for_selector("canvas")
        draw(page, A)
        page.wait_for_function("document.querySelector('.letter')?.textContent === 'A'")
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert max(map(int, re.findall(r"\d+", colour)[:3])) < 50
        letter = page.locator(".letter").first.bounding_box()
        assert letter is not None
        assert letter["y"] + letter["height"] < 740  # seen while one draws
