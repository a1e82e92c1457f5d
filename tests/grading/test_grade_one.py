"""One submission at a time, graded by real Packer in a real sandbox: one lab for each outcome."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import hmac
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, NoReturn

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packerlab import forkserver, state
from packerlab.course import Course
from packerlab.grading import grade_one
from packerlab.grading.grade_one import Heard, Line, grade
from packerlab.grading.plugin import Grading
from packerlab.hcl.parsing import parse_trusted
from packerlab.hcl.template import SYNTAX_HINTS
from packerlab.report import Check, Ending, Where, conclude, decode, encode
from tests.toy import COURSE, MESSAGE, ROOT, Bench, handed, lasting, outcomes, program
from tests.waiting import sleepers, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from packerlab.lab import Lab
    from packerlab.report import Outcome
    from packerlab.submissions.workspaces import Submission


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


# --- the four outcomes ---


def test_a_right_answer_passes_every_check(bench: Bench) -> None:
    submission = handed(MESSAGE)
    report = bench.grade("101", submission)
    assert (report.status, report.reason, report.complete) == ("graded", "", True)
    assert (report.score, report.max_score, report.passed) == (10, 10, True)
    assert list(outcomes(report)) == ["message", "source", "default", "files"]
    assert all(check.points == check.max_points for check in report.checks)
    assert report.digests.submission == submission.digest
    assert report.digests.lab == COURSE.lab("101").digest
    assert report.run.sandbox == "bubblewrap"
    assert report.run.cpu_seconds > 0
    assert report.run.grader_cpu_seconds > 0
    assert set(report.run.check_seconds) == {check.name for check in report.checks}
    assert decode(encode(report)) == report


def test_a_wrong_answer_fails_with_what_was_expected_and_found(bench: Bench) -> None:
    report = bench.grade("101", handed(MESSAGE.replace("Hello", "Goodbye")))
    assert outcomes(report)["message"] == "failed"
    failed = report.checks[0]
    assert failed.title == "The build greets by the name that it is given."
    assert failed.message == "out/message.txt holds something else."
    assert failed.expected == "Hello, <hidden>!\n"
    assert failed.found == "Goodbye, <hidden>!\n"
    assert failed.hints == ["What is written?", "Where to?", "Look at `target`."]
    assert (failed.points, failed.max_points) == (0, 3)
    assert (report.status, report.complete, report.score) == ("graded", True, 5)


def test_a_failed_assertion_is_its_message(bench: Bench) -> None:
    report = bench.grade("101", handed(MESSAGE.replace("nobody", "somebody")))
    assert outcomes(report)["default"] == "failed"
    assert report.checks[2].message == "out/message.txt greets somebody."


def test_what_waits_for_a_failed_check_is_blocked(bench: Bench) -> None:
    second = MESSAGE + 'source "file" "other" {\n  target = "out/other.txt"\n}\n'
    report = bench.grade("101", handed(second))
    assert outcomes(report) == {
        "message": "blocked",
        "source": "failed",
        "default": "blocked",
        "files": "passed",
    }
    assert [check.blocked_by for check in report.checks] == [
        "test_source",
        "",
        "test_message",
        "",
    ]
    assert report.checks[1].where == Where("main.pkr.hcl", 1)
    assert report.checks[1].docs == "beginner/101_message#source"
    assert report.checks[0].hints == []
    assert (report.score, report.complete) == (4, True)


def test_an_older_packer_is_no_fault_of_the_learner(bench: Bench) -> None:
    report = bench.grade("102", handed(MESSAGE))
    assert outcomes(report) == {"source": "passed", "build": "incapable"}
    assert report.checks[1].message.startswith("This lab needs Packer >=99.0; here it is 1.")
    assert (report.status, report.complete, report.score) == ("graded", False, None)
    assert not report.passed


@pytest.mark.parametrize(
    ("lab", "reason"),
    [
        ("103", "test_breaks broke: ZeroDivisionError: 0 <hidden> (test_103_raises.py:"),
        ("104", "the grader can't be loaded."),
        ("105", "test_exit broke: AssertionError"),
        ("106", "the grader did not report all its checks."),
        ("107", "test_something has no @check."),
        ("108", "the grader did not report all its checks."),
    ],
)
def test_a_broken_grader_is_a_fault_of_ours(bench: Bench, lab: str, reason: str) -> None:
    report = bench.grade(lab, handed(MESSAGE))
    assert report.status == "fault"
    assert report.reason.startswith(reason)
    assert (report.complete, report.score, report.passed) == (False, None, False)


def test_what_a_broken_grader_raised_is_kept_for_us(bench: Bench) -> None:
    report = bench.grade("103", handed(MESSAGE))
    assert outcomes(report) == {"first": "passed", "breaks": "blocked", "after": "blocked"}
    (log,) = (state.state_folder() / "log").iterdir()
    text = log.read_text()
    assert "ZeroDivisionError" in text
    assert "test_103_raises.py" in text
    assert hidden_value(handed(MESSAGE)) not in text


@pytest.mark.parametrize("name", ["PYTEST_ADDOPTS", "PYTEST_PLUGINS"])
def test_pytest_takes_no_orders_from_the_environment(name: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(name, "-k=test_source")
        lab = COURSE.lab("101")
        bench = Bench()
        report = grade_one.grade(lab, handed(MESSAGE), bench.sandbox(lab), lab.limits)
        bench.close()
    assert report.status == "fault"
    assert name in report.reason


# --- a template that can't be read ---


@pytest.mark.parametrize(
    ("lab", "asking"), [("101", "test_source"), ("109", "test_equal_builds_run_once")]
)
def test_a_syntax_problem_fails_one_check(bench: Bench, lab: str, asking: str) -> None:
    report = bench.grade(lab, handed(MESSAGE + "build {\n  sources = [}\n"))
    by_name = {check.name: check for check in report.checks}
    failed = by_name.pop(asking)
    assert failed.outcome == "failed"
    assert failed.message == "The template can't be read: expected a value, but found `}`."
    assert failed.hints == list(SYNTAX_HINTS)
    assert failed.docs == ""
    assert failed.where == Where("main.pkr.hcl", 15, 14)
    assert {check.outcome for check in by_name.values()} == {"blocked"}
    assert {check.blocked_by for check in by_name.values()} == {asking}
    assert report.run.cpu_seconds == 0  # Packer was not run
    assert report.status == "graded"


# --- the order of checks ---


def test_static_checks_run_first_and_the_report_keeps_file_order(bench: Bench) -> None:
    heard: list[str] = []
    report = bench.grade("112", program("true"), lambda check: heard.append(check.name))
    assert heard == ["test_static", "test_last", "test_built", "test_waits"]
    assert [check.name for check in report.checks] == [
        "test_built",
        "test_static",
        "test_waits",
        "test_last",
    ]


def test_no_check_runs_after_the_first_that_fails_where_one_is_enough(bench: Bench) -> None:
    second = MESSAGE + 'source "file" "other" {\n  target = "out/other.txt"\n}\n'
    report = bench.grade("101", handed(second), until_failed=True)
    assert outcomes(report) == {
        "message": "blocked",
        "source": "failed",
        "default": "blocked",
        "files": "blocked",
    }
    assert report.checks[3].blocked_by == "test_source"
    assert (report.status, report.complete, report.passed) == ("graded", True, False)
    assert bench.grade("101", handed(MESSAGE), until_failed=True).passed


# --- builds and hidden inputs ---


def test_equal_builds_run_once_and_a_second_runs_again(bench: Bench) -> None:
    own = COURSE.lab("109").starter / "main.pkr.hcl"
    report = bench.grade("109", handed(own.read_text()))
    assert set(outcomes(report).values()) == {"passed"}


def hidden_value(submission: Submission, name: str = "name") -> str:
    """What the contract says that `hidden(name)` is."""
    said = f"{submission.digest}\0{name}".encode()
    return hmac.new(COURSE.secret, said, hashlib.sha256).hexdigest()[:16]


REPEATED = """\
variable "name" {
  default = ""
}

