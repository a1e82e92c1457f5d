from __future__ import annotations

import itertools
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packerlab.report import Check, Digests, Report, Run, Where
from packerlab.text import clean
from packerlab.writers.html_page import LONGEST_SHOWN, write_html

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

VOID = {"meta", "wbr", "br", "hr", "img", "input", "link"}
FETCHING = {"script", "link", "img", "iframe", "object", "embed", "form", "base", "svg", "video"}
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
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

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


def page_of(reports: Iterable[Report]) -> str:
    return b"".join(write_html(reports)).decode()


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
    assert names.isdisjoint({"src", "srcset", "data", "action", "background", "poster"})
    assert all(re.fullmatch("#[a-z0-9-]+", target) for target in parsed.attribute("href"))
    for style in parsed.attribute("style"):
        assert re.fullmatch(r"(height|width):[0-9.]+%", style)
    assert page.count("<style>") == page.count("</style>") == 1
    assert "url(" not in page.partition("</style>")[0]
    assert page == clean(page, len(page))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_only_text(text: str) -> None:
    page = page_of([make_report(text)])
    assert_harmless(page)
    assert clean(text, 100) in re.sub(r" \[\.\.\.\]", "", Page(page).text) or len(text) > 100


@settings(max_examples=50, deadline=None)
@given(text=st.text())
def test_any_text_is_only_text(text: str) -> None:
    assert_harmless(page_of([make_report(text)]))


def test_hostile_text_makes_the_same_elements_as_any() -> None:
    plain = Page(page_of([make_report("x")]))
    for text in HOSTILE:
        hostile = Page(page_of([make_report(text)]))
        assert [tag for tag, _ in hostile.elements] == [tag for tag, _ in plain.elements]


def test_a_browser_is_told_to_load_and_run_nothing() -> None:
    metas = Page(page_of([])).all("meta")
    assert "default-src 'none'; style-src 'unsafe-inline'" in [
        meta.get("content") for meta in metas
    ]


def test_nobody_is_a_page_that_says_so() -> None:
    page = page_of([])
    assert_harmless(page)
    assert "There are no reports in this gradebook yet." in page


def test_a_class_is_a_whole_page(make_class: Callable[[int], list[Report]]) -> None:
    page = page_of(make_class(40))
    assert_harmless(page)
    for word in ("101_first_build", "learner-20", "more than 256 MB of memory."):
        assert word in Page(page).text
    assert page == page_of(make_class(40))


def test_the_page_can_be_read_without_seeing_it(
    make_class: Callable[[int], list[Report]],
) -> None:
    page = Page(page_of(make_class(40)))
    assert page.all("html") == [{"lang": "en"}]
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in itertools.pairwise(levels))
    assert len(page.all("table")) == len(page.all("caption")) > 0
    assert all(header.get("scope") in ("col", "row") for header in page.all("th"))
    ids = page.attribute("id")
    assert len(ids) == len(set(ids))
    assert {target.removeprefix("#") for target in page.attribute("href")} <= set(ids)
    assert page.all("a")[0] == {"class": "skip", "href": "#report"}


@pytest.mark.parametrize("outcome", ["passed", "failed", "blocked", "incapable"])
def test_outcomes_are_words(make_class: Callable[[int], list[Report]], outcome: str) -> None:
    assert re.search(rf">\S {outcome}</b>", page_of(make_class(40)))


def test_hints_are_given_once_for_each_check(make_class: Callable[[int], list[Report]]) -> None:
    reports = make_class(40)
    with_hints = {(report.lab, check.name) for report in reports for check in report.checks
                  if check.hints}  # fmt: skip
    assert page_of(reports).count("Look at the block") == len(with_hints)


def test_long_values_are_cut(make_class: Callable[[int], list[Report]]) -> None:
    report = make_class(2)[0]
    long = msgspec.structs.replace(report.checks[0], outcome="failed", found="z" * 4_000)
    page = page_of([msgspec.structs.replace(report, checks=[long])])
    assert "z" * LONGEST_SHOWN + " [...]" in page
    assert "z" * (LONGEST_SHOWN + 1) not in page


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("ground", ["page", "panel"])
def test_text_stands_out_in_light_and_dark(ground: str) -> None:
    themes = re.findall(r":root \{[^}]*--page[^}]*\}", page_of([]))
    assert len(themes) == 2
    for theme in themes:
        colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", theme))
        for name in ("text", "soft", "link", "good", "bad", "other"):
            light, dark = sorted((luminance(colours[name]), luminance(colours[ground])))[::-1]
            assert (light + 0.05) / (dark + 0.05) >= 4.5, name
