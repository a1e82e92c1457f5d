"""`packerlab watch`: what a save, a key and a terminal do. The real command, on a real terminal."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.places import descendants
from tests.terminals import CLEAR, PATIENCE_S, Terminal
from tests.toy import COURSE, MESSAGE, ROOT, SCRIPT, SHELL, cli
from tests.waiting import sleepers, until, until_gone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    assert cli("start", "101", tmp_path / "101_message").returncode == 0
    (tmp_path / "101_message" / "two.pkr.hcl").write_text('source "file" "two" {}\n')
    return tmp_path / "101_message"


@pytest.fixture
def screen(workspace: Path) -> Iterator[Terminal]:
    terminal = Terminal("watch", workspace)
    yield terminal
    terminal.close()


def test_a_save_is_checked_and_a_pass_is_kept(screen: Terminal, workspace: Path) -> None:
    before = screen.until("points in")
    assert "✗ The template has one source." in before
    assert "101 · Every kind of check" in before
    (workspace / "two.pkr.hcl").unlink()
    after = screen.until("Passed. Next: packerlab start")
    assert "10 of 10 points" in after
    assert "✗" not in after
    screen.press("q")
    assert screen.ended() == 0
    assert "passed 20" in cli("progress").stdout


def test_the_keys(screen: Terminal, workspace: Path) -> None:
    assert "t task   h hint   r run again   d docs   q quit" in screen.until("q quit")
    screen.until("points in")
    screen.press("h")
    assert screen.until("hint:     Two.")
    screen.press("n")
    screen.press("d")
    assert screen.until("any other key goes back")
    assert "101_message: " not in screen.picture
    assert not workspace.with_name(COURSE.slugs[1]).exists(), "this lab is not passed yet"
    assert "✗" not in screen.picture
    screen.press("x")
    screen.until("✗ The template")
    screen.forget()
    screen.press("r")
    screen.until("points in")
    (workspace / "two.pkr.hcl").unlink()
    screen.until("n next lab")
    screen.press("n")
    following = COURSE.slugs[1]
    task = COURSE.lab(following).task.read_text().splitlines()[0]
    shown = screen.until("any other key goes back")
    assert f"{following[:3]} · " in shown
    assert str(workspace.with_name(following)) in shown.replace("\n", "")
    assert task in shown, "the new task is shown at once"
    assert (workspace.with_name(following) / ".packerlab.toml").exists()
    screen.press("x")
    screen.until("q quit")
    screen.press("t")
    assert task in screen.until("any other key goes back")
    screen.press("q")
    assert screen.ended() == 0


def test_another_size_is_another_picture(screen: Terminal) -> None:
    screen.until("points in")
    screen.forget()
    screen.resize(20, 40)

    def narrow() -> bool:
        screen.read()
        return "points in" in screen.picture and max(map(len, screen.picture.splitlines())) <= 40

    until(narrow, "a picture that fits")
    screen.press("q")
    assert screen.ended() == 0


def test_ctrl_c_leaves_the_terminal_as_it_was(screen: Terminal) -> None:
    screen.until("points in")
    screen.press("\x03")
    assert screen.ended() == 130


def test_a_save_ends_the_build_under_way(tmp_path: Path) -> None:
    folder = tmp_path / "workspace"
    folder.mkdir()
    slow = SHELL.replace("PROGRAM", "sleep 50")
    (folder / "main.pkr.hcl").write_text(slow)
    terminal = Terminal("watch", folder, "--lab", "110")
    try:
        terminal.until("✓")
        first = until(lambda: sleepers(terminal.pid, "50"), "the build begins")
        (folder / "main.pkr.hcl").write_text(
            SHELL.replace("PROGRAM", "echo hello > out/message.txt")
        )
        until_gone(first)
        terminal.forget()
        terminal.until("points in")
        terminal.press("q")
        ours = descendants(terminal.pid)
        assert terminal.ended() == 0
        until_gone(ours)
    finally:
        terminal.close()


@pytest.fixture
def piped(workspace: Path) -> Iterator[subprocess.Popen[str]]:
    """`watch` into a pipe; it ends with the test, however that ends."""
    process = subprocess.Popen(
        [SCRIPT, "watch", workspace],
        env={**os.environ, "PACKERLAB_COURSE": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


def lines_until(words: str, process: subprocess.Popen[str]) -> list[str]:
    """What it tells up to a line with these words."""
    assert process.stdout
    lines = []
    for line in process.stdout:
        lines.append(line)
        if words in line:
            return lines
    pytest.fail(f"it ended without {words!r}: {lines}")


def test_into_a_pipe_it_tells_line_by_line(piped: subprocess.Popen[str], workspace: Path) -> None:
    lines = lines_until("points in", piped)
    assert any(line.startswith("✗ The template has one source.") for line in lines)
    (workspace / "two.pkr.hcl").unlink()
    lines += lines_until("10 of 10 points in", piped)
    piped.send_signal(signal.SIGINT)
    _, errors = piped.communicate(timeout=PATIENCE_S)
    assert piped.returncode == 130
    assert "Traceback" not in errors
    assert "\x1b" not in "".join(lines)


def test_where_the_system_does_not_tell_of_saves(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHFILES_FORCE_POLLING", "true")
    terminal = Terminal("watch", workspace)
    try:
        terminal.until("points in")
        (workspace / "two.pkr.hcl").unlink()
        terminal.until("10 of 10 points in")
        terminal.press("q")
        assert terminal.ended() == 0
    finally:
        terminal.close()


def test_a_dumb_terminal_is_not_drawn_on(workspace: Path) -> None:
    terminal = Terminal("watch", workspace, term="dumb")
    try:
        terminal.until("points in")
        assert CLEAR not in terminal.shown
        terminal.press("h")
        terminal.until("Two.")
        terminal.press("q")
        assert terminal.ended() == 0
    finally:
        terminal.close()


def test_what_can_t_be_read_is_said_and_mended(screen: Terminal, workspace: Path) -> None:
    screen.until("points in")
    (workspace / "link").symlink_to("/etc/passwd")
    screen.until("rejected: link is a link")
    (workspace / "link").unlink()
    screen.until("✗ The template has one source.")


def test_a_hostile_workspace_can_t_draw(screen: Terminal, workspace: Path) -> None:
    """A title, a clipboard, a link, a cleared screen: none of what is handed in acts."""
    screen.until("points in")
    evil = "\x1b]0;owned\x07\x1b]52;c;b3duZWQ=\x07\x1b[2J\x1b]8;;mailto:a@example.org\x07"
    (workspace / "two.pkr.hcl").unlink()
    (workspace / "main.pkr.hcl").write_text(MESSAGE.replace("Hello", f"{evil}Hello"))
    screen.until("out/message.txt holds something else.")
    screen.until("points in")
    assert "\x1b]" not in screen.shown
    assert "\x07" not in screen.shown
    assert "owned" in screen.picture, "as text"
    (workspace / evil).touch()
    screen.until("rejected: ")
    assert "\x1b]" not in screen.shown
    screen.press("q")
    assert screen.ended() == 0


@pytest.mark.parametrize(
    ("path", "said"), [("nowhere", "there is no such folder"), ("file.zip", "is no folder")]
)
def test_only_a_folder_is_watched(tmp_path: Path, path: str, said: str) -> None:
    (tmp_path / "file.zip").write_bytes(b"")
    done = cli("watch", tmp_path / path)
    assert done.returncode == 2
    assert said in done.stderr
