"""The site in a real browser: nothing is fetched or overflows, and axe finds nothing serious."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PAGES = sorted(path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md"))
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    words = ["build", "--quiet", "--config-file", str(ROOT / "mkdocs.yml")]
    subprocess.run(
        [sys.executable, "-m", "mkdocs", *words, "--site-dir", str(folder)], cwd=ROOT, check=True
    )
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, BROWSERS)))
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


def opened(browser: Browser, file: Path, size: Any, scheme: Any) -> tuple[Page, list[str]]:
    """The page as a reader has it, and what it asked of others, or said went wrong."""
    page = browser.new_page(viewport=size, color_scheme=scheme)
    troubles: list[str] = []
    page.on("request", lambda ask: troubles.append(ask.url) if "file:" not in ask.url[:5] else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto(file.as_uri())
    return page, troubles


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES, ids=str)
def test_page(browser: Browser, site: Path, path: Path, scheme: str) -> None:
    file = site / path.with_suffix(".html")
    page, troubles = opened(browser, file, PHONE if scheme == "dark" else DESK, scheme)
    found = Axe().run(page).response["violations"]
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    page.close()
    assert troubles == []
    assert wide <= 0, "the page scrolls sideways"
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in serious] == []
