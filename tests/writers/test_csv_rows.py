from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packerlab.report import Check, Run, conclude
from packerlab.text import clean
from packerlab.writers.csv_rows import FORMULA, HEADER, write_csv

if TYPE_CHECKING:
    from collections.abc import Callable

    from packerlab.report import Report

GOLDEN = b"""\
learner,lab,status,score,max_score,attempt,complete,reason,failed_checks,mark,remarks,key\r
learner-01,101_first_build,graded,2,5,2,true,,test_b test_c,2,,learner-01\r
learner-02,101_first_build,rejected,0,5,1,true,"more than 100 files, \xc3\xa9.",,0,,learner-02\r
learner-03,101_first_build,fault,,5,1,false,"the ""box"" broke.",test_b test_c,,,learner-03\r
"""


def make_report(**run: str | int | dict[str, str]) -> Report:
    checks = [
        Check("test_a", "It builds.", "passed", 2, 2),
        Check("test_b", "It is there.", "failed", 0, 2),
        Check("test_c", "It is right.", "failed", 0, 1),
    ]
    reason = str(run.pop("reason", ""))
    status = str(run.pop("status", "graded"))
    report = conclude("101_first_build", checks, status, reason)  # type: ignore[arg-type]
    return msgspec.structs.replace(report, run=msgspec.convert(run, Run))


def rows_of(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))


def test_the_rows_are_these() -> None:
    reports = [
        make_report(learner="learner-01", attempt=2),
        make_report(
            learner="learner-02",
            status="rejected",
            reason="more than 100 files, \N{LATIN SMALL LETTER E WITH ACUTE}.",
        ),
        make_report(learner="learner-03", status="fault", reason='the "box" broke.'),
    ]
    assert b"".join(write_csv(reports)) == GOLDEN


def test_nobody_is_a_header() -> None:
    assert b"".join(write_csv([])) == GOLDEN.splitlines(keepends=True)[0]


def test_a_class_has_a_row_for_each_learner_and_lab(
    make_class: Callable[[int], list[Report]],
) -> None:
    reports = make_class(40)
    header, *rows = rows_of(b"".join(write_csv(reports)))
    assert tuple(header) == HEADER
    assert [row[:2] for row in rows] == [[report.run.learner, report.lab] for report in reports]
    assert [row[3] for row in rows] == [
        "" if report.score is None else str(report.score) for report in reports
    ]


@pytest.mark.parametrize("first", FORMULA)
def test_no_text_is_a_formula(first: str) -> None:
    report = make_report(learner=f"{first}1", reason=f"{first}cmd|'/c calc'!A0")
    row = rows_of(b"".join(write_csv([report])))[1]
    assert not row[0].startswith(FORMULA)
    assert not row[7].startswith(FORMULA)
    assert row[7].endswith("cmd|'/c calc'!A0")


def test_what_counts_is_beside_the_score_with_its_reasons() -> None:
    notes = {"test_b": "=1+1: it is there."}
    rows = rows_of(b"".join(write_csv([make_report(deducted=1, overrides=notes)])))
    row = dict(zip(*rows, strict=True))
    assert (row["score"], row["mark"]) == ("2", "1")
    assert row["remarks"] == (
        "Points for test_b were given by hand: =1+1: it is there. "
        "1 point taken off by the rules of the class."
    )


def test_numbers_stay_numbers() -> None:
    report = msgspec.structs.replace(make_report(), score=-1)
    assert rows_of(b"".join(write_csv([report])))[1][3] == "-1"


@given(text=st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('",;\r\n\t=\x1b')))
def test_any_text_comes_back(text: str) -> None:
    data = b"".join(write_csv([make_report(reason=text)]))
    assert data.endswith(b"\r\n")
    (reason,) = [row[7] for row in rows_of(data)[1:]]
    assert reason.replace("'", "") == clean(text).replace("'", "")
    for cell in re.split("[;\\t\\r\\n]", reason):
        assert not cell.lstrip(' "').startswith(FORMULA)


def test_a_spreadsheet_that_splits_at_semicolons_sees_no_formula() -> None:
    row = rows_of(b"".join(write_csv([make_report(reason='a;=1+1;b; "@c"\n=2')])))[1]
    assert row[7] == "a;'=1+1;b;' \"@c\"\n'=2"


def test_people_are_named_and_the_key_stands_beside() -> None:
    report = make_report(learner="Zo%C3%AB_12", name="Zo\N{LATIN SMALL LETTER E WITH DIAERESIS}")
    row = rows_of(b"".join(write_csv([report])))[1]
    assert (row[0], row[-1]) == ("Zo\N{LATIN SMALL LETTER E WITH DIAERESIS}", "Zo%C3%AB_12")
    unnamed = make_report(learner="%E5%B1%B1")
    assert rows_of(b"".join(write_csv([unnamed])))[1][0] == "\N{CJK UNIFIED IDEOGRAPH-5C71}"
