"""The processes of a sandbox, seen from its first one: what they use, and how they end."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
from typing import TYPE_CHECKING

from packerlab.inside.files import read_text

if TYPE_CHECKING:
    from typing import IO


def others() -> list[str]:
    """Every process but this one."""
    return [name for name in os.listdir("/proc") if name.isdigit() and name != "1"]


def usage() -> dict[str, float]:
    """Their CPU seconds, threads and resident bytes."""
    ticks = threads = pages = 0
    for pid in others():
        fields = read_text(f"/proc/{pid}/stat").rpartition(")")[2].split()
        if len(fields) > 21:
            ticks += sum(int(field) for field in fields[11:15])
            threads += int(fields[17])
            pages += int(fields[21])
    return {
        "cpu": ticks / os.sysconf("SC_CLK_TCK"),
        "threads": threads,
        "rss": pages * os.sysconf("SC_PAGE_SIZE"),
    }


def proportional_memory() -> int:
    """The same from the processes themselves, where there is no control group."""
    total = 0
    for pid in others():
        for line in read_text(f"/proc/{pid}/smaps_rollup").splitlines():
            if line.startswith(("Pss_Anon:", "Pss_Shmem:")):
                total += int(line.split()[1]) * 1024
    return total


def children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def kill_everything() -> None:
    """Kill all that lives in this pid namespace, and wait until it is dead."""
    while True:
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def kill_children(spared: set[int]) -> None:
    """The same for this process's children but `spared`: a verb's takes all of the verb along."""
    while doomed := children() - spared:
        for pid in doomed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def children(of: int = 1) -> set[int]:
    """The processes whose parent is `of`: by default, this one."""
    parents = {
        int(pid): read_text(f"/proc/{pid}/stat").rpartition(")")[2].split() for pid in others()
    }
    return {pid for pid, fields in parents.items() if fields[1:2] == [str(of)]}


def drain(stream: IO[bytes] | None, room: int) -> bytes:
    """What is left in a dead verb's pipe, up to one byte more than there is room for."""
    if stream is None:
        return b""
    os.set_blocking(stream.fileno(), True)
    with stream:
        return stream.read(max(room, 0) + 1)


def become_box_user(user: int) -> None:
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)


def bound(what: int, value: int) -> None:
    hard = resource.getrlimit(what)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(what, (value, value))
