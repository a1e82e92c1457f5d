"""Pid 1 of a sandbox: runs one verb at a time, each in namespaces of its own, and brings files out.

Standard library only: it and its neighbours run in the sandbox, not the package. It speaks on its
standard input and output, one request and one answer at a time, and ends with its input:

    request  {"argv", "env", "stdin", "log": bool, "files": [[name, size, executable]],
              "outputs": [name], "deadline", "cpu", "account": {"state": {} or null} or null,
              "secrets": [text], "blind": bool}, then the files' bytes
    answer   {"exit", "cpu", "limit", "error", "output": size, "account" or "engine": size,
              "files": [[name, size, executable, kind]], "found": [[secret, kind, of, path,
              form]]}, then the output, what the account or the container engine tells, and the
              files' bytes

    request  {"base": [name]}     answer  {"size"}, then what the machines' base has there, or the
                                          layer of the prepared image that "prepared" names
    request  {"close": true}      answer  {"closed": true}: nothing of the account lives on

Each begins with a JSON line of at most HEADER bytes. `limit` names the bound that was hit. With
`log`, standard error is the program's log: of it, the output gets the line that tells of a crash.
A verb that is `blind` can't see its own processes, but in `plain`, where nobody can hide them.
`found` is where the `secrets` are in what the verb said and left; see `packerlab.inside.search`.

`nested`: bubblewrap around every verb; this process is root of a user namespace that maps one
unprivileged host id. `place`: the same in a namespace of many ids, with a simulated account beside
the verb, in the same network. `engine`: likewise, with a container engine in the box. `plain`: this
process is root of a container with SETUID, SETGID and KILL alone; a verb drops to an id of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import selectors
import signal
import subprocess
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(__file__))))

from packerlab.inside import containers, image_store, jail, syscalls
from packerlab.inside.errors import AccountError
from packerlab.inside.files import (
    BOX,
    HEADER,
    MAX_FILES,
    WORKSPACE,
    collect,
    read_text,
    unpack,
    wipe,
    write_text,
)
from packerlab.inside.machines import SHIFT
from packerlab.inside.meter import MOST_PROCESSES, Meter
from packerlab.inside.processes import (
    become_box_user,
    bound,
    drain,
    kill_children,
    kill_everything,
)
from packerlab.inside.room import Room, bounded
from packerlab.inside.search import Search, Stream
from packerlab.inside.shortage import shortage

if TYPE_CHECKING:
    from collections.abc import Callable

    from packerlab.inside.account import Account

    Message = dict[str, Any]

TICK = 0.05
MAX_OUTPUT = 1_000_000
MAX_LOG = 100_000
CRASH = re.compile(rb"^(?:panic|fatal error): .*\n", re.MULTILINE)
CRASHED = 2
"""What a Go program that crashes says on standard error, and its exit status."""

MOST_OPEN = 1024
"""Descriptors of a process: the machine has a number of open files for all."""

OFTEN_IGNORED = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
"""What `nohup` and a shell's `&` and `trap` ignore. All that we start would inherit it, and an
instance that is to reboot would not."""

NOTHING: Message = {"exit": None, "cpu": 0.0, "limit": "", "output": 0, "files": []}
OOM = "/proc/self/oom_score_adj"


class Gone(Exception):  # noqa: N818  (an event, not an error)
    """The other side closed the pipe: there is nobody to work for."""


class Supervisor:
    """`config`: mode, readonly (paths that a verb sees), masked, seccomp, memory and disk (bytes),
    group (files in which our control group tells what it used, where there are any), verb (the id
    that one drops to in `plain`), and for a `place` the command of the account's control plane.
    """

    def __init__(self, config: Message) -> None:
        self.plain = config["mode"] == "plain"
        self.config = config
        self.meter = Meter(config["group"], config["memory"])
        self.output = bytearray()
        self.log = bytearray()
        self.log_search: Stream | None = None
        self.selector = selectors.DefaultSelector()
        self.selector.register(sys.stdin.fileno(), selectors.EVENT_READ, gone)
        self.woken, wake = os.pipe()
        self.selector.register(self.woken, selectors.EVENT_READ, partial(os.read, self.woken, 4096))
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in OFTEN_IGNORED:
            signal.signal(number, signal.SIG_DFL)
        self.account: Account | None = None
        self.engine = config["mode"] == "engine"
        if self.plain:
            syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)
            os.chmod("/dev/pts/ptmx", 0o600)  # the machine has a number of terminals for all
        else:
            self.confine()
            os.makedirs(BOX)
            write_text("/run/passwd", "packer:x:1000:1000::/home/packer:/bin/sh\n")
            write_text("/run/group", "packer:x:1000:\n")
            write_text("/run/hosts", "127.0.0.1 localhost\n")
        if self.engine:
            containers.prepare(config)
        elif config["mode"] == "place":
            from packerlab.inside.account import Account

            self.account = Account(self.selector, config)

    def serve(self) -> None:
        self.send({"ready": True})
        while line := sys.stdin.buffer.readline(HEADER):
            request = json.loads(line)
            if "argv" in request:
                self.serve_verb(request)
            elif self.account and "base" in request:
                told = self.account.read_base(request["base"])
                self.send({"size": len(told)}, told)
            elif self.engine and "base" in request:
                told = image_store.read_prepared(request["prepared"], request["base"])
                self.send({"size": len(told)}, told)
            elif self.account:
                self.account.close()
                self.send({"closed": True})

    def serve_verb(self, request: Message) -> None:
        """Run one verb in a fresh box, and bring out what it left there and in the account."""
        read = sys.stdin.buffer.read
        files = [(name, read(size), executable) for name, size, executable in request["files"]]
        self.fresh_box()
        self.as_owner(partial(containers.unpack if self.engine else unpack, request, files))
        deadline, ooms = time.monotonic() + request["deadline"], self.meter.ooms()
        search = Search(request["secrets"])
        self.log_search = Stream(search) if search else None
        left: Message = {"files": [], "data": [], "told": b"", "found": []}
        try:
            if self.account and request["account"]:
                self.account.begin(request["account"]["state"])
            answer = self.run(request)
            if not answer["limit"]:
                left |= bounded(partial(self.what_is_left, request, search, deadline))
                answer["limit"] = left["limit"]
        except AccountError as error:
            late = "deadline" if time.monotonic() > deadline else ""
            limit = "memory" if self.meter.ooms() > ooms else late
            self.send({**NOTHING, "error": str(error), "limit": limit})
            raise Gone from None
        output = answer.pop("output")
        search.text("output", "", "", output)
        if self.log_search:
            search.note("log", "", "", self.log_search.matches)
        answer["output"] = len(output)
        answer["engine" if self.engine else "account"] = len(left["told"])
        answer["files"] = left["files"]
        answer["found"] = search.found + left["found"]
        self.send(answer, output, left["told"], *left["data"])

    def what_is_left(self, request: Message, search: Search, until: float) -> Message:
        """What the verb left in its workspace, and in the account or the container engine."""
        size = self.config["disk"]
        own = Search(request["secrets"])
        collected = partial(
            collect, request["outputs"], own, Room(size, until), archives=not self.engine
        )
        left = self.as_owner(partial(bounded, collected))
        if left["limit"]:
            return left
        told = b""
        if self.account and request["account"]:
            told = self.account.evidence(search, until)
        if self.engine:
            told = image_store.evidence(request["outputs"], search, size, until)
        return {**left, "told": told}

    def send(self, header: Message, *blobs: bytes) -> None:
        sys.stdout.buffer.write(json.dumps(header).encode() + b"\n")
        for blob in blobs:
            sys.stdout.buffer.write(blob)
        sys.stdout.buffer.flush()

    # --- the box's disk ---

    def fresh_box(self) -> None:
        """Nothing of one verb is there for the next."""
        if self.plain:
            self.as_owner(wipe)
            return
        if os.path.ismount(BOX):
            syscalls.unmount(BOX)
        options = f"size={self.config['disk']},nr_inodes={MAX_FILES * 20},mode=0755"
        syscalls.mount("box", BOX, "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, options)

    def as_owner(self, work: Callable[[], Message]) -> Message:
        """Do `work` as the owner of the box's files, which in `plain` is another user."""
        if not self.plain:
            return work()
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

    # --- one verb ---

    def run(self, request: Message) -> Message:
        self.meter.begin(request["cpu"], request["deadline"], companions=bool(self.account))
        self.output.clear()
        self.log.clear()
        verb, status_fd = self.start(request)
        limit = self.watch(verb)
        if self.account:
            kill_children(spared=self.account.companions)
        else:
            kill_everything()
        output = bytes(self.output) + drain(verb.stdout, MAX_OUTPUT - len(self.output))
        self.hear_log(drain(verb.stderr, MAX_LOG))
        log = bytes(self.log)
        if verb.returncode == CRASHED and (crash := CRASH.search(log)):
            output += crash[0]
        if len(output) > MAX_OUTPUT:
            output, limit = output[:MAX_OUTPUT], limit or "output"
        with os.fdopen(status_fd, "rb") as stream:
            began = self.plain or b'"exit-code"' in stream.read(10_000)
        limit = limit or self.meter.hit_at_end()
        answer = {
            "exit": None, "cpu": self.meter.cpu, "limit": limit, "output": output, "error": "",
        }  # fmt: skip
        if limit:
            return answer
        if not began:
            said = (output + log).decode(errors="replace")
            return {**answer, "output": b"", "error": said[-300:]}
        code = verb.returncode
        shared = self.engine or bool(self.account)
        if code and shared and (short := shortage(SHIFT)):
            return {**answer, "output": b"", "error": short}
        return {**answer, "exit": code if code >= 0 else 128 - code}

    def start(self, request: Message) -> tuple[subprocess.Popen[bytes], int]:
        """The started verb, and where bubblewrap tells whether the program began."""
        status_read, status_write = os.pipe()
        with (
            open(f"{BOX}/stdin", "rb") as stdin,
            open(self.config["seccomp"] or os.devnull, "rb") as seccomp,
            os.fdopen(status_write, "wb"),
            contextlib.ExitStack() as opened,
        ):
            passed: tuple[int, ...] = () if self.plain else (status_write, seccomp.fileno())
            lead = containers.words if self.engine else jail.words
            words = lead(self.config, request, *passed) if passed else []
            if words:
                words, told = jail.unseen(words)
                opened.callback(os.close, told)
                passed = (*passed, told)
            become = containers.enter_ids if self.engine else self.confine_plain
            usual = read_text(OOM)
            write_text(OOM, "1000")  # what is started here is the first to be killed
            verb = subprocess.Popen(
                [*words, *request["argv"]],
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE if request["log"] else subprocess.STDOUT,
                env={**request["env"], "PWD": WORKSPACE} if self.plain else {},
                cwd=WORKSPACE if self.plain else "/",
                pass_fds=passed,
                preexec_fn=become if self.plain or self.engine else None,  # noqa: PLW1509
                start_new_session=True,
            )
            write_text(OOM, usual)
        return verb, status_read

    def confine(self) -> None:
        """Bounds that this process hands down to every verb."""
        bound(resource.RLIMIT_CORE, 1)  # with 0, a crash still starts the host's handler, as root
        bound(resource.RLIMIT_NOFILE, MOST_OPEN)
        bound(resource.RLIMIT_FSIZE, self.config["disk"])
        if not self.plain:  # there it would count what other containers run as the same user
            bound(resource.RLIMIT_NPROC, MOST_PROCESSES)

    def confine_plain(self) -> None:
        """The same and more, in the verb's process before its program: there is no bubblewrap."""
        self.confine()
        become_box_user(self.config["verb"])
        syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
        with open(self.config["seccomp"], "rb") as file:
            syscalls.filter_calls(file.read())

    def watch(self, verb: subprocess.Popen[bytes]) -> str:
        """Read what the verb says until it ends; the bound that it hit, if any."""
        looked = 0.0
        heard = [(verb.stdout, self.output.extend), (verb.stderr, self.hear_log)]
        streams = {stream.fileno(): take_in for stream, take_in in heard if stream}
        for fd, take_in in streams.items():
            self.selector.register(fd, selectors.EVENT_READ, partial(self.hear, fd, take_in))
        try:
            while verb.poll() is None:
                for key, _ in self.selector.select(TICK):
                    key.data()
                if len(self.output) > MAX_OUTPUT:
                    return "output"
                now = time.monotonic()
                if now - looked >= TICK:
                    looked = now
                    if limit := self.meter.hit():
                        return limit
        finally:
            for fd in streams:
                if fd in self.selector.get_map():
                    self.selector.unregister(fd)
        return ""

    def hear(self, fd: int, take_in: Callable[[bytes], None]) -> None:
        """Take in what the verb says."""
        chunk = os.read(fd, 65536)
        take_in(chunk)
        if not chunk:
            self.selector.unregister(fd)

    def hear_log(self, chunk: bytes) -> None:
        """Look through the program's log, and keep the end of it."""
        if self.log_search:
            self.log_search.feed(chunk)
        self.log += chunk
        del self.log[:-MAX_LOG]


def gone() -> None:
    """Our input can be read while we work: it has ended, for nobody asks before the answer."""
    raise Gone


def main() -> None:
    if os.getpid() != 1:  # it kills all processes that it sees
        sys.exit("A supervisor must be pid 1.")
    with contextlib.suppress(Gone, BrokenPipeError):
        Supervisor(json.loads(sys.argv[1])).serve()
    kill_everything()
    os._exit(0)


if __name__ == "__main__":
    main()
