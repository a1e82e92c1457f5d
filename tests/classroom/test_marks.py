"""What counts in a class: deadlines, attempts, weights, and who is on the roster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from packerlab.classroom.marks import counted, lateness, marks
from packerlab.classroom.opening import open_classroom
from packerlab.course.rules import Late, Rules
from packerlab.errors import BadInputError
from packerlab.report import Check, Run, conclude

if TYPE_CHECKING:
    from pathlib import Path

    from packerlab.classroom.marks import Marks
    from packerlab.classroom.opening import Classroom
    from packerlab.report import Report

FIRST, SECOND = "101_first_build", "105_first_ami"
LATE = """\
format = 1
deadline = 2026-11-30T12:00:00+01:00

[late]
percent_a_day = 10
at_most = 25
grace_minutes = 15
"""


def a_class(folder: Path, text: str = LATE, **files: str) -> Classroom:
    (folder / "class.toml").write_text(text)
    for name, content in files.items():
        (folder / f"{name}.csv").write_text(content)
    return open_classroom(folder / "class.toml")


def report(
    learner: str, points: int | None, lab: str = FIRST, *, attempt: int = 1, at: str = "",
    late: bool = False, own_id: str = "",
) -> Report:  # fmt: skip
    check = Check("test_it", "It works.", "failed", points or 0, 10)
    made = conclude(lab, [check], "fault" if points is None else "graded")
    run = Run(learner=learner, id=own_id, attempt=attempt, handed_in=at, late=late)
    return msgspec.structs.replace(made, run=run)


@pytest.mark.parametrize(
    ("at", "marked", "days", "words"),
    [
        ("2026-11-30T12:00:00", False, 0, ""),  # the deadline's own zone
        ("2026-11-30T12:15:00", False, 0, ""),
        ("2026-11-30T12:15:01", False, 1, "1 day"),
        ("2026-11-30T11:15:01+00:00", False, 1, "1 day"),
        ("2026-12-01T12:00:00", False, 1, "1 day"),
        ("2026-12-01T12:00:01", True, 2, "2 days"),
        ("2026-11-30T11:00:00", True, 0, ""),  # what we know exactly, we do not take a mark for
        ("", True, 1, "1 day"),
        ("", False, 0, "unknown"),
    ],
)
def test_how_late_something_is(
    tmp_path: Path, at: str, marked: bool, days: int, words: str
) -> None:
    found = lateness(a_class(tmp_path).rules, FIRST, at, marked=marked)
    assert (found.days, found.words) == (days, words)


def test_without_a_deadline_only_a_mark_is_late() -> None:
    rules = Rules(1, late=Late(10))
    assert lateness(rules, FIRST, "2026-12-01T12:00:01", marked=False).words == ""
    assert lateness(rules, FIRST, "", marked=False).words == ""
    assert lateness(rules, FIRST, "", marked=True).days == 1


@pytest.mark.parametrize(
    ("at", "deducted", "mark"),
    [
        ("2026-11-30T11:00:00", 0, 2),
        ("2026-11-30T13:00:00", 1, 1),
        ("2026-12-01T13:00:00", 2, 0),
        ("2027-12-01T13:00:00", 2, 0),  # at most 25 % of 10 points, in the learner's favour
    ],
)
def test_what_being_late_costs(tmp_path: Path, at: str, deducted: int, mark: int) -> None:
    (found,) = counted([report("ada", 2, at=at)], a_class(tmp_path))
    assert (found.score, found.run.deducted, found.mark) == (2, deducted, mark)


TRIES = [
    report("ada", 4, attempt=1, at="2026-11-30T10:00:00"),
    report("ada", 9, attempt=2, at="2026-11-30T11:00:00"),
    report("ada", 10, attempt=3, at="2026-12-01T10:00:00"),
    report("ada", 10, attempt=4, at="2026-12-09T10:00:00"),
    report("ben", None, attempt=1),
]


@pytest.mark.parametrize(
    ("attempts", "attempt", "mark"),
    [
        ("", 4, 8),
        ('counts = "latest"\nat_most = 3', 3, 9),
        ('counts = "latest"\nat_most = 1', 1, 4),
        ('counts = "best"', 2, 9),
        ('counts = "best"\nat_most = 1', 1, 4),
    ],
)
def test_which_attempt_counts(tmp_path: Path, attempts: str, attempt: int, mark: int) -> None:
    ada, ben = counted(TRIES, a_class(tmp_path, f"{LATE}[attempts]\n{attempts}\n"))
    assert (ada.run.attempt, ada.mark) == (attempt, mark)
    assert ben.mark is None


ROSTER = """\
id,name,email
1,Ada Lovelace,ada@x
2,Ben Ng,ben@x
3,Cy Ray,cy@x
4,Wei Li,w@x
5,Li Wei,l@x
"""
CLASS = f"""\
format = 1
roster = "roster.csv"
[labs.{FIRST}]
[labs.{SECOND}]
weight = 3
"""


def told(found: Marks) -> list[tuple[str, float | None, str]]:
    return [(row.told, found.total(row), "; ".join(row.notes)) for row in found.rows]


def test_a_mark_for_each_learner_over_all_labs(tmp_path: Path) -> None:
    found = marks(
        [
            report("Ada%20Lovelace", 10),
            report("Ben%20Ng_2", 5, attempt=1, own_id="2"),
            report("Ben%20Ng_2", 8, attempt=2, own_id="2"),
            report("Zoe", 7),
            report("Wei%20Li", 3),
            report("Ada%20Lovelace", 5, SECOND),
            report("Ben%20Ng_2", None, SECOND, own_id="2"),
            report("Zoe", 10, "107_extra"),
        ],
        a_class(tmp_path, CLASS, roster=ROSTER),
    )
    nothing, none = "nothing handed in", f"{SECOND}: nothing handed in"
    assert told(found) == [
        ("Ada Lovelace", 62.5, ""),
        ("Ben Ng", None, f"{SECOND}: no score"),
        ("Cy Ray", 0, nothing),
        ("Wei Li", 0, nothing),
        ("Li Wei", 0, nothing),
        ("Zoe", pytest.approx(17.5), f"not on the roster; {none}"),
        ("Wei Li", pytest.approx(7.5), f"2 people are called Wei Li; {none}"),
    ]
    assert found.missing() == ["Cy Ray", "Wei Li", "Li Wei"]
    assert found.again() == ["Ben Ng (2)"]
    assert found.strangers == ["Zoe"]
    assert found.doubts == ["Wei Li: 2 people are called Wei Li"]
    assert found.uncounted == ["107_extra"]


@pytest.mark.parametrize(
    ("counts", "times", "mark", "total"),
    [
        ("latest", ("2026-11-30T10:00:00", "2026-11-29T10:00:00"), 4, 40),
        ("latest", ("2026-11-30T10:00:00", ""), None, None),
        ("best", ("2026-11-30T10:00:00", ""), 9, 90),
    ],
)
def test_one_who_handed_in_under_two_names_is_one(
    tmp_path: Path, counts: str, times: tuple[str, str], mark: int | None, total: float | None
) -> None:
    """The latest counts where times say which it is; nobody guesses."""
    text = f'format = 1\nroster = "roster.csv"\n[attempts]\ncounts = "{counts}"\n'
    reports = [
        report("Ada%20Lovelace_1", 4, own_id="1", at=times[0]),
        report("ada%40x", 9, at=times[1]),
    ]
    found = marks(reports, a_class(tmp_path, text, roster=ROSTER))
    assert len(found.rows) == 5
    (ada,) = (row for row in found.rows if row.keys)
    assert (ada.cells[FIRST].mark, found.total(ada)) == (mark, total)
    assert f"{FIRST}: handed in as Ada%20Lovelace_1 and ada%40x" in ada.notes
    assert found.again() == ["Ada Lovelace (2)"]


def test_a_table_of_times_is_of_the_last_attempt(tmp_path: Path) -> None:
    text = f'{LATE}[attempts]\ncounts = "best"\n[labs.{FIRST}]\ntimes = "times.csv"\n'
    table = "login,submission_timestamp\nada,2026-11-30 12:00:00 UTC\nben,-\n"
    room = a_class(tmp_path, text, times=table)
    tries = [report("ada", 9, attempt=1), report("ada", 10, attempt=2), report("ben", 10)]
    ada, ben = counted(tries, room)
    assert (ada.run.attempt, ada.mark, ada.run.handed_in) == (1, 9, "")
    assert ben.mark == 10
    (last, _) = counted(tries[1:], room)
    assert (last.mark, last.run.deducted) == (9, 1)
    assert marks(tries, room).untimed() == ["ada", "ben"]


def test_a_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"no\.csv: there is no such file"):
        a_class(tmp_path, 'format = 1\nroster = "no.csv"\n')


def test_a_class_of_ten_thousand(tmp_path: Path) -> None:
    roster = "id,name\n" + "".join(f"{n},Learner {n}\n" for n in range(10_000))
    room = a_class(tmp_path, CLASS, roster=roster)
    reports = (report(str(n), 10) for n in range(10_000))
    found = marks(reports, room)
    assert (len(found.rows), found.missing(), found.strangers) == (10_000, [], [])
