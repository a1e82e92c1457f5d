"""What a grader varies in one call, in labs whose scripts and templates look for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from packerlab import forkserver
from packerlab.course import Course
from packerlab.grading.grade_one import grade
from packerlab.submissions.reader import File, digest
from packerlab.submissions.workspaces import Submission
from tests.toy import LAB_TOML, MESSAGE, Bench, outcomes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from packerlab.report import Report

LOOK = r"""
mkdir -p out
grep -rasoE 'canary-[0-9a-f]{16}' /proc/[0-9]*/cmdline /proc/[0-9]*/environ /proc/[0-9]*/mountinfo \
    /workspace /tmp /home /run /etc /opt /dev/shm 2>/dev/null |
    sed -E 's,^/proc/[0-9]+,/proc/N,; s,:canary.*,,' | sort -u >out/seen
"""


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    opened = Bench()
    yield opened
    opened.close()


def graded(folder: Path, bench: Bench, grader: str, **files: str) -> Report:
    """A report on these files, by a lab of scripts that has this grader."""
    (folder / "labs" / "101_varied").mkdir(parents=True)
    (folder / "labs" / "101_varied" / "lab.toml").write_text(LAB_TOML)
    (folder / "graders").mkdir()
    (folder / "graders" / "test_101_varied.py").write_text(grader)
    lab = Course(folder).lab("101")
    own = {name.replace("__", "."): File(text.encode()) for name, text in files.items()}
    handed = Submission(own, digest(own))
    return grade(lab, handed, bench.sandbox(lab), lab.limits, context=forkserver.context())


SEEN = '''
from packerlab.grader import check, expect

LOOK = ["/bin/sh", "look.sh"]


@check(points=1)
def test_before(run, hidden):
    """Before it is given, nothing of it can be found."""
    expect(run(LOOK).files.text("out/seen"), "", "It is there.")


@check(points=1)
def test_given(run, hidden):
    """Then it is where it was put, and on no command line."""
    canary = f"canary-{hidden('x')}"
    answer = run(LOOK, files={"data/hidden.txt": canary.encode()}, env={"CANARY": canary})
    expect(answer.files.text("out/seen"), "/proc/N/environ\\n/workspace/data/hidden.txt\\n", "No.")


@check(points=1)
def test_afterwards(run, hidden):
    """And it is gone afterwards, also where another call goes on from that one."""
    canary = f"canary-{hidden('x')}"
    given = run(LOOK, files={"data/hidden.txt": canary.encode()}, env={"CANARY": canary})
    expect(run(LOOK, after=given).files.text("out/seen"), "", "It is there.")
'''


def test_what_is_given_is_seen_in_that_call_alone(tmp_path: Path, bench: Bench) -> None:
    report = graded(tmp_path, bench, SEEN, look__sh=LOOK)
    assert outcomes(report) == dict.fromkeys(("before", "given", "afterwards"), "passed"), report


VERBS = '''
from packerlab.grader import check, expect

MORE = b"""
variable "odd" {
  type    = string
  default = "odd"
}

source "file" "odd" {
  content = "${var.odd} ${var.name}"
  target  = "out/odd.txt"
}

build {
  sources = ["source.file.odd"]
}
"""
ODD = {"odd.pkr.hcl": MORE, "name.auto.pkrvars.hcl": b'name = "file"'}


@check(points=1)
def test_build(build):
    """A build has a grader's template, values and variables, once for equal calls."""
    answer = build(files=ODD, env={"PKR_VAR_odd": "even"})
    answer.expect_success()
    expect(answer.files.text("out/odd.txt"), "even file", "It is not.")
    assert build(env={"PKR_VAR_odd": "even"}, files=dict(ODD)) is answer, "It was made again."
    assert "out/odd.txt" not in build().files, "It is there without."


@check(points=1)
def test_others(validate, console):
    """So have the other verbs."""
    expect(validate({"odd": "x"}).exit, 1, "It is valid without.")
    expect(validate({"odd": "x"}, files=ODD).exit, 0, "It is not valid.")
    expect(console(["var.odd"], files=ODD, env={"PKR_VAR_odd": "3"}), ["3"], "It is another.")


