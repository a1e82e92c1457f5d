"""The command line on our own labs, as users run it: bad input and bad machines among it."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from packerlab.course import default_root

SOLUTION = default_root() / "labs" / "101_first_build" / "solution"


def packerlab(*words: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command in this test's own state folders."""
    return subprocess.run(
        [sys.executable, "-m", "packerlab", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
    )


def refuses(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """It ends with this code and one sentence that has these words; nothing of Python shows."""
    assert done.returncode == code, done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout
    assert "mistake of ours" not in done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


@pytest.fixture
def solved(tmp_path: Path) -> Path:
    """A workspace of lab 101 with its solution."""
    done = packerlab("start", "101", tmp_path / "solved")
    assert done.returncode == 0, done.stderr
    shutil.copytree(SOLUTION, tmp_path / "solved", dirs_exist_ok=True)
    return tmp_path / "solved"


def test_help_and_version() -> None:
    assert "check" in packerlab("--help").stdout
    assert packerlab("--version").stdout.startswith("packerlab ")
    for verb in ("labs", "start", "check", "grade", "report", "verify", "new", "doctor", "demo"):
        done = packerlab(verb, "--help")
        assert done.returncode == 0
        assert verb in done.stdout


@pytest.mark.parametrize("name", ["101", "101_first_build", "first_build"])
def test_a_lab_has_three_names(tmp_path: Path, name: str) -> None:
    done = packerlab("start", name, tmp_path / "new")
    assert done.returncode == 0
    assert (tmp_path / "new" / "main.pkr.hcl").is_file()
    assert 'lab = "101_first_build"' in (tmp_path / "new" / ".packerlab.toml").read_text()


def test_the_starter_fails_and_says_what_to_do_next(tmp_path: Path) -> None:
    packerlab("start", "101", tmp_path / "new")
    done = packerlab("check", tmp_path / "new", "--sandbox", "bubblewrap")
    assert done.returncode == 1
    assert "hint:" in done.stdout
    assert "0 of 10 points" in done.stdout


def test_the_solution_passes_as_folder_zip_and_json(solved: Path, tmp_path: Path) -> None:
    done = packerlab("check", solved)
    assert (done.returncode, done.stdout.count("\N{CHECK MARK}")) == (0, 6)
    assert "10 of 10 points" in done.stdout
    archive = shutil.make_archive(str(tmp_path / "zipped"), "zip", solved)
    reports = [json.loads(packerlab("check", path, "--json").stdout) for path in (solved, archive)]
    for report in reports:
        del report["run"]
    assert reports[0] == reports[1]


def test_a_solution_is_for_those_who_passed_or_gave_up(solved: Path) -> None:
    refuses(packerlab("solution", "101"), 2, "is not passed yet", "packerlab hint", "--give-up")
    assert 'source "file"' in packerlab("solution", "101", "--give-up").stdout
    passed = packerlab("check", solved).stdout
    assert "Passed. Next: packerlab start" in passed
    assert "What experienced people do" in passed
    assert 'source "file"' in packerlab("solution", "101").stdout


def test_check_and_grade_say_the_same(solved: Path, tmp_path: Path) -> None:
    checked = json.loads(packerlab("check", solved, "--json").stdout)
    packerlab("grade", solved, "--out", tmp_path / "book")
    graded = json.loads(
        (tmp_path / "book" / "reports" / "101_first_build" / "solved" / "1.json").read_text()
    )
    assert checked["run"]["learner"] == graded["run"]["learner"] == "solved"
    del checked["run"], graded["run"]
    assert checked == graded


def test_a_page_can_be_read_as_a_check_names_it() -> None:
    whole = packerlab("read", "101").stdout
    part = packerlab("read", "beginner/101_first_build#the-build-block").stdout
    assert part.startswith("The build block\n")
    assert part.strip() in whole
    assert "##" not in whole
    assert max(map(len, whole.splitlines())) <= 100
    assert not any(line.endswith(" ") for line in whole.splitlines())
    assert "Built by Packer." in whole, "the task sheet, which the page includes"
    refuses(packerlab("read", "../README"), 2, "There is no lab `../README`")
    refuses(packerlab("read", "nowhere#x"), 2, "There is no lab `nowhere`")


def test_no_such_lab_or_course(tmp_path: Path) -> None:
    refuses(packerlab("start", "999", tmp_path / "x"), 2, "There is no lab `999`", "packerlab labs")
    refuses(packerlab("labs", "--course", tmp_path), 2, "is not a course")
    refuses(packerlab("check", tmp_path, "--nonsense"), 2)


def test_what_is_no_workspace(tmp_path: Path) -> None:
    refuses(packerlab("check", tmp_path / "nowhere"), 2, "there is no such folder")
    (tmp_path / "empty").mkdir()
    refuses(packerlab("check", tmp_path / "empty"), 2, "is empty", "packerlab start LAB")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("hello")
    refuses(packerlab("check", tmp_path / "other"), 2, "is not a workspace", "packerlab start")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x7fELF\0\0\xff\xfe", "an invisible character"),
        (b'source "file" "caf\xe9" {}', "not UTF-8"),
        (b"a = " + b"[" * 5000, "main.pkr.hcl"),
        (b"a = {\n  b = \n", "main.pkr.hcl:"),
    ],
)
def test_a_template_that_can_not_be_read(solved: Path, content: bytes, words: str) -> None:
    (solved / "main.pkr.hcl").write_bytes(content)
    done = packerlab("check", solved)
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stdout + done.stderr
    assert words in done.stdout
    assert "main.pkr.hcl" in done.stdout


