"""What a grader may give to one call, and what it can't."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from packerlab.checks import Failure
from packerlab.packer.given import LONGEST_VARIABLE, MOST_ACCOUNT, Given, given, lay_over
from packerlab.submissions.reader import File


def test_equal_things_are_equal() -> None:
    image = {"name": "web-1", "created": datetime(2024, 5, 1, tzinfo=UTC)}
    one = given(
        {"a": b"1", "b/c": b"2"}, {"quota": {"images": 1}, "image": [image]}, {"B": "", "A": ""}
    )
    two = given(
        {"b/c": b"2", "a": b"1"}, {"image": [image], "quota": {"images": 1}}, {"A": "", "B": ""}
    )
    assert one == two
    assert hash(one) == hash(two)
    assert one != given({"a": b"1"})
    assert given() == Given()


def test_a_file_lies_over_the_learner_s_as_executable_as_that_one() -> None:
    workspace = {"run.sh": File(b"theirs", executable=True), "notes": File(b"theirs")}
    files = dict(given({"run.sh": b"ours", "bin/tool": b"#!/bin/sh\n", "new": b""}).files)
    assert lay_over(workspace, files) == {
        "run.sh": File(b"ours", executable=True),
        "notes": File(b"theirs"),
        "bin/tool": File(b"#!/bin/sh\n", executable=True),
        "new": File(b""),
    }


@pytest.mark.parametrize(("theirs", "ours"), [("services/web", "services"), ("out", "out/log/1")])
def test_a_file_in_place_of_a_folder_fails_the_check(theirs: str, ours: str) -> None:
    with pytest.raises(Failure, match=f"needs the name `{min(theirs, ours, key=len)}` for files"):
        lay_over({theirs: File(b"")}, {ours: File(b"")})


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../x", "a name must stay inside its folder"),
        ("/etc/passwd", "names are relative"),
        ("a//b", "a name must stay inside its folder"),
        ("", "a name must stay inside its folder"),
        ("a\0b", "control or invisible characters"),
        ("a\nb", "control or invisible characters"),
        ("\u202ea", "control or invisible characters"),
        ("a\\b", "names are relative"),
        ("\udcff", "can't be told"),
        ("x" * 300, "too long or too deep"),
        ("a/" * 20 + "b", "too long or too deep"),
        (".packer.d/plugins", "Packer would take this for a plugin"),
    ],
)
def test_no_file_lies_outside_or_acts(name: str, words: str) -> None:
    with pytest.raises(ValueError, match=f"files=: .*{words}"):
        given({name: b""})


def test_files_that_no_disk_holds_at_once() -> None:
    for names in (("a", "A"), ("a", "a/b"), ("\u00e9", "e\u0301")):
        with pytest.raises(ValueError, match="files=: "):
            given(dict.fromkeys(names, b""))
    with pytest.raises(ValueError, match="files=: more than 4000000 bytes"):
        given({"a": bytes(4_000_001)})


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"A=B": "x"}, "'A=B' is no name"),
        ({"": "x"}, "'' is no name"),
        ({"A\0": "x"}, "is no name of a variable"),
        ({"A": "x\0--bind\0/\0/\0"}, "A has a zero byte"),
        (
            {"A": "x" * (LONGEST_VARIABLE + 1)},
            f"A has a zero byte, or more than {LONGEST_VARIABLE}",
        ),
        ({f"A{number}": "" for number in range(101)}, "101 variables; at most 100"),
        ({"A": "\udcff"}, "surrogates not allowed"),
    ],
)
def test_no_variable_is_more_than_a_variable(env: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        given(env=env)


def test_no_account_is_too_large() -> None:
    account: dict[str, Any] = {"parameter": {"/x": "x" * MOST_ACCOUNT}}
    with pytest.raises(ValueError, match=r"account=: 10000\d\d bytes as JSON; at most 1000000"):
        given(account=account)
