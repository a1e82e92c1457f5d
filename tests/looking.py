"""Looking at a page as all its readers would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from playwright.sync_api import Page

BROKEN_RULES = {"resultTypes": ["violations"]}
"""All that axe is asked for. A list of what is right would take it half as long again."""


def look_at(page: Page) -> None:
    """Fail if axe finds a fault, or if the page is wider than its window."""
    found = Axe().run(page, options=BROKEN_RULES).response["violations"]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, "the page scrolls sideways"
