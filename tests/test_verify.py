"""What a course proves of itself: each way in which a lab can be wrong is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from packerlab.course import Course
from packerlab.errors import BadInputError
from packerlab.sandbox import choose
from packerlab.verify import Variant, missing_or_stray, overlaid, verify
from tests.toy import MESSAGE

if TYPE_CHECKING:
    from pathlib import Path

    from packerlab.lab import Lab
    from packerlab.verify import Proof

SLUG = "101_lab"
FILES = {
    "labs/101_lab/lab.toml": """\
format = 1
title = "A lab"
minutes = 5
packer = ">=1.6.6"
needs = ["packer"]
components = ["source.file"]
outputs = ["out"]
after = []
deadline_s = 60
cpu_s = 20
memory_mb = 400
disk_mb = 32
""",
    "labs/101_lab/README.md": "A task.\n",
    "labs/101_lab/starter/main.pkr.hcl": "# Declare a source.\n",
    "labs/101_lab/solution/main.pkr.hcl": MESSAGE,
    "labs/101_lab/variants/accept/other_words/variant.toml": 'why = "The words are free."\n',
    "labs/101_lab/variants/accept/other_words/main.pkr.hcl": MESSAGE.replace("Hello", "Hi"),
    "labs/101_lab/variants/accept/of_tomorrow/variant.toml": (
        'why = "It needs another Packer."\npacker = ">=99.0"\n'
    ),
    "labs/101_lab/variants/reject/elsewhere/variant.toml": (
        'why = "It writes elsewhere."\nfails = ["test_message"]\nsays = "no out/message.txt"\n'
    ),
    "labs/101_lab/variants/reject/elsewhere/main.pkr.hcl": MESSAGE.replace("message.txt", "x"),
    "labs/101_lab/variants/reject/program/variant.toml": (
        'why = "It runs a program."\nstatus = "rejected"\nsays = "shell-local"\n'
    ),
    "labs/101_lab/variants/reject/program/more.pkr.hcl": (
        'build {\n  sources = ["source.file.message"]\n  provisioner "shell-local" {\n  }\n}\n'
    ),
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


def proved(lab: Lab, *, brief: bool = False) -> Proof:
    backend = choose("bubblewrap", set(), [], full_limits=False)
    return verify(lab, backend, brief=brief, on_graded=lambda _: None)


def test_a_lab_that_holds(lab: Lab) -> None:
    graded: list[str] = []
    backend = choose("bubblewrap", set(), [], full_limits=False)
    proof = verify(lab, backend, jobs=3, on_graded=graded.append)
    assert proof.problems == []
    assert (proof.slug, proof.graded, proof.left_out) == (SLUG, 6, 1)
    assert set(proof.margins) == {"deadline_s", "cpu_s"}
    assert graded == [
        "101_lab starter",
        "101_lab solution",
        "101_lab solution",
        "101_lab accept/other_words",
        "101_lab reject/elsewhere",
        "101_lab reject/program",
    ]


def test_in_brief_some_are_left_out(lab: Lab) -> None:
    proof = proved(lab, brief=True)
    assert (proof.problems, proof.graded) == ([], 4)


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
    problems = proved(lab).problems
    assert problems[0].startswith(
        "the solution does not pass: graded 4/10; test_message failed: "
        "The build leaves no out/message.txt."
    )


def test_variants_that_do_not_end_as_they_say(lab: Lab) -> None:
    rejects = "labs/101_lab/variants/reject"
    edit(lab, "labs/101_lab/variants/accept/other_words/main.pkr.hcl", "out/message", "out/other")
    edit(lab, f"{rejects}/elsewhere/variant.toml", "no out/message.txt", "something else")
    edit(lab, f"{rejects}/program/variant.toml", 'status = "rejected"', 'status = "timeout"')
    problems = proved(lab).problems
    assert problems[0].startswith("accept/other_words does not pass: graded 4/10; test_message")
    assert problems[1] == "reject/elsewhere does not say `something else`"
    assert problems[2].startswith(
        "reject/program should end as timeout and fail no check: rejected 0/10 this lab does not"
    )
    assert len(problems) == 3


def test_a_reject_that_fails_other_checks(lab: Lab) -> None:
    edit(lab, "labs/101_lab/variants/reject/elsewhere/variant.toml", "test_message", "test_source")
    (problem,) = proved(lab).problems
    assert problem.startswith(
        "reject/elsewhere should end as graded and fail test_source: graded 4/10; test_message"
    )


def test_limits_that_are_too_narrow(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("packerlab.verify.MARGIN", 100_000)  # no machine is so fast
    problems = proved(lab, brief=True).problems
    assert any("deadline_s is only" in problem for problem in problems)
    assert any("cpu_s is only" in problem for problem in problems)


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
    (problem,) = proved(lab, brief=True).problems
    assert problem.startswith("solution/ is not formatted: main.pkr.hcl")


def test_what_is_missing_or_does_not_belong(lab: Lab) -> None:
    (lab.path / "README.md").unlink()
    (lab.path / "notes.txt").write_text("")
    lab.page.unlink()
    (lab.path / "variants" / "accept" / "nothing").mkdir()
    found = list(missing_or_stray(lab))
    assert [problem.partition(" (")[0] for problem in found] == [
        "README.md is missing",
        "101_lab.md is missing",
        "101_lab/notes.txt does not belong there",
        "variants/accept/nothing has no variant.toml",
    ]


def test_a_variant_overlays_and_deletes(lab: Lab) -> None:
    (lab.solution / "more.txt").write_text("")
    folder = lab.path / "variants" / "accept" / "other_words"
    files = overlaid(lab, folder, Variant(why="x", delete=["more.txt"])).files
    assert list(files) == ["main.pkr.hcl"]
    assert b"Hi, " in files["main.pkr.hcl"].data
    with pytest.raises(BadInputError, match=r"the solution has no nothing\.txt to delete"):
        overlaid(lab, folder, Variant(why="x", delete=["nothing.txt"]))


def test_a_variant_that_the_reader_refuses_is_a_rejected_submission(lab: Lab) -> None:
    folder = lab.path / "variants" / "reject" / "program"
    (folder / "link").symlink_to("/etc/passwd")
    assert "link" in overlaid(lab, folder, Variant(why="x")).refusal


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("why = ", "wy = ", "wy"),
        ('why = "It runs a program."', 'why = ""', "why"),
        ('"rejected"', '"refused"', "status"),
    ],
)
def test_a_variant_s_file_is_checked(lab: Lab, old: str, new: str, words: str) -> None:
    edit(lab, "labs/101_lab/variants/reject/program/variant.toml", old, new)
    with pytest.raises(BadInputError, match=words) as caught:
        proved(lab)
    assert "reject/program/variant.toml" in str(caught.value)
