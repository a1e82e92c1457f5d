"""Files of Canvas and Moodle, filled: the cells that are ours, and every byte that is not."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from packerlab.errors import BadInputError
from packerlab.report import conclude
from packerlab.writers import FILLERS
from packerlab.writers.csv_rows import FORMULA
from packerlab.writers.filling import Filling
from packerlab.writers.people import platform_id
from tests.writers.a_class import BUILDS, FORMATTED, LAB, WRITES, a_class, report

if TYPE_CHECKING:
    from packerlab.report import Report
    from packerlab.writers.filling import Filled

GOLDEN = Path(__file__).parent / "golden"
TITLES = {LAB: "Your first build", "102_toolbelt": "Toolbelt"}
ZOE = "Zo\N{LATIN SMALL LETTER E WITH DIAERESIS}"
ALL = [FORMATTED, BUILDS, WRITES]


def fill(form: str, text: str | bytes, reports: list[Report], column: str | None = None) -> Filled:
    data = text.encode() if isinstance(text, str) else text
    return FILLERS[form](reports, Filling(data, "export.csv", TITLES, column))


def rows(data: bytes, delimiter: str = ",") -> list[list[str]]:
    text = io.StringIO(data.decode("utf-8-sig"), newline="")
    return list(csv.reader(text, delimiter=delimiter, strict=True))


@pytest.mark.parametrize(
    ("form", "name", "delimiter", "columns"),
    [
        ("canvas", "canvas_export", ",", [5]),
        ("moodle", "moodle_worksheet", ",", [4, 9]),
        ("moodle", "moodle_export", ";", [6, 7]),
        ("moodle", "moodle_roster", ",", [4, 5]),
    ],
)
def test_a_file_is_filled_and_all_else_stays(
    form: str, name: str, delimiter: str, columns: list[int]
) -> None:
    given = (GOLDEN / f"{name}.csv").read_bytes()
    filled = fill(form, given, a_class()).data
    assert filled == (GOLDEN / f"{name}_filled.csv").read_bytes()
    assert fill(form, filled, a_class()).data == filled
    before, after = rows(given, delimiter), rows(filled, delimiter)
    for old, new in zip(before, after, strict=True):
        assert [cell for place, cell in enumerate(old) if place not in columns] == [
            cell for place, cell in enumerate(new) if place not in columns
        ]
        for line in new:
            assert not any(part.lstrip(' "').startswith("=") for part in re.split("[;\t\n]", line))


def test_what_happened_to_each_learner_is_said() -> None:
    given = (GOLDEN / "canvas_export.csv").read_bytes()
    column = "`Lab 101: Your first build (70102)`"
    assert fill("canvas", given, [*a_class(), report("gil", ALL)]).notes == [
        "gil is not in export.csv: left out.",
        f"{ZOE} Quinn (Zo%C3%AB%20Quinn) had 14 in {column}, now 6.",
        f"{column}: 3 filled, of 6 in the gradebook.",
        f"{column} is worth 20, the lab 10: the scores are scaled.",
    ]


HEADER = "Student,ID,SIS User ID,SIS Login ID,Section,101 (7)\nPoints Possible,,,,,10\n"


@pytest.mark.parametrize(
    "learner",
    [
        {
            "learner": "someone_12",
            "name": "someone",
            "id": "12",
        },  # the id that Canvas put into the file's name
        {"learner": "S-1"},
        {"learner": "ADA@x.org"},
        {"learner": "Ada%20%20Lovelace", "name": "Ada  lovelace"},
        {"learner": "Lovelace%2C%20Ada", "name": "Lovelace, Ada"},
        {"learner": "lovelaceada"},
    ],
)
def test_a_learner_is_found_by_an_id_a_login_or_the_whole_name(learner: dict[str, str]) -> None:
    text = f'{HEADER}"Lovelace, Ada",12,s-1,ada@x.org,A,\n"Ada, Lovelace",13,s-2,l@x.org,A,\n'
    given = text if "Ada" not in learner["learner"] else text.replace('"Ada, L', '"Eda, L')
    assert fill("canvas", given, [report(checks=ALL, **learner)]).data.decode() == given.replace(
        "ada@x.org,A,", "ada@x.org,A,10"
    )


@pytest.mark.parametrize("learner", ["12", "ada", "lovelace", "ada_lovelace", "s", "s-1_12"])
def test_a_name_that_is_only_alike_is_nobody_s(learner: str) -> None:
    given = f'{HEADER}"Lovelace, Ada",12,s-1,ada@x.org,A,\n'
    filled = fill("canvas", given, [report(learner, ALL)])
    assert filled.data.decode() == given
    assert filled.notes[0] == f"{learner} is not in export.csv: left out."


def test_who_could_be_two_is_left_out_and_so_are_two_who_could_be_one() -> None:
    twins = '"Roe, Cyd",1,,,A,\n"Roe, Cyd",2,,,B,\n"Doe, Dan",3,d3,dan,B,\n'
    reports = [report("Cyd Roe", ALL), report("d3", ALL), report("Dan Doe", ALL)]
    filled = fill("canvas", HEADER + twins, reports)
    assert filled.data.decode() == HEADER + twins
    assert filled.notes[:2] == [
        "Cyd Roe could be row 3 or 4 of export.csv: left out.",
        "d3 and Dan Doe could each be row 5 of export.csv: left out.",
    ]
    known = report("Cyd Roe_2", ALL, "Cyd Roe", id="2")
    assert fill("canvas", HEADER + twins, [known]).data.decode().count(",10\n") == 2


def test_a_login_is_no_number_of_the_platform_s() -> None:
    assert platform_id(report("12", ALL, id="12")) == ""
    assert platform_id(report("ada_12", ALL, "ada", id="12")) == "12"


def test_a_roster_says_what_else_somebody_is_called() -> None:
    """A repository has a login, a gradebook of Moodle's has an address."""
    given = "Email address,101\nada@x.org,\n"
    handed = report("octo-ada", ALL, id="octo-ada")
    filling = Filling(given.encode(), "export.csv", TITLES, known_as=lambda _: {"Ada@x.org"})
    data = FILLERS["moodle"]([handed], filling).data
    assert rows(data)[1][:2] == ["ada@x.org", "10"]


