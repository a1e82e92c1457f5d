from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from packerlab import state
from packerlab.course import PACKAGE
from packerlab.inside.meter import SOCKETS
from packerlab.sandbox import cgroup

if TYPE_CHECKING:
    from collections.abc import Iterator

HOG = "x = [bytearray(10**6) for _ in range(400)]"
MAKE = """
import sys
sys.path.insert(0, sys.argv[1])
from packerlab import state
from packerlab.sandbox import cgroup
print(*cgroup.make(state.run_name(), 64_000_000, 64).paths, sep="\\n", flush=True)
print(flush=True)
sys.stdin.read()
"""


@pytest.fixture
def group() -> Iterator[cgroup.Group]:
    """A control group of 64 MB and 64 processes."""
    made = cgroup.make(state.run_name(), 64_000_000, 64)
    if made is None or not made.paths:
        pytest.skip("no control group can be written here")
    yield made
    made.remove()


def run(group: cgroup.Group, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*group.enter, *command], capture_output=True, text=True, check=False)


def test_a_command_runs_in_it_as_it_is(group: cgroup.Group) -> None:
    ran = run(group, "/bin/sh", "-c", 'cat /proc/self/cgroup; echo "$1"', "sh", "a b")
    assert group.paths[0].name in ran.stdout
    assert ran.stdout.endswith("a b\n")


def test_memory_is_bounded_and_the_kill_is_counted(group: cgroup.Group) -> None:
    assert run(group, sys.executable, "-c", HOG).returncode == -9
    assert "oom_kill 1" in "".join(Path(path).read_text() for path in group.told)


FILLS = """
import socket
keep = []
def fill(one, other):
    keep.extend((one, other))
    one.setblocking(False)
    try:
        for _ in range(100): one.send(b"x" * 60000)
    except OSError: pass
with socket.create_server(("127.0.0.1", 0)) as server:
    for _ in range(100):
        fill(socket.create_connection(server.getsockname()), server.accept()[0])
        one, other = (socket.socket(type=socket.SOCK_DGRAM) for _ in range(2))
        other.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4000000)
        other.bind(("127.0.0.1", 0))
        one.connect(other.getsockname())
        fill(one, other)
held = 0
for other in keep[1::2]:
    other.setblocking(False)
    try:
        while said := other.recv(65536): held += len(said)
    except OSError: pass
print(held)
"""


def test_what_sockets_hold_is_bounded(group: cgroup.Group) -> None:
    """By a number of its own in version 1, and there it is reported; in version 2 as memory."""
    ran = run(group, sys.executable, "-c", FILLS)
    assert ran.returncode in (0, -9), ran.stderr
    assert int(ran.stdout or 0) < 150_000_000
    if any("memory/" in path for path in group.told):
        assert [path for path in group.told if path.endswith(SOCKETS)]


def test_processes_are_bounded(group: cgroup.Group) -> None:
    ran = run(group, "/bin/sh", "-c", "for n in $(seq 100); do sleep 5 & done; wait")
    assert "fork" in ran.stderr


def test_it_is_gone_when_it_is_removed(group: cgroup.Group) -> None:
    assert all(path.is_dir() for path in group.paths)
    group.remove()
    assert not any(path.exists() for path in group.paths)
    group.remove()


def test_what_a_killed_run_leaves_is_reaped_and_nothing_else(group: cgroup.Group) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", MAKE, str(PACKAGE.parent)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    ) as other:
        assert other.stdout
        theirs = [Path(line.strip()) for line in iter(other.stdout.readline, "\n")]
        cgroup.reap()
        assert all(path.is_dir() for path in [*theirs, *group.paths])
        other.kill()
    cgroup.reap()
    assert not any(path.exists() for path in theirs)
    assert all(path.is_dir() for path in group.paths)


def test_no_half_made_group_is_left(group: cgroup.Group) -> None:
    parent, name = group.paths[0].parent, state.run_name()
    if group.enter[0] == "env":
        pytest.skip("systemd makes it")
    assert cgroup.make(name, -5, -5) is None
    assert not (parent / name).exists()


def test_where_none_can_be_had_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cgroup, "ROOT", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cgroup.make(state.run_name(), 64_000_000, 64) is None
    assert cgroup.kind() is None


def test_the_kind_is_named(group: cgroup.Group) -> None:
    assert cgroup.kind() in ("cgroup v1", "cgroup v2", "systemd-run --user --scope")
    assert group.enter
