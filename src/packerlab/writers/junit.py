"""Reports as JUnit XML, which every CI shows: a suite for each submission, a case for each check.

There is no standard. This follows what the common readers agree on, and fails closed: what could
not be judged is an error, so that no build is green because of it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from packerlab.report import person
from packerlab.text import clean
from packerlab.writers.words import findings, remarks, unscored

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packerlab.report import Check, Report

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 can't hold, not even escaped."""


def write_junit(reports: Iterable[Report]) -> Iterator[bytes]:
    """One document, a suite at a time."""
    yield b'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="packerlab">\n'
    for report in reports:
        suite = _suite(report)
        indent(suite)
        yield tostring(suite, encoding="utf-8") + b"\n"
    yield b"</testsuites>\n"


def _suite(report: Report) -> Element:
    suite = Element("testsuite", name=_text(f"{report.lab}: {person(report)}"))
    properties = SubElement(suite, "properties")
    for name, value in _properties(report).items():
        SubElement(properties, "property", name=name, value=_text(value))
    for check in report.checks:
        suite.append(_case(report, check))
    if report.status != "graded" or not report.checks:
        ended = SubElement(
            suite, "testcase", name="The submission is graded.", classname=report.lab
        )
        reason = unscored(report) if report.mark is None else report.reason
        SubElement(ended, "error", type=report.status, message=_text(reason))
    if said := remarks(report):
        SubElement(suite, "system-out").text = _text("\n".join(said))
    counts = {kind: len(suite.findall(f"testcase/{kind}")) for kind in _KINDS}
    suite.set("tests", str(len(suite.findall("testcase"))))
    for kind, plural in _KINDS.items():
        suite.set(plural, str(counts[kind]))
    suite.set("time", f"{report.run.seconds:.3f}")
    return suite


_KINDS = {"failure": "failures", "error": "errors", "skipped": "skipped"}


def _properties(report: Report) -> dict[str, str]:
    mark = "" if report.mark is None else str(report.mark)
    return {
        "learner": person(report),
        "key": report.run.learner,
        "attempt": str(report.run.attempt),
        "verdict": report.verdict,
        "mark": mark,
        "max_score": str(report.max_score),
        "sandbox": report.run.sandbox,
        "packer": report.run.packer,
    }


def _case(report: Report, check: Check) -> Element:
    case = Element(
        "testcase", name=_text(check.title), classname=_text(f"{report.lab}.{check.name}")
    )
    case.set("time", f"{report.run.check_seconds.get(check.name, 0):.3f}")
    if check.where:
        case.set("file", _text(check.where.file))
        case.set("line", str(check.where.line))
    kind = {"failed": "failure", "blocked": "skipped", "incapable": "error"}.get(check.outcome)
    if kind:
        lines = findings(check) or [check.outcome]
        found = SubElement(case, kind, message=_text(lines[0]))
        if kind != "skipped":
            found.set("type", check.outcome)
            found.text = _text("\n".join(lines))
    return case


def _text(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", clean(text))
