"""The room's pages: HTML without a script of its own, from the templates beside this file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from jinja2 import FileSystemLoader
from markdown_it import MarkdownIt
from markupsafe import Markup

from packerlab.course.pages import plain
from packerlab.writers.html_page import environment

if TYPE_CHECKING:
    from packerlab.lab import Lab
    from packerlab.report import Report
    from packerlab.room.members import Member
    from packerlab.room.room import Room, Standing
    from packerlab.room.tls import Certificate

WORDS = {
    "passed": "Passed",
    "failed": "Not there yet",
    "rejected": "Not built",
    "limit": "Stopped at a limit",
    "timeout": "Out of time",
    "incomplete": "Can't be judged on this machine",
    "fault": "Something of ours broke",
}
"""What a verdict is called beside a learner's own work."""


class Address(NamedTuple):
    """Where a room is, and how people recognise it."""

    url: str
    certificate: Certificate | None = None


class Pages:
    """Renders what a room shows."""

    def __init__(self, room: Room, address: Address, *, site: bool) -> None:
        self._room = room
        self._environment = environment().overlay(
            loader=FileSystemLoader(Path(__file__).parent / "templates")
        )
        self._common = {"room": room, "address": address, "site": site, "words": WORDS,
                        "read": self._read if site else None, "place": said}  # fmt: skip

    def join(self) -> str:
        return self._render("join.html")

    def labs(self, member: Member, standings: list[Standing], token: str) -> str:
        return self._render("labs.html", member=member, standings=standings, token=token)

    def lab(self, member: Member, standing: Standing, token: str, *, replaced: bool) -> str:
        return self._render(
            "lab.html",
            member=member,
            lab=standing.lab,
            standing=standing,
            titles=_titles(standing.report),
            token=token,
            replaced=replaced,
            task=sheet(standing.lab.task.read_text(encoding="utf-8")),
            page=self._page(standing.lab),
        )

    def wall(self, *, desk: bool) -> str:
        return self._render(
            "wall.html",
            desk=desk,
            columns=self._room.wall.columns(),
            news=self._room.wall.news(),
            joined=len(self._room.members.all()),
            waiting=len(self._room.turns),
        )

    def refused(self, sentence: str) -> str:
        return self._render("refused.html", sentence=sentence)

    def _render(self, name: str, **values: Any) -> str:
        return self._environment.get_template(name).render(**self._common, **values)

    def _page(self, lab: Lab) -> str:
        return self._read(f"{lab.track}/{lab.slug}") if self._common["site"] else ""

    def _read(self, docs: str) -> str:
        """The address of a page that a check names."""
        page, _, anchor = docs.partition("#")
        return f"/site/{page}.html" + (f"#{anchor}" if anchor else "")


def sheet(text: str) -> Markup:
    """A task sheet as HTML; its headings begin below the page's own."""
    markdown = MarkdownIt("commonmark", {"html": False})
    tokens = markdown.parse(plain(text).replace("- [ ] ", "- "))
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{max(2, int(token.tag[1:]) - 1)}"
    return Markup(markdown.renderer.render(tokens, markdown.options, {}))  # noqa: S704  (the course's own text, as CommonMark without HTML)


def said(place: int) -> str:
    """A place in the line, in words."""
    if place == 0:
        return "It is being graded now."
    if place == 1:
        return "It is next in the line."
    return f"It is number {place} in the line."


def _titles(report: Report | None) -> dict[str, str]:
    return {check.name: check.title for check in report.checks} if report else {}
