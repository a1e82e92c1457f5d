"""Pid 1 of a sandbox: runs one verb at a time, each in namespaces of its own, and brings files out.

Standard library only: it and its neighbours run in the sandbox, not the package. It speaks on its
standard input and output, one request and one answer at a time, and ends with its input:

    request  {"argv", "env", "stdin", "log": bool, "files": [[name, size, mode]],
              "outputs": [name], "deadline", "cpu", "account": {"state": {} or null} or null,
              "secrets": [text], "blind": bool, "live": {} or null}, then the files' bytes
    answer   {"exit", "cpu", "limit", "error", "output": size, "account" or "engine": size,
              "files": [[name, size, executable, kind]], "found": [[secret, kind, of, path,
              form]]}, then the output, what the account or the container engine tells, and the
              files' bytes

    request  {"base": [name]}     answer  {"size"}, then what the machines' base has there, or the
                                          layer of the prepared image that "prepared" names
    request  {"close": true}      answer  {"closed": true}: nothing of the account lives on

Each begins with a JSON line. `limit` names the bound that was hit. With `log`, standard error is
the program's log: of it, the output gets the line that tells of a crash. A verb that is `blind`
can't see its own processes; in the mode `plain` nobody can hide them. With `live`, somebody follows
the verb (`packerlab.inside.live`), and afterwards only the workspace is reported.
`found` is where the `secrets` are in what the verb said and left; see `packerlab.inside.search`.

What is around a verb is the mode's matter: see `packerlab.inside.modes`.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(__file__))))

from packerlab.inside import talk
from packerlab.inside.errors import AccountError
from packerlab.inside.files import collect, read_text, write_text
from packerlab.inside.kept import Kept
from packerlab.inside.live import Live
from packerlab.inside.meter import Meter
from packerlab.inside.processes import kill_everything
from packerlab.inside.room import Room, bounded
from packerlab.inside.search import Search
from packerlab.inside.talk import Talk

if TYPE_CHECKING:
    from packerlab.inside.modes.nested import Mode

    Message = dict[str, Any]

TICK = 0.05

OFTEN_IGNORED = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
"""What `nohup` and a shell's `&` and `trap` ignore. All that we start would inherit it, and an
instance that is to reboot would not."""

NOTHING: Message = {"exit": None, "cpu": 0.0, "limit": "", "output": 0, "files": []}
OOM = "/proc/self/oom_score_adj"


class Supervisor:
    """`config`: mode, system (paths that a verb sees of the system in the folder `root`, or of this
    one), readonly (what else it sees), masked, seccomp, memory and disk (bytes), group (files in
    which our control group tells what it used, where there are any), and what its mode needs.
    """

    def __init__(self, config: Message) -> None:
        self.config = config
        self.meter = Meter(config["group"], config["memory"])
        self.talk = Talk()
        self.selector = selectors.DefaultSelector()
        self.selector.register(talk.INPUT, selectors.EVENT_READ, talk.gone)
        self.woken, wake = os.pipe()
        self.selector.register(self.woken, selectors.EVENT_READ, partial(os.read, self.woken, 4096))
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in OFTEN_IGNORED:
            signal.signal(number, signal.SIG_DFL)
        module = importlib.import_module(f"packerlab.inside.modes.{config['mode']}")
        self.mode: Mode = module.Mode(config, self.selector)

    def serve(self) -> None:
        self.talk.send({"ready": True})
        while True:
            request = self.talk.header()
            if "argv" in request:
                self.serve_verb(request)
            elif "base" in request:
                told = self.mode.base(request)
                self.talk.send({"size": len(told)}, told)
            elif "close" in request:
                self.mode.close()
                self.talk.send({"closed": True})
            else:  # it was meant for a verb that has ended meanwhile
                self.talk.read(request.get("typed", 0))

    def serve_verb(self, request: Message) -> None:
        """Run one verb in a fresh box, and bring out what it left there and in the account."""
        read = self.talk.read
        files = [(name, read(size), mode) for name, size, mode in request["files"]]
        if request.get("live"):  # what is typed before the verb runs, or after, is no end of ours
            self.selector.unregister(talk.INPUT)
        self.mode.fresh_box()
        self.mode.as_owner(partial(self.mode.unpack, request, files))
        deadline, ooms = time.monotonic() + request["deadline"], self.meter.ooms()
        search = Search(request["secrets"])
        left: Message = {"files": [], "data": [], "told": b"", "found": []}
        try:
            self.mode.begin(request)
            output, answer = self.run(request, search)
            if request.get("live") or not answer["limit"]:
                left |= bounded(partial(self.what_is_left, request, search, deadline))
                answer["limit"] = answer["limit"] or left["limit"]
        except AccountError as error:
            late = "deadline" if time.monotonic() > deadline else ""
            limit = "memory" if self.meter.ooms() > ooms else late
            self.talk.send({**NOTHING, "error": str(error), "limit": limit})
            raise talk.Gone from None
        answer["output"] = len(output)
        answer[self.mode.evidence_name] = len(left["told"])
        answer["files"] = left["files"]
        answer["found"] = search.found + left["found"]
        if request.get("live"):
            self.selector.register(talk.INPUT, selectors.EVENT_READ, talk.gone)
        self.talk.send(answer, output, left["told"], *left["data"])

    def what_is_left(self, request: Message, search: Search, until: float) -> Message:
        """What the verb left in its workspace, and beside it; who follows a verb judges nothing."""
        own = Search(request["secrets"])
        room = Room(self.config["disk"], until)
        archives = self.mode.keeps_archives
        collected = partial(collect, request["outputs"], own, room, archives=archives)
        left = self.mode.as_owner(partial(bounded, collected))
        if request.get("live") or left["limit"]:
            return left
        return {**left, "told": self.mode.evidence(request, search, until)}

    # --- one verb ---

    def run(self, request: Message, search: Search) -> tuple[bytes, Message]:
        """What the verb said, and how it ended."""
        self.meter.begin(request["cpu"], request["deadline"], companions=bool(self.mode.companions))
        ears: Live | Kept = (
            Live(self.selector, self.talk, request["live"], self.mode.terminal)
            if request.get("live")
            else Kept(self.selector, request, search)
        )
        verb, status_fd = self.start(request, ears)
        limit, short = self.watch(verb, ears)
        self.mode.kill_verb()
        output = ears.finish()
        limit = limit or ears.limit
        with os.fdopen(status_fd, "rb") as stream:
            began = self.mode.began(stream.read(10_000))
        limit = limit or self.meter.hit_at_end()
        answer = {"exit": None, "cpu": self.meter.cpu, "limit": limit, "error": ""}
        if limit:
            return output, answer
        if not began:
            return b"", {**answer, "error": ears.complaint}
        code = verb.returncode
        if code and short:
            return b"", {**answer, "error": short}
        return output, {**answer, "exit": code if code >= 0 else 128 - code}

    def start(self, request: Message, ears: Live | Kept) -> tuple[subprocess.Popen[bytes], int]:
        """The started verb, and where bubblewrap tells whether the program began."""
        status_read, status_write = os.pipe()
        with (
            open(self.config["seccomp"] or os.devnull, "rb") as seccomp,
            os.fdopen(status_write, "wb"),
            contextlib.ExitStack() as opened,
        ):
            command = self.mode.command(request, status_write, seccomp.fileno())
            for descriptor in command.opened:
                opened.callback(os.close, descriptor)
            usual = read_text(OOM)
            write_text(OOM, "1000")  # what is started here is the first to be killed
            verb = subprocess.Popen(
                command.argv,
                stdin=ears.stdin,
                stdout=ears.stdout,
                stderr=ears.stderr,
                env=command.environment,
                cwd=command.cwd,
                pass_fds=command.passed,
                preexec_fn=ears.prelude(command.become),  # noqa: PLW1509
                start_new_session=True,
            )
            write_text(OOM, usual)
        ears.begin(verb, partial(self.mode.signal, verb.pid))
        return verb, status_read

    def watch(self, verb: subprocess.Popen[bytes], ears: Live | Kept) -> tuple[str, str]:
        """Hear what the verb says until it ends.

        Returns the bound that it hit, if any, and what the machine was short of meanwhile: who
        takes that may be gone by the time that the verb fails of it.
        """
        looked, short = 0.0, ""
        while verb.poll() is None:
            for key, _ in self.selector.select(TICK):
                key.data()
            if ears.limit:
                return ears.limit, short
            now = time.monotonic()
            if now - looked >= TICK:
                looked = now
                short = short or self.mode.shortage()
                if limit := self.meter.hit():
                    return limit, short
        return "", short or self.mode.shortage()


def main() -> None:
    if os.getpid() != 1:  # it kills all processes that it sees
        sys.exit("A supervisor must be pid 1.")
    with contextlib.suppress(talk.Gone, ConnectionError):
        Supervisor(json.loads(sys.argv[1])).serve()
    kill_everything()
    os._exit(0)


if __name__ == "__main__":
    main()
