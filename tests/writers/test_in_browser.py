"""A gradebook's pages in a real browser: axe finds nothing, nothing is fetched or overflows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from packerlab.writers.html_page import write_html
from packerlab.writers.learner_pages import write_pages
from packerlab.writers.similar_page import Lookalikes, write_similar
from tests.test_browser import DESK, PHONE, look_through, opened
from tests.writers.test_similar_page import make_pair

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Browser

    from packerlab.report import Report


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages(
    browser: Browser, tmp_path: Path, make_class: Callable[[int], list[Report]], scheme: str
) -> None:
    reports = make_class(60)
    similar = Lookalikes([make_pair("ada"), make_pair("a_long_line_" * 20)], 1, 9, 2)
    pages = dict(write_pages([*reports[:2], *reports[30:32]]))
    pages |= {
        "report.html": b"".join(write_html(reports)),
        "similar.html": b"".join(write_similar(similar)),
    }
    (tmp_path / "learners").mkdir()
    for name, data in pages.items():
        file = tmp_path / name
        file.write_bytes(data)
        look_through(*opened(browser, file.as_uri(), PHONE if scheme == "dark" else DESK, scheme))
