from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from packerlab.report import VERDICTS, conclude
from packerlab.writers.junit import write_junit
from tests.writers.a_class import LAB, a_class, check, report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from packerlab.report import Report

GOLDEN = Path(__file__).parent / "golden" / "junit.xml"


def document(reports: Iterable[Report]) -> ET.Element:
    return ET.fromstring(b"".join(write_junit(reports)))  # noqa: S314  (our own document)


def test_the_document_is_this() -> None:
    assert b"".join(write_junit(a_class())) == GOLDEN.read_bytes()


def test_nobody_is_an_empty_document() -> None:
    assert document([]).tag == "testsuites"


def test_the_counts_are_what_is_there(make_class: Callable[[int], list[Report]]) -> None:
    reports = make_class(40)
    suites = document(reports).findall("testsuite")
    assert len(suites) == len(reports)
    for suite, each in zip(suites, reports, strict=True):
        for element, attribute in (
            ("testcase", "tests"),
            ("testcase/failure", "failures"),
            ("testcase/error", "errors"),
            ("testcase/skipped", "skipped"),
        ):
            assert int(suite.attrib[attribute]) == len(suite.findall(element))
        cases = {case.attrib["classname"]: case for case in suite.findall("testcase")}
        assert all(f"{each.lab}.{check.name}" in cases for check in each.checks)
        said = {item.attrib["name"]: item.attrib["value"] for item in suite.iter("property")}
        assert said["verdict"] in VERDICTS
        assert said["mark"] == ("" if each.mark is None else str(each.mark))


def test_only_what_passed_is_green(make_class: Callable[[int], list[Report]]) -> None:
    """No CI takes a rejected or a half-judged submission for a good one."""
    reports = [*make_class(40), *a_class(), conclude("unknown", [], "rejected", "no lab.")]
    for suite, each in zip(document(reports).findall("testsuite"), reports, strict=True):
        bad = int(suite.attrib["failures"]) + int(suite.attrib["errors"])
        assert (bad == 0) == each.passed, each


@given(text=st.text(st.characters() | st.sampled_from("\0\x1b\ufffe\uffff\ud800<&]\r")))
def test_any_text_is_a_document(text: str) -> None:
    wrong = check(text, text, 1, failed=True, message=text, found=text, docs=text)
    reports = [report(text, [wrong], text, status="limit", reason=text, overrides={text: text})]
    (suite,) = document(reports).findall("testsuite")
    assert [element.tag for element in suite] == [
        "properties",
        "testcase",
        "testcase",
        "system-out",
    ]
    assert suite.attrib["name"].startswith(f"{LAB}: ")
