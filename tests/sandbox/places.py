"""The rows of the contract test: a process of its own opens the sandbox and lends its channel."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import filelock
import msgspec
import platformdirs

from packerlab import state
from packerlab.course import OURS, PACKAGE
from packerlab.errors import MachineError
from packerlab.lab import Limits
from packerlab.sandbox import BACKENDS
from packerlab.sandbox.channel import Channel

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS = ["bubblewrap as a user", *BACKENDS]
"""Every row of the table, and bubblewrap's once more as another user than the one who tests."""

LIMITS = Limits(deadline_s=20, cpu_s=10, memory_mb=200, disk_mb=32)
USER = 54_321

OPENER = """
import json, socket, sys
paths, backend, limits = json.loads(sys.argv[1])
sys.path[:0] = paths
from packerlab.lab import Limits
from packerlab.sandbox import BACKENDS
from packerlab.sandbox.base import Sandbox
ours = socket.socket(fileno=0)
sandbox = Sandbox(BACKENDS[backend]([]), Limits(*limits))
channel = sandbox.channel()
socket.send_fds(ours, [b"framed" if channel.framed else b"plain"], [channel.socket.fileno()])
ours.recv(1)
sandbox.close()
"""


class Place:
    """An open sandbox: bubblewrap's of another user, or any that can be killed from here."""

    def __init__(self, row: str, limits: Limits = LIMITS) -> None:
        self.row = row
        self.backend = row.split(maxsplit=1)[0]
        self.nested = row != "docker-plain"
        self.contained = row.startswith("docker")
        self.as_user = row.endswith("user")
        self._shared = Path(tempfile.mkdtemp(prefix="packerlab-test-"))
        self._control, theirs = socket.socketpair()
        with theirs:
            self.opener = self._start(theirs, limits)
        self._control.settimeout(60)
        word, fds, _, _ = socket.recv_fds(self._control, 8, 1)
        if not fds:
            self._control.close()
            shutil.rmtree(self._shared)
            raise MachineError(f"{row} did not open: its opener ended with {self.opener.wait()}.")
        self.channel = Channel(socket.socket(fileno=fds[0]), framed=word == b"framed")

    def _start(self, theirs: socket.socket, limits: Limits) -> subprocess.Popen[bytes]:
        python, paths = sys.executable, sys.path
        env = dict(os.environ)
        if self.as_user:
            python, paths = _python_for_all(), [str(_copied_to(self._shared / "python"))]
            env = {"PATH": os.environ["PATH"], **_folders_of_user(self._shared)}
        self.home = env["HOME"]
        asked = json.dumps([paths, self.backend, msgspec.structs.astuple(limits)])
        return subprocess.Popen(
            [python, "-I", "-W", "error", "-c", OPENER, asked],
            stdin=theirs.fileno(),
            env=env,
            user=USER if self.as_user else None,
            group=USER if self.as_user else None,
            extra_groups=[] if self.as_user else None,
        )

    def close(self) -> None:
        """Close the sandbox and end its opener."""
        self._control.close()
        code = self.opener.wait(30)
        self.channel.socket.close()
        shutil.rmtree(self._shared)
        if code:
            raise MachineError(f"{self.row}: its opener ended with {code}.")

    def kill(self) -> None:
        """End the opener as the kernel would: it can clean nothing up."""
        self.opener.kill()
        self.opener.wait()
        self._control.close()
        self.channel.socket.close()
        shutil.rmtree(self._shared)


def reason_to_skip(row: str) -> str | None:
    """Why a row can't run on this machine."""
    if row.endswith("user") and os.getuid() != 0:
        return "the tests run as an ordinary user: the row bubblewrap is this one"
    if row.endswith("user") and not _python_for_all():
        return "no Python that an ordinary user may run"
    if row.startswith("bubblewrap"):
        try:
            BACKENDS["bubblewrap"]([]).packer()
        except MachineError as error:
            return str(error)
    return BACKENDS[row.split(maxsplit=1)[0]]([]).unavailable()


def _python_for_all() -> str:
    """A Python of our version that every user may run, or nothing.

    One that is in a virtual environment stands on another, which not every user may read.
    """
    ask = "import sys; print(sys.version_info[:2])"
    base = os.path.realpath(sys._base_executable)  # type: ignore[attr-defined]
    for python in (base, "/usr/bin/python3"):
        try:
            told = subprocess.run(
                [python, "-I", "-c", ask], user=USER, capture_output=True, text=True, check=True
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        if told.stdout.strip() == str(sys.version_info[:2]):
            return python
    return ""


def _copied_to(folder: Path) -> Path:
    """What the opener imports, where every user may read it."""
    imported = [Path(module.__path__[0]) for module in (filelock, msgspec, platformdirs)]
    for package in (PACKAGE, *imported):
        shutil.copytree(package, folder / package.name, ignore=shutil.ignore_patterns(OURS))
    subprocess.run(["chmod", "-R", "a+rX", folder.parent], check=True)
    return folder


def _folders_of_user(shared: Path) -> dict[str, str]:
    folders = {"HOME": "home", "PACKERLAB_STATE": "state", "PACKERLAB_CACHE": "cache"}
    for name in folders.values():
        (shared / name).mkdir()
        os.chown(shared / name, USER, USER)
    (shared / "home/canary").write_text("canary")
    return {variable: str(shared / name) for variable, name in folders.items()}


# --- what the host sees --------------------------------------------------------------------------


def processes_with(marker: str) -> list[int]:
    """The processes of this machine that have `marker` on their command line."""
    return [pid for pid in _pids() if marker in _text(pid, "cmdline")]


def descendants(root: int) -> list[int]:
    """The processes below `root`, which is not one of them."""
    parents = {pid: _text(pid, "stat").rpartition(")")[2].split() for pid in _pids()}
    found = [root]
    for pid in found:
        found += [other for other, fields in parents.items() if fields[1:2] == [str(pid)]]
    return found[1:]


def alive(pids: list[int]) -> list[int]:
    """Those that still run; a zombie does not."""
    states = {pid: _text(pid, "stat").rpartition(")")[2].split()[:1] for pid in pids}
    return [pid for pid, status in states.items() if status not in ([], ["Z"], ["X"])]


def host_uids(pid: int) -> list[int]:
    line = next(line for line in _text(pid, "status").splitlines() if line.startswith("Uid:"))
    return [int(uid) for uid in line.split()[1:]]


def control_groups() -> list[Path]:
    """The control groups of this test run's sandboxes."""
    ours = state.run_name("x").rsplit("-", 2)[0]
    return [path for path in Path("/sys/fs/cgroup").glob(f"*/{ours}-*") if path.is_dir()]


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _text(pid: int, name: str) -> str:
    try:
        return Path("/proc", str(pid), name).read_text(errors="replace")
    except OSError:
        return ""