locals {
  shown = var.name == "" ? "" : file("on ${var.name} line 7 of ${var.name}")
}
"""


def test_a_hidden_input_is_shown_nowhere(bench: Bench) -> None:
    submission = handed(MESSAGE + REPEATED.replace('"name"', '"other"', 1))
    report = bench.grade("111", submission)
    written = encode(report).decode()
    assert hidden_value(submission) not in written
    (check,) = report.checks
    assert check.outcome == "failed"
    assert check.expected == "<hidden>"
    assert "<hidden>" in check.message
    assert "<hidden>" in check.found
    assert check.where is not None


def test_a_hidden_input_is_the_submission_s_own(bench: Bench) -> None:
    """The same at every run, another for another submission: the build is given it by -var."""
    for template in (MESSAGE, MESSAGE + "# another\n"):
        submission = handed(template)
        value = hidden_value(submission)
        cheat = handed(template.replace("Hello, ${var.name}!", f"Hello, {value}!"))
        assert hidden_value(cheat) != value
        assert outcomes(bench.grade("101", submission))["message"] == "passed"
        assert outcomes(bench.grade("101", cheat))["message"] == "failed"


def test_what_no_build_sees_changes_no_hidden_input() -> None:
    """Or somebody hands in one output after the other, until the value is the one that is typed."""

    def value(**others: str) -> str:
        submission = handed(MESSAGE, **others)
        return _grading(submission)._hidden("name")

    plain = value()
    assert plain == hidden_value(handed(MESSAGE))
    assert value(out__message="0") != plain
    assert value(**{"out/message__txt": "1", "out/more": "2"}) == plain
    assert value(notes="3") != plain


def _grading(submission: Submission) -> Grading:
    def nothing(*_: object) -> None:
        return None

    parsed = partial(parse_trusted, submission.files)
    return Grading(COURSE.lab("101"), submission, parsed, None, nothing, nothing)


def test_equal_gradings_are_the_same_bytes(bench: Bench) -> None:
    broken = handed(MESSAGE.replace("message.txt", "massage.txt"))
    unknown = handed(MESSAGE.replace('"file" "message"', '"fil" "message"'))
    for submission in (handed(MESSAGE), broken, unknown):
        first, second = (lasting(bench.grade("101", submission)) for _ in range(2))
        assert first == second


# --- bounds ---


@pytest.mark.parametrize(
    ("command", "reason", "retry"),
    [
        ("sleep 60", "test_build: more than 8 s in all.", True),
        ("while :; do :; done", "test_build: more than 1 s of CPU time.", False),
    ],
)
def test_a_report_that_runs_out_of_time_keeps_what_ended(
    bench: Bench, command: str, reason: str, *, retry: bool
) -> None:
    report = bench.grade("110", program(command))
    assert (report.status, report.reason) == ("timeout", reason)
    assert outcomes(report) == {"valid": "passed", "build": "blocked", "after": "blocked"}
    assert (report.score, report.max_score, report.complete) == (1, 3, True)
    assert report.run.retry == retry


def test_a_grader_that_takes_too_long_is_ended_and_told(bench: Bench) -> None:
    report = bench.grade("113", program("true"))
    reason = "test_endless: more than 1 s of CPU time to grade it."
    assert (report.status, report.reason) == ("timeout", reason)
    assert outcomes(report) == {"first": "passed", "endless": "blocked"}
    assert report.run.cpu_seconds == 0
    assert report.run.grader_cpu_seconds > 0.5


def test_the_next_report_on_the_same_sandbox_is_unharmed(bench: Bench) -> None:
    bench.grade("110", program("sleep 60 & sleep 60"))
    assert bench.grade("110", program("echo done > out/message.txt")).passed


# --- what a lab does not allow ---

INSIDE = {
    "provisioner": 'provisioner "shell-local" {\n inline = ["true"]\n }',
    "post-processor": 'post-processor "manifest" {\n }',
    "post-processor in a chain": 'post-processors {\n post-processor "compress" {\n }\n }',
    "dynamic": 'dynamic "provisioner" {\n for_each = [1]\n labels = ["shell-local"]\n'
    ' content {\n inline = ["true"]\n }\n }',
    "dynamic with computed labels": 'dynamic "provisioner" {\n for_each = ["shell-local"]\n'
    ' labels = [provisioner.value]\n content {\n inline = ["true"]\n }\n }',
    "in a dynamic chain": 'dynamic "post-processors" {\n for_each = [1]\n content {\n'
    ' post-processor "manifest" {\n }\n }\n }',
    "after an error": 'error-cleanup-provisioner "shell-local" {\n inline = ["true"]\n }',
}


@pytest.mark.parametrize("inside", INSIDE.values(), ids=INSIDE)
def test_a_component_that_the_lab_does_not_name_rejects(bench: Bench, inside: str) -> None:
    template = MESSAGE.replace('message"]\n}', f'message"]\n {inside}\n}}')
    report = bench.grade("101", handed(template))
    assert report.status == "rejected"
    assert "main.pkr.hcl:1" in report.reason
    assert {check.outcome for check in report.checks} == {"blocked"}
    assert (report.score, report.complete, report.passed) == (0, True, False)


@pytest.mark.parametrize("block", ['source "null" "n"', 'data "amazon-ami" "n"', 'dynamic "build"'])
def test_a_foreign_component_at_the_top_rejects(bench: Bench, block: str) -> None:
    report = bench.grade("111", handed(f"{MESSAGE}\n{block} {{\n}}\n"))
    assert report.status == "rejected"
    assert "main.pkr.hcl:15" in report.reason


def test_packer_s_own_list_rejects_too(bench: Bench) -> None:
    """A label that our reader took for another would still be Packer's."""
    name = 'name = "x\\n      shell-local"'
    template = MESSAGE.replace('message"]\n}', f'message"]\n {name}\n}}')
    assert bench.grade("101", handed(template)).status == "graded"
    name = 'name = "x\\n    sources:\\n\\n      file.y"'
    template = MESSAGE.replace('message"]\n}', f'message"]\n {name}\n}}')
    report = bench.grade("101", handed(template))
    assert report.status == "rejected"
    assert "line breaks" in report.reason


