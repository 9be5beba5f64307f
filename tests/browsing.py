"""Opening a page in Chromium, without a window and without a network."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

NAMES = ("chromium", "chromium-browser", "google-chrome")
VIRTUAL_TIME = (
    "--virtual-time-budget=20000"  # milliseconds in which scripts work; they pass at once
)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--use-angle=swiftshader",  # WebGL without a graphics card
    "--enable-unsafe-swiftshader",
    "--use-fake-device-for-media-stream",  # a camera where there is none
    "--use-fake-ui-for-media-stream",  # which may be used
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # what the browser itself would look for
    VIRTUAL_TIME,
)


def chromium() -> str:
    """Its command; where it is missing the test is skipped, or fails if it must not be."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is not None:
        return found
    if os.environ.get("CHARREC_NEED_CHROMIUM") == "1":
        pytest.fail("chromium is not installed, and CHARREC_NEED_CHROMIUM=1 says that it must be")
    pytest.skip("chromium is not installed")


def dom_of(page: Path, profile: Path) -> str:
    """The page as it stands after its scripts have run, as HTML.

    Args:
        profile: a new folder for what the browser keeps.
    """
    command = [chromium(), *FLAGS, f"--user-data-dir={profile}", "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout


@contextmanager
def opened(page_url: str, **how: Any) -> Iterator[Page]:
    """A page that scripts can press and read; `how` is that of Playwright's context.

    Only this machine can be reached.
    """
    from playwright.sync_api import sync_playwright

    flags = [flag for flag in FLAGS if not flag.startswith(("--headless", "--virtual", "--host"))]
    here = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=[*flags, here])
        try:
            page = browser.new_context(**how).new_page()
            page.goto(page_url)
            yield page
        finally:
            browser.close()
