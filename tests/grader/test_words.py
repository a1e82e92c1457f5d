"""Messages say the same in each run, and show the learner's own numbers."""

from __future__ import annotations

import pytest

from packerlab.checks import Failure
from packerlab.grader import expect_exit, steady
from packerlab.packer.answers import Answer
from packerlab.submissions.reader import File

FILES = {"main.pkr.hcl": File(b'release = "2.4"\nname = "web-7"\n')}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("release=2.4", "release=2.4"),
        ("web-2-4", "web-2-4"),
        ("web-20260131093000", "web-#"),
        ("built 2026-01-31T09:30:00Z", "built #-#-#:#:#"),
        ("9f86d081-884c-4d63-a159-abcdefabcdef", "#"),
        ("by ami-0123456789abcdef0", "by ami-#"),
        ("Owner: Ab12", "Owner: Ab12"),
        ("no number", "no number"),
    ],
)
def test_a_number_that_only_this_run_has_is_hidden(text: str, shown: str) -> None:
    assert steady(text, FILES, "Owner: ab12") == shown


def test_a_script_that_ends_well_is_fine() -> None:
    expect_exit(Answer("sh ci.sh", 0, "Error: of no importance\n"), "ci.sh")


def test_a_script_that_fails_tells_packers_errors_in_an_order_of_ours() -> None:
    said = (
        '\x1b[1;31mError: Unset variable "b"\x1b[0m\n'
        "on main.pkr.hcl line 3:\n"
        "Build 'file.x' errored after 3 seconds: no file\n"
        'Error: Unset variable "a"\n'
        "and more\n"
    )
    with pytest.raises(Failure, match=r"ci.sh ends with exit code 1") as caught:
        expect_exit(Answer("sh ci.sh", 1, said), "ci.sh")
    found = caught.value.found.split("\n")
    assert len(found) == 3
    assert found == sorted(found)


def test_what_packer_lists_of_a_post_processor_is_among_the_errors() -> None:
    said = (
        "Build 'file.x' errored after 3 seconds: 1 error(s) occurred:\n\n"
        "* Post-processor failed: open out/manifest.json: no such file or directory\n"
        "==> Builds finished but no artifacts were created.\n"
    )
    with pytest.raises(Failure, match=r"exit code 1") as caught:
        expect_exit(Answer("sh ci.sh", 1, said), "ci.sh")
    assert "no such file or directory" in caught.value.found


def test_a_script_without_errors_has_its_last_words() -> None:
    with pytest.raises(Failure) as caught:
        expect_exit(Answer("sh ci.sh", 2, "a\nb\nc\nbuilt 20260131093000\n"), "ci.sh")
    assert caught.value.found == "b\nc\nbuilt ..."
    with pytest.raises(Failure) as caught:
        expect_exit(Answer("sh ci.sh", 2, ""), "ci.sh")
    assert caught.value.found == "no output"