def test_what_packer_sees_only_with_a_value_is_asked_with_one(bench: Bench) -> None:
    """Packer 1.6.6 crashes in `inspect` where a local splits a variable without a value."""
    given = 'variable "name" {\n}\n\nlocals {\n  words = split(" ", var.name)\n}\n'
    template = given + MESSAGE[MESSAGE.index("source ") :]
    assert outcomes(bench.grade("101", handed(template)))["message"] == "passed"
    foreign = template.replace('message"]\n}', 'message"]\n provisioner "shell" {\n }\n}')
    assert bench.grade("101", handed(foreign)).status == "rejected"


# --- the report's process ---


def test_a_killed_process_harms_its_own_report_only(bench: Bench) -> None:
    killed: list[int] = []

    def kill() -> None:
        while not killed:
            for process in multiprocessing.active_children():
                if process.pid:
                    until(lambda: sleepers(os.getpid(), "53"), "the build begins")
                    os.kill(process.pid, signal.SIGKILL)
                    killed.append(process.pid)
            time.sleep(0.01)

    killer = threading.Thread(target=kill)
    killer.start()
    report = bench.grade("110", program("sleep 53"))
    killer.join()
    assert (report.status, report.reason) == ("fault", "the grading process died.")
    assert (report.complete, report.score) == (False, None)
    assert bench.grade("110", program("echo done > out/message.txt")).passed


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"passed",
        b"\xff\xfe",
        b"[]",
        b'{"end": 1}',
        b'{"end": {"status": "passed"}}',
        b'{"plan": [{"name": "test_x"}]}',
        b'{"check": {"name": "test_x", "title": "", "outcome": "won", "points": 1,'
        b' "max_points": 1}}',
        b"[" * 100_000,
        b"x" * (grade_one.MAX_LINE + 1),
    ],
    ids=lambda said: said[:24].decode(errors="replace"),
)
def test_a_process_that_babbles_is_a_fault(said: bytes) -> None:
    ours, theirs = multiprocessing.Pipe(duplex=False)
    heard = Heard(None)

    def send() -> None:
        with contextlib.suppress(BrokenPipeError):
            theirs.send_bytes(said)
        theirs.close()

    sender = threading.Thread(target=send)
    sender.start()
    assert not grade_one._listen(ours, heard, time.monotonic() + 5)
    ours.close()
    sender.join()
    assert heard.ending.status == "fault"
    assert not conclude("101_message", heard.checks(), heard.ending.status).passed


