"""A class: resumed after any crash, the same with any number of jobs, and nothing left behind."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from packerlab import state
from packerlab.classroom.batch import Batch
from packerlab.classroom.units import MAX_ATTEMPTS, needs_of
from packerlab.course import Course
from packerlab.errors import SandboxError
from packerlab.executors.local import Local, LocalBench
from packerlab.gradebook import open_gradebook, read_gradebook
from packerlab.packer.environment import packer_version
from packerlab.sandbox import Sandbox, choose
from packerlab.sandbox.bubblewrap import Bubblewrap
from packerlab.submissions import reader
from packerlab.submissions.classes import handed_in
from tests.waiting import PATIENCE_S, sleepers, until

if TYPE_CHECKING:
    from packerlab.classroom.batch import Tally
    from packerlab.lab import Lab, Limits
    from packerlab.report import Report
    from packerlab.sandbox.base import Backend, Needs
    from packerlab.sandbox.bubblewrap import Started
    from packerlab.submissions.workspaces import Submission

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "benchmarks" / "course"
TEMPLATE = (STATIC / "labs" / "101_static" / "solution" / "main.pkr.hcl").read_text()
JOBS = 2
SLOW = STATIC / "labs" / "102_slow" / "solution"

SLEEPY = {
    "labs/101_sleepy/lab.toml": """
format = 1
title = "Sleepy"
minutes = 1
packer = ">=1.6.6"
needs = ["packer"]
components = ["source.null", "provisioner.shell-local"]
outputs = ["out"]
after = []
deadline_s = 4
cpu_s = 2
memory_mb = 256
disk_mb = 16
""",
    "graders/test_101_sleepy.py": '''
from packerlab.grader import check


@check(points=1)
def test_first(submission):
    """There are files."""
    assert submission, "There are none."


@check(points=1)
def test_ends(build):
    """The build ends."""
    build().expect_success()
''',
}


def workspace(folder: Path, text: str = TEMPLATE, lab: str = "101_static") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".packerlab.toml").write_text(f'format = 1\nlab = "{lab}"\n')
    (folder / "main.pkr.hcl").write_text(text)
    return folder


def a_class(folder: Path, count: int) -> Path:
    for number in range(count):
        workspace(folder / f"learner-{number:02}", f"# {number}\n{TEMPLATE}")
    return folder


def grade(course: Path, crowd: Path, out: Path, jobs: int = 2) -> tuple[Tally, list[Report]]:
    """Grade in this process; the tally, and each report as it came."""
    heard: list[Report] = []
    backend = choose("bubblewrap", {"packer"}, [course], full_limits=True)
    with open_gradebook(out, "bubblewrap") as book:
        batch = Batch(Course(course), book, Local(backend, jobs), heard.append)
        tally = batch.run(handed_in([crowd], None).handed, None)
    return tally, heard


def saved(out: Path) -> dict[str, dict[str, Any]]:
    """What a gradebook says, without how it went this time."""
    found = {}
    for path in sorted((out / "reports").rglob("*.json")):
        report = json.loads(path.read_text())
        del report["run"]
        found[path.relative_to(out).as_posix()] = report
    return found


def reports_in(book: Path) -> list[Path]:
    return list(book.glob("reports/*/*/*.json"))


def command(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "packerlab", *map(str, words)]


def session() -> str:
    """What the names of all runs with this test session's cache begin with."""
    return "-".join(state.run_name().split("-")[:2])


def groups() -> list[str]:
    return [path.name for path in Path("/sys/fs/cgroup/memory").glob(f"{session()}-*")]


def processes() -> list[str]:
    """The command lines of this session's runs, and of what they started; of no one else's."""
    ours = (session(), str(state.cache_folder().parent.parent))
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            line = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            group = (path / "cgroup").read_text()
        except OSError:
            continue
        sandboxed = "/opt/packerlab/" in line or "-m packerlab grade" in line
        if sandboxed and any(name in line + group for name in ours):
            found.append(line)
    return found


@pytest.fixture
def sleepy(tmp_path: Path) -> Path:
    """A course whose only lab gives four seconds."""
    for name, text in SLEEPY.items():
        path = tmp_path / "course" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    starter = tmp_path / "course" / "labs" / "101_sleepy" / "starter"
    shutil.copytree(SLOW, starter)
    (starter.parent / "README.md").write_text("Sleep less.\n")
    return tmp_path / "course"


