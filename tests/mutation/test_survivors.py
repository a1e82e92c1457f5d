"""Which mutants fool a grader, and which may: on a lab whose grader looks at one thing alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from packerlab.course import Course
from packerlab.errors import BadInputError
from packerlab.mutation.survivors import try_mutants
from packerlab.sandbox import choose
from tests.toy import LAB_TOML

if TYPE_CHECKING:
    from pathlib import Path

    from packerlab.lab import Lab
    from packerlab.mutation.survivors import Mutants

SLUG = "101_lab"
FILES = {
    "labs/101_lab/lab.toml": LAB_TOML,
    "labs/101_lab/solution/main.pkr.hcl": """\
variable "who" {
  default = "you"
}

source "file" "message" {
  content = "Hi ${var.who}"
  target  = "out/message.txt"
}

build {
  sources = ["source.file.message"]
}
""",
    "graders/test_101_lab.py": '''\
from packerlab.grader import check, expect


@check(points=10, docs="#message")
def test_message(build, hidden):
    """It writes a message.

    - How?
    - So.
    - Thus.
    """
    answer = build({"who": hidden("who")})
    answer.expect_success()
    text = answer.files.text("out/message.txt")
    expect(text.lower().endswith(hidden("who")), True, "It names another one.")
''',
}


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Course(tmp_path).lab(SLUG)


def tried(lab: Lab, *, rules: list[str] | None = None, names: list[str] | None = None) -> Mutants:
    backend = choose("bubblewrap", set(), [], full_limits=False)
    return try_mutants(lab, backend, rules=rules or [], names=names or [], on_graded=lambda _: None)


def test_survivors_are_told_with_what_they_change(lab: Lab) -> None:
    found = tried(lab, rules=["change-case", "drop-argument"])
    names = [mutant.name for mutant in found.survivors]
    assert names == [
        "drop-argument main.pkr.hcl:2",
        "change-case main.pkr.hcl:2",
        "change-case main.pkr.hcl:6",
        "change-case main.pkr.hcl:6#2",
        "change-case main.pkr.hcl:6#3",
        "change-case main.pkr.hcl:6#4",
    ]
    assert not found.holds
    assert list(found.lines())[:3] == [names[0], '  - default = "you"', names[1]]
    assert (found.made, found.killed, found.equivalent) == (
        len(names) + found.killed, found.killed, 0)  # fmt: skip
    assert found.killed
    assert found.left_out  # without a target, it is no template


def test_a_survivor_may_have_a_reason(lab: Lab) -> None:
    table = lab.path / "variants" / "equivalent.toml"
    table.parent.mkdir()
    table.write_text(
        '[default]\nwhy = "Any default will do."\nplace = "default   = "\n'
        '[greeting]\nwhy = "In any case."\nrules = ["change-case"]\nplace = "Hi ${"\n'.replace(
            "\\\n", "\n"
        )
    )
    found = tried(lab, rules=["change-case"])
    assert found.holds
    assert (found.survivors, found.equivalent) == ([], 5)
    assert found.said.startswith("6 mutants: 1 killed, 5 equivalent; ")


def test_one_mutant_alone(lab: Lab) -> None:
    found = tried(lab, names=["default-for-input main.pkr.hcl:6"])
    assert (found.made, found.killed, found.holds) == (1, 1, True)
    with pytest.raises(BadInputError, match="no mutant is called `x`"):
        tried(lab, names=["x"])
    with pytest.raises(BadInputError, match="no mutant is made by a rule `x`; there are add-blank"):
        tried(lab, rules=["x"])


def test_a_reason_that_no_mutant_has_is_wrong(lab: Lab) -> None:
    table = lab.path / "variants" / "equivalent.toml"
    table.parent.mkdir()
    table.write_text('[gone]\nwhy = "No more."\nplace = "nothing of the kind"\n')
    found = tried(lab)
    assert "equivalent.toml [gone]: no mutant that it is about survives" in found.problems
    table.write_text('[gone]\nwhy = "No more."\n')
    with pytest.raises(BadInputError, match=r"equivalent.toml \[gone\]: .*`place`"):
        tried(lab)


def test_a_solution_that_does_not_pass_has_no_mutants(lab: Lab) -> None:
    (lab.solution / "main.pkr.hcl").write_text('source "file" "message" {\n}\n')
    with pytest.raises(BadInputError, match="101_lab: the solution does not pass"):
        tried(lab)
