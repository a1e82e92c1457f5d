"""Completion, as the shells ask for it: labs, sandboxes, formats and pages."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.toy import COURSE, ROOT, SCRIPT, cli

if TYPE_CHECKING:
    from pathlib import Path


def completed(shell: str, line: str) -> str:
    """What the program answers where a shell's own script asks it."""
    words = line.split(" ")
    asked = {"bash": {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}}
    others = {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    env = {"_PACKERLAB_COMPLETE": f"complete_{shell}", **asked.get(shell, others)}
    done = cli(env=env)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize(
    ("shell", "verb"), [("bash", "start"), ("zsh", "debrief"), ("fish", "read"), ("bash", "verify")]
)
def test_labs_are_completed(shell: str, verb: str) -> None:
    answer = completed(shell, f"packerlab {verb} 10")
    assert [slug for slug in COURSE.slugs if slug in answer] == [
        slug for slug in COURSE.slugs if slug.startswith("10")
    ]


@pytest.mark.parametrize("verb", ["check", "reset"])
def test_the_labs_that_have_a_workspace_are_completed(verb: str, tmp_path: Path) -> None:
    assert "10" not in completed("bash", f"packerlab {verb} ")
    cli("start", "103", tmp_path / "mine")
    assert completed("bash", f"packerlab {verb} ").split() == ["103_raises"]


def test_packer_completes_a_lab_that_was_started_and_its_verbs(tmp_path: Path) -> None:
    cli("start", "103", tmp_path / "mine")
    first = completed("bash", "packerlab packer ").split()
    assert {"103_raises", "build", "validate"} <= {*first}
    assert "101_message" not in first
    assert completed("bash", "packerlab packer 103 v").split() == ["validate", "version"]
    assert completed("bash", "packerlab packer build ").split() == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("packerlab check --sandbox ", "docker-plain"),
        ("packerlab check --lab 101", "101_message"),
        ("packerlab report --format ", "html"),
    ],
)
def test_options_are_completed(line: str, found: str) -> None:
    assert found in completed("bash", line).split()


def test_a_zsh_user_sees_what_a_lab_is_about() -> None:
    assert "Every kind of check" in completed("zsh", "packerlab start 101")


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_bash_itself_completes(tmp_path: Path) -> None:
    """The shell that asks is found among the program's parents, and not by an argument."""
    ask = (
        'script=$(packerlab --show-completion) && eval "$script"\n'
        "COMP_WORDS=(packerlab start 101); COMP_CWORD=2\n"
        '_packerlab_completion packerlab\necho "${COMPREPLY[@]}"\n'
    )
    path = f"{SCRIPT.parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "--norc", "-c", ask], cwd=tmp_path, capture_output=True, text=True, check=True,
        env={**os.environ, "PATH": path, "PACKERLAB_COURSE": str(ROOT)},
    )  # fmt: skip
    assert done.stdout == "101_message\n"
