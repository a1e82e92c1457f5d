"""`plain`: no bubblewrap; the supervisor is a container's root, with SETUID, SETGID and KILL alone.

A verb drops to the id that `config["verb"]` names, and owns the box's files.
"""

from __future__ import annotations

import json
import os
import resource
from typing import TYPE_CHECKING, Any

from packerlab.inside import syscalls
from packerlab.inside.files import HEADER, WORKSPACE, wipe
from packerlab.inside.modes import nested
from packerlab.inside.processes import become_box_user, bound
from packerlab.inside.terminals import open_terminal

if TYPE_CHECKING:
    import selectors
    from collections.abc import Callable

    Message = dict[str, Any]


class Mode(nested.Mode):
    """The container's own bounds stand for those that other modes set."""

    def __init__(self, config: Message, _selector: selectors.BaseSelector) -> None:
        self.config = config
        syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)
        os.chmod("/dev/pts/ptmx", 0o600)  # the machine has a number of terminals for all

    def confine(self) -> None:
        """Without a bound on processes: it would count what other containers run as this user."""
        bound(resource.RLIMIT_CORE, 1)
        bound(resource.RLIMIT_NOFILE, nested.MOST_OPEN)
        bound(resource.RLIMIT_FSIZE, self.config["disk"])

    def fresh_box(self) -> None:
        self.as_owner(wipe)

    def as_owner(self, work: Callable[[], Message]) -> Message:
        """The owner is another user: a helper does it, and says what it found."""
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                os.close(reader)
                become_box_user(self.config["verb"])
                result = work()
                blobs = result.pop("data", [])
                header = json.dumps({**result, "sizes": [len(blob) for blob in blobs]}).encode()
                with os.fdopen(writer, "wb") as stream:
                    stream.write(header + b"\n")
                    stream.writelines(blobs)
                code = 0
            finally:
                os._exit(code)
        os.close(writer)
        with os.fdopen(reader, "rb") as stream:
            answer: Message = json.loads(stream.readline(HEADER) or b"{}")
            answer["data"] = [stream.read(size) for size in answer.pop("sizes", [])]
        if os.waitpid(pid, 0)[1]:
            raise OSError(f"a helper failed: {work}")
        return answer

    def command(self, request: Message, _status_fd: int, _seccomp_fd: int) -> nested.Command:
        environment = {**request["env"], "PWD": WORKSPACE}
        return nested.Command(request["argv"], environment, cwd=WORKSPACE, become=self.become)

    def become(self) -> None:
        """In the verb's process, before its program."""
        self.confine()
        become_box_user(self.config["verb"])
        syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
        with open(self.config["seccomp"], "rb") as file:
            syscalls.filter_calls(file.read())

    def terminal(self) -> tuple[int, int]:
        return open_terminal("/dev/pts/ptmx")

    def signal(self, verb: int, number: int) -> None:
        os.killpg(verb, number)

    def began(self, _status: bytes) -> bool:
        """`Popen` itself says where it could not be."""
        return True
