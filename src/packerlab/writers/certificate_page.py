"""A certificate as one HTML page: no script, nothing fetched; to read, print or mail."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from packerlab.writers.html_page import environment

if TYPE_CHECKING:
    from packerlab.report import Digests


class Passed(NamedTuple):
    """A lab that was passed, and what is said below its title."""

    title: str
    day: str
    packer: str
    sandbox: str
    digests: Digests


class Page(NamedTuple):
    """All that the page says. `file` is the name of the one that holds the work.

    `sealed` is when the work was graded again, and by which key that was signed.
    """

    course: str
    name: str
    made: str
    total: int
    file: str
    chapters: dict[str, list[Passed]]
    sealed: tuple[str, str] | None = None


def certificate_html(page: Page) -> bytes:
    """The page, chapter by chapter; chapters in which nothing was passed are left out."""
    passed = sum(map(len, page.chapters.values()))
    template = environment().get_template("certificate.html")
    return template.render(page=page, passed=passed).encode()
