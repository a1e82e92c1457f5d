"""The site in a real browser: nothing is fetched or overflows, axe finds nothing, scripts work."""

from __future__ import annotations

import functools
import http.server
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.looking import look_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parent.parent
PAGES = sorted(path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md"))
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 900}


def opened(browser: Browser, address: str, size: Any, scheme: Any) -> tuple[Page, list[str]]:
    """The page as a reader has it, and what it asked of others, or said went wrong."""
    page = browser.new_page(viewport=size, color_scheme=scheme)
    troubles: list[str] = []
    own = ("file:", "http://127.0.0.1:", "blob:")
    page.on("request", lambda ask: None if ask.url.startswith(own) else troubles.append(ask.url))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto(address)
    return page, troubles


def look_through(page: Page, troubles: list[str]) -> None:
    look_at(page)
    page.close()
    assert troubles == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES, ids=str)
def test_page(browser: Browser, site: Path, path: Path, scheme: str) -> None:
    file = site / path.with_suffix(".html")
    size = PHONE if scheme == "dark" else DESK
    look_through(*opened(browser, file.as_uri(), size, scheme))


# --- what needs a server --------------------------------------------------------------------------


class Pages(http.server.SimpleHTTPRequestHandler):
    """Serves a site as hosts of static sites do: its 404.html stands for what is not there."""

    def log_message(self, *_: Any) -> None: ...

    def send_error(self, code: int, *_: Any) -> None:
        self.send_response(code)
        self.end_headers()
        self.wfile.write(Path(self.directory, "404.html").read_bytes())


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    handler = functools.partial(Pages, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_an_address_without_a_page(browser: Browser, address: str, size: Any) -> None:
    page, troubles = opened(browser, f"{address}/labs/105", size, "light")
    assert page.inner_text("h1") == "There is no page at this address"
    links = page.eval_on_selector_all("article a", "all => all.map((link) => link.href)")
    assert links
    for link in links:
        assert page.request.get(link).ok, link
    look_through(page, troubles)


def test_a_lab_is_found_by_its_number(browser: Browser, address: str) -> None:
    page, _ = opened(browser, f"{address}/faq.html", DESK, "light")
    page.keyboard.press("s")
    page.keyboard.type("105")
    page.wait_for_function(
        "document.querySelector('.md-search-result__item h1')?.innerText.startsWith('105 · ')"
    )
    page.close()


def test_copying_a_console_block_copies_its_commands(browser: Browser, address: str) -> None:
    page, _ = opened(browser, f"{address}/concepts/prerequisites.html", DESK, "light")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click("#exit-codes ~ .highlight button[data-clipboard-target]")
    page.wait_for_selector(".md-dialog--active")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.splitlines()[:2] == ["true; echo $?", "sh -c 'exit 3'; echo $?"]
    page.close()


def test_the_map_keeps_what_was_ticked(browser: Browser, site: Path) -> None:
    page, _ = opened(browser, (site / "index.html").as_uri(), PHONE, "light")
    ticks = page.locator(".map input")
    assert ticks.count() == page.locator(".map li a").count() > 20
    ticks.nth(0).focus()
    page.keyboard.press("Space")
    page.reload()
    assert ticks.nth(0).is_checked()
    assert not ticks.nth(1).is_checked()
    status = page.inner_text(".md-typeset > p[role=status]")
    assert status.startswith(f"1 of {ticks.count()} steps done. Next: ")
    assert status.endswith(page.locator(".map li a").nth(1).inner_text())
    page.close()


def test_a_checklist_shares_its_ticks_with_the_map(browser: Browser, site: Path) -> None:
    lists = site / "reference" / "checklists.html"
    page, _ = opened(browser, lists.as_uri(), PHONE, "light")
    item = ".map li:has(a[href$='352_green_but_empty.html']) input"
    page.check(item)
    page.goto((site / "index.html").as_uri())
    assert page.is_checked(item)
    page.uncheck(item)
    page.goto(lists.as_uri())
    assert not page.is_checked(item)
    page.close()


def test_a_wide_table_is_scrolled_by_keyboard(browser: Browser, site: Path) -> None:
    file = site / "reference" / "security.html"
    page, _ = opened(browser, file.as_uri(), PHONE, "light")
    page.evaluate(
        "window.wide = [...document.querySelectorAll('.md-typeset__scrollwrap')]"
        ".find((region) => region.scrollWidth > region.clientWidth); wide.focus()"
    )
    page.keyboard.press("ArrowRight")
    page.wait_for_function("wide.scrollLeft > 0")
    page.close()
