"""The memory bound of the bubblewrap backend: a control group where one can be had.

Version 2 or 1 where this user may write; else a scope of the user's own systemd; else none, and the
supervisor's own watch over memory is all there is (weak). What a killed run leaves is removed by
the next one, by name.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path
from typing import NamedTuple

from packerlab import state
from packerlab.inside.meter import MOST_IN_SOCKETS, SOCKETS

ROOT = Path("/sys/fs/cgroup")


class Group(NamedTuple):
    """A control group for one supervisor: what goes before its command, and what it can read."""

    enter: list[str]
    told: list[str]
    paths: list[Path]

    def remove(self) -> None:
        """Remove the group, whose processes have been killed."""
        for path in self.paths:
            _remove(path)


def make(name: str, memory: int, processes: int) -> Group | None:
    """A group with these bounds (bytes; a count), or None where this user can't have one."""
    reap()
    if (ROOT / "cgroup.controllers").exists():
        return _version_2(name, memory, processes) or _systemd(name, memory, processes)
    return _version_1(name, memory, processes)


def bound_sockets(pid: int, container: str) -> None:
    """Bound what the sockets of a container hold, where version 1 does not count it as memory.

    `pid` is its first process. Its engine can't do it: runc passes over the API's own word for it.
    Raises OSError where we may not.
    """
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(","):
            if container not in path:
                raise OSError(f"process {pid} is not of the container {container}")
            file = ROOT / "memory" / path.lstrip("/") / "memory.kmem.tcp.limit_in_bytes"
            file.write_text(str(MOST_IN_SOCKETS))


def kind() -> str | None:
    """How memory is bounded here: a short name, or None."""
    group = make(state.run_name("probe"), 64_000_000, 64)
    if group is None:
        return None
    group.remove()
    if "systemd-run" in group.enter:
        return "systemd-run --user --scope"
    return "cgroup v2" if (ROOT / "cgroup.controllers").exists() else "cgroup v1"


def _version_1(name: str, memory: int, processes: int) -> Group | None:
    bounds = {
        "memory": {
            "memory.limit_in_bytes": memory,
            "memory.kmem.tcp.limit_in_bytes": MOST_IN_SOCKETS,  # of UDP too; it counts no socket
        },
        "pids": {"pids.max": processes},
        "cpuacct": {},
    }
    paths: list[Path] = []
    try:
        for controller, files in bounds.items():
            path = _own_group(controller) / name
            path.mkdir()
            paths.append(path)
            for file, value in files.items():
                (path / file).write_text(str(value))
    except OSError:
        for path in paths:
            _remove(path)
        return None
    with contextlib.suppress(OSError):
        (paths[0] / "memory.memsw.limit_in_bytes").write_text(str(memory))
    told = [str(paths[0] / f"memory.{name}") for name in ("oom_control", "stat", SOCKETS)]
    return Group(_enter(paths), [*told, str(paths[2] / "cpuacct.stat")], paths)


def _version_2(name: str, memory: int, processes: int) -> Group | None:
    path = _own_group("") / name
    try:
        path.mkdir()
    except OSError:
        return None
    try:
        (path / "memory.max").write_text(str(memory))
        (path / "memory.swap.max").write_text("0")
        (path / "pids.max").write_text(str(processes))
    except OSError:
        _remove(path)
        return None
    told = [str(path / name) for name in ("memory.events", "memory.stat", "cpu.stat")]
    return Group(_enter([path]), told, [path])


def _own_group(controller: str) -> Path:
    """Where this process is in a controller's hierarchy; version 2 has one, without a name."""
    mount = ROOT / controller
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        own = mount / path.lstrip("/")
        if controller in controllers.split(",") and own.is_dir():  # a container sees its own alone
            return own
    return mount


def _systemd(name: str, memory: int, processes: int) -> Group | None:
    """The watch in the supervisor gives the verdict here: the scope's files are not yet there."""
    runtime = f"/run/user/{os.getuid()}"
    if not shutil.which("systemd-run") or not Path(runtime, "bus").exists():
        return None
    enter = [
        "env", f"XDG_RUNTIME_DIR={runtime}",
        "systemd-run", "--user", "--scope", "--quiet", "--collect", f"--unit={name}",
        f"--property=MemoryMax={memory}", "--property=MemorySwapMax=0",
        f"--property=TasksMax={processes}", "--",
    ]  # fmt: skip
    return Group(enter, [], [])


def _enter(paths: list[Path]) -> list[str]:
    files = [str(path / "cgroup.procs") for path in paths]
    script = 'until [ "$1" = -- ]; do echo $$ > "$1" || exit 1; shift; done; shift; exec "$@"'
    return ["/bin/sh", "-c", script, "sh", *files, "--"]


def _remove(path: Path) -> None:
    for _ in range(500):  # what was killed takes its time on a machine that is busy
        try:
            path.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.01)
        else:
            return


def reap() -> None:
    """Remove the groups of runs that are no more."""
    for parent in map(_own_group, ("memory", "pids", "cpuacct", "")):
        for path in parent.glob(f"{state.RUN_PREFIX}*"):
            if not state.run_is_alive(path.name):
                _remove(path)
