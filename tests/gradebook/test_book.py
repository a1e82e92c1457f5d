from __future__ import annotations

import itertools
import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packerlab.errors import BadInputError, MachineError
from packerlab.gradebook import open_gradebook, read_gradebook
from packerlab.report import Check, Digests, Run, conclude, encode
from packerlab.submissions.learners import learner_name

if TYPE_CHECKING:
    from pathlib import Path

    from packerlab.report import Report

LAB = "101_first_build"
LIMITS = {"deadline_s": 60, "cpu_s": 30}
DIGESTS = Digests("sha256:a", "sha256:b", "sha256:c", "sha256:d", "sha256:e")


def make_report(learner: str = "learner-01", attempt: int = 1, lab: str = LAB) -> Report:
    check = Check("test_it", "It builds.", "passed", 2, 2)
    return msgspec.structs.replace(
        conclude(lab, [check]),
        digests=DIGESTS,
        run=Run(learner=learner, attempt=attempt, limits=LIMITS),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A gradebook's folder that is not there yet."""
    return tmp_path / "class" / "book"


def files_below(path: Path) -> list[str]:
    return sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())


def test_a_new_gradebook_is_made_and_read_back(folder: Path) -> None:
    with open_gradebook(folder, "bubblewrap") as book:
        book.save(make_report())
    assert files_below(folder) == [
        ".lock",
        "gradebook.json",
        f"reports/{LAB}/learner-01/1.json",
    ]
    assert (folder / f"reports/{LAB}/learner-01/1.json").read_bytes() == encode(make_report())
    assert read_gradebook(folder).sandbox == "bubblewrap"
    assert list(read_gradebook(folder).reports()) == [make_report()]


def test_an_empty_folder_becomes_one(folder: Path) -> None:
    folder.mkdir(parents=True)
    with open_gradebook(folder, None) as book:
        assert book.sandbox == ""
    assert list(read_gradebook(folder).reports()) == []


def test_the_sandbox_is_kept(folder: Path) -> None:
    with open_gradebook(folder, None) as book:
        book.settle_sandbox("docker")
        book.save(make_report())
    with open_gradebook(folder, None) as book:
        assert book.sandbox == "docker"
    with open_gradebook(folder, "docker") as book:
        assert book.sandbox == "docker"


def test_another_sandbox_is_refused_and_the_lock_given_back(folder: Path) -> None:
    with open_gradebook(folder, "docker") as book:
        book.save(make_report())
    with pytest.raises(BadInputError, match=r"sandbox docker, not bubblewrap"):
        open_gradebook(folder, "bubblewrap")
    with open_gradebook(folder, None) as book:
        assert book.sandbox == "docker"
        with pytest.raises(BadInputError, match=r"sandbox docker, not bubblewrap"):
            book.settle_sandbox("bubblewrap")


def test_a_sandbox_that_gave_no_report_is_not_kept(folder: Path) -> None:
    with open_gradebook(folder, "docker"):
        pass
    with open_gradebook(folder, None) as book:
        assert book.sandbox == ""
    with open_gradebook(folder, "bubblewrap") as book:
        assert book.sandbox == read_gradebook(folder).sandbox == "bubblewrap"


def test_it_says_where_somebody_else_could_have_written(folder: Path) -> None:
    for mode, said in ((0o755, ""), (0o775, "Other users could write"), (0o700, "")):
        with open_gradebook(folder, "bubblewrap"):
            pass
        folder.chmod(mode)
        assert read_gradebook(folder).doubt.startswith(said)
        with open_gradebook(folder, None) as book:
            assert bool(book.doubt) == bool(said)
        assert read_gradebook(folder).doubt == ""  # it is private from here on


def test_a_gradebook_of_another_user_s_is_read_with_a_word(commoner: Path) -> None:
    header = commoner / "gradebook.json"
    header.write_text('{"format": 1, "sandbox": ""}')
    assert read_gradebook(commoner).doubt == ""
    if os.getuid() == 0:
        os.seteuid(0)
        said = read_gradebook(commoner).doubt
        assert said == f"{commoner} is another user's: its reports are believed as they stand."


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(BadInputError, match="neither a gradebook nor an empty folder"):
        open_gradebook(tmp_path, None)
    assert files_below(tmp_path) == ["thesis.txt"]


def test_a_file_is_no_gradebook(tmp_path: Path) -> None:
    file = tmp_path / "thesis.txt"
    file.write_text("mine")
    with pytest.raises(BadInputError, match="neither a gradebook nor an empty folder"):
        open_gradebook(file, None)
    with pytest.raises(BadInputError, match="is not a gradebook"):
        read_gradebook(file)
    with pytest.raises(BadInputError, match="can't be a gradebook: Not a directory"):
        open_gradebook(file / "inside", None)


def test_reading_makes_nothing(folder: Path) -> None:
    with pytest.raises(BadInputError, match=r"is not a gradebook: it has no gradebook\.json"):
        read_gradebook(folder)
    assert not folder.exists()


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]", b'{"format": 1}'])
def test_a_broken_header_is_named(folder: Path, content: bytes) -> None:
    folder.mkdir(parents=True)
    (folder / "gradebook.json").write_bytes(content)
    with pytest.raises(BadInputError, match=r"gradebook\.json can't be read"):
        read_gradebook(folder)
    with pytest.raises(BadInputError, match=r"gradebook\.json can't be read"):
        open_gradebook(folder, None)


