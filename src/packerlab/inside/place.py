"""A place: namespaces with a range of user ids of their own, and a first process in them.

Where a lab needs companions (a simulated account, its instances), bubblewrap is not enough around
the supervisor: it maps one id, and it takes from all below it the right to gain privileges, so that
`sudo` in an instance could not work. This makes what bubblewrap would, with many ids:

    python place.py '{"maps": {"uid": [[0, 1000000, 65536]], "gid": ...}, "owner": 1000000,
                      "view": [[source, target]], "links": [[name, target]], "command": [...]}'

`maps` are written by this process where it may (root), else by newuidmap and newgidmap. Root makes
the namespaces as `owner`, to whom the kernel then charges what it counts by user. Standard input
and output are the command's; all ends with this process. Standard library only: it runs
inside a container too.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from packerlab.inside import syscalls

if TYPE_CHECKING:
    from collections.abc import Callable

    Maps = dict[str, list[list[int]]]

NAMESPACES = (
    syscalls.CLONE_NEWUSER | syscalls.CLONE_NEWNS | syscalls.CLONE_NEWPID | syscalls.CLONE_NEWNET
    | syscalls.CLONE_NEWIPC | syscalls.CLONE_NEWUTS | syscalls.CLONE_NEWCGROUP
)  # fmt: skip
ROOT = "/tmp"
"""Where the new root grows: any folder that is always there."""

DEVICES = ("null", "zero", "full", "random", "urandom", "tty")


def main() -> int:
    config = json.loads(sys.argv[1])
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    if config["owner"] is not None:
        syscalls.act_for(config["owner"])
    pid, _ = fork_into(NAMESPACES, config["maps"], partial(enter, config))
    for fd in (0, 1):  # the command's alone: who waits for their end must not wait for us
        os.close(fd)
    return abs(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def fork_into(
    namespaces: int,
    maps: Maps,
    become: Callable[[], None],
    network: int | None = None,
    on_error: Callable[[Exception], object] = lambda _: None,
) -> tuple[int, int]:
    """Run `become`, which ends in an exec, as the first process of new namespaces.

    `network` is the descriptor of a network namespace to take along, else this process's is kept.

    Returns the process to wait for, which ends when all of them are dead, with the first one's
    status; and that first one, which is the one to kill. `become` starts with all capabilities
    there, but as the id that this process has. What fails before the exec is passed to `on_error`,
    in the process where it fails.
    """
    ready, say_ready = os.pipe()
    mapped, say_mapped = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(say_mapped)
            if network is not None:
                syscalls.enter_network(network)
            syscalls.unshare(namespaces)
            os.write(say_ready, b"!")
            code = _parent_of(become, say_ready) if os.read(mapped, 1) else 1
        except (OSError, ValueError) as error:  # a ValueError is a text that no call can take
            sys.stderr.write(f"{error}\n")
            sys.stderr.flush()
            on_error(error)
            code = 1
        os._exit(code)
    os.close(say_ready)
    os.close(mapped)
    first = b""
    if os.read(ready, 1):
        write_maps(pid, maps)
        os.write(say_mapped, b"!")
        first = os.read(ready, 20)
    os.close(ready)
    os.close(say_mapped)
    return pid, int(first or 0)


def _parent_of(become: Callable[[], None], tell: int) -> int:
    """Fork the first process of this one's pid namespace, tell which it is, and wait for it."""
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    child = os.fork()
    if child == 0:
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        become()
    os.write(tell, str(child).encode())
    signal.set_wakeup_fd(-1)
    os.closerange(0, 2)
    os.closerange(3, 1024)
    return abs(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def write_maps(pid: int, maps: Maps) -> None:
    """Give ids to the user namespace of `pid`: root may, others have the set-uid helpers."""
    for kind, extents in maps.items():
        if os.getuid() == 0:
            lines = "\n".join(" ".join(map(str, extent)) for extent in extents)
            Path(f"/proc/{pid}/{kind}_map").write_text(lines, encoding="ascii")
        else:
            words = [str(number) for extent in extents for number in extent]
            subprocess.run([f"new{kind}map", str(pid), *words], check=True)


def become_root() -> None:
    """Be the root of the user namespace that was made."""
    os.setgroups([])
    os.setgid(0)
    os.setuid(0)
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)  # a change of ids forgets it


def enter(config: dict[str, Any]) -> None:
    """Become the place's first process."""
    syscalls.private_mounts()
    view = [*config["view"], *([f"/dev/{name}"] * 2 for name in DEVICES)]
    trees = [(syscalls.clone_tree(source), target) for source, target in view]  # as the caller:
    become_root()  # root's own files are nobody's to whom this makes us
    build_root(trees, config["links"])
    os.execve(config["command"][0], config["command"], {"PATH": "/usr/bin:/bin"})


def build_root(trees: list[tuple[int, str]], links: list[list[str]]) -> None:
    """A root of the given trees and links alone, with /proc, /run and /tmp."""
    options = syscalls.MS_NOSUID | syscalls.MS_NODEV
    syscalls.mount("root", ROOT, "tmpfs", options, "mode=0755")
    for name, target in links:
        os.symlink(target, ROOT + name)
    for fd, target in trees:
        path = Path(ROOT + target)
        path.parent.mkdir(parents=True, exist_ok=True)
        if os.path.isdir(f"/proc/self/fd/{fd}"):
            path.mkdir(exist_ok=True)
        else:
            path.touch()
        syscalls.place_tree(fd, str(path))
    for name in ("proc", "run", "tmp"):
        Path(ROOT, name).mkdir()
    syscalls.mount("proc", f"{ROOT}/proc", "proc")
    for name in ("run", "tmp"):
        syscalls.mount(name, f"{ROOT}/{name}", "tmpfs", options, "size=1m,mode=0755")
    syscalls.make_root(ROOT)


if __name__ == "__main__":
    sys.exit(main())
