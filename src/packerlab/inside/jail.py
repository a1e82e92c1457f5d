"""The namespaces of one verb, in the words of bubblewrap."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from packerlab.inside.files import BOX, HOME, WORKSPACE

if TYPE_CHECKING:
    from collections.abc import Iterable

    Message = dict[str, Any]

CERTIFICATE = "/run/account.pem"
HOSTS = "/run/account-hosts"
RESOLVER = "/run/account-resolver"
"""What an account's control plane gives to the verbs beside it."""

OF_THE_MACHINE = tuple(
    f"/proc/{name}"
    for name in ("bootconfig", "cmdline", "diskstats", "modules", "partitions", "swaps")
)
"""What of /proc names this machine's disks, modules and files: it is nobody's in a box."""


def words(config: Message, request: Message, status_fd: int, seccomp_fd: int) -> list[str]:
    """What stands before a program so that it has namespaces of its own.

    `config` is the supervisor's. Where the request joins an account, the network is kept: it is the
    one where the account answers.
    """
    joined = bool(request["account"])
    given = [
        "bwrap", "--unshare-user", "--unshare-pid", "--unshare-ipc",
        "--unshare-uts", "--unshare-cgroup-try", "--disable-userns", "--uid", "1000",
        "--gid", "1000", "--hostname", "packerlab", "--cap-drop", "ALL",
        "--die-with-parent", "--json-status-fd", str(status_fd),
    ]  # fmt: skip
    given += session(request)
    given += [] if joined else ["--unshare-net"]
    files = {"passwd": "/run/passwd", "group": "/run/group", "hosts": "/run/hosts"}
    if joined:
        files |= {"hosts": HOSTS, "resolv.conf": RESOLVER, "account.pem": CERTIFICATE}
    given += view(config, request, files, ("/tmp", HOME, WORKSPACE))
    for path in () if request["blind"] else filter(os.path.exists, OF_THE_MACHINE):
        given += ["--ro-bind", os.devnull, path]
    given += ["--size", "4096", "--tmpfs", "/dev/pts", "--remount-ro", "/dev/pts"]  # no terminals
    return [*given, *last(seccomp_fd, request["env"])]


def session(request: Message) -> list[str]:
    """A session of its own, but where the verb is given a terminal: that is then its session's."""
    live = request.get("live")
    return [] if live and live["terminal"] else ["--new-session"]


def view(
    config: Message, request: Message, files: dict[str, str], writable: Iterable[str]
) -> list[str]:
    """What a verb sees: the system, `files` in /etc, and of the box what is `writable`.

    One that is `blind` does not see its own processes: /proc has no more than what tells a program
    where it lies. So a template that reads files can't read what the verb is asked.
    """
    given = mounts(config["system"], config["root"])
    for path in config["readonly"]:
        given += ["--ro-bind-try", path, path]
    for path in config["masked"]:
        given += ["--tmpfs", path] if os.path.isdir(path) else ["--ro-bind", os.devnull, path]
    blind = ["--dir", "/proc/self", "--symlink", request["argv"][0], "/proc/self/exe"]
    given += blind if request["blind"] else ["--proc", "/proc"]
    given += ["--dev", "/dev", "--bind", f"{BOX}/shm", "/dev/shm"]
    for name, path in files.items():
        given += ["--ro-bind", path, f"/etc/{name}"]
    for path in writable:
        given += ["--bind", BOX + path, path]
    return given


def last(seccomp_fd: int, environment: dict[str, str]) -> list[str]:
    """The last words before the program: nothing more is mounted, and calls are filtered."""
    given = ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", WORKSPACE]
    given += ["--seccomp", str(seccomp_fd), "--clearenv"]
    for name, value in environment.items():
        given += ["--setenv", name, value]
    return [*given, "--"]


def unseen(words: list[str]) -> tuple[list[str], int]:
    """The same command with bubblewrap's words in a descriptor, and that descriptor.

    Bubblewrap is the first process that a verb sees, and anybody may read its command line: what
    is masked, and where this machine has its programs, would stand there.
    """
    end = words.index("--")
    told = os.memfd_create("words")
    os.write(told, b"".join(os.fsencode(word) + b"\0" for word in words[1:end]))
    os.lseek(told, 0, os.SEEK_SET)
    return [words[0], "--args", str(told), *words[end:]], told


def mounts(paths: list[str], root: str = "") -> list[str]:
    """Read-only binds of what a system has at `paths`, and of the links of a merged /usr.

    The system is the one that stands in the folder `root`, or this one.
    """
    given = []
    for path in paths:
        given += ["--ro-bind-try", root + path, path]
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        if os.path.islink(f"{root}/{name}"):
            given += ["--symlink", os.readlink(f"{root}/{name}"), f"/{name}"]
        else:
            given += ["--ro-bind-try", f"{root}/{name}", f"/{name}"]
    return given