def test_a_later_format_is_refused(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "gradebook.json").write_text('{"format": 2, "sandbox": "docker"}')
    with pytest.raises(BadInputError, match="format 2, this packerlab reads 1"):
        read_gradebook(folder)


# --- one grading at a time ----------------------------------------------------------------------

OPEN = """
import sys
from pathlib import Path
from packerlab.errors import BadInputError
from packerlab.gradebook import open_gradebook
try:
    open_gradebook(Path(sys.argv[1]), None)
except BadInputError as error:
    sys.exit(str(error))
"""


def test_another_process_finds_it_in_use_until_the_end(folder: Path) -> None:
    other = [sys.executable, "-c", OPEN, str(folder)]
    with open_gradebook(folder, "docker") as book:
        answer = subprocess.run(other, capture_output=True, text=True, check=False)
        assert answer.returncode == 1
        assert f"{folder} is in use" in answer.stderr
        book.save(make_report())
        assert list(read_gradebook(folder).reports()) == [make_report()]
    subprocess.run(other, check=True)


def test_what_a_killed_process_was_writing_is_passed_over_and_then_cleared(folder: Path) -> None:
    with open_gradebook(folder, "docker") as book:
        book.save(make_report())
    half = folder / f"reports/{LAB}/learner-01/.2.json.0123abcd"
    half.write_bytes(b'{"format": 1')
    (folder / ".gradebook.json.0123abcd").write_bytes(b"")
    assert list(read_gradebook(folder).reports()) == [make_report()]
    with open_gradebook(folder, None):
        assert not half.exists()
        assert not (folder / ".gradebook.json.0123abcd").exists()


def test_a_gradebook_whose_making_was_killed_is_made(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / ".lock").touch()
    (folder / ".gradebook.json.0123abcd").touch()
    with open_gradebook(folder, "docker"):
        assert files_below(folder) == [".lock", "gradebook.json"]


# --- saving and reading -------------------------------------------------------------------------


def test_reports_come_by_lab_learner_and_attempt(folder: Path) -> None:
    labs = ["101_first_build", "203_reusable_layout"]
    saved = [
        make_report(learner, attempt, lab)
        for lab, learner, attempt in itertools.product(labs, ["b", "c", "x"], [1, 2, 10])
    ]
    with open_gradebook(folder, "docker") as book:
        for report in reversed(saved):
            book.save(report)
        assert list(book.reports()) == saved
        assert list(book.latest()) == saved[2::3]
        assert book.attempts(labs[1], "c") == saved[12:15]
        assert book.attempts(labs[1], "nobody") == []


def test_an_attempt_is_replaced_as_a_whole(folder: Path) -> None:
    better = msgspec.structs.replace(make_report(), score=1)
    with open_gradebook(folder, "docker") as book:
        book.save(make_report())
        book.save(better)
        assert list(book.reports()) == [better]


@pytest.mark.parametrize("lab", ["", "unknown", "../../outside", "101_First", "1_a"])
def test_a_lab_that_cannot_be_told_is_unknown(folder: Path, lab: str) -> None:
    report = make_report(lab=lab)
    with open_gradebook(folder, "docker") as book:
        book.save(report)
        assert files_below(folder / "reports") == ["unknown/learner-01/1.json"]
        assert book.attempts(lab, "learner-01") == [report]


@pytest.mark.parametrize("learner", ["", ".", "..", ".x", "a/b", "../x", "a\0", "a\n", "~", "\xe9"])
def test_a_name_that_no_learner_has_is_refused(folder: Path, learner: str) -> None:
    with open_gradebook(folder, "docker") as book:
        with pytest.raises(BadInputError, match="is not a learner's name"):
            book.save(make_report(learner))
        assert files_below(folder) == [".lock", "gradebook.json"]


def test_long_names_stay_apart(folder: Path) -> None:
    learners = [learner_name("\N{CYRILLIC SMALL LETTER ZHE}" * 100 + end) for end in "ab"]
    with open_gradebook(folder, "docker") as book:
        for learner in learners:
            book.save(make_report(learner))
        for learner in learners:
            assert book.attempts(LAB, learner) == [make_report(learner)]