def test_any_number_of_jobs_gives_the_same_bytes(tmp_path: Path) -> None:
    crowd = a_class(tmp_path / "class", 8)
    workspace(crowd / "wrong", "# no source\n")
    workspace(crowd / "broken", "source {\n")
    grade(STATIC, crowd, tmp_path / "one", jobs=1)
    tally, _ = grade(STATIC, crowd, tmp_path / "four", jobs=4)
    assert saved(tmp_path / "one") == saved(tmp_path / "four")
    assert str(tally).startswith("graded 10, passed 8, failed 2, rejected 0, limits 0, timeouts 0,")


def test_what_is_saved_is_not_graded_again(tmp_path: Path) -> None:
    crowd = a_class(tmp_path / "class", 3)
    grade(STATIC, crowd, tmp_path / "book")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "book").rglob("*.json")}
    workspace(crowd / "learner-03")
    tally, heard = grade(STATIC, crowd, tmp_path / "book")
    assert (tally.kept, len(heard)) == (3, 4)
    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "book").rglob("*.json")}
    reports = {path: when for path, when in before.items() if path.parent.name != "book"}
    assert reports.items() <= after.items()


def test_killed_at_any_moment_and_run_again(tmp_path: Path) -> None:
    """SIGKILL at once, early, late; what was saved stays, another run is unharmed."""
    crowd = a_class(tmp_path / "class", 30)
    grade(STATIC, crowd, tmp_path / "undisturbed")
    book = tmp_path / "killed"
    quiet: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    words: list[str | Path] = [
        "grade",
        crowd,
        "--course",
        STATIC,
        "--jobs",
        "2",
        "--sandbox",
        "bubblewrap",
        "--out",
    ]
    beside = subprocess.Popen(command(*words, tmp_path / "beside"), **quiet)
    kept: dict[Path, int] = {}
    for more in (0, 1, 8):
        process = subprocess.Popen(command(*words, book), **quiet)
        until(lambda: book.is_dir() and len(reports_in(book)) >= len(kept) + more, "reports")  # noqa: B023
        process.kill()
        process.wait()
        now = {path: path.stat().st_mtime_ns for path in reports_in(book)}
        assert kept.items() <= now.items()
        kept = now
    subprocess.run(command(*words, book), check=True, **quiet)
    assert beside.wait(120) == 0
    assert saved(book) == saved(tmp_path / "beside") == saved(tmp_path / "undisturbed")
    until(lambda: not processes(), "all processes end")
    assert groups() == []


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_after_a_signal_in_a_build(tmp_path: Path, sign: signal.Signals) -> None:
    for number in range(JOBS):
        workspace(
            tmp_path / "class" / f"l{number}", (SLOW / "main.pkr.hcl").read_text(), "102_slow"
        )
    out = tmp_path / "book"
    words: list[str | Path] = ["--course", STATIC, "--out", out, "--sandbox", "bubblewrap"]
    words += ["--jobs", str(JOBS)]
    process = subprocess.Popen(
        command("grade", tmp_path / "class", *words),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    until(lambda: len(sleepers(process.pid, "50")) == JOBS, "each job builds")
    if sign == signal.SIGINT:
        os.killpg(process.pid, sign)
        assert process.wait(PATIENCE_S) == 130
        assert "interrupted" in process.communicate()[1]
    else:
        process.kill()
        process.communicate()
    until(lambda: not processes(), "all processes end")
    if sign == signal.SIGKILL:  # what nobody could clean up, the next start does
        subprocess.run(command("sandbox", "status"), check=True, capture_output=True)
    assert groups() == []
    assert reports_in(out) == []


class Counting(Local):
    """Knows of which labs a grading has begun."""

    def __init__(self, backend: Backend, jobs: int) -> None:
        super().__init__(backend, jobs)
        self.begun: list[str] = []

    def bench(self) -> LocalBench:
        return CountingBench(self._backend, self.begun)


class CountingBench(LocalBench):
    def __init__(self, backend: Backend, begun: list[str]) -> None:
        super().__init__(backend)
        self._begun = begun

    def grade(self, lab: Lab, submission: Submission, needs: Needs | None = None) -> Report:
        self._begun.append(lab.slug)
        return super().grade(lab, submission, needs)


def test_what_ends_a_class_begins_no_more_of_a_learner_s_work(tmp_path: Path) -> None:
    slow = (SLOW / "main.pkr.hcl").read_text()
    for attempt in (1, 2):
        workspace(tmp_path / "class" / "ada" / f"{attempt}", f"# {attempt}\n{slow}", "102_slow")
    workspace(tmp_path / "class" / "ben")
    backend = choose("bubblewrap", {"packer"}, [STATIC], full_limits=True)
    executor = Counting(backend, JOBS)

    def ends(_: Report) -> None:
        until(lambda: sleepers(os.getpid(), "50"), "the other job builds")
        raise KeyboardInterrupt

    with open_gradebook(tmp_path / "book", "bubblewrap") as book, pytest.raises(KeyboardInterrupt):
        Batch(Course(STATIC), book, executor, ends).run(
            handed_in([tmp_path / "class"], None).handed, None
        )
    assert sorted(executor.begun) == ["101_static", "102_slow"]


def test_a_gradebook_in_use_is_bad_input(tmp_path: Path) -> None:
    crowd = a_class(tmp_path / "class", 1)
    with open_gradebook(tmp_path / "book", None):
        ended = subprocess.run(
            command("grade", crowd, "--course", STATIC, "--out", tmp_path / "book"),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert ended.returncode == 2
    assert "in use" in ended.stderr


def test_the_wall_clock_alone_gets_a_second_try_after_the_rest(
    tmp_path: Path, sleepy: Path
) -> None:
    workspace(tmp_path / "class" / "a", (SLOW / "main.pkr.hcl").read_text(), "101_sleepy")
    quick = (SLOW / "main.pkr.hcl").read_text().replace("sleep 50", "true")
    workspace(tmp_path / "class" / "b", quick, "101_sleepy")
    started = time.monotonic()
    tally, heard = grade(sleepy, tmp_path / "class", tmp_path / "book", jobs=1)
    assert [report.run.learner for report in heard] == ["b", "a"]
    late = heard[1]
    assert (late.status, late.score, late.max_score) == ("timeout", 1, 2)
    assert late.reason == "test_ends: more than 4 s in all."
    assert tally.counts["timeout"] == 1
    assert time.monotonic() - started > 2 * 4


def test_a_class_needs_what_its_own_labs_need(tmp_path: Path) -> None:
    """A course's other labs may need what this machine has not."""
    ours = Course(Path(__file__).parents[2])
    (tmp_path / "not a zip.zip").write_bytes(b"PK")
    workspace(tmp_path / "ada", lab="101_first_build")
    workspace(tmp_path / "bob", lab="no_such_lab")
    assert needs_of(ours, handed_in([tmp_path], None).handed) == {"packer"}
    workspace(tmp_path / "eve", lab="107_first_container")
    found = needs_of(ours, handed_in([tmp_path], None).handed)
    assert found == {"packer", "containers"}


def test_workspaces_of_one_lab_are_attempts(tmp_path: Path) -> None:
    crowd = tmp_path / "class"
    workspace(crowd / "l1" / "a")
    workspace(crowd / "l1" / "b", f"# again\n{TEMPLATE}")
    for _ in range(2):
        grade(STATIC, crowd, tmp_path / "book")
        assert [Path(name).name for name in saved(tmp_path / "book")] == ["1.json", "2.json"]
    shutil.rmtree(crowd / "l1" / "b")
    grade(STATIC, crowd, tmp_path / "book")
    latest = list(read_gradebook(tmp_path / "book").latest())
    assert [report.run.attempt for report in latest] == [3]
    assert latest[0].digests == saved_digests(tmp_path / "book", 1)


def saved_digests(book: Path, attempt: int) -> Any:
    reports = {each.run.attempt: each for each in read_gradebook(book).reports()}
    return reports[attempt].digests


def test_a_refused_submission_is_reported_and_the_rest_goes_on(tmp_path: Path) -> None:
    crowd = a_class(tmp_path / "class", 1)
    workspace(crowd / "links").joinpath("more.pkr.hcl").symlink_to("/etc/passwd")
    workspace(crowd / "other", lab="101_nowhere")
    (crowd / "none").mkdir()
    (crowd / "essay.docx").write_text("hello")
    (crowd / "cut.zip").write_bytes(b"PK\3\4")
    tally, heard = grade(STATIC, crowd, tmp_path / "book")
    reasons = {report.run.learner: (report.lab, report.reason) for report in heard}
    assert tally.counts["rejected"] == 5
    assert tally.counts["passed"] == 1
    assert reasons["links"] == (
        "101_static",
        "more.pkr.hcl is a link; only regular files are read.",
    )
    assert reasons["other"] == ("unknown", "its marker names no lab of this course.")
    assert reasons["none"][1].startswith("there is no workspace in it")
    assert reasons["essay.docx"][1].startswith("essay.docx is no folder, .zip")
    assert "not a readable zip" in reasons["cut"][1]
    refused = next(report for report in heard if report.run.learner == "links")
    assert (refused.score, refused.max_score) == (0, 3)
    assert {check.outcome for check in refused.checks} == {"blocked"}


def test_what_this_machine_can_t_read_is_a_fault_and_no_attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd, out = a_class(tmp_path / "class", 2), tmp_path / "book"
    whole = reader._open_beneath

    def broken_disk(root: Path, inside: Path) -> int:
        if (root / inside).parent.name == "learner-00":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return whole(root, inside)

    with monkeypatch.context() as at_first:
        at_first.setattr(reader, "_open_beneath", broken_disk)
        tally, heard = grade(STATIC, crowd, out)
    assert (tally.counts["fault"], tally.counts["passed"]) == (1, 1)
    (fault,) = (report for report in heard if report.status == "fault")
    assert (fault.run.learner, fault.score) == ("learner-00", None)
    assert fault.reason.endswith("can't be read: Input/output error.")
    assert len(saved(out)) == 1
    tally, heard = grade(STATIC, crowd, out)
    assert (tally.counts["passed"], tally.kept) == (2, 1)
    assert {report.run.attempt for report in heard} == {1}


def test_learners_are_told_apart_by_their_entries(tmp_path: Path) -> None:
    crowd = tmp_path / "class"
    workspace(crowd / "Ada")
    shutil.make_archive(str(crowd / "ada"), "zip", crowd / "Ada")
    workspace(tmp_path / "wrapped" / "my work")
    shutil.make_archive(str(crowd / "ben"), "gztar", tmp_path / "wrapped")
    workspace(crowd / "cleo" / "week 1" / "lab")
    workspace(crowd / ".d\N{LATIN SMALL LETTER E WITH ACUTE}")
    (crowd / ".git").mkdir()
    tally, heard = grade(STATIC, crowd, tmp_path / "book")
    verdicts = {report.run.learner: report.verdict for report in heard}
    assert verdicts == {
        "Ada": "rejected",
        "ada": "rejected",
        "ben": "passed",
        "cleo": "passed",
        "%2Ed%C3%A9": "passed",
    }
    assert {report.reason for report in heard} == {
        "",
        "another entry has the same learner's name.",
    }
    assert tally.counts["rejected"] == 2


class Unsteady(Bubblewrap):
    """A sandbox whose machine is short of something the first `failures` times."""

    def __init__(self, failures: int) -> None:
        super().__init__([STATIC])
        self.failures = failures
        self.started = 0

    def start(self, limits: Limits, needs: Needs) -> Started:
        self.started += 1
        if self.started <= self.failures:
            raise SandboxError("The machine is short of something.")
        return super().start(limits, needs)


@pytest.mark.parametrize(("failures", "verdict", "started"), [(1, "passed", 2), (9, "fault", 2)])
def test_what_the_machine_fails_at_is_tried_once_more(
    tmp_path: Path, failures: int, verdict: str, started: int
) -> None:
    crowd = a_class(tmp_path / "class", 1)
    backend = Unsteady(failures)
    if reason := backend.unavailable():
        pytest.skip(f"bubblewrap: {reason}")
    with closing(Sandbox(Bubblewrap([]), Course(STATIC).lab("101").limits)) as steady:
        packer_version(steady)  # asked once, and remembered
    heard: list[Report] = []
    with open_gradebook(tmp_path / "book", "bubblewrap") as book:
        batch = Batch(Course(STATIC), book, Local(backend, 1), heard.append)
        batch.run(handed_in([crowd], None).handed, None)
    assert [report.verdict for report in heard] == [verdict]
    assert backend.started == started
    assert heard[0].score == (None if verdict == "fault" else heard[0].max_score)


def test_with_a_lab_named_markers_are_held_against_it(tmp_path: Path) -> None:
    crowd = tmp_path / "class"
    workspace(crowd / "other", lab="102_slow")
    workspace(crowd / "same")
    (workspace(crowd / "unmarked") / ".packerlab.toml").unlink()
    (workspace(crowd / "garbled") / ".packerlab.toml").write_bytes(b"\xff[[")
    backend = choose("bubblewrap", {"packer"}, [STATIC], full_limits=True)
    heard: list[Report] = []
    with open_gradebook(tmp_path / "book", "bubblewrap") as book:
        lab = Course(STATIC).lab("101")
        batch = Batch(Course(STATIC), book, Local(backend, JOBS), heard.append)
        batch.run(handed_in([crowd], lab).handed, lab)
    reasons = {report.run.learner: report.reason for report in heard}
    assert reasons == {
        "other": "its marker names another lab.",
        "same": "",
        "unmarked": "",
        "garbled": "",
    }


def test_the_newest_attempts_are_graded_and_the_report_says_which(tmp_path: Path) -> None:
    crowd = tmp_path / "class"
    for number in range(1, MAX_ATTEMPTS + 3):
        workspace(crowd / "ada" / f"attempt {number}", f"# {number}\n{TEMPLATE}")
    workspace(crowd / "ada" / "attempt 12.kept-1", "# no source\n")
    for _ in range(2):
        tally, _ = grade(STATIC, crowd, tmp_path / "book")
        assert tally.counts["passed"] == MAX_ATTEMPTS
        (latest,) = read_gradebook(tmp_path / "book").latest()
        assert (latest.run.attempt, latest.run.workspace) == (MAX_ATTEMPTS, "attempt 12")
        older = [f"attempt {n} (an older attempt)" for n in (1, 2)]
        assert latest.run.passed_over == older


def test_the_attempts_before_the_newest_share_a_deadline(tmp_path: Path, sleepy: Path) -> None:
    crowd = tmp_path / "class"
    slow = (SLOW / "main.pkr.hcl").read_text()
    for number in range(1, 5):
        workspace(crowd / "ada" / str(number), f"# {number}\n{slow}", "101_sleepy")
    workspace(crowd / "ada" / "5", slow.replace("sleep 50", "true"), "101_sleepy")
    _, heard = grade(sleepy, crowd, tmp_path / "book", jobs=1)
    assert [report.verdict for report in heard] == ["timeout"] * 4 + ["passed"]
    assert "used up the lab's time" in heard[3].reason
    assert heard[4].run.workspace == "5"


def test_a_lab_that_this_machine_can_t_serve_is_one_incomplete_report(
    tmp_path: Path, sleepy: Path
) -> None:
    toml = sleepy / "labs" / "101_sleepy" / "lab.toml"
    other = sleepy / "labs" / "102_other"
    shutil.copytree(toml.parent, other)
    shutil.copy(sleepy / "graders" / "test_101_sleepy.py", sleepy / "graders" / "test_102_other.py")
    (other / "lab.toml").write_text(
        toml.read_text().replace('needs = ["packer"]', 'needs = ["packer", "containers"]')
    )
    quick = (SLOW / "main.pkr.hcl").read_text().replace("sleep 50", "true")
    workspace(tmp_path / "class" / "ada", quick, "101_sleepy")
    workspace(tmp_path / "class" / "eve", quick, "102_other")
    ended = subprocess.run(
        command("grade", tmp_path / "class", "--course", sleepy, "--out", tmp_path / "book",
                "--sandbox", "bubblewrap"),
        env={**os.environ, "PACKERLAB_CACHE": str(tmp_path / "cache")},  # where nothing is prepared
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = {each.run.learner: each for each in read_gradebook(tmp_path / "book").latest()}
    assert found["ada"].passed
    assert (found["eve"].verdict, found["eve"].score, found["eve"].max_score) == (
        "incomplete", None, 2,
    )  # fmt: skip
    assert found["eve"].reason.startswith("this machine can't serve the lab: ")
    assert ended.returncode == 3


def test_a_class_is_graded_under_real_names_and_says_why_work_is_rejected(tmp_path: Path) -> None:
    crowd = tmp_path / "class"
    workspace(crowd / "Zo\u00eb")
    workspace(crowd / "\u5c71\u7530").joinpath(".#main.pkr.hcl").symlink_to("me@host")
    for name in ("ben", "cy"):
        (crowd / name).mkdir()
        (crowd / name / "main.pkr.hcl.txt").write_text(TEMPLATE)
    (crowd / "grades.csv").write_text("name,mark\n")
    ended = subprocess.run(
        command("grade", crowd, "--course", STATIC, "--out", tmp_path / "book"),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    reason = "main.pkr.hcl.txt is no template for Packer: rename it to main.pkr.hcl."
    assert f"rejected 2 (ben, cy): {reason}" in ended.stdout
    assert "passed over, as nobody's: grades.csv" in ended.stdout
    assert "\u5c71\u7530 101_static: passed 3/3\n  passed over: .#main.pkr.hcl\n" in ended.stderr
    assert ended.stderr.count(f"  reason: {reason}\n") == 2
    assert sorted(path.name for path in (tmp_path / "book/reports/101_static").iterdir()) == [
        "%E5%B1%B1%E7%94%B0",
        "Zo%C3%AB",
    ]
