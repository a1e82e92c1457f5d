from __future__ import annotations

import itertools
import re
import tracemalloc
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packerlab.report import Check, Run, conclude
from packerlab.text import clean
from packerlab.writers.html_page import LONGEST_SHOWN, write_html
from tests.writers.pages import HOSTILE, Page, assert_harmless, make_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from packerlab.report import Report


def page_of(reports: Iterable[Report]) -> str:
    return b"".join(write_html(reports)).decode()


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


def test_what_an_instructor_asks_first_comes_first(
    make_class: Callable[[int], list[Report]],
) -> None:
    page = page_of(make_class(60))
    places = [page.index(f'<h3 id="{name}">') for name in ("needs", "not-understood", "doubts")]
    assert places == sorted(places)
    assert places[-1] < page.index("The class at a glance") < page.index('id="lab-1"')
    assert "incomplete: there is no score yet" in page[places[0] : places[1]]


def test_a_check_that_nobody_passes_is_doubted(make_class: Callable[[int], list[Report]]) -> None:
    reports = []
    for report in make_class(20)[:10]:
        failed = msgspec.structs.replace(report.checks[2], outcome="failed", points=0, found="X")
        reports.append(conclude(report.lab, [report.checks[0], failed]))
    doubts = page_of(reports).partition('id="doubts"')[2].partition("</section>")[0]
    assert "Nobody passes it, of 10 that it judged." in doubts
    assert "10 of the 10 who fail it fail alike." in doubts


def test_what_counts_is_the_mark_and_notes_are_shown(
    make_class: Callable[[int], list[Report]],
) -> None:
    report = make_class(2)[0]
    run = Run(learner="ada", deducted=2, overrides={"test_1": "Right in <b>another</b> way."})
    page = page_of([msgspec.structs.replace(report, score=14, run=run)])
    assert "<span>12 of 15</span>" in page
    assert "take 2 off, such as for lateness, so 12 count." in page
    assert "Points given by hand: Right in &lt;b&gt;another&lt;/b&gt; way." in page


def test_charts_say_in_words_what_they_show(make_class: Callable[[int], list[Report]]) -> None:
    charts = Page(page_of(make_class(40))).all("svg")
    assert len(charts) == 2 * (1 + 8)
    assert all(chart["role"] == "img" and chart["aria-label"] for chart in charts)


class Many:
    """So many reports, made one at a time whenever they are gone through."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __iter__(self) -> Iterator[Report]:
        check = Check("test_it", "It builds.", "failed", 0, 2, message="No file.")
        for number in range(self.count):
            run = Run(learner=f"learner-{number}", attempt=number % 5 + 1, seconds=number / 10)
            found = msgspec.structs.replace(check, found=f"value {number}")
            yield msgspec.structs.replace(conclude("101_first_build", [found]), run=run)


def test_memory_does_not_grow_with_the_class() -> None:
    peaks = []
    page_of(Many(5))  # the templates are compiled once
    for count in (1_200, 4_800):
        tracemalloc.start()
        assert sum(map(len, write_html(Many(count)))) > 300 * count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]
