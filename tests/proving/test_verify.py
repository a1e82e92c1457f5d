"""What a course proves of itself: each way in which a lab can be wrong is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from packerlab.course import Course
from packerlab.errors import BadInputError, MachineError
from packerlab.proving.verify import answers, brief, missing_or_stray, verify
from packerlab.sandbox import choose
from tests.toy import LAB_TOML, MESSAGE

if TYPE_CHECKING:
    from pathlib import Path

    from packerlab.lab import Lab
    from packerlab.proving.verify import Proof

SLUG = "101_lab"
FILES = {
    "labs/101_lab/lab.toml": LAB_TOML,
    "labs/101_lab/README.md": "A task.\n",
    "labs/101_lab/starter/main.pkr.hcl": "# Declare a source.\n",
    "labs/101_lab/solution/main.pkr.hcl": MESSAGE,
    "labs/101_lab/variants/accept.toml": """\
[other_words]
why = "The words are free."
replace = { "Hello" = "Hi" }

[of_tomorrow]
why = "It needs another Packer."
packer = ">=99.0"
replace = { "Hello" = "Hi" }
""",
    "labs/101_lab/variants/reject.toml": """\
[elsewhere]
why = "It writes elsewhere."
fails = ["test_message"]
says = "no out/message.txt"
replace = { "message.txt" = "x" }

[program]
why = "It runs a program."
status = "rejected"
says = "shell-local"
diff = '''
   sources = ["source.file.message"]
+
+  provisioner "shell-local" {
+  }
'''
""",
    "graders/test_101_lab.py": '''\
from packerlab.grader import check, fail


@check(points=4, docs="#a-source")
def test_source(template):
    """There is a source.

    - One?
    - Two.
    - Three.
    """
    if not template.sources:
        fail("There is none.")


@check(points=6, needs="test_source", docs="#message")
def test_message(build):
    """It writes a message.

    - How?
    - So.
    - Thus.
    """
    answer = build()
    answer.expect_success()
    answer.files.text("out/message.txt")
''',
    "docs/beginner/101_lab.md": "# A lab\n\n## A source\n\n## What it writes { #message }\n",
}


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """A lab that holds, in a course of its own."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Course(tmp_path).lab(SLUG)


def proved(lab: Lab, *, only: list[str] | None = None) -> Proof:
    backend = choose("bubblewrap", set(), [], full_limits=False)
    return verify(lab, backend, only=only, on_graded=lambda _: None)


def test_a_lab_that_holds(lab: Lab) -> None:
    graded: list[str] = []
    backend = choose("bubblewrap", set(), [], full_limits=False)
    proof = verify(lab, backend, jobs=3, on_graded=graded.append)
    assert proof.problems == []
    assert (proof.slug, proof.graded, proof.left_out) == (SLUG, 6, 1)
    assert set(proof.margins) == {"deadline_s", "cpu_s"}
    assert graded == [
        "101_lab 1/6 starter",
        "101_lab 2/6 solution",
        "101_lab 3/6 solution",
        "101_lab 4/6 accept/other_words",
        "101_lab 5/6 reject/elsewhere",
        "101_lab 6/6 reject/program",
    ]


def test_in_brief_some_are_left_out(lab: Lab) -> None:
    assert brief(lab) == ["starter", "solution", "reject/elsewhere"]
    proof = proved(lab, only=brief(lab))
    assert (proof.problems, proof.graded) == ([], 3)


def test_one_answer_alone(lab: Lab) -> None:
    proof = proved(lab, only=["reject/elsewhere"])
    assert (proof.problems, proof.graded, proof.margins) == ([], 1, {})
    (said,) = proof.said.values()
    assert said.startswith("graded 4/10; test_message failed: The build leaves no out/message.txt.")


def test_what_is_blocked_is_said(lab: Lab) -> None:
    assert answers(lab) == [
        "starter",
        "solution",
        "accept/other_words",
        "accept/of_tomorrow",
        "reject/elsewhere",
        "reject/program",
    ]
    proof = proved(lab, only=["starter", "solution"])
    assert proof.said["starter"].endswith("; blocked: test_message")
    assert proof.said["solution"] == "graded 10/10"


@pytest.mark.parametrize("needed", ["test_nowhere", "test_later", "test_message"])
def test_a_need_of_no_check_before_it_is_a_fault(lab: Lab, needed: str) -> None:
    edit(lab, "graders/test_101_lab.py", 'needs="test_source"', f'needs=("{needed}",)')
    lab.grader.write_text(
        lab.grader.read_text()
        + '\n\n@check(points=1)\ndef test_later(build):\n    """It passes."""\n'
    )
    (problem,) = proved(lab, only=["solution"]).problems[:1]
    assert problem == (
        "the solution does not pass: fault "
        f"test_message needs {needed}, and no check that runs before it has that name."
    )


def edit(lab: Lab, name: str, old: str, new: str) -> None:
    path = lab.path.parent.parent / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_starter_that_passes_and_checks_that_nothing_fails(lab: Lab) -> None:
    (lab.starter / "main.pkr.hcl").write_text(MESSAGE)
    (problem, unfailed) = proved(lab).problems
    assert problem == "the starter should fail its checks: graded 10/10"
    assert unfailed == "no wrong answer fails test_source"


def test_a_solution_that_fails(lab: Lab) -> None:
    edit(lab, "labs/101_lab/solution/main.pkr.hcl", "message.txt", "massage.txt")
    edit(lab, "labs/101_lab/variants/reject.toml", "message.txt", "massage.txt")
    problems = proved(lab).problems
    assert problems[0].startswith(
        "the solution does not pass: graded 4/10; test_message failed: "
        "The build leaves no out/message.txt."
    )


