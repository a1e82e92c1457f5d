"""`nested`: bubblewrap around every verb, in a user namespace that maps one unprivileged host id.

The supervisor is root of that namespace. The other modes say what is different there.
"""

from __future__ import annotations

import contextlib
import os
import resource
from typing import TYPE_CHECKING, Any, NamedTuple

from packerlab.inside import jail, syscalls
from packerlab.inside.files import BOX, MAX_FILES, unpack, write_text
from packerlab.inside.meter import MOST_PROCESSES
from packerlab.inside.processes import bound, children, kill_everything
from packerlab.inside.terminals import open_terminal

if TYPE_CHECKING:
    import selectors
    from collections.abc import Callable

    from packerlab.inside.search import Search

    Message = dict[str, Any]
    Files = list[tuple[str, bytes, int]]

MOST_OPEN = 1024
"""Descriptors of a process: the machine has a number of open files for all."""


TERMINALS = "/run/terminals"
MOST_TERMINALS = 4
"""A verb has none but the one that it is given: the machine has a number of them for all."""


class Command(NamedTuple):
    """What starts a verb. `passed` are the descriptors that it gets; `become` runs before it.

    `opened` are those of `passed` that the mode opened: they are closed once the verb has started.
    """

    argv: list[str]
    environment: dict[str, str]
    passed: tuple[int, ...] = ()
    opened: tuple[int, ...] = ()
    cwd: str = "/"
    become: Callable[[], None] | None = None


class Mode:
    """`config` is the supervisor's; on `selector` a mode may hear its companions."""

    evidence_name = "account"
    """What `evidence` is of, in the supervisor's answer."""

    keeps_archives = True
    """Whether archives among the outputs are handed back whole."""

    words = staticmethod(jail.words)
    """What stands before a program so that it has namespaces of its own."""

    become: Callable[[], None] | None = None
    """What a verb's process does before it is bubblewrap."""

    def __init__(self, config: Message, _selector: selectors.BaseSelector) -> None:
        self.config = config
        self.confine()
        os.makedirs(BOX)
        write_text("/run/passwd", "packer:x:1000:1000::/home/packer:/bin/sh\n")
        write_text("/run/group", "packer:x:1000:\n")
        write_text("/run/hosts", "127.0.0.1 localhost\n")

    def confine(self) -> None:
        """Bounds that this process hands down to every verb."""
        bound(resource.RLIMIT_CORE, 1)  # with 0, a crash still starts the host's handler, as root
        bound(resource.RLIMIT_NOFILE, MOST_OPEN)
        bound(resource.RLIMIT_FSIZE, self.config["disk"])
        bound(resource.RLIMIT_NPROC, MOST_PROCESSES)

    # --- the box's disk ---

    def fresh_box(self) -> None:
        """Nothing of one verb is there for the next."""
        if os.path.ismount(BOX):
            syscalls.unmount(BOX)
        options = f"size={self.config['disk']},nr_inodes={MAX_FILES * 20},mode=0755"
        syscalls.mount("box", BOX, "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, options)

    def unpack(self, request: Message, files: Files) -> Message:
        """Lay out what a verb starts from."""
        return unpack(request, files)

    def as_owner(self, work: Callable[[], Message]) -> Message:
        """Do `work` as the owner of the box's files."""
        return work()

    # --- one verb ---

    def begin(self, request: Message) -> None:
        """Have ready what the verb finds beside it."""

    def command(self, request: Message, status_fd: int, seccomp_fd: int) -> Command:
        """What starts the verb; bubblewrap writes to `status_fd` whether the program began."""
        words = self.words(self.config, request, status_fd, seccomp_fd)
        words, told = jail.unseen(words)
        passed = (status_fd, seccomp_fd, told)
        return Command([*words, *request["argv"]], {}, passed, (told,), become=self.become)

    def began(self, status: bytes) -> bool:
        """Whether the program itself could be started, by what came from `status_fd`."""
        return b'"exit-code"' in status

    def terminal(self) -> tuple[int, int]:
        """A terminal of the box's own: our end of it, and the verb's."""
        if not os.path.isdir(TERMINALS):
            os.makedirs(TERMINALS)
            options = f"newinstance,ptmxmode=0600,max={MOST_TERMINALS}"
            syscalls.mount("devpts", TERMINALS, "devpts", options=options)
        return open_terminal(f"{TERMINALS}/ptmx")

    def signal(self, verb: int, number: int) -> None:
        """Send a signal to the verb's program and what belongs to it: its first process's group."""
        for first in children(verb):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(first, number)

    @property
    def companions(self) -> set[int]:
        """The processes that outlive a verb."""
        return set()

    def kill_verb(self) -> None:
        """Have nothing of the verb live on."""
        kill_everything()

    def shortage(self) -> str:
        """What the machine has none left of now, where that may be why a verb fails."""
        return ""

    # --- what is reported ---

    def evidence(self, _request: Message, _search: Search, _until: float) -> bytes:
        """What stands beside the workspace when a verb has ended, as JSON."""
        return b""

    def base(self, _request: Message) -> bytes:
        """What the disk below all others has, as JSON."""
        return b""

    def close(self) -> None:
        """Nothing of what was beside the verbs lives on."""
