"""`packerlab packer` and `packerlab shell`: real commands, on real terminals, in real sandboxes."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from packerlab.packer.versions import NATIVE_PLUGINS, version_of
from packerlab.sandbox import BACKENDS
from packerlab.submissions.changes import THEIRS
from tests.sandbox.places import alive, descendants, processes_with
from tests.terminals import Terminal
from tests.toy import ROOT, SCRIPT, cli
from tests.waiting import until, until_gone

if TYPE_CHECKING:
    from collections.abc import Iterator

HOSTILE = ROOT.parent / "hostile_course"
MESSAGE = """\
packer {
  required_plugins {
    # what is here is nobody's
  }
}
variable "name" {
  default = "nobody"
}
source "file" "message" {
  content = "Hello, ${var.name}!\\n"
  target  = "out/message.txt"
}
build {
  sources = ["source.file.message"]
}
"""
PROGRAM = """\
source "null" "x" {
  communicator = "none"
}
build {
  sources = ["source.null.x"]
  provisioner "shell-local" {
    inline = ["sh program"]
  }
}
"""


@pytest.fixture(params=["bubblewrap", "docker"])
def row(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if name == "docker":
        request.getfixturevalue("sandbox_image")
    if reason := BACKENDS[name]([]).unavailable():
        pytest.skip(f"{name}: {reason}")
    return name


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    assert cli("start", "101", tmp_path / "w").returncode == 0
    (tmp_path / "w" / "main.pkr.hcl").write_text(MESSAGE)
    return tmp_path / "w"


@pytest.fixture
def own_packer() -> tuple[int, int, int]:
    packer = os.environ.get("PACKERLAB_PACKER") or shutil.which("packer")
    assert packer
    ran = subprocess.run([packer, "version"], capture_output=True, text=True, check=True)
    return version_of(ran.stdout)


@contextlib.contextmanager
def on_terminal(verb: str, row: str, workspace: Path, *words: str) -> Iterator[Terminal]:
    terminal = Terminal(verb, "--sandbox", row, *words, cwd=workspace)
    try:
        yield terminal
    finally:
        terminal.close()


def piped(row: str, workspace: Path, *words: str, typed: str) -> subprocess.CompletedProcess[str]:
    """What a command says that has its input from a pipe."""
    return subprocess.run(
        [SCRIPT, words[0], "--sandbox", row, *words[1:]],
        cwd=workspace,
        env={**os.environ, "PACKERLAB_COURSE": str(ROOT)},
        input=typed,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def in_shell(row: str, workspace: Path, commands: str) -> subprocess.CompletedProcess[str]:
    return piped(row, workspace, "shell", typed=commands)


# --- packer ---------------------------------------------------------------------------------------


def test_a_build_is_followed_and_what_it_made_comes_home(row: str, workspace: Path) -> None:
    words = ("packer", "--sandbox", row)
    checked = cli(*words, "validate", ".", cwd=workspace)
    assert checked.returncode == 0, checked.stderr
    built = cli(*words, "build", ".", cwd=workspace, env={"PKR_VAR_name": "Ada"})
    assert built.returncode == 0, built.stdout
    assert "file.message: output will be in this color" in built.stdout
    assert built.stderr == "new: out/message.txt (12 bytes)\n"
    assert (workspace / "out/message.txt").read_text() == "Hello, Ada!\n"
    assert (workspace / "main.pkr.hcl").read_text() == MESSAGE
    wrong = cli(*words, "build", "-var", "nome=x", ".", cwd=workspace)
    assert wrong.returncode == 1
    assert "nome" in wrong.stdout + wrong.stderr


def test_fmt_comes_home_with_all_that_was_there(row: str, workspace: Path) -> None:
    (workspace / "main.pkr.hcl").write_text(MESSAGE.replace("  default", "default"))
    ran = cli("packer", "--sandbox", row, "fmt", ".", cwd=workspace)
    assert ran.returncode == 0
    assert "changed: main.pkr.hcl" in ran.stderr
    assert (workspace / "main.pkr.hcl").read_text() == MESSAGE


def test_init_is_said_not_to_be_there(
    row: str, workspace: Path, own_packer: tuple[int, int, int]
) -> None:
    if own_packer >= NATIVE_PLUGINS:
        pytest.skip("this Packer has init")
    ran = cli("packer", "--sandbox", row, "init", ".", cwd=workspace)
    assert (ran.returncode, ran.stdout) == (0, "")
    assert "has no `init`: its plugins are built in" in ran.stderr


def test_console_takes_a_pipe_and_a_terminal(row: str, workspace: Path) -> None:
    asked = piped(row, workspace, "packer", "console", ".", typed="var.name\n")
    assert "nobody" in asked.stdout
    with on_terminal("packer", row, workspace, "console", ".") as terminal:
        terminal.until("> ")
        terminal.press("upper(var.name)\r")
        terminal.until("NOBODY")
        terminal.press("exit\r")
        assert terminal.ended() == 0


def test_a_build_that_is_cancelled_cleans_up(row: str, workspace: Path) -> None:
    (workspace / "main.pkr.hcl").write_text(PROGRAM)
    (workspace / "program").write_text("echo made >kept; echo begun; sleep 3171")
    with on_terminal("packer", row, workspace, "build", ".") as terminal:
        terminal.until("begun")
        terminal.press("\x03")
        assert terminal.ended() == 1  # whichever of the two hears of it first
    assert (workspace / "kept").read_text() == "made\n"
    assert alive(processes_with("sleep\x003171")) == []


def test_a_second_ctrl_c_ends_what_ignores_the_first(row: str, workspace: Path) -> None:
    """Packer waits for its plugins, and the program stops them: so the first one ends nothing."""
    (workspace / "main.pkr.hcl").write_text(PROGRAM)
    plugins = "$(grep -l plugin /proc/[0-9]*/cmdline | cut -d / -f 3)"
    (workspace / "program").write_text(f"kill -STOP {plugins}; sleep 3172")
    with on_terminal("packer", row, workspace, "build", ".") as terminal:
        until(lambda: alive(processes_with("sleep\x003172")), "the program has not begun")
        terminal.press("\x03")
        terminal.until("Cancelling")
        terminal.press("\x03")
        terminal.until("Stopped: everything that ran in the sandbox has ended.")
        assert terminal.ended() == 130
    until_gone(processes_with("sleep\x003172"))


def test_what_a_template_says_is_text(row: str, workspace: Path) -> None:
    (workspace / "main.pkr.hcl").write_text(PROGRAM)
    (workspace / "program").write_text(
        r"printf '\033]0;title\007\033[2J\033[6n\033[8mhidden\033[0m\033[1;31mred\033[0m\n'"
    )
    ran = cli("packer", "--sandbox", row, "build", ".", cwd=workspace)
    assert "\x1b" not in ran.stdout
    with on_terminal("packer", row, workspace, "build", ".") as terminal:
        assert terminal.ended() == 0
        assert "\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}[6n" in terminal.shown
        assert "\x1b[1;31mred\x1b[0m" in terminal.shown
        for sequence in ("\x1b]", "\x1b[2J", "\x1b[6n", "\x1b[8m"):
            assert sequence not in terminal.shown


def test_a_flood_hits_the_bound_and_is_told(row: str, workspace: Path) -> None:
    (workspace / "main.pkr.hcl").write_text(PROGRAM)
    (workspace / "program").write_text("yes $(head -c 900 /dev/zero | tr '\\0' y)")
    ran = cli("packer", "--sandbox", row, "build", ".", cwd=workspace)
    assert ran.returncode == 1
    assert "limit: more than 1000000 bytes of output." in ran.stderr
    assert len(ran.stdout) <= 1_000_000


def test_a_lab_names_the_workspace_from_anywhere(row: str, workspace: Path) -> None:
    for named in ("101", "101_message"):
        shown = cli("packer", "--sandbox", row, named, "version", cwd=workspace.parent)
        assert shown.stdout.startswith("Packer v")
    built = cli("packer", "--sandbox", row, "101", "build", ".", cwd=workspace.parent)
    assert built.returncode == 0, built.stdout
    assert (workspace / "out/message.txt").exists()
    in_it = subprocess.run(
        [SCRIPT, "shell", "101", "--sandbox", row], cwd=workspace.parent, input="pwd; ls\n",
        env={**os.environ, "PACKERLAB_COURSE": str(ROOT)}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert in_it.stdout.splitlines() == ["/workspace", "README.md", "main.pkr.hcl", "out"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["101"], "What is Packer to do? For example: packerlab packer 101 build ."),
        (["-C", "w", "101", "version"], "Name the workspace once: by -C w, or by its lab 101."),
        (["199", "version"], "199: there is no such folder, and no such lab"),
        (["103", "version"], "`packerlab start 103` makes one."),
    ],
)
def test_a_lab_that_does_not_name_the_workspace(
    workspace: Path, words: list[str], complaint: str
) -> None:
    ran = cli("packer", *words, cwd=workspace.parent)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert complaint in ran.stderr


def test_an_archive_is_no_place_to_work_in(row: str, workspace: Path) -> None:
    shutil.make_archive(str(workspace), "zip", workspace)
    ran = cli("packer", "--sandbox", row, "-C", f"{workspace}.zip", "version")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "unpack it first" in ran.stderr


# --- shell ----------------------------------------------------------------------------------------


def test_a_shell_has_packer_and_what_it_changes_comes_home(
    row: str, workspace: Path, own_packer: tuple[int, int, int]
) -> None:
    with on_terminal("shell", row, workspace) as terminal:
        terminal.until("packerlab 101 /workspace$ ")
        terminal.press("packer version; sed -i s/Hello/Goodbye/ main.pkr.hcl; stty size\r")
        terminal.until(f"Packer v{'.'.join(map(str, own_packer))}")
        terminal.until("40 100")
        terminal.resize(20, 70)
        terminal.press("packer build . && stty size; exit 5\r")
        terminal.until("20 70")
        assert terminal.ended() == 5
        assert "changed: main.pkr.hcl" in terminal.picture
    assert (workspace / "main.pkr.hcl").read_text() == MESSAGE.replace("Hello", "Goodbye")
    assert (workspace / "out/message.txt").read_text() == "Goodbye, nobody!\n"


@pytest.mark.parametrize("closed", [True, False], ids=["window", "signal"])
def test_a_window_that_is_closed_loses_no_work(row: str, workspace: Path, *, closed: bool) -> None:
    """With the window its terminal goes: nothing can be written there, or set, any more."""
    with on_terminal("shell", row, workspace) as terminal:
        terminal.until("$ ")
        terminal.press("trap '' HUP TERM; echo mine >notes; echo is $((1 + 1)); sleep 3173\r")
        terminal.until("is 2")
        below = descendants(terminal.pid)
        if closed:
            terminal.hang_up()
        else:
            os.kill(terminal.pid, signal.SIGHUP)
        assert terminal.ended() == 130
    assert (workspace / "notes").read_text() == "mine\n"
    until_gone([*below, *processes_with("sleep\x003173")])


@pytest.mark.parametrize("verb", ["packer", "shell"])
def test_nothing_lives_on_when_we_are_killed(row: str, workspace: Path, verb: str) -> None:
    (workspace / "main.pkr.hcl").write_text(PROGRAM)
    (workspace / "program").write_text("trap '' HUP; echo begun; setsid sleep 3174 & sleep 3174")
    with on_terminal(
        verb, row, workspace, *(["build", "."] if verb == "packer" else [])
    ) as terminal:
        if verb == "shell":
            terminal.until("$ ")
            terminal.press("sh program\r")
        terminal.until("begun")
        until(lambda: len(processes_with("sleep\x003174")) >= 2, "both sleep")
        os.kill(terminal.pid, signal.SIGKILL)
        terminal.ended()
        until_gone(processes_with("sleep\x003174"))
    assert not (workspace / "notes").exists()


ODD = r"""
ln -s /etc/passwd link; ln -s /etc folder; mkfifo pipe; mkdir out
touch "$(printf 'x\033[2Jy')" 'a\b'; mkdir -p .git/hooks; echo evil >.git/hooks/post-checkout
echo evil >.envrc; echo evil >packer-builder-x; touch MAIN.pkr.hcl; echo good >out/good
"""


def test_odd_files_stay_behind_and_the_others_come(row: str, workspace: Path) -> None:
    ran = in_shell(row, workspace, ODD)
    assert ran.returncode == 0
    assert "new: out/good (5 bytes)" in ran.stderr
    assert "\x1b" not in ran.stderr
    assert ran.stderr.count("left behind: ") == 7
    names = {path.relative_to(workspace).as_posix() for path in workspace.rglob("*")}
    assert names == {".packerlab.toml", "README.md", "main.pkr.hcl", "out", "out/good"}


def test_too_many_and_too_large_files_lose_no_work(row: str, workspace: Path) -> None:
    commands = """
        for n in $(seq 300); do echo $n >many-$n; done; head -c 5000000 /dev/zero >large
        echo '# mine' >>main.pkr.hcl"""
    ran = in_shell(row, workspace, commands)
    assert "more than 4000000 bytes in all; the largest file is large" in ran.stderr
    assert "more than 100 files in a workspace." in ran.stderr
    assert (workspace / "main.pkr.hcl").read_text() == f"{MESSAGE}# mine\n"
    assert len(list(workspace.iterdir())) <= 102
    assert cli("check", workspace, "--sandbox", row).returncode in (0, 1)


def test_what_is_changed_here_meanwhile_stays(row: str, workspace: Path) -> None:
    outside = workspace.parent / "outside"
    outside.mkdir()
    with on_terminal("shell", row, workspace) as terminal:
        terminal.until("$ ")
        (workspace / "README.md").write_text("ours\n")
        (workspace / "out").symlink_to(outside)
        terminal.press("echo theirs >README.md; mkdir out; echo theirs >out/x; exit\r")
        assert terminal.ended() == 0
        assert "README.md stays: it was changed here meanwhile." in terminal.picture
        assert "out/x can't be written" in terminal.picture
    assert (workspace / "README.md").read_text() == "ours\n"
    assert (workspace / f"README.md{THEIRS}").read_text() == "theirs\n"
    assert list(outside.iterdir()) == []


def test_a_screen_is_left_as_it_was(row: str, workspace: Path) -> None:
    speaks = r"\033]0;title\007\033]52;c;ZXZpbA==\007\033[6n\033[c\033[?1000h"
    draws = r"\033[?1049h\033[?25l\033[31m"
    with on_terminal("shell", row, workspace) as terminal:
        terminal.until("$ ")
        terminal.press(f"printf '{speaks}{draws}drawn'; exit\r")
        assert terminal.ended() == 0
    for sequence in ("\x1b]", "\x1b[6n", "\x1b[c", "\x1b[?1000h"):
        assert sequence not in terminal.shown
    for sequence in ("\x1b[?1049l", "\x1b[?25h", "\x1b[0m"):
        assert sequence in terminal.shown.partition("drawn")[2]


def test_nothing_of_the_host_is_there(row: str, workspace: Path) -> None:
    (workspace.parent / "canary").write_text("canary")
    commands = f"""
        cat {workspace.parent}/* ../canary /root/* {Path.home()}/* /etc/shadow; ls /proc | wc -l
        env | grep -c PYTEST; echo x >/usr/x; echo x >/etc/x"""
    ran = in_shell(row, workspace, commands)
    assert "canary\n" not in ran.stdout
    assert ran.stdout.splitlines()[-1] == "0"


def test_a_bound_ends_a_shell_and_its_work_comes_home(row: str, workspace: Path) -> None:
    ran = in_shell(row, workspace, "echo mine >notes; head -c 500000000 /dev/zero >/tmp/x; echo on")
    assert ran.returncode == 1
    assert "limit: more than" in ran.stderr
    assert (workspace / "notes").read_text() == "mine\n"


# --- beside an account ----------------------------------------------------------------------------

ASKS = """
python3 -c "
import ssl, urllib.request
context = ssl.create_default_context(cafile='/etc/account.pem')
try:
    urllib.request.urlopen('https://ec2.eu-central-1.amazonaws.com/', context=context)
except urllib.error.HTTPError as error:
    print('the API says', error.code)
"
"""


def test_the_accounts_api_is_in_the_shell_alone(
    request: pytest.FixtureRequest, row: str, tmp_path: Path
) -> None:
    if row == "bubblewrap":
        request.getfixturevalue("instance_base")
    if reason := BACKENDS[row]([]).lacks("account"):
        pytest.skip(reason)
    starter = HOSTILE / "labs/905_account/solution"
    shutil.copytree(starter, tmp_path / "w")
    words = ("--lab", "905", "--course", str(HOSTILE))
    before = listening()
    with on_terminal("shell", row, tmp_path / "w", *words) as terminal:
        terminal.until("$ ")
        terminal.press(ASKS.strip().replace("\n", "\r") + "\r")
        terminal.until("the API says 4")
        assert listening() - before == set()
        with socket.socket() as tried:
            assert tried.connect_ex(("127.0.0.1", 443))
        terminal.press("exit\r")
        assert terminal.ended() == 0


def listening() -> set[str]:
    """The ports at which somebody listens on this machine."""
    found = set()
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                found.add(fields[1])
    return {port for port in found if port.endswith(":01BB")}
