"""`packerlab check`: every way out of it, and what it says."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.toy import MESSAGE, ROOT, SCRIPT, SHELL, cli
from tests.waiting import sleepers, until, until_gone


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "main.pkr.hcl").write_text(MESSAGE)
    return folder


@pytest.mark.parametrize(
    ("lab", "code", "words"),
    [
        ("101", 0, "10 of 10 points"),
        ("102", 3, "no score"),
        ("103", 3, "fault: test_breaks broke: ZeroDivisionError"),
        ("110", 2, "rejected: this lab does not use the source `file`"),
        ("111", 1, "0 of 1 points"),
    ],
)
def test_the_exit_code_is_the_verdict(workspace: Path, lab: str, code: int, words: str) -> None:
    done = cli("check", workspace, "--lab", lab)
    assert done.returncode == code
    assert words in done.stdout
    assert done.stderr == "" or done.stderr.startswith("note: ")


def test_a_grader_that_can_t_be_loaded_is_one_sentence(workspace: Path) -> None:
    done = cli("check", workspace, "--lab", "104")
    assert done.returncode == 3
    assert done.stderr.endswith("error: the grader can't be loaded.\n")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("sleep 60", "timeout: test_build: more than 8 s in all."),
        ("while :; do :; done", "timeout: test_build: more than 1 s of CPU time."),
        ("head -c 100000000 /dev/zero > x", "limit: test_build: more than 32 MB of disk"),
    ],
)
def test_a_bound_is_a_negative_verdict(workspace: Path, command: str, reason: str) -> None:
    cli("check", workspace, "--lab", "101")  # the grammar is made once: that takes all of the 1 s
    (workspace / "main.pkr.hcl").write_text(SHELL.replace("PROGRAM", command))
    done = cli("check", workspace, "--lab", "110")
    assert done.returncode == 1
    assert reason in done.stdout
    assert "1 of 3 points" in done.stdout


def test_json_is_the_report(workspace: Path) -> None:
    done = cli("check", workspace, "--lab", "101", "--json")
    report = json.loads(done.stdout)
    assert (report["format"], report["score"], report["status"]) == (1, 10, "graded")
    assert report["run"]["learner"] == "workspace"


def test_a_form_for_another_system_is_printed_or_written(workspace: Path) -> None:
    """Beside a file, the screen shows what it always shows."""
    done = cli("check", workspace, "--lab", "101", "--format", "gradescope")
    assert json.loads(done.stdout)["score"] == 10
    file = workspace.parent / "result.json"
    shown = cli("check", workspace, "--lab", "101", "-f", "classroom50", "-o", file)
    assert "10 of 10 points" in shown.stdout
    assert json.loads(file.read_text())["score"] == 10


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["-f", "canvas"], "There is no format `canvas`: it is html, csv, json, junit,"),
        (["-o", "x"], "-o needs a format: add --format html, "),
        (["-f", "csv", "--json"], "--json and --format are two forms: choose one."),
    ],
)
def test_forms_that_don_t_fit_are_refused(workspace: Path, words: list[str], says: str) -> None:
    done = cli("check", workspace, "--lab", "101", *words)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {says}")


def test_checks_are_shown_as_they_end(workspace: Path) -> None:
    (workspace / "main.pkr.hcl").write_text(SHELL.replace("PROGRAM", "sleep 2"))
    process = subprocess.Popen(
        [SCRIPT, "check", workspace, "--lab", "110"],
        env={**os.environ, "PACKERLAB_COURSE": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert "It is valid." in process.stdout.readline()
    assert process.poll() is None
    process.communicate()


def test_ctrl_c_ends_it_at_once(workspace: Path) -> None:
    (workspace / "main.pkr.hcl").write_text(SHELL.replace("PROGRAM", "sleep 57"))
    process = subprocess.Popen(
        [SCRIPT, "check", workspace, "--lab", "110"],
        env={**os.environ, "PACKERLAB_COURSE": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    building = until(lambda: sleepers(process.pid, "57"), "the build begins")
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=30)[1]
    assert process.returncode == 130
    assert said.endswith("interrupted\n")
    assert "Traceback" not in said
    until_gone(building)


def test_a_name_in_a_hostile_marker_can_t_act(workspace: Path) -> None:
    marker = 'format = 1\nlab = "101\\u001b]0;x\\u0007\\u202e"\n'
    (workspace / ".packerlab.toml").write_text(marker)
    for words in (("check", workspace), ("check", workspace, "--lab", "101")):
        done = cli(*words)
        assert done.returncode == 2
        assert not {"\x1b", "\x07", "\u202e"} & set(done.stderr + done.stdout)


@pytest.mark.skipif(os.getuid() != 0, reason="hides a program of the system")
def test_no_sandbox_at_all(workspace: Path) -> None:
    hidden = 'mount --bind /dev/null "$0" && exec "$@"'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", hidden, shutil.which("bwrap") or "", SCRIPT,
         "check", workspace, "--lab", "101"],
        env={**os.environ, "PACKERLAB_COURSE": str(ROOT), "DOCKER_HOST": "unix:///nowhere.sock"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    for words in ("bubblewrap: bwrap is not installed", "docker: ", "docker-plain: ", "doctor"):
        assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_packer_that_tells_no_version(workspace: Path) -> None:
    program = shutil.which("true") or ""
    done = cli("check", workspace, "--lab", "101", env={"PACKERLAB_PACKER": program})
    assert done.returncode == 3
    assert "Packer does not tell its version" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.getuid() != 0, reason="gives a folder to another user")
def test_what_may_not_be_read(workspace: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="packerlab-test-") as shared:
        folder = Path(shared)
        folder.chmod(0o777)
        secret = shutil.copy(workspace / "main.pkr.hcl", folder)
        Path(secret).chmod(0o600)
        done = subprocess.run(
            ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups", sys.executable, "-m",
             "packerlab", "check", folder, "--lab", "101"],
            env={**os.environ, "HOME": shared, "PACKERLAB_COURSE": str(ROOT),
                 "PACKERLAB_STATE": f"{shared}/state", "PACKERLAB_CACHE": f"{shared}/cache"},
            cwd="/", capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "can't be read: Permission denied" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.getuid() != 0, reason="mounts a small disk")
def test_a_cache_on_a_full_disk(workspace: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", disk], check=True)
    try:
        (disk / "filler").write_bytes(b"x" * 12_000)
        folders = {"PACKERLAB_CACHE": str(disk / "cache"), "PACKERLAB_STATE": str(disk / "state")}
        done = cli("check", workspace, "--lab", "101", env=folders)
    finally:
        subprocess.run(["umount", disk], check=True)
    assert done.returncode == 3
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [["labs"], ["labs", "--json"], ["check", "W", "--lab", "103"],
                                   ["check", "W", "--lab", "101", "--json"]])  # fmt: skip
def test_a_reader_that_is_gone_is_no_error(workspace: Path, words: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [SCRIPT, *(str(workspace) if word == "W" else word for word in words)],
        env={**os.environ, "PACKERLAB_COURSE": str(ROOT), "PYTHONUNBUFFERED": ""},
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


BREAKS = """
from packerlab import course

def breaks(*_):
    raise BrokenPipeError(32, "Broken pipe")

course.open_course = breaks
from packerlab import cli

cli.main()
"""


def test_a_pipe_of_our_own_that_breaks_is_told(tmp_path: Path) -> None:
    """A silent end is for those alone who don't read to the end."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", BREAKS, "labs"],
        env={**os.environ, "PACKERLAB_STATE": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("error: ")
