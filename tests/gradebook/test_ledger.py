"""A signed gradebook: what was edited, added or taken away is found, and any crash is survived."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from packerlab.appeals.auditing import findings
from packerlab.appeals.regrading import plan
from packerlab.appeals.staleness import Today
from packerlab.classroom.opening import keep, kept_in, open_classroom
from packerlab.course import Course
from packerlab.course.rules import FILE
from packerlab.course.signing import Key, key_of, make_key
from packerlab.errors import BadInputError
from packerlab.gradebook import open_gradebook, read_gradebook
from packerlab.gradebook.ledger import LEDGER, Ledger
from packerlab.gradebook.overrides import Override
from packerlab.report import Check, Digests, Run, conclude
from packerlab.submissions.reader import File, digest
from packerlab.submissions.workspaces import Submission

if TYPE_CHECKING:
    from packerlab.gradebook import Gradebook
    from packerlab.report import Report

STATIC = Path(__file__).parents[2] / "benchmarks" / "course"
LAB = "101_first_build"
FILES = {"main.pkr.hcl": File(b"x")}
WORK = Submission(FILES, digest(FILES))
ADA = f"reports/{LAB}/ada/1.json"


def report(learner: str = "ada", attempt: int = 1, points: int = 2) -> Report:
    made = conclude(LAB, [Check("test_it", "It builds.", "passed", points, 2)])
    digests = Digests(WORK.digest, "sha256:b", "sha256:c", "sha256:d", "sha256:e")
    return msgspec.structs.replace(
        made, digests=digests, run=Run(learner=learner, attempt=attempt, sandbox="bubblewrap")
    )


def by_hand(points: int = 1) -> Override:
    return Override("test_it", points, "It is right.", WORK.digest, "2026-01-31")


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Key:
    return make_key(tmp_path_factory.mktemp("course"))


@pytest.fixture
def book(tmp_path: Path, key: Key) -> Path:
    """A gradebook of two reports, one of them with points by hand."""
    with open_gradebook(tmp_path / "book", "bubblewrap", key) as opened:
        for learner in ("ada", "ben"):
            opened.keep(LAB, WORK)
            opened.save(report(learner))
        opened.override(report("ben"), by_hand())
    return tmp_path / "book"


def found(book: Path, key: Key) -> list[str]:
    return findings(read_gradebook(book, key))


def test_what_was_saved_is_found_to_be_there(book: Path, key: Key) -> None:
    assert found(book, key) == []
    opened = read_gradebook(book, key)
    assert [each.score for each in opened.latest()] == [2, 1]
    ledger = Ledger(book, key)
    assert [entry.number for entry in ledger.entries] == [1, 2, 3]
    with open_gradebook(book, None, key) as again:
        again.save(report(points=1))
    assert found(book, key) == []
    assert ledger.head in (book / LEDGER).read_text()  # anybody can see that it was continued


def test_what_was_edited_added_or_taken_away_is_named(book: Path, key: Key) -> None:
    edited = book / f"overrides/{LAB}/ben/1/test_it.json"
    edited.write_text(edited.read_text().replace('"points": 1', '"points": 2'))
    shutil.copytree(book / f"reports/{LAB}/ada", book / f"reports/{LAB}/eve")
    (book / f"reports/{LAB}/ben/1.json").unlink()
    tar = next(book.glob("submissions/*/*.tar"))
    tar.write_bytes(tar.read_bytes().replace(b"x", b"y", 1))
    said = found(book, key)
    assert said[:3] == [
        f"reports/{LAB}/eve/1.json was added: it is not signed",
        f"overrides/{LAB}/ben/1/test_it.json was edited",
        f"reports/{LAB}/ben/1.json was taken away",
    ]
    assert len(said) == 4
    assert str(tar) in said[3]
    tar.unlink()
    assert f"{tar.relative_to(book)} was taken away" in found(book, key)


@pytest.mark.parametrize("touched", [FILE, "roster.csv"])
def test_a_class_s_rules_are_those_that_were_kept(
    tmp_path: Path, book: Path, key: Key, touched: str
) -> None:
    (tmp_path / FILE).write_text('format = 1\nroster = "roster.csv"\n')
    (tmp_path / "roster.csv").write_text("id,name\n1,Ada\n")
    with open_gradebook(book, None, key) as opened:
        keep(open_classroom(tmp_path / FILE), opened)
    assert found(book, key) == []
    assert kept_in(book, key) == book / "class" / FILE
    with (book / "class" / touched).open("a") as file:
        file.write("\n")
    assert found(book, key) == [f"class/{touched} was edited"]
    with pytest.raises(BadInputError, match=f"{touched} is not as .* saved it"):
        kept_in(book, key)
    assert kept_in(book, None)
    (book / "class" / touched).unlink()
    assert found(book, key) == [f"class/{touched} was taken away"]


@pytest.mark.parametrize("line", [0, 1, 2])
@pytest.mark.parametrize("attack", ["cut", "swap", "change", "noise"])
def test_a_ledger_that_was_touched_ends_there(book: Path, key: Key, line: int, attack: str) -> None:
    lines = (book / LEDGER).read_bytes().splitlines()
    if attack == "cut" and line < 2:
        del lines[line]
    elif attack == "swap":
        lines[line], lines[line - 1] = lines[line - 1], lines[line]
    elif attack == "change":
        lines[line] = lines[line].replace(b"ben", b"eve").replace(b"ada", b"eve")
    elif attack == "noise":
        lines.insert(line, b"[" * 5_000)
    else:
        return  # the end cut off can't be told from an older state, see below
    (book / LEDGER).write_bytes(b"\n".join(lines) + b"\n")
    assert LEDGER in found(book, key)[0]
    with open_gradebook(book, None, key) as opened:
        assert "moved to ledger.rejected-" in opened.doubt
        for learner in ("ada", "ben"):
            opened.save(report(learner))
        opened.override(report("ben"), by_hand())
    assert found(book, key) == []
    assert list(book.glob("ledger.rejected-*"))


def test_half_a_line_is_what_a_killed_process_leaves(book: Path, key: Key) -> None:
    whole = (book / LEDGER).read_bytes()
    (book / LEDGER).write_bytes(whole + b'{"entry":{"number":4,')
    assert found(book, key) == []
    with open_gradebook(book, None, key) as opened:
        assert opened.doubt == ""
    assert (book / LEDGER).read_bytes() == whole


def test_two_processes_enter_by_turns(book: Path, key: Key) -> None:
    with open_gradebook(book, None, key) as grading:
        reading = read_gradebook(book, key)
        for points in (0, 1, 2):
            reading.override(report("ada"), by_hand(points))
            grading.save(report("ben"))
    assert found(book, key) == []
    assert len(Ledger(book, key).entries) == 9


def test_an_older_state_as_a_whole_can_t_be_told(book: Path, key: Key, tmp_path: Path) -> None:
    """What a chain can't show: its end and the reports that it names, cut off together."""
    older = shutil.copytree(book, tmp_path / "older")
    with open_gradebook(book, None, key) as opened:
        opened.save(report(points=1))
    assert found(older, key) == []
    shutil.copy(older / ADA, book / ADA)  # but one report alone can't be put back
    assert found(book, key) == [f"{ADA} was edited"]