def test_a_template_of_50_megabytes(solved: Path) -> None:
    (solved / "main.pkr.hcl").write_bytes(b"#" * 50_000_000)
    refuses(packerlab("check", solved), 2, "more than 4000000 bytes")


def test_archives_that_attack(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "escape.zip", "w") as archive:
        archive.writestr("../outside.pkr.hcl", "")
    refuses(
        packerlab("check", tmp_path / "escape.zip", "--lab", "101"), 2, "stay inside its folder"
    )
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("main.pkr.hcl", "#" * 3_000_000)
    refuses(packerlab("check", tmp_path / "bomb.zip", "--lab", "101"), 2, "times its size")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "main.pkr.hcl").symlink_to("/etc/passwd")
    refuses(packerlab("check", tmp_path / "linked", "--lab", "101"), 2, "is a link")
    assert not (tmp_path.parent / "outside.pkr.hcl").exists()


def test_another_labs_workspace(solved: Path) -> None:
    refuses(packerlab("check", solved, "--lab", "106"), 2, "is a workspace of 101_first_build")


def only(*programs: str, folder: Path) -> str:
    """A PATH that has these programs and no others."""
    folder.mkdir()
    for program in programs:
        (folder / program).symlink_to(shutil.which(program) or "/bin/false")
    return str(folder)


def test_no_packer(solved: Path, tmp_path: Path) -> None:
    path = only("bwrap", folder=tmp_path / "bin")
    refuses(packerlab("check", solved, "--sandbox", "bubblewrap", PATH=path), 3,
            "Packer is not installed", "apt install packer")  # fmt: skip
    named = packerlab("check", solved, PACKERLAB_PACKER=str(solved / "main.pkr.hcl"))
    refuses(named, 3, "is no program for this system")


def test_no_sandbox(solved: Path) -> None:
    done = packerlab("check", solved, "--sandbox", "docker", DOCKER_HOST="unix:///nowhere.sock")
    refuses(done, 3, "No sandbox can be used here", "docker: no container engine answers")
    elsewhere = packerlab(
        "check", solved, "--sandbox", "docker", DOCKER_HOST="tcp://192.0.2.1:2375"
    )
    refuses(elsewhere, 3, "another machine's")
    refuses(packerlab("check", solved, "--sandbox", "chroot"), 2, "chroot", "bubblewrap")


@pytest.mark.skipif(os.getuid() != 0, reason="mounts a small disk")
def test_a_full_disk(solved: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(disk)]
    subprocess.run(mount, check=True)
    try:
        (disk / "filler").write_bytes(b"x" * 60_000)
        done = packerlab("grade", solved, "--out", disk / "book")
        refuses(done, 3, "No space left on device")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_colours_only_where_they_are_wanted(solved: Path) -> None:
    assert "\x1b[" not in packerlab("check", solved).stdout
    coloured = packerlab("check", solved, FORCE_COLOR="1").stdout
    assert "\x1b[" in coloured
    plain = packerlab("check", solved, FORCE_COLOR="1", NO_COLOR="1").stdout
    assert "\x1b[3" not in plain


def test_doctor_finds_what_works_here() -> None:
    rows = json.loads(packerlab("doctor", "--json").stdout)
    found = {row["name"]: row["trouble"] for row in rows}
    assert found["packer"] == ""
    assert found["bubblewrap sandbox"] == ""
    missing = json.loads(packerlab("doctor", "--json", DOCKER_HOST="unix:///nowhere.sock").stdout)
    remedies = {row["name"]: row["remedy"] for row in missing}
    assert "sandbox build" in remedies["docker sandbox"]


def test_a_new_lab_holds(tmp_path: Path) -> None:
    for folder in ("labs", "graders", "docs"):
        (tmp_path / folder).mkdir()
    assert packerlab("new", "201_my_lab", "--course", tmp_path).returncode == 0
    refuses(packerlab("new", "201_my_lab", "--course", tmp_path), 2, "exists already")
    refuses(packerlab("new", "mylab", "--course", tmp_path), 2, "is no slug")
    done = packerlab("verify", "--course", tmp_path)
    assert (done.returncode, "201_my_lab: holds" in done.stdout) == (0, True), done.stdout
    grader = tmp_path / "graders" / "test_201_my_lab.py"
    old = grader.read_text()
    grader.write_text(old.replace('expect(text, "done\\n"', 'expect(text, "undone\\n"'))
    assert grader.read_text() != old
    done = packerlab("verify", "--course", tmp_path)
    assert done.returncode == 1
    assert "the solution does not pass" in done.stdout


def test_the_demo(tmp_path: Path) -> None:
    folders = os.environ["PATH"].split(os.pathsep)
    elsewhere = os.pathsep.join(each for each in folders if not Path(each, "packerlab").exists())
    done = packerlab("demo", "--out", tmp_path / "demo", "--sandbox", "bubblewrap", PATH=elsewhere)
    assert done.returncode == 0, done.stderr
    assert "graded 17, passed 7, failed 10, rejected 5, limits 1, timeouts 0" in done.stdout
    assert (tmp_path / "demo" / "report.html").read_text().startswith("<!doctype html>")
    activate = Path(sys.prefix, "bin", "activate")
    assert f"put packerlab on your PATH: . {shlex.quote(str(activate))}" in done.stdout
