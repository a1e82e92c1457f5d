"""`packerlab verify`: its words and its exit codes; what it proves is in tests/proving."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.toy import cli

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def course(tmp_path: Path) -> Path:
    (tmp_path / "labs").mkdir()
    assert cli("new", "105_a", "--course", tmp_path).returncode == 0
    return tmp_path


def test_a_course_that_holds(course: Path) -> None:
    done = cli("verify", "--course", course, "--sandbox", "bubblewrap")
    assert done.returncode == 0
    assert done.stdout.startswith("105_a: holds (3 gradings on bubblewrap; limits: deadline_s ")


def test_a_lab_that_needs_another_packer_is_left_out_unless_it_is_named(course: Path) -> None:
    manifest = course / "labs" / "105_a" / "lab.toml"
    manifest.write_text(re.sub(r'packer = ".*"', 'packer = ">=99.0"', manifest.read_text()))
    done = cli("verify", "--course", course)
    assert done.returncode == 0
    assert done.stdout.startswith("105_a: left out: needs Packer >=99.0; here it is 1.")
    done = cli("verify", "105", "--course", course)
    assert done.returncode == 3
    assert "105_a: needs Packer >=99.0; here it is 1." in done.stderr


def test_a_course_that_does_not(course: Path) -> None:
    (course / "labs" / "105_a" / "notes.txt").write_text("")
    done = cli("verify", "105", "--brief", "--course", course)
    assert done.returncode == 1
    assert done.stdout.startswith("105_a: WRONG")
    assert "  105_a/notes.txt does not belong there\n" in done.stdout


@pytest.mark.parametrize(
    ("words", "code"), [(["999"], 2), (["--sandbox", "chroot"], 2), (["--nonsense"], 2)]
)
def test_bad_input(course: Path, words: list[str], code: int) -> None:
    done = cli("verify", *words, "--course", course)
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_no_sandbox_is_the_machine_s(course: Path) -> None:
    done = cli(
        "verify", "--course", course, "--sandbox", "docker", env={"DOCKER_HOST": "unix:///nowhere"}
    )
    assert done.returncode == 3
    assert "No sandbox can be used here" in done.stderr


def test_a_broken_variant_is_bad_input(course: Path) -> None:
    (table := course / "labs" / "105_a" / "variants" / "accept.toml").parent.mkdir()
    table.write_text("[x]\nwhy = 1\n")
    done = cli("verify", "--course", course)
    assert done.returncode == 2
    assert "variants/accept.toml:1 [x]: key `why`" in done.stderr
    assert "Traceback" not in done.stderr


def test_one_answer(course: Path) -> None:
    (table := course / "labs" / "105_a" / "variants" / "reject.toml").parent.mkdir()
    table.write_text(
        '[wrong]\nwhy = "It is undone."\nfails = ["test_result"]\nreplace = { done = "undone" }\n'
    )
    done = cli("verify", "105", "--only", "wrong", "--only", "solution", "--course", course)
    assert done.returncode == 0
    assert done.stdout.startswith("105_a: holds (2 gradings on ")
    assert "  solution: graded 10/10\n  reject/wrong: graded 0/10; test_result fai" in done.stdout
    nowhere = cli("verify", "105", "--only", "nothing", "--course", course)
    assert nowhere.returncode == 2
    assert "105_a has no variant `nothing` in accept.toml or reject.toml." in nowhere.stderr
    assert "--only is about one lab" in cli("verify", "--only", "wrong").stderr


def test_what_holds_is_recorded(course: Path) -> None:
    words = ("verify", "--course", course, "--sandbox", "bubblewrap", "--record")
    assert cli(*words).returncode == 0
    record = json.loads((course / "proof.json").read_text())
    (proven,) = record["labs"]["105_a"]["proven"]
    assert (proven["sandbox"], proven["gradings"]) == ("bubblewrap", 3)
    assert proven["margin"] >= 4
    (course / "labs" / "105_a" / "notes.txt").write_text("")
    assert cli(*words).returncode == 1
    assert json.loads((course / "proof.json").read_text())["labs"] == {}
    done = cli(*words, "--brief")
    assert done.returncode == 2
    assert "--record needs a whole proof" in done.stderr


def test_a_lab_comes_after_what_it_needs(course: Path) -> None:
    manifest = course / "labs" / "105_a" / "lab.toml"
    manifest.write_text(manifest.read_text().replace("after = []", 'after = ["104_none"]'))
    done = cli("verify", "--brief", "--course", course)
    assert done.returncode == 1
    assert "lab.toml: `after` names `104_none`, which is no lab of this course" in done.stdout


def test_mutants(course: Path) -> None:
    """A lab that `new` has made takes any text, so long as a word is in it."""
    words = ("verify", "105", "--course", course, "--sandbox", "bubblewrap")
    done = cli(*words, "--mutants", "--rule", "drop-block")
    assert done.returncode == 0
    assert done.stdout.startswith("105_a: holds (")
    assert " killed, 0 equivalent; " in done.stdout
    name = "drop-argument main.pkr.hcl:"
    none = cli(*words, "--only-mutant", name)
    assert none.returncode == 2
    assert f"no mutant is called `{name}`" in none.stderr
    for refused in (["--mutants", "--brief"], ["--rule", "x", "--record"]):
        assert cli(*words, *refused).returncode == 2
    assert "--only-mutant is about one lab" in cli("verify", "--only-mutant", "x").stderr


def test_the_share_of_mutants_is_recorded(course: Path) -> None:
    words = ("verify", "105", "--course", course, "--sandbox", "bubblewrap", "--record")
    table = course / "labs" / "105_a" / "variants" / "equivalent.toml"
    table.parent.mkdir()
    table.write_text('[any]\nwhy = "It is an example."\nplace = " "\n')
    assert cli(*words, "--mutants").returncode == 0
    assert cli(*words).returncode == 0
    record = json.loads((course / "proof.json").read_text())["labs"]["105_a"]
    share = record["mutants"]
    assert share["made"] == share["killed"] + share["equivalent"]
    assert record["proven"]