def test_a_machine_without_room_for_a_process_is_asked_again(bench: Bench) -> None:
    class Full(multiprocessing.context.ForkContext):
        def Pipe(self, duplex: bool = True) -> NoReturn:  # noqa: ARG002, N802
            raise OSError(errno.ENFILE, os.strerror(errno.ENFILE))

    lab = COURSE.lab("101")
    report = grade(lab, handed(MESSAGE), bench.sandbox(lab), lab.limits, context=Full())
    assert (report.status, report.score, report.run.retry) == ("fault", None, True)
    assert report.reason.endswith("process that grades: [Errno 23] Too many open files in system")
    assert bench.grade("101", handed(MESSAGE)).passed


def test_a_screen_that_breaks_is_not_a_process_that_died() -> None:
    ours, theirs = multiprocessing.Pipe(duplex=False)
    theirs.send_bytes(
        b'{"check": {"name": "a", "title": "", "outcome": "passed", "points": 1, "max_points": 1}}'
    )

    def gone(_: Check) -> None:
        raise BrokenPipeError

    with ours, theirs, pytest.raises(BrokenPipeError):
        grade_one._listen(ours, Heard(gone), time.monotonic() + 60)


def test_a_process_that_never_ends_its_talk_is_cut_off() -> None:
    ours, theirs = multiprocessing.Pipe(duplex=False)
    heard = Heard(None)

    def talk() -> None:
        with contextlib.suppress(BrokenPipeError):
            while True:
                theirs.send_bytes(b"{}")

    talker = threading.Thread(target=talk)
    talker.start()
    assert not grade_one._listen(ours, heard, time.monotonic() + 30)
    ours.close()
    talker.join()
    assert heard.ending.status == "fault"


