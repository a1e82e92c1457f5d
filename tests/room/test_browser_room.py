"""A room in a real browser: with its script and without, on a desk, a phone and a wall."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.looking import look_at
from tests.room.rooms import RIGHT, Served, packed, small_course

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

PHONE, DESK, WALL = (
    {"width": 390, "height": 800},
    {"width": 1280, "height": 900},
    {"width": 1920, "height": 1080},
)
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("room")
    with Served(small_course(folder / "course"), folder / "book", jobs=1) as room:
        yield room


def a_file(text: str) -> Any:
    work = packed({"main.pkr.hcl": text})
    return {"name": "work.zip", "mimeType": "application/zip", "buffer": work}


@pytest.mark.parametrize(
    ("size", "scheme", "script"),
    [(PHONE, "dark", True), (DESK, "light", True), (DESK, "light", False)],
    ids=["phone", "desk", "no-script"],
)
def test_a_learner_s_afternoon(
    browser: Browser, served: Served, size: Any, scheme: Any, script: bool
) -> None:
    context = browser.new_context(viewport=size, color_scheme=scheme, java_script_enabled=script)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)

    def look() -> None:
        if script:  # axe is a script, too
            look_at(page)

    page.goto(served.url)
    look()
    page.get_by_label("Your name").fill(f"Ada {size['width']} {script}")
    page.get_by_label("The room's code").fill(served.room.code)
    page.get_by_role("button", name="Join").click()
    page.get_by_role("heading", name="Hello").wait_for()
    look()
    page.get_by_role("link", name="101 · Static").click()
    page.get_by_text("The task", exact=True).click()
    page.get_by_text("From the command line").click()
    assert page.inner_html(".task strong") == "green"
    look()
    for text, verdict in (("# nothing\n", "Not there yet: 1 of 3 points"),
                          (RIGHT, "Passed: 3 of 3 points")):  # fmt: skip
        page.get_by_label("A .zip of your folder").set_input_files(a_file(text))
        page.get_by_role("button", name="Hand in").click()
        page.get_by_text(verdict).wait_for()  # by news, or by the page that reloads itself
        look()
    page.get_by_role("link", name="Wall").click()
    page.get_by_text("passed 101 · Static").first.wait_for()
    look()
    page.goto(f"{served.url}/labs/999")
    page.get_by_text("There is no such lab in this room.").wait_for()
    look()
    context.close()
    assert [each for each in troubles if "404" not in each] == []


def test_the_wall_is_live_and_legible(browser: Browser, served: Served) -> None:
    context = browser.new_context(viewport=WALL)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(f"{served.url}/desk/{served.room.desk}")
    assert served.room.desk not in page.url
    assert served.room.code in page.inner_text("main")
    name = page.locator(".names li", has_text="Zo\u00eb")
    assert name.count() == 0
    with served.learner("Zo\u00eb") as zoe:
        zoe.hand_in(RIGHT)
    name.wait_for()
    assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 30
    look_at(page)
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    look_at(page)
    context.close()


def test_what_was_chosen_survives_the_news(browser: Browser, served: Served) -> None:
    """Only what is live is replaced: a form that is being filled in stays as it is."""
    with served.learner("Cy") as cy:
        context = browser.new_context()
        context.set_default_timeout(PATIENCE_MS)
        context.add_cookies([{"name": "packerlab_room", "value": cy.token, "url": served.url}])
        page = context.new_page()
        with page.expect_response("**/news"):
            page.goto(f"{served.url}/labs/101")
        page.get_by_label("A .zip of your folder").set_input_files(a_file(RIGHT))
        cy.hand_in("# nothing\n")
        page.get_by_text("Not there yet").wait_for()
        assert page.evaluate("document.querySelector('#files').files.length") == 1
        context.close()
