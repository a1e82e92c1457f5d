from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

import msgspec
import pytest

from packerlab.report import Run
from packerlab.writers.learner_pages import INDEX, write_pages
from tests.writers.pages import HOSTILE, Page, assert_harmless, make_report

if TYPE_CHECKING:
    from collections.abc import Callable

    from packerlab.report import Report


def named(report: Report, key: str) -> Report:
    return msgspec.structs.replace(report, run=Run(learner=key))


def page_of(report: Report) -> Page:
    """A learner's page that has only this report."""
    (_, page), _ = write_pages([report])
    return Page(page.decode())


def test_a_page_has_one_learner_s_results_and_nobody_else_s_name(
    make_class: Callable[[int], list[Report]],
) -> None:
    class_ = make_class(40)
    pages = dict(write_pages(iter(class_)))
    keys = {report.run.learner for report in class_}
    assert [*pages] == [*(f"learners/{key}.html" for key in sorted(keys)), INDEX]
    for key in keys:
        reports = [report for report in class_ if report.run.learner == key]
        page = pages[f"learners/{key}.html"].decode()
        assert_harmless(page)
        assert {*re.findall(r"learner-[0-9]+", page)} == {key}
        for report in reports:
            assert report.lab in page
        assert page.count("<details><summary>Hint 1</summary>") == sum(
            bool(check.hints) for report in reports for check in report.checks
        )


def test_a_failed_check_says_what_where_and_what_to_read(
    make_class: Callable[[int], list[Report]],
) -> None:
    failed = next(
        (report, check)
        for report in make_class(40)
        for check in report.checks
        if check.outcome == "failed" and check.found and check.where
    )
    report, check = failed
    page = page_of(report)
    for text in (check.message, str(check.where), *check.hints, f"packerlab read {check.docs}"):
        assert text in page.text


def test_points_that_rules_and_people_changed_are_explained(
    make_class: Callable[[int], list[Report]],
) -> None:
    run = Run(learner="ada", deducted=3, overrides={"test_2": "See my mail."})
    report = msgspec.structs.replace(make_class(2)[0], score=15, run=run)
    page = page_of(report).text
    assert "take 3 off, such as for lateness, so 12 count." in page
    assert "Points given by hand: See my mail." in page


def test_the_index_leads_to_every_page(make_class: Callable[[int], list[Report]]) -> None:
    pages = dict(write_pages([named(make_class(2)[0], key) for key in ("l%20a", "b", "../../c")]))
    index = Page(pages.pop(INDEX).decode())
    links = index.attribute("href")
    assert sorted(map(unquote, links)) == sorted(pages)
    assert "learners/l%2520a.html" in links


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_only_text(text: str) -> None:
    plain, hostile = (dict(write_pages([make_report(each)])) for each in ("x", text))
    for (_, one), (name, other) in zip(plain.items(), hostile.items(), strict=True):
        assert re.fullmatch(r"index\.html|learners/[A-Za-z0-9._%~-]{1,205}", name)
        assert [tag for tag, _ in Page(other.decode()).elements] == [
            tag for tag, _ in Page(one.decode()).elements
        ]
        if name != INDEX:  # whose links leave the page
            assert_harmless(other.decode())