OUTCOMES = st.sampled_from(["passed", "failed", "blocked", "incapable"])
NAMES = st.sampled_from(["test_a", "test_b", "test_c"])


def check_of(name: str, outcome: Outcome) -> Check:
    return Check(name, "It.", outcome, points=int(outcome == "passed"), max_points=1)


LINES = st.one_of(
    st.lists(NAMES, max_size=3, unique=True).map(
        lambda names: Line(plan=[check_of(name, "blocked") for name in names])
    ),
    st.builds(Line, check=st.builds(check_of, NAMES, OUTCOMES)),
    st.builds(
        Line, ending=st.builds(Ending, status=st.sampled_from(["graded", "rejected", "fault"]))
    ),
)


@given(lines=st.lists(LINES, max_size=8))
def test_only_a_whole_story_can_pass(lines: list[Line]) -> None:
    heard = Heard(None)
    for line in lines:
        if not heard.finished:
            heard.hear(msgspec.json.encode(line))
    report = conclude("101_message", heard.checks(), heard.ending.status)
    if report.passed:
        assert heard.plan
        assert {heard.ended[check.name].outcome for check in heard.plan} == {"passed"}


def test_garbage_that_is_json_does_not_decode() -> None:
    with pytest.raises(msgspec.DecodeError):
        Heard(None).hear(json.dumps({"ending": {"status": "won"}}).encode())


MODULES = '''
import json
import sys
from pathlib import Path

from packerlab.grader import check, fail


@check(points=1)
def test_modules(build):
    """All is loaded before a report's process begins."""
    build()
    known = json.loads(Path("KNOWN").read_text())
    own = set(sys.modules) - {*known, __name__}
    if own:
        fail("It imports something.", found=" ".join(sorted(own)))
'''


