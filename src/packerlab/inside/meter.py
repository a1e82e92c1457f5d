"""What a verb uses, against its bounds: CPU, time, memory, processes, disk."""

from __future__ import annotations

import os
import time

from packerlab.inside.files import BOX, read_text
from packerlab.inside.processes import children_cpu, others, proportional_memory, usage

PROCESSES = 256
MOST_PROCESSES = PROCESSES + 128
"""Where the kernel stops a verb: so far beyond its bound that the meter sees it first."""

SOCKETS = "kmem.tcp.usage_in_bytes"
MOST_IN_SOCKETS = 64_000_000
"""Bytes that TCP and UDP may hold, where a control group does not count them as memory: version 1.
The kernel then takes no more, but a first chunk for each socket: the meter ends who lives on that.
"""


class Meter:
    """One verb after the other, all in one control group.

    `group` are the files in which that tells what it used, where there are any; `memory` is in
    bytes.
    """

    def __init__(self, group: list[str], memory: int) -> None:
        self._group = group
        self._memory = memory
        self._cpu = 0.0

    def begin(self, cpu_s: float, deadline_s: float, companions: bool) -> None:
        """Read the counters as a verb begins; `companions` run before it and after."""
        self._most_cpu = cpu_s
        self._deadline = time.monotonic() + deadline_s
        self._cpu = 0.0
        self._live_cpu = usage()["cpu"] if companions else 0.0
        self._group_cpu = self._told_cpu()
        self._children_cpu = children_cpu()
        self._ooms = self.ooms()

    @property
    def cpu(self) -> float:
        """CPU seconds of the verb so far: the most that any of the counters tells."""
        ended = (self._told_cpu() - self._group_cpu, children_cpu() - self._children_cpu)
        return max(self._cpu, *ended)

    def hit(self) -> str:
        """The bound that is hit by what runs now, if any."""
        if len(others()) > PROCESSES:  # first, while there is still time to look
            return "processes"
        used = usage()
        now = max(used["cpu"] - self._live_cpu, self._told_cpu() - self._group_cpu)
        self._cpu = max(self._cpu, now)
        if now > self._most_cpu:
            return "cpu"
        if time.monotonic() > self._deadline:
            return "deadline"
        if used["threads"] > PROCESSES:
            return "processes"
        in_sockets = self._in_sockets() > 2 * MOST_IN_SOCKETS
        if in_sockets or (used["rss"] > self._memory and self._held() > self._memory):
            return "memory"
        return self.hit_at_end()

    def hit_at_end(self) -> str:
        """The bound of which traces stay when all is over."""
        if self.ooms() > self._ooms:
            return "memory"
        disk = os.statvfs(BOX)
        if disk.f_bavail * disk.f_frsize < 65536 or disk.f_favail < 8:
            return "disk"
        return ""

    def ooms(self) -> int:
        """How often the kernel killed for want of memory."""
        return max(self._told("oom_kill"), default=0)

    def _told_cpu(self) -> float:
        """CPU seconds, those of processes included that nobody waited for."""
        ticks = sum(self._told("user", "system"))  # version 1
        return ticks / os.sysconf("SC_CLK_TCK") or sum(self._told("usage_usec")) / 1e6

    def _held(self) -> int:
        """Bytes that the verb's processes hold for themselves, shared ones counted once."""
        return max(self._told("anon", "total_rss"), default=0) or proportional_memory()

    def _in_sockets(self) -> int:
        """Bytes in the buffers of sockets that are not in the count of memory."""
        told = [read_text(path) for path in self._group if path.endswith(SOCKETS)]
        return max((int(number) for number in told if number.strip().isdigit()), default=0)

    def _told(self, *names: str) -> list[int]:
        """The values of `names` in the files of our control group."""
        lines = [line.split() for path in self._group for line in read_text(path).splitlines()]
        return [int(words[1]) for words in lines if len(words) == 2 and words[0] in names]
