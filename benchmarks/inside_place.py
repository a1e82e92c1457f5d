"""The first process of a place where Packer runs bare beside a simulated account.

It stands in the supervisor's stead: the place, the networks, the control plane and the machines are
the engine's own, Packer is started as it is, without a box and without the reading of evidence. It
speaks JSON, line for line, on its standard input and output:

    {"load": true}     {"cpu": of the control plane, once it is ready}
    {"open": state}    {"seconds": until a fresh account is there}
    a recorded verb    {"exit", "seconds": of the verb's process, "output"}

Standard library only: it runs in the sandbox, not in the package.
"""

from __future__ import annotations

import base64
import json
import os
import selectors
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, "/opt/packerlab/lib")

from packerlab.inside.account import Account
from packerlab.inside.files import WORKSPACE
from packerlab.inside.jail import CERTIFICATE, HOSTS
from packerlab.inside.processes import kill_children, kill_everything, usage

Message = dict[str, Any]

SCRATCH = ("/home/packer", WORKSPACE)
OUTPUT = "/run/output"


class Place:
    """`config` is the supervisor's."""

    def __init__(self, config: Message) -> None:
        for name, path in (("hosts", HOSTS), ("account.pem", CERTIFICATE)):
            Path("/etc", name).symlink_to(path)
        Path("/etc/passwd").write_text("root:x:0:0::/home/packer:/bin/sh\n", encoding="ascii")
        self._selector = selectors.DefaultSelector()
        self._account = Joined(self._selector, config)

    def answer(self, asked: Message) -> Message:
        if "load" in asked:
            return {"cpu": self._account.loaded()}
        if "open" in asked:
            self._account.close()
            started = time.monotonic()
            self._account.begin(asked["open"])
            return {"seconds": time.monotonic() - started}
        return self._verb(asked)

    def _verb(self, verb: Message) -> Message:
        """Run a verb in a fresh workspace; the clock starts when all stands ready for it."""
        joined = verb["account"]
        if joined:
            self._account.begin(joined["state"])
        _lay_out(verb)
        started = time.monotonic()
        if joined:
            self._account.let_the_second_pass(again=joined["state"] is None)
        code = self._run(verb)
        seconds = time.monotonic() - started
        kill_children(spared=self._account.companions)
        said = Path(OUTPUT).read_text(encoding="utf-8", errors="replace")[-4000:]
        return {"exit": code, "seconds": seconds, "output": said}

    def _run(self, verb: Message) -> int:
        """Packer from start to end, while the account goes on."""
        with Path(OUTPUT).open("wb") as output:
            process = subprocess.Popen(
                verb["argv"], stdin=subprocess.PIPE, stdout=output, stderr=output,
                env=verb["env"], cwd=WORKSPACE,
            )  # fmt: skip
        if process.stdin:
            process.stdin.write(verb["stdin"].encode())
            process.stdin.close()
        end = os.pidfd_open(process.pid)
        self._selector.register(end, selectors.EVENT_READ, lambda: None)
        while process.poll() is None:
            for key, _ in self._selector.select():
                key.data()
        self._selector.unregister(end)
        os.close(end)
        return process.returncode


class Joined(Account):
    """The engine's account, with what it costs to have it."""

    _second = 0

    def _do_launch(self, ask: Message) -> Message | None:
        self._second = int(time.time())
        return super()._do_launch(ask)

    def let_the_second_pass(self, *, again: bool) -> None:
        """Where names count seconds, a second build in an account must make up another one.

        Anyone who builds bare has to wait for that too, so it counts.
        """
        while again and int(time.time()) == self._second:
            time.sleep(0.001)

    def loaded(self) -> float:
        """CPU seconds of the control plane, and of bubblewrap around it, until it is ready."""
        self._meet()
        return usage()["cpu"]


def _lay_out(verb: Message) -> None:
    for folder in SCRATCH:
        shutil.rmtree(folder, ignore_errors=True)
        Path(folder).mkdir(parents=True)
    for (name, _size, mode), data in zip(verb["files"], verb["data"], strict=True):
        path = Path(WORKSPACE, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(data))
        path.chmod(mode)


def main() -> None:
    place = Place(json.loads(sys.argv[1]))
    for line in sys.stdin:
        print(json.dumps(place.answer(json.loads(line))), flush=True)
    kill_everything()


if __name__ == "__main__":
    main()
