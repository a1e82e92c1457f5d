"""What a page of ours is made of, and what hostile text can do to one."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from packerlab.report import Check, Digests, Report, Run, Where
from packerlab.text import clean

VOID = {"meta", "wbr", "br", "hr", "img", "input", "link"}
FETCHING = {"script", "link", "img", "iframe", "object", "embed", "form", "base", "video"}
DRAWING = {"svg", "rect", "text", "line"}
HOSTILE = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>' onfocus='alert(1)",
    "</style></title></textarea><svg/onload=alert(1)>",
    "</summary></details></main></body></html>",
    "<!-- ", "]]>", "<![CDATA[", "&lt;script&gt;", "&#60;b&#62;",
    "{{ 7 * 7 }}{% raw %}", "javascript:alert(1)", "https://example.org/x.css",
    "\N{RIGHT-TO-LEFT OVERRIDE}abc\N{POP DIRECTIONAL ISOLATE}\N{ZERO WIDTH SPACE}",
    "\0\x08\x1b[31m\x7f\x9b31m\u2028\ufeff", "[bold red]x[/]", "a\r\nb\tc", "x" * 5_000,
]  # fmt: skip


class Page(HTMLParser):
    """What a page is made of; an element that is not closed where it should be is an error."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.drawn: set[str] = set()
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if "svg" in self.open:
            self.drawn.add(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.remove(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return "".join(self.words)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def attribute(self, name: str) -> list[str]:
        return [attributes[name] or "" for _, attributes in self.elements if name in attributes]


def make_report(text: str) -> Report:
    """A report with this text wherever one can stand."""
    check = Check(
        name=text,
        title=text,
        outcome="failed",
        points=0,
        max_points=1,
        message=text,
        expected=text,
        found=text,
        where=Where(text, 1, 1),
        hints=[text],
        docs=text,
        blocked_by=text,
    )
    run = Run(learner=text, sandbox=text, packer=text, check_seconds={text: 1.0})
    digests = Digests(text, text, text, text, text)
    return Report(1, text, "graded", text, True, 0, 1, [check], digests, run)


def assert_harmless(page: str) -> None:
    parsed = Page(page)
    assert FETCHING.isdisjoint(tag for tag, _ in parsed.elements)
    names = {name for _, attributes in parsed.elements for name in attributes}
    assert not [name for name in names if name.startswith("on")]
    assert parsed.drawn <= DRAWING
    assert names.isdisjoint({"src", "srcset", "data", "action", "background", "poster"})
    assert all(re.fullmatch("#[a-z0-9-]+", target) for target in parsed.attribute("href"))
    assert parsed.attribute("style") == []
    assert page.count("<style>") == page.count("</style>") == 1
    assert "url(" not in page.partition("</style>")[0]
    assert page == clean(page, len(page))
