"""Grading again from the gradebook alone: what changed, for whom, and after any interruption."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from packerlab import errors
from packerlab.appeals.regrading import Round, plan
from packerlab.appeals.staleness import Today
from packerlab.course import Course, engine_digest
from packerlab.gradebook import open_gradebook, read_gradebook
from packerlab.gradebook.overrides import Override
from packerlab.policy import Policy
from packerlab.report import Check, Digests, Run, conclude
from packerlab.sandbox import choose
from tests.toy import cli

if TYPE_CHECKING:
    from packerlab.appeals.regrading import Changes
    from packerlab.report import Report

STATIC = Path(__file__).parents[2] / "benchmarks" / "course"
TEMPLATE = (STATIC / "labs" / "101_static" / "solution" / "main.pkr.hcl").read_text()
GRADER = """\
from packerlab.grader import check, fail


@check(points=2)
def test_short(submission):
    \"\"\"The template is short.\"\"\"
    if len(submission["main.pkr.hcl"].data) > {most}:
        fail("It is long.")


@check(points=1)
def test_there(submission):
    \"\"\"There is a template.\"\"\"
    assert submission, "There is none."
"""
LAB = "101_static"


@pytest.fixture
def course(tmp_path: Path) -> Path:
    root = shutil.copytree(STATIC, tmp_path / "course")
    allow(root, 100_000)
    return root


def allow(course: Path, most: int) -> None:
    """Change the grader: how long a template may be."""
    (course / "graders" / f"test_{LAB}.py").write_text(GRADER.format(most=most))


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gradebook of a short template, a long one, and one that the reader refused."""
    tmp_path = tmp_path_factory.mktemp("graded")
    course = shutil.copytree(STATIC, tmp_path / "course")
    allow(course, 100_000)
    crowd = tmp_path / "class"
    for name, text in {"ada": TEMPLATE, "ben": TEMPLATE + "#" * 50_000, "cleo": ""}.items():
        (crowd / name).mkdir(parents=True)
        (crowd / name / "main.pkr.hcl").write_text(text)
    (crowd / "cleo" / "link").symlink_to("main.pkr.hcl")
    words = ("grade", crowd, "--lab", "101", "--out", tmp_path / "book", "--course", course)
    done = cli(*words, "--weak-limits")
    assert done.returncode == 0, done.stderr
    return tmp_path / "book"


@pytest.fixture
def book(graded: Path, tmp_path: Path) -> Path:
    """A copy of it to change; what was handed in is nowhere near."""
    return shutil.copytree(graded, tmp_path / "book")


def regrade(book: Path, course: Path, *words: str, code: int = 0) -> dict[str, Any]:
    done = cli("regrade", book, "--course", course, "--weak-limits", "--json", *words)
    assert done.returncode == code, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def when_handed_in(file: Path) -> dict[str, Any]:
    """Let a platform have said when a report's work was handed in; what it said."""
    said = {"id": "11", "handed_in": "2026-11-30T14:05:09", "late": True}
    report = json.loads(file.read_bytes())
    file.write_text(json.dumps(report | {"run": report["run"] | said}))
    return said


def test_a_grader_that_changed_is_asked_again(book: Path, course: Path) -> None:
    assert regrade(book, course, "--dry-run")["again"] == []
    allow(course, 10_000)
    before = sorted(path.read_bytes() for path in book.glob("reports/**/*.json"))
    found = regrade(book, course, "--dry-run")
    assert {(each["name"], *each["why"]) for each in found["again"]} == {
        ("ada", "grader"), ("ben", "grader"),
    }  # fmt: skip
    assert found["refused"] == ["cleo"]
    assert sorted(path.read_bytes() for path in book.glob("reports/**/*.json")) == before
    said = when_handed_in(book / "reports" / LAB / "ada" / "1.json")
    found = regrade(book, course)
    assert found["graded"] == 2
    assert [(each["name"], each["score_before"], each["score_after"])
            for each in found["changed"]] == [("ben", 3, 1)]  # fmt: skip
    again = json.loads((book / "reports" / LAB / "ada" / "1.json").read_bytes())
    assert again["run"] | said == again["run"]  # else a deadline would no longer hold
    assert found["checks"] == [
        {"lab": LAB, "check": "test_short", "title": "The template is short.",
         "gained": {}, "lost": {"ben": "passed 2 -> failed 0"}, "other": {}}
    ]  # fmt: skip
    assert regrade(book, course) | {"seconds": 0} == {
        "graded": 0, "changed": [], "checks": [], "by_hand": [], "refused": ["cleo"], "lost": [],
        "unsigned": [], "unjudged": [], "trouble": [], "seconds": 0,
    }  # fmt: skip


def test_what_the_platform_said_stays_in_the_report(book: Path, course: Path) -> None:
    ada = next(report for report in read_gradebook(book).latest() if report.run.learner == "ada")
    run = msgspec.structs.replace(ada.run, id="17", handed_in="2026-11-30T10:00:00", late=True)
    with open_gradebook(book, "bubblewrap") as opened:
        opened.save(msgspec.structs.replace(ada, run=run))
    allow(course, 10_000)
    assert regrade(book, course, "ada")["graded"] == 1
    again = next(report for report in read_gradebook(book).latest() if report.run.learner == "ada")
    assert again.digests != ada.digests
    kept = (again.run.id, again.run.handed_in, again.run.late)
    assert kept == ("17", "2026-11-30T10:00:00", True)