def test_what_was_planted_is_not_believed(book: Path, key: Key, tmp_path: Path) -> None:
    planted = msgspec.structs.replace(report(), run=Run(learner="ada", attempt=1))
    other = make_key(tmp_path)
    for attempt in (2, 99):
        with open_gradebook(tmp_path / "theirs", "bubblewrap", other) as theirs:
            theirs.save(report(attempt=attempt))
        shutil.copytree(tmp_path / "theirs" / "reports", book / "reports", dirs_exist_ok=True)
    assert [each.run.attempt for each in read_gradebook(book, key).latest()] == [1, 1]
    with open_gradebook(book, None, key) as opened:
        limits = report().run.limits
        assert opened.done(LAB, "ada", report().digests, limits) == report()
        assert opened.attempt_number(LAB, "ada", "sha256:new") == 100
        assert opened.attempt_number(LAB, "ada", WORK.digest) == 99
        again = plan(opened, Today(Course(STATIC)), lambda _: True)
        assert again.unsigned == [f"reports/{LAB}/ada/{attempt}.json" for attempt in (2, 99)]
        assert again.all() == []
    shutil.copy(tmp_path / "theirs" / LEDGER, book / LEDGER)
    with open_gradebook(book, None, key) as opened:
        assert opened.done(LAB, "ada", planted.digests, limits) is None
        assert list(opened.latest()) == []