def test_a_reports_process_imports_nothing(tmp_path: Path, bench: Bench) -> None:
    """What one imports, every report pays for."""
    lab = COURSE.lab("101").slug
    shutil.copytree(ROOT / "labs" / lab, tmp_path / "labs" / lab)
    (tmp_path / "graders").mkdir()
    known = tmp_path / "known.json"
    code = "import packerlab.grading.preload, json, sys; print(json.dumps(list(sys.modules)))"
    listed = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, check=True)
    known.write_bytes(listed.stdout)
    grader = tmp_path / "graders" / f"test_{lab}.py"
    grader.write_text(MODULES.replace("KNOWN", str(known)))
    own = Course(tmp_path).lab("101")
    report = grade(
        own, handed(MESSAGE), bench.sandbox(own), own.limits, context=forkserver.context()
    )
    assert [check.found for check in report.checks] == [""], report


WORDS = '''
from packerlab.grader import check, fail


@check(points=1)
def test_first(build, hidden):
    """It says what is hidden, in capitals."""
    fail("It is another.", expected=hidden("a"), found=hidden("a").upper())


@check(points=1)
def test_again(build):
    """A second build begins with what the first one left."""
    assert "out/message.txt" in build(nth=2).files, "It is not there."
    first, second = build(), build(nth=2)
    assert second.files.text("out/log.txt") == first.files.text("out/log.txt") * 2, "It is not."


@check(points=1, needs=["test_again"])
def test_told(build):
    """A build that fails says what it was given."""
    build({"name": "a b", "nobody": "x"}).expect_success()
'''
GROWING = (
    MESSAGE.replace(
        'sources = ["source.file.message"]', 'sources = ["source.file.message", "source.file.log"]'
    )
    + """
source "file" "log" {
  content = "${join("", [for each in fileset(path.root, "out/log.txt") : file("./${each}")])}+"
  target  = "out/log.txt"
}
"""
)


def with_grader(folder: Path, text: str) -> Lab:
    """The toy course's first lab, with a grader of its own."""
    slug = COURSE.lab("101").slug
    shutil.copytree(ROOT / "labs" / slug, folder / "labs" / slug)
    (folder / "graders").mkdir()
    (folder / "graders" / f"test_{slug}.py").write_text(text)
    return Course(folder).lab("101")


def test_what_is_said_of_values_and_of_builds(tmp_path: Path, bench: Bench) -> None:
    lab = with_grader(tmp_path, WORDS)
    report = grade(
        lab, handed(GROWING), bench.sandbox(lab), lab.limits, context=forkserver.context()
    )
    assert report.status == "graded", report
    hidden, again, told = report.checks
    assert (hidden.expected, hidden.found) == ("<hidden>", "the same with another <hidden>")
    assert again.outcome == "passed", again
    assert told.message == "`packer build -var 'name=a b' -var nobody=x .` fails."


@pytest.mark.parametrize("needed", ["test_later", "test_missing", "test_it"])
def test_a_check_that_needs_what_never_ran_is_a_fault(
    tmp_path: Path, bench: Bench, needed: str
) -> None:
    text = "from packerlab.grader import check\n\n\n"
    for name, needs in (("test_it", needed), ("test_later", "")):
        asked = f", needs={needs!r}" if needs else ""
        text += f"@check(points=1{asked})\ndef {name}(build):\n    pass\n\n\n"
    lab = with_grader(tmp_path, text)
    report = grade(
        lab, handed(MESSAGE), bench.sandbox(lab), lab.limits, context=forkserver.context()
    )
    assert report.status == "fault"
    assert f"test_it needs {needed}, and no check that runs before it" in report.reason


class Lingering:
    """A process that was killed, and that the kernel has not yet taken apart."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def join(self, patience: float) -> None:
        pass

    def is_alive(self) -> bool:
        return True

    def close(self) -> None:
        raise ValueError("Cannot close a process while it is still running.")


def test_a_process_that_takes_long_to_die_ends_no_class() -> None:
    with subprocess.Popen(["sleep", "1000"], start_new_session=True) as process:
        assert grade_one._end_process(Lingering(process.pid), patience=0) is False
    assert process.returncode == -signal.SIGTERM