def test_for_people_it_says_who_gained_and_who_lost(book: Path, course: Path) -> None:
    words = ("override", book, "ben", "short", "--points", "2", "--note", "It was allowed.")
    assert cli(*words).returncode == 0
    allow(course, 10_000)
    said = cli("regrade", book, "--course", course, "--weak-limits", "ben").stdout
    assert "graded 1 again, 1 changed" in said
    assert "  lost 1: ben (passed 2 -> failed 0)" in said
    assert "ben 101_static: passed 3 -> failed 1 of 3" in said
    assert "ben 101_static: what was given by hand for test_short still counts" in said
    assert [report.score for report in read_gradebook(book).latest()] == [3, 3, 0]


def test_an_interrupted_round_goes_on_and_tells_of_all(book: Path, course: Path) -> None:
    allow(course, 10_000)
    assert regrade(book, course, "ben")["graded"] == 1
    (book / "regrades" / "1" / "changes.json").unlink()  # as if it had been killed before
    found = regrade(book, course)
    assert (found["graded"], [each["name"] for each in found["changed"]]) == (2, ["ben"])
    allow(course, 100_000)
    assert regrade(book, course)["checks"][0]["gained"] == {"ben": "failed 0 -> passed 2"}
    rounds = sorted((book / "regrades").iterdir())
    told = [json.loads((each / "changes.json").read_text()) for each in rounds]
    assert [each["graded"] for each in told] == [2, 2]


def test_what_can_t_be_judged_keeps_its_report(book: Path, course: Path) -> None:
    before = (book / f"reports/{LAB}/ada/1.json").read_bytes()
    (course / "graders" / f"test_{LAB}.py").write_text("raise RuntimeError")
    found = regrade(book, course, "ada", code=errors.MACHINE)
    assert (found["graded"], found["unjudged"]) == (0, ["ada"])
    assert (book / f"reports/{LAB}/ada/1.json").read_bytes() == before


def test_files_that_were_changed_or_lost_are_named(book: Path, course: Path) -> None:
    allow(course, 10_000)
    kept = {report.run.learner: read_gradebook(book).kept(LAB, report.digests.submission)
            for report in read_gradebook(book).graded()}  # fmt: skip
    ada, ben = kept["ada"], kept["ben"]
    assert ada
    assert ben
    shutil.copy(ada, ben)
    ada.unlink()
    found = regrade(book, course, code=errors.MACHINE)
    assert found["lost"] == ["ada"]
    assert "its files are not those that were graded" in found["trouble"][0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("eve",), "has no report of a learner `eve`"),
        (("ada", "--lab", "102"), "has no report of a learner `ada` on 102_slow"),
        (("--lab", "999"), "There is no lab `999`"),
        (("--sandbox", "chroot"), "There is no sandbox `chroot`"),
    ],
)
def test_bad_input_is_one_sentence(
    book: Path, course: Path, words: tuple[str, ...], said: str
) -> None:
    done = cli("regrade", book, "--course", course, "--weak-limits", *words)
    assert (done.returncode, said in done.stderr) == (errors.BAD_INPUT, True), done.stderr


def test_another_course_is_bad_input(book: Path) -> None:
    done = cli("regrade", book)
    assert done.returncode == errors.BAD_INPUT
    assert "reports on 101_static, which this course does not have" in done.stderr


def test_the_last_packer_too_makes_a_report_stale(book: Path, course: Path) -> None:
    backend = choose("bubblewrap", {"packer"}, [course], full_limits=False)
    opened, whole = read_gradebook(book), Course(course)
    assert plan(opened, Today(whole, backend.packer().digest), lambda _: True).again == {}
    found = plan(opened, Today(whole, "sha256:other"), lambda _: True)
    assert {tuple(stale.why) for stale in found.all()} == {("packer",)}


def test_a_class_s_own_policy_makes_stale_what_reads_it(course: Path) -> None:
    ours = course / "graders" / f"test_{LAB}.py"
    strict = Course(course).under(Policy(regions=["eu-central-1"]))
    lab = strict.lab(LAB)
    limits = msgspec.structs.asdict(lab.limits)
    now = Digests("", lab.digest, lab.grader_digest, engine_digest())
    report = msgspec.structs.replace(reported(), digests=now, run=Run(limits=limits))
    assert Today(strict).changed(report) == []  # its grader reads no policy
    ours.write_text(f"{ours.read_text()}# and the policy\n")
    assert Today(strict).changed(report) == ["grader", "policy"]


def reported(*checks: Check, attempt: int = 1) -> Report:
    report = conclude(LAB, list(checks))
    return msgspec.structs.replace(report, run=Run(learner="ada", name="Ada", attempt=attempt))


def test_checks_that_come_and_go_are_told(tmp_path: Path) -> None:
    old, new = Check("test_a", "A.", "passed", 2, 2), Check("test_b", "B.", "failed", 0, 1)
    with open_gradebook(tmp_path / "book", "bubblewrap") as book:
        book.save(reported(old))
        book.override(reported(old), Override("test_a", 1, "Half.", "", "2026-01-31"))
        this = Round(book)
        this.save(reported(new))
        changes: Changes = this.changes()
        assert [(each.check, each.before, each.after) for each in changes.changed[0].checks] == [
            ("test_b", "not there", "failed"),
            ("test_a", "passed", "not there"),
        ]
        assert [(check, counts) for _, check, counts in this.by_hand()] == [("test_a", False)]
