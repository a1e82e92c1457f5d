"""The commands that start a supervisor, alone or in a place with an account beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from packerlab.inside.jail import mounts
from packerlab.sandbox.base import PLUGINS, PROGRAM, TOOLS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packerlab.lab import Limits
    from packerlab.sandbox.base import Needs

ACCOUNT_MB = 400
"""What an account's control plane and its idle instances may use beside the verbs."""

LIB = "/opt/packerlab/lib"
INSIDE = ("packerlab/__init__.py", "packerlab/inside")
"""What of the package runs in a sandbox, below LIB there and beside the package here."""

SUPERVISOR = f"{LIB}/packerlab/inside/supervisor.py"
SITE = "/opt/packerlab/site"
"""Where a place has moto, for the account's control plane alone."""


DEBIAN = ["/usr", "/etc/ssl", "/etc/alternatives", "/etc/ld.so.cache"]
"""What a verb sees of a Debian system."""


def supervisor_config(
    limits: Limits, mode: str, needs: Needs, system: list[str], **more: object
) -> dict[str, object]:
    """What a supervisor gets when it starts; see `supervisor.Supervisor`.

    `system` is what a verb sees of the system that is around the supervisor. Where a lab needs
    tools, it sees the tools' own instead, in which nothing has to be masked.
    """
    tools = {"root": TOOLS, "system": DEBIAN, "masked": []} if "tools" in needs else {}
    return {
        "mode": mode,
        "root": "",
        "system": system,
        "readonly": [PROGRAM, PLUGINS],
        "masked": [],
        "seccomp": "",
        "group": [],
        "memory": (limits.memory_mb + (ACCOUNT_MB if mode == "place" else 0)) * 1_000_000,
        "control": [],
        "disk": limits.disk_mb * 1_000_000,
        **more,
        **tools,
    }


def outer_bubblewrap(view: list[str], python: str, config: object) -> list[str]:
    """The command that makes the supervisor's own namespaces and starts it as their pid 1.

    An unprivileged user runs it, on the host and in a container alike. `view` is bubblewrap's words
    for the read-only files that it sees.
    """
    words = [
        "bwrap", "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc",
        "--unshare-uts", "--unshare-cgroup-try", "--uid", "0", "--gid", "0", "--as-pid-1",
        "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--cap-add", "CAP_SYS_ADMIN",
        "--cap-add", "CAP_SETFCAP", "--cap-add", "CAP_SYS_PTRACE",
    ]  # fmt: skip
    words += [*view, "--proc", "/proc", "--dev", "/dev"]
    words += ["--size", "1000000", "--tmpfs", "/run", "--size", "1000000", "--tmpfs", "/tmp"]  # noqa: S108
    words += ["--clearenv", "--setenv", "PATH", "/usr/bin:/bin", "--chdir", "/run"]
    return [*words, "--", *supervisor_command(python, config)]


def place_command(
    launcher: list[str],
    maps: object,
    owner: int | None,
    view: list[tuple[str, str]],
    command: list[str],
) -> list[str]:
    """The command that makes a place and runs `command` in it; see `place`.

    `launcher` starts that file; what the place sees is `view`, (source, target), read-only.
    """
    links = [
        (str(path), str(path.readlink()))
        for path in map(Path, ("/bin", "/sbin", "/lib", "/lib32", "/lib64"))
        if path.is_symlink()
    ]
    config = {"maps": maps, "owner": owner, "view": view, "links": links, "command": command}
    return [*launcher, json.dumps(config)]


def supervisor_command(python: str, config: object) -> list[str]:
    return [python, "-I", "-S", "-B", SUPERVISOR, json.dumps(config)]


def control_command(python: str, readonly: list[str], masked: Iterable[str] = ()) -> list[str]:
    """What starts an account's control plane in a place: it sees moto, and may take port 443."""
    words = ["bwrap", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent",
             "--new-session", "--cap-drop", "ALL", "--cap-add", "CAP_NET_BIND_SERVICE"]  # fmt: skip
    words += mounts([*readonly, LIB, SITE])
    for path in masked:
        words += ["--tmpfs", path]
    words += ["--proc", "/proc", "--dev", "/dev", "--size", "16000000", "--tmpfs", "/tmp"]  # noqa: S108
    words += ["--remount-ro", "/", "--clearenv", "--setenv", "PATH", "/usr/bin:/bin"]
    words += ["--setenv", "PYTHONPATH", f"{LIB}:{SITE}", "--"]
    return [*words, python, "-P", "-s", "-B", "-m", "packerlab.inside.control"]