@check(points=1)
def test_after(build, run):
    """A call goes on from what another one left, with a program of the grader's on its way."""
    first = build({"name": "first"})
    tool = {"bin/tool": b"#!/bin/sh\\ncat out/message.txt >out/copy.txt\\n"}
    copied = run(["tool"], after=first, files=tool, env={"PATH": "/workspace/bin:/usr/bin:/bin"})
    expect(copied.exit, 0, copied.output)
    expect(copied.files.text("out/copy.txt"), "Hello, first!\\n", "It is another.")
    assert run(["ls", "bin"], after=copied).exit, "The tool is still there."
    assert build({"name": "first"}, nth=2) is build({"name": "first"}, after=first), "It is not."
'''


def test_every_verb_takes_what_is_given(tmp_path: Path, bench: Bench) -> None:
    report = graded(tmp_path, bench, VERBS, main__pkr__hcl=MESSAGE)
    assert outcomes(report) == dict.fromkeys(("build", "others", "after"), "passed"), report


MISTAKE = '''
from packerlab.grader import check


@check(points=1)
def test_it(build, validate):
    """It."""
    CALL
'''


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("build(files={'../x': b''})", "ValueError: files=: ../x: a name must stay inside"),
        ("build(env={'A': chr(0)})", "ValueError: env=: A has a zero byte"),
        ("build(account={})", "ValueError: account=: this lab has no account"),
        ("build(after=validate())", "ValueError: after= takes what `build` or `run` has answered"),
        ("build(account={}, after=build())", "ValueError: account= is of a fresh account"),
        ("build(file={})", "TypeError: given() got an unexpected keyword argument 'file'"),
    ],
)
def test_a_grader_s_mistake_is_a_fault(tmp_path: Path, bench: Bench, call: str, words: str) -> None:
    report = graded(tmp_path, bench, MISTAKE.replace("CALL", call), main__pkr__hcl=MESSAGE)
    assert report.status == "fault"
    assert f"test_it broke: {words}" in report.reason


CLASH = '''
from packerlab.grader import check


@check(points=1)
def test_it(run):
    """It."""
    run(["true"], files={"services/db.txt": b""})
'''


def test_a_learner_s_file_in_the_way_fails_the_check(tmp_path: Path, bench: Bench) -> None:
    report = graded(tmp_path, bench, CLASH, services="mine")
    assert [check.message for check in report.checks] == [
        "This check needs the name `services` for files of its own. "
        "Give your file or folder another name."
    ]


# --- a workspace that is nothing but scripts ---

SCRIPTS = '''
from packerlab.grader import check, expect


@check(points=1)
def test_run(run):
    """The script builds what lies in a folder."""
    answer = run(["/bin/sh", "ci.sh"])
    expect(answer.exit, 0, answer.output)
    expect(answer.files.text("out/message.txt"), "Hello, nobody!\\n", "It is another.")


@check(points=1)
def test_build(build):
    """The folder itself is no template, but where a grader makes it one."""
    build(files={"main.pkr.hcl": MESSAGE}).expect_success()
    build().expect_success()


MESSAGE = b"""
source "file" "message" {
  content = "x"
  target  = "out/x"
}

build {
  sources = ["source.file.message"]
}
"""
'''


def test_a_script_needs_no_template_at_the_top(tmp_path: Path, bench: Bench) -> None:
    """As in labs that promote, clean up or check what others have built."""
    files = {"ci__sh": "packer build image", "image/main__pkr__hcl": MESSAGE}
    report = graded(tmp_path, bench, SCRIPTS, **files)
    run, build = report.checks
    assert run.outcome == "passed", run
    assert (build.outcome, build.message) == ("failed", "`packer build .` fails.")
    assert "Could not find any config file" in build.found


def test_a_template_at_the_top_is_looked_into(tmp_path: Path, bench: Bench) -> None:
    text = 'source "null" "x" {\n}\n'
    report = graded(tmp_path, bench, SCRIPTS, ci__sh="true", a__pkr__hcl=text)
    assert report.status == "rejected"
    assert report.reason.startswith("this lab does not use the source `null` (a.pkr.hcl:1); it is")
