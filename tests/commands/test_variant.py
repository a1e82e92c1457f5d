"""`packerlab variant`: an answer as a workspace, and the names that a shell completes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from packerlab.course import Course, default_root
from packerlab.variants.rows import answer, find
from tests.toy import SCRIPT, cli

if TYPE_CHECKING:
    from pathlib import Path

    from packerlab.lab import Lab

OURS = {"PACKERLAB_COURSE": str(default_root())}


def variant(*words: str | Path) -> tuple[int, str]:
    done = cli("variant", *words, env=OURS)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def test_what_is_laid_out_can_be_checked(tmp_path: Path) -> None:
    code, said = variant("101", "typed_owner", tmp_path / "new")
    assert (code, said.splitlines()[0]) == (
        0,
        "reject/typed_owner: " + find(lab(), "typed_owner").variant.why,
    )
    report = json.loads(cli("check", "--json", tmp_path / "new", env=OURS).stdout)
    assert report["digests"]["submission"] == answer(find(lab(), "typed_owner")).digest
    assert [check["name"] for check in report["checks"] if check["outcome"] == "failed"] == [
        "test_owner_line"
    ]


def lab() -> Lab:
    return Course(default_root()).lab("101")


def test_bad_input(tmp_path: Path) -> None:
    code, said = variant("101", "no_such", tmp_path / "new")
    assert (code, "101_first_build has no variant `no_such`" in said) == (2, True)
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").write_text("")
    code, said = variant("101", "typed_owner", tmp_path)
    assert (code, "exists already; name another folder." in said) == (2, True)


def completed(line: str) -> list[str]:
    """What bash is offered after this line, whose last word is being typed."""
    words = line.split(" ")
    done = cli(
        env={
            **OURS,
            "_PACKERLAB_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(words) - 1),
        }
    )
    assert done.stderr == "", SCRIPT
    return done.stdout.split()


def test_names_are_completed() -> None:
    assert completed("packerlab variant 101") == ["101_first_build"]
    assert completed("packerlab variant 101 typed_o") == ["typed_owner"]
    assert completed("packerlab verify 101 --only reject/typed_o") == ["reject/typed_owner"]
    assert completed("packerlab verify 101 --only st") == ["starter"]
    assert completed("packerlab start 107") == ["107_first_container"]
    assert completed("packerlab variant 999 x") == []