@given(name=st.text(min_size=1).filter(lambda name: "/" not in name and "\0" not in name))
def test_every_name_that_something_was_handed_in_under_can_be_saved(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    report = make_report(learner_name(name))
    with open_gradebook(tmp_path_factory.mktemp("book"), "docker") as book:
        book.save(report)
        assert list(book.reports()) == [report]


def test_a_disk_that_takes_no_report_is_the_machines_fault(folder: Path) -> None:
    with open_gradebook(folder, "docker") as book:
        (folder / "reports").write_text("in the way")
        with pytest.raises(MachineError, match="can't be written"):
            book.save(make_report())


CORRUPT = {
    "empty": b"",
    "half": encode(make_report())[:200],
    "no UTF-8": b'{"format": 1, "lab": "\xff"}',
    "deep": b'{"more": ' + b"[" * 100_000,
    "format": encode(msgspec.structs.replace(make_report(), format=2)),
    "status": encode(msgspec.structs.replace(make_report(), status="\x1b[31mred")),
}


@pytest.mark.parametrize("content", CORRUPT.values(), ids=CORRUPT.keys())
def test_a_corrupt_report_is_named_and_graded_again(folder: Path, content: bytes) -> None:
    with open_gradebook(folder, "docker") as book:
        book.save(make_report("learner-00"))
        book.save(make_report())
        file = folder / f"reports/{LAB}/learner-01/1.json"
        file.write_bytes(content)
        for read in (book.reports, book.latest):
            reports = read()
            assert next(reports).run.learner == "learner-00"
            with pytest.raises(BadInputError, match=r"learner-01/1\.json is not a whole") as caught:
                next(reports)
            assert str(caught.value).isprintable()
        assert book.done(LAB, "learner-01", DIGESTS, LIMITS) is None
        assert book.attempt_number(LAB, "learner-01", DIGESTS.submission) == 1
        book.save(make_report())
        assert book.done(LAB, "learner-01", DIGESTS, LIMITS) == make_report()


def test_a_report_that_cannot_be_opened_is_named(folder: Path) -> None:
    with open_gradebook(folder, "docker") as book:
        (folder / f"reports/{LAB}/learner-01/1.json").mkdir(parents=True)
        with pytest.raises(BadInputError, match=r"whole report \(Is a directory\)"):
            list(book.reports())


def test_files_that_are_no_attempts_are_passed_over(folder: Path) -> None:
    with open_gradebook(folder, "docker") as book:
        book.save(make_report())
        (folder / f"reports/{LAB}/learner-01/notes.json").write_text("seen")
        (folder / f"reports/{LAB}/README").write_text("seen")
        assert list(book.reports()) == [make_report()]


# --- what need not be graded again --------------------------------------------------------------


def test_the_same_submission_is_done(folder: Path) -> None:
    with open_gradebook(folder, "docker") as book:
        assert book.done(LAB, "learner-01", DIGESTS, LIMITS) is None
        book.save(make_report())
        book.save(msgspec.structs.replace(make_report(attempt=2), digests=Digests("sha256:z")))
        assert book.done(LAB, "learner-01", DIGESTS, LIMITS) == make_report()
        assert book.done(LAB, "learner-02", DIGESTS, LIMITS) is None
        assert book.done("103_variables", "learner-01", DIGESTS, LIMITS) is None


@pytest.mark.parametrize("part", Digests.__struct_fields__)
def test_another_digest_is_not_done(folder: Path, part: str) -> None:
    with open_gradebook(folder, "docker") as book:
        book.save(make_report())
        other: dict[str, Any] = {part: "sha256:other"}
        digests = msgspec.structs.replace(DIGESTS, **other)
        assert book.done(LAB, "learner-01", digests, LIMITS) is None


def test_other_limits_are_not_done(folder: Path) -> None:
    with open_gradebook(folder, "docker") as book:
        book.save(make_report())
        assert book.done(LAB, "learner-01", DIGESTS, LIMITS | {"cpu_s": 31}) is None


@pytest.mark.parametrize(("status", "outcome"), [("fault", "passed"), ("graded", "incapable")])
def test_faults_and_incomplete_reports_are_never_done(
    folder: Path, status: Any, outcome: Any
) -> None:
    check = Check("test_it", "It builds.", outcome, 0, 2)
    whole = make_report()
    report = msgspec.structs.replace(
        conclude(LAB, [check], status), digests=whole.digests, run=whole.run
    )
    with open_gradebook(folder, "docker") as book:
        book.save(report)
        assert book.done(LAB, "learner-01", DIGESTS, LIMITS) is None
        assert book.attempt_number(LAB, "learner-01", DIGESTS.submission) == 1


def test_attempts_count_the_changes(folder: Path) -> None:
    with open_gradebook(folder, "docker") as book:
        for digest, attempt in (("a", 1), ("a", 1), ("b", 2), ("b", 2), ("a", 3)):
            assert book.attempt_number(LAB, "learner-01", digest) == attempt
            report = make_report(attempt=attempt)
            book.save(msgspec.structs.replace(report, digests=Digests(submission=digest)))
        assert len(book.attempts(LAB, "learner-01")) == 3


def test_a_gradebook_is_its_owner_s_alone(tmp_path: Path) -> None:
    (tmp_path / "book").mkdir(mode=0o755)
    with open_gradebook(tmp_path / "book", None):
        assert stat.S_IMODE((tmp_path / "book").stat().st_mode) == 0o700


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_gradebook_that_another_user_planted_is_not_believed(tmp_path: Path) -> None:
    with open_gradebook(tmp_path / "book", None):
        pass
    os.chown(tmp_path / "book", 65534, 65534)
    with pytest.raises(BadInputError, match="belongs to another user"):
        open_gradebook(tmp_path / "book", None)
