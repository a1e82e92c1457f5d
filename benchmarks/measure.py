"""What a command costs: wall clock, CPU of its whole control group, memory of its processes.

A control group counts every process that a command starts, also those that nobody waits for and
those of a forkserver, which `getrusage` does not see. Root on Linux, for the control groups.
"""

from __future__ import annotations

import contextlib
import secrets
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CGROUP = Path("/sys/fs/cgroup")
VERSION_2 = (CGROUP / "cgroup.controllers").exists()
CPU = CGROUP if VERSION_2 else CGROUP / "cpuacct"


class Cost(NamedTuple):
    """Seconds of wall clock and of CPU; the exit code and what was printed."""

    wall: float
    cpu: float
    exit: int
    output: str


@dataclass
class Group:
    """A fresh control group that commands are started in."""

    path: Path = field(default_factory=lambda: CPU / f"bench-{secrets.token_hex(4)}")

    def start(self, argv: list[str], **more: object) -> subprocess.Popen[str]:
        """Start a command whose every process is counted in this group."""
        self.path.mkdir(exist_ok=True)
        join = ["/bin/sh", "-c", f'echo $$ > {self.path}/cgroup.procs; exec "$@"', "sh", *argv]
        return subprocess.Popen(join, text=True, **more)  # type: ignore[call-overload, no-any-return]

    def pids(self) -> list[int]:
        return [int(pid) for pid in (self.path / "cgroup.procs").read_text().split()]

    def cpu(self) -> float:
        return cpu_of(self.path)

    def remove(self) -> None:
        wait_until(lambda: not self.pids(), 10)
        for below in sorted(self.path.rglob("*/"), reverse=True):
            below.rmdir()  # what a killed grader left, which its next run would remove
        self.path.rmdir()


def cpu_of(path: Path) -> float:
    """CPU seconds that a control group and those below it have used, dead ones included."""
    if VERSION_2:
        return int((path / "cpu.stat").read_text().split()[1]) / 1e6
    return int((path / "cpuacct.usage").read_text()) / 1e9


def run(argv: list[str], **more: object) -> Cost:
    """Run a command to its end."""
    group = Group()
    started = time.monotonic()
    process = group.start(
        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **more
    )
    output, _ = process.communicate()
    wall = time.monotonic() - started
    wait_until(lambda: not group.pids(), 5)
    cost = Cost(wall, group.cpu(), process.returncode, output)
    group.remove()
    return cost


def containers_cpu() -> float:
    """CPU seconds of all containers so far, those that are gone included (dockerd is not)."""
    with contextlib.suppress(OSError):
        return cpu_of(CPU / "docker")
    return 0.0


def wait_until(true: Callable[[], bool], patience: float) -> float:
    """Seconds until `true()`; raises TimeoutError after `patience`."""
    started = time.monotonic()
    while not true():
        if time.monotonic() - started > patience:
            raise TimeoutError(f"not within {patience} s")
        time.sleep(0.005)
    return time.monotonic() - started


def pss(pid: int) -> int:
    """Bytes of a process, shared pages counted in parts; 0 for one that is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def program_of(pid: int) -> str:
    with contextlib.suppress(OSError):
        return str(Path(f"/proc/{pid}/exe").readlink())
    return ""


def samples(group: Group, process: subprocess.Popen[str], every: float) -> Iterator[list[int]]:
    """The group's processes, again and again until the command ends."""
    while process.poll() is None:
        yield group.pids()
        time.sleep(every)
