"""Rosters as people and platforms write them, joined without guessing; hostile ones are bounded."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from packerlab.classroom.people import MAX_ROWS, read_people
from packerlab.errors import BadInputError

if TYPE_CHECKING:
    from packerlab.classroom.people import People

PATH = Path("roster.csv")
CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,HW1 (77)
    Points Possible,,,,,10
"Lovelace, Ada",11,s11,alove,A,
"van Doe, Jane Q.",12,s12,jdoe,A,7
"Li, Wei",13,s13,wli,A,
"""
MOODLE = """\
Identifier,"Full name","Email address",Status,"Last modified (submission)"
"Participant 11","Ada Lovelace",ada@x.org,"Submitted","Monday, 30 November 2026, 2:05 PM"
"Participant 12","Jane Doe",jane@x.org,"No submission",-
"""


def people(text: str, *, times: bool = False) -> People:
    return read_people(PATH, text.encode(), times=times)


def found(roster: People, own_id: str, name: str) -> str:
    match = roster.match(own_id, name)
    return match.person.id if match.person else match.doubt


@pytest.mark.parametrize(
    "text",
    [
        "id,name,email\n11,Ada Lovelace,ada@x.org\n12,Jane Doe,jane@x.org\n",
        "\ufeffID;Name;E-Mail\r\n11;Ada Lovelace;ada@x.org\r\n\r\n12;Jane Doe;jane@x.org\r\n",
        "sep=;\nStudent_ID;First Name;LAST NAME;Mail\n11;Ada;Lovelace;ada@x.org\n12;Jane;Doe;j@x\n",
        'name\tid\tmail\n"Lovelace, Ada"\t11\tada@x.org\n"Doe, Jane"\t12\tjane@x.org\n',
    ],
)
def test_columns_are_found_by_their_names(text: str) -> None:
    roster = people(text)
    assert [(each.id, each.name) for each in roster.people] == [
        ("11", "Ada Lovelace"),
        ("12", "Jane Doe"),
    ]
    assert roster.people[0].email == "ada@x.org"
    utf16 = read_people(PATH, text.removeprefix("\ufeff").encode("utf-16"))
    assert utf16.people[0].name == "Ada Lovelace"


@pytest.mark.parametrize(
    ("own_id", "name", "who"),
    [
        ("11", "lovelaceada", "11"),
        ("", "11", "11"),
        ("", "ALOVE", "11"),
        ("alove", "alove", "11"),
        ("", "Ada Lovelace", "11"),
        ("", "Lovelace, Ada", "11"),
        ("", "lovelaceada", "11"),
        ("12", "vandoejaneq", "12"),
        ("", "Jane Q van Doe", "12"),
        ("12", "Jane Doe", "12"),  # no name of the roster's, but a part of that
        ("99", "Jane Doe", ""),
        ("99", "Jane Q. van Doe", "12"),
        ("12", "vandoejane", "12"),
        ("13", "Oliver Stone", "the id 13 is that of Wei Li, not Oliver Stone"),
        ("13", "liverpoolwest", "the id 13 is that of Wei Li, not liverpoolwest"),
        ("11", "Zoe Ng", "the id 11 is that of Ada Lovelace, not Zoe Ng"),
        ("12", "Ada Lovelace", "the id 12 is that of Jane Q. van Doe, not Ada Lovelace"),
        ("", "ada", ""),
        ("", "", ""),
    ],
)
def test_who_somebody_is_on_a_roster_of_canvas(own_id: str, name: str, who: str) -> None:
    roster = people(CANVAS)
    assert len(roster.people) == 3
    assert found(roster, own_id, name) == who


def test_names_that_two_have_are_not_guessed() -> None:
    roster = people("id,name,login\n1,Wei Li,wli\n2,Li Wei,lwei\n3,Ann Ng,wli2\n")
    assert found(roster, "", "Wei Li") == "2 people are called Wei Li"
    assert found(roster, "wli", "wli") == "1"
    both = people("id,name,login\n1,Ann,a\n2,Ben,a\n")
    assert found(both, "a", "a") == "2 people have the id a"


def test_a_moodle_worksheet_says_when() -> None:
    table = people(MOODLE, times=True)
    ada, jane = table.people
    assert ada.at is not None
    assert (ada.at.isoformat(), jane.at) == ("2026-11-30T14:05:00", None)
    assert found(table, "12", "Jane Doe") == "Participant 12"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-30T14:05:09", "2026-11-30T14:05:09"),
        ("2026-11-30 14:05:09 UTC", "2026-11-30T14:05:09+00:00"),
        ("2026-11-30T14:05:09+01:00", "2026-11-30T14:05:09+01:00"),
    ],
)
def test_times_as_git_classrooms_write_them(text: str, at: str) -> None:
    table = people(f"github_username,submission_timestamp\njdoe,{text}\n", times=True)
    assert table.people[0].at is not None
    assert table.people[0].at.isoformat() == at


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "roster.csv:1: no column is called id, name or email"),
        (b"a,b\n1,2\n", "roster.csv:1: no column is called id, name or email (it has a, b)"),
        (b"id,name\n1,Ada\n2,Ben\n1,Eve\n", "roster.csv:4: `1` is also the id in line 2"),
        (b"id,name\n1,Ad\xe4\n", "roster.csv:2: not UTF-8"),
        (b'id,name\n1,"Ada\n', "roster.csv:2: not a readable table"),
        (b"id,name\n1," + b"x" * 200_000, "roster.csv:2: not a readable table"),
        (b"id" + b"," * 1_000 + b"\n", "more than 50000 lines or 500 columns"),
        (b"id\n" + b"".join(b"%d\n" % n for n in range(MAX_ROWS)), "50000 lines"),
        (b"id,name\n\x1b[2J,\x1b]0;x\n\x1b[2J,y\n", "roster.csv:3: `\N{REPLACEMENT CHARACTER}[2J`"),
    ],
)
def test_what_is_no_roster_is_said_in_one_sentence(data: bytes, said: str) -> None:
    started = time.monotonic()
    with pytest.raises(BadInputError) as caught:
        read_people(PATH, data)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 600
    assert time.monotonic() - started < 20


def test_one_who_is_in_two_sections_is_one() -> None:
    assert len(people("id,name,section\n1,Ada,A\n1,Ada,B\n").people) == 1


@pytest.mark.parametrize(
    "time", ["yesterday", "Montag, 30. November 2026, 14:05", "=1+1", "30/11/26"]
)
def test_a_time_that_can_t_be_read_is_said(time: str) -> None:
    with pytest.raises(BadInputError, match=r"roster\.csv:2: .* is no time that can be read"):
        people(f'id,handed in\n1,"{time}"\n', times=True)
    with pytest.raises(BadInputError, match="no column says when"):
        people("id,name\n1,Ada\n", times=True)
