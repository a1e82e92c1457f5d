"""What a neighbour has taken that there is one number of, seen from within a sandbox.

Machines and container engines own the files that were prepared for them, so those of all sandboxes
have the same host ids. Where a verb fails while the kernel refuses such an id something, that is no
fault of the learner's. Standard library only.
"""

from __future__ import annotations

import os
import select
import socket
from typing import TYPE_CHECKING

from packerlab.inside.files import read_text

if TYPE_CHECKING:
    from collections.abc import Callable


def shortage(user: int) -> str:
    """What `user` can't have now, in a few words, or nothing. The caller is root.

    The kernel charges a process's real user. Only that changes here, for a moment, so that root
    keeps what it may do.
    """
    os.setreuid(user, -1)
    try:
        missing = _missing()
    finally:
        os.setreuid(0, -1)
    return f"the machine has none left of: {', '.join(missing)}" if missing else ""


def _missing() -> list[str]:
    probes = {
        "descriptors under way": _send_a_descriptor,
        "watches": _watch_a_descriptor,
        "terminals": _count_terminals,
    }
    return [name for name, probe in probes.items() if not _goes(probe)]


def _goes(probe: Callable[[], None]) -> bool:
    try:
        probe()
    except OSError:
        return False
    return True


def _send_a_descriptor() -> None:
    one, other = socket.socketpair()
    with one, other:
        socket.send_fds(one, [b"x"], [1])


def _watch_a_descriptor() -> None:
    reader, writer = os.pipe()
    with select.epoll() as watching, os.fdopen(reader), os.fdopen(writer, "w"):
        watching.register(reader)


def _count_terminals() -> None:
    nr, most, reserve = (
        int(read_text(f"/proc/sys/kernel/pty/{name}") or 0) for name in ("nr", "max", "reserve")
    )
    if nr >= most - reserve:
        raise OSError("no terminals")