def test_who_is_excused_stays_excused() -> None:
    given = f"{HEADER}Fay,6,,fay,A,EX\n"
    filled = fill("canvas", given, [report("fay", ALL)])
    assert filled.data.decode() == given
    assert filled.notes[0] == "fay is excused in `101 (7)`: left as it is."


def test_each_lab_has_its_own_column() -> None:
    toolbelt = msgspec.structs.replace(report("fay", ALL), lab="102_toolbelt")
    shell = msgspec.structs.replace(report("fay", ALL), lab="103_variables")
    lost = msgspec.structs.replace(conclude("unknown", [], "rejected"), run=toolbelt.run)
    given = "Student,ID,101 (7),Toolbelt (8)\n    Points Possible,,10,5\nFay,6,,\n"
    filled = fill("canvas", given, [report("fay", ALL), toolbelt, shell, lost])
    assert filled.data.decode().endswith("\nFay,6,10,5\n")
    assert filled.notes[0] == "fay handed in something of no lab: left out."
    assert any(note.startswith("103_variables is left out: export.csv") for note in filled.notes)
    with pytest.raises(BadInputError, match=r"--column is one lab's: choose one with --lab \(101_"):
        fill("canvas", given, [report("fay", ALL), toolbelt], column="101")


@pytest.mark.parametrize(
    ("form", "text", "more", "says"),
    [
        ("canvas", "Name,Mark\n", {}, "is not a gradebook of Canvas"),
        (
            "canvas",
            "Student,ID,Essay (1)\n",
            {},
            "no column for 101_first_build.*There are: `Essay",
        ),
        ("canvas", "Student,ID\n", {}, "There are: none."),
        ("canvas", "Student,ID,101 a,101 b\n", {}, r"several .* \(`101 a`, `101 b`\): name one"),
        ("canvas", "Student,ID,x\n", {"column": "101"}, "has no column for 101: name one"),
        ("moodle", "Name,Mark\n", {}, "Is Moodle's language English"),
        ("moodle", "ID number,101 a,101 b\n", {}, "several columns"),
        ("moodle", "Identifier,Status\n", {}, "which has no column `Grade`"),
        ("moodle", "Identifier,Grade\n", {"column": "x"}, "without --column"),
    ],
)
def test_what_can_t_be_filled_is_one_sentence(
    form: str, text: str, more: dict[str, str], says: str
) -> None:
    with pytest.raises(BadInputError, match=says):
        fill(form, text, [report("ada", ALL)], **more)


def test_an_assignment_of_moodle_is_one_lab_s() -> None:
    other = msgspec.structs.replace(report("ada", ALL), lab="102_toolbelt")
    with pytest.raises(BadInputError, match="is one assignment's: choose one with --lab"):
        fill("moodle", "Identifier,Grade\n", [report("ada", ALL), other])


def test_moodle_keeps_what_is_locked_and_what_somebody_wrote() -> None:
    header = "Identifier,Grade,Grade can be changed,Feedback comments\n"
    locked, open_ = "Participant 1,,No,\n", "Participant 2,,Yes,Come and see me.\n"
    reports = [report("Ada_1", ALL, "Ada", id="1"), report("Ben_2", ALL, "Ben", id="2")]
    filled = fill("moodle", header + locked + open_, reports)
    assert filled.data.decode() == header + locked + open_.replace(",,Yes", ",10,Yes")
    assert filled.notes[:2] == [
        "Ada (Ada_1): Moodle has locked this grade: left as it is.",
        "Ben (Ben_2) has a feedback by hand: left as it is.",
    ]


@pytest.mark.parametrize("first", FORMULA)
def test_a_feedback_is_never_a_formula_nor_markup(first: str) -> None:
    reason = f"{first}1;{first}2 <img src=x onerror=a> \x00"
    handed = report("ada", ALL, status="rejected", reason=reason)
    data = fill("moodle", "ID number,101\nada,\n", [handed]).data
    feedback = rows(data)[1][2]
    assert "<" not in feedback
    assert "\0" not in feedback
    for part in re.split("[;\t\r\n]", feedback):
        assert not part.lstrip(' "').startswith(tuple(sign for sign in FORMULA if sign.strip()))