def test_variants_that_do_not_end_as_they_say(lab: Lab) -> None:
    rejects = "labs/101_lab/variants/reject.toml"
    old, new = '"Hello" = "Hi" }\n\n', '"out/message" = "out/other" }\n\n'
    edit(lab, "labs/101_lab/variants/accept.toml", old, new)
    edit(lab, rejects, "no out/message.txt", "something else")
    edit(lab, rejects, 'status = "rejected"', 'status = "timeout"')
    problems = proved(lab).problems
    assert problems[0].startswith("accept/other_words does not pass: graded 4/10; test_message")
    assert problems[1] == "reject/elsewhere does not say `something else`"
    assert problems[2].startswith(
        "reject/program should end as timeout and fail no check: rejected 0/10 this lab does not"
    )
    assert len(problems) == 3


NEWER = '''

@check(points=1, packer=">=99.0", needs="test_source", docs="#message")
def test_newer(build):
    """It needs a Packer of tomorrow.

    - One?
    - Two.
    - Three.
    """
    fail("Nobody gets here.")


@check(points=1, needs="test_newer", docs="#message")
def test_waits(build):
    """It waits for that one."""
'''


def test_checks_that_need_another_packer_are_not_judged(lab: Lab) -> None:
    lab.grader.write_text(lab.grader.read_text() + NEWER)
    edit(
        lab,
        "labs/101_lab/variants/reject.toml",
        '["test_message"]',
        '["test_message", "test_newer"]',
    )
    proof = proved(lab)
    assert proof.problems == []
    assert proof.unjudged == {"test_newer", "test_waits"}
    (lab.solution / "main.pkr.hcl").write_text("# Nothing.\n")
    (problem, *_) = proved(lab, only=["solution"]).problems
    assert problem.startswith("the solution does not pass: graded; test_source failed")


@pytest.mark.parametrize(("wanted", "graded"), [("<99", 1), (">=1.6,<99,!=98", 1), ("<1.6", 0)])
def test_a_row_is_for_a_range_of_packers(lab: Lab, wanted: str, graded: int) -> None:
    edit(lab, "labs/101_lab/variants/accept.toml", '">=99.0"', f'"{wanted}"')
    edit(lab, "labs/101_lab/variants/accept.toml", "[of_tomorrow]", "[of_some]")
    proof = proved(lab, only=["accept/of_some"])
    assert (proof.problems, proof.graded, proof.left_out) == ([], graded, 1 - graded)


def test_a_lab_that_needs_another_packer(lab: Lab) -> None:
    edit(lab, "labs/101_lab/lab.toml", ">=1.6.6", ">=99.0")
    lab = Course(lab.path.parents[1]).lab(SLUG)
    with pytest.raises(MachineError, match=r"101_lab: needs Packer >=99.0; here it is 1\."):
        proved(lab)


def test_a_reject_that_fails_other_checks(lab: Lab) -> None:
    edit(lab, "labs/101_lab/variants/reject.toml", "test_message", "test_source")
    (problem,) = proved(lab).problems
    assert problem.startswith(
        "reject/elsewhere should end as graded and fail test_source: graded 4/10; test_message"
    )


def test_limits_that_are_too_narrow(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("packerlab.proving.verify.MARGIN", 100_000)  # no machine is so fast
    problems = proved(lab).problems
    assert any("deadline_s is only" in problem for problem in problems)
    assert any("cpu_s is only" in problem for problem in problems)
    assert proved(lab, only=brief(lab)).problems == []  # a busy machine is no fault of the lab


def test_links_that_lead_nowhere_and_too_few_hints(lab: Lab) -> None:
    edit(lab, "docs/beginner/101_lab.md", "## A source", "## Another")
    edit(
        lab,
        "graders/test_101_lab.py",
        "    - How?\n    - So.\n    - Thus.\n",
        "",
    )
    assert proved(lab).problems == [
        "test_source: docs `beginner/101_lab#a-source` is no heading of the lab's page",
        "test_message has 0 hints, not 3",
    ]


def test_what_is_not_formatted(lab: Lab) -> None:
    edit(lab, "labs/101_lab/solution/main.pkr.hcl", "  type    =", "  type =")
    (problem,) = proved(lab, only=brief(lab)).problems
    assert problem.startswith("solution/ is not formatted: main.pkr.hcl")


def test_scripts_alone_have_nothing_to_format(lab: Lab) -> None:
    (lab.starter / "main.pkr.hcl").rename(lab.starter / "build.sh")
    assert proved(lab, only=brief(lab)).problems == []


def test_what_is_missing_or_does_not_belong(lab: Lab) -> None:
    (lab.path / "README.md").unlink()
    (lab.path / "notes.txt").write_text("")
    lab.page.unlink()
    (lab.path / "variants" / "accept" / "nothing").mkdir(parents=True)
    (lab.path / "variants" / "refuse.toml").write_text("")
    found = list(missing_or_stray(lab))
    assert [problem.partition(" (")[0] for problem in found] == [
        "README.md is missing",
        "101_lab.md is missing",
        "101_lab/notes.txt does not belong there",
        "variants/refuse.toml does not belong there",
        "variants/accept/nothing has no row in accept.toml",
    ]


def test_all_rows_that_are_broken_are_told_of_before_any_grading(lab: Lab) -> None:
    edit(lab, "labs/101_lab/solution/main.pkr.hcl", "Hello", "Good day")
    with pytest.raises(BadInputError) as caught:
        proved(lab)
    assert [line.partition("variants/")[2] for line in str(caught.value).split("\n")] == [
        "accept.toml:1 [other_words]: the solution has no `Hello`.",
        "accept.toml:5 [of_tomorrow]: the solution has no `Hello`.",
    ]