def test_nothing_unsigned_gets_among_what_is_signed(book: Path, key: Key) -> None:
    with pytest.raises(BadInputError, match="is signed, and this course has no key"):
        open_gradebook(book, None)
    unsigned = read_gradebook(book)
    assert "nothing of it is checked" in unsigned.doubt
    with pytest.raises(BadInputError, match="is signed, and this course has no key"):
        unsigned.override(report(), by_hand())
    with pytest.raises(BadInputError, match="only the public half"):
        open_gradebook(book, None, Key(key.public))


def test_a_gradebook_from_before_the_key_is_graded_again(tmp_path: Path, key: Key) -> None:
    with open_gradebook(tmp_path / "book", "bubblewrap") as opened:
        opened.save(report())
    with open_gradebook(tmp_path / "book", None, key) as opened:
        assert opened.done(LAB, "ada", report().digests, report().run.limits) is None
        assert len(opened.unsigned()) == 1
        assert list(opened.graded()) == []
        opened.save(report())
        assert opened.unsigned() == []
        assert list(opened.graded()) == [report()]


SAVING = """
import os, signal, sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from packerlab.gradebook import open_gradebook
from packerlab.course.signing import key_of
from tests.gradebook.test_ledger import LAB, WORK, by_hand, report

key = key_of(Path(sys.argv[1]))
left = 0

def count():
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)

def watch(event, arguments):
    writes = event == "open" and (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR)
    if writes or event in ("os.rename", "os.remove", "os.mkdir", "os.truncate"):
        if "/book-" in str(arguments[0]):
            count()

def counted(method):
    def write(self, data):
        written = method(self, data)
        count()
        return written
    return write

def save(book):
    Path.write_bytes = counted(Path.write_bytes)
    sys.addaudithook(watch)
    with open_gradebook(book, "bubblewrap", key) as opened:
        for attempt, points in ((1, 2), (2, 1), (1, 0)):
            opened.keep(LAB, WORK)
            opened.save(report(attempt=attempt, points=points))
        opened.override(report(attempt=2), by_hand())

for writes in range(200):
    child = os.fork()
    if not child:
        left = writes
        save(Path(sys.argv[1]) / f"book-{writes:03}")
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        break
"""
"""Saves four times, killed at its first write, at its second, and so on, each in a new folder."""


def saved(book: Gradebook) -> list[tuple[int, int | None]]:
    return [(each.run.attempt, each.score) for each in book.reports()]


def test_killed_at_any_write_it_loses_and_doubles_nothing(tmp_path: Path) -> None:
    key = make_key(tmp_path)
    words = [sys.executable, "-c", SAVING, str(tmp_path)]
    subprocess.run(words, cwd=Path(__file__).parents[2], check=True)
    books = sorted(tmp_path.glob("book-*"))
    assert 20 < len(books) < 100
    states: list[list[tuple[int, int | None]]] = []
    for book in books:
        if (book / "gradebook.json").exists():
            assert found(book, key) == [], book
        with open_gradebook(book, "bubblewrap", key) as opened:
            assert opened.doubt == ""
            states.append(saved(opened))
        assert found(book, key) == [], book
        assert not list(book.glob("**/.*.json.*"))
    changes = [state for state, before in pairwise([*states, []]) if state != before]
    assert changes == [[], [(1, 2)], [(1, 2), (2, 1)], [(1, 0), (2, 1)]]
    assert len(Ledger(books[-1], key).entries) == 4


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    make_key(tmp_path)
    assert key_of(tmp_path / "none") is None
    (tmp_path / "signing.key").chmod(0o640)
    with pytest.raises(BadInputError, match="Other users may read"):
        key_of(tmp_path)
    (tmp_path / "signing.key").unlink()
    known = key_of(tmp_path)
    assert known is not None
    assert known.private is None
    (tmp_path / "signing.pub").write_text("no key")
    with pytest.raises(BadInputError, match="is no key in PEM"):
        key_of(tmp_path)
    assert json.dumps(str(known.fingerprint)).startswith('"SHA256:')
