"""Pid 1 of a sandbox: runs one verb at a time, each in namespaces of its own, and brings files out.

Standard library only: this file alone runs in the sandbox, not the package. It speaks on its
standard input and output, one request and one answer at a time, and ends with its input:

    request  {"argv", "env", "stdin", "files": [[name, size, executable]], "outputs": [name],
              "deadline", "cpu"}, then the files' bytes
    answer   {"exit", "cpu", "limit", "error", "output": size,
              "files": [[name, size, executable, kind]]}, then the output, then the files' bytes

Both begin with a JSON line of at most HEADER bytes. `limit` names the bound that was hit.

`nested`: bubblewrap around every verb; this process is root of a user namespace that maps one
unprivileged host id. `plain`: this process is root of a container that holds SETUID, SETGID and
KILL alone; a verb drops to an id of its own.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import json
import os
import resource
import selectors
import signal
import stat
import subprocess
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

    Message = dict[str, Any]

HEADER = 1_000_000
TICK = 0.05
BOX = "/run/box"
WORKSPACE = "/workspace"
PLAIN_UID = 1_000_001
MAX_FILES = 1_000
MAX_FILE_BYTES = 64_000_000
PROCESSES = 256
MOST_PROCESSES = PROCESSES + 128
"""Where the kernel stops a verb: so far beyond its bound that the watch sees it first."""
MAX_OUTPUT = 1_000_000

OOM = "/proc/self/oom_score_adj"
MS_NOSUID, MS_NODEV, MNT_DETACH = 2, 4, 2
PR_SET_NO_NEW_PRIVS, PR_SET_DUMPABLE = 38, 4
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
KINDS = {stat.S_IFLNK: "link", stat.S_IFIFO: "named pipe", stat.S_IFSOCK: "socket"}

libc = ctypes.CDLL(None, use_errno=True)


class Before(NamedTuple):
    """What stood on the counters when a verb began."""

    time: float
    ooms: int
    group_cpu: float
    children_cpu: float


class Gone(Exception):  # noqa: N818  (an event, not an error)
    """The other side closed the pipe: there is nobody to work for."""


class Supervisor:
    """`config`: mode, readonly (paths that a verb sees), masked, seccomp, memory and disk (bytes),
    group (files in which our control group tells what it used, where there are any).
    """

    def __init__(self, config: Message) -> None:
        self.plain = config["mode"] == "plain"
        self.config = config
        self.woken, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        if self.plain:
            libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
        else:
            self.confine()
            os.makedirs(BOX)
            _write("/run/passwd", "packer:x:1000:1000::/home/packer:/bin/sh\n")
            _write("/run/group", "packer:x:1000:\n")
            _write("/run/hosts", "127.0.0.1 localhost\n")

    def serve(self) -> None:
        self.send({"ready": True})
        while line := sys.stdin.buffer.readline(HEADER):
            request = json.loads(line)
            files = [
                (name, sys.stdin.buffer.read(size), executable)
                for name, size, executable in request["files"]
            ]
            self.fresh_box()
            self.as_owner(partial(unpack, request, files))
            answer = self.run(request)
            output = answer.pop("output")
            found = self.as_owner(partial(collect, request["outputs"]))
            answer["limit"] = answer["limit"] or found["limit"]
            answer["output"] = len(output)
            answer["files"] = found["files"]
            self.send(answer, output, *found["data"])

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
        libc.umount2(BOX.encode(), MNT_DETACH)
        options = f"size={self.config['disk']},nr_inodes={MAX_FILES * 20},mode=0755"
        if libc.mount(b"box", BOX.encode(), b"tmpfs", MS_NOSUID | MS_NODEV, options.encode()):
            raise OSError(ctypes.get_errno(), "mount")

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
                become_box_user()
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
        before = Before(time.monotonic(), self.ooms(), self.group_cpu(), children_cpu())
        verb, status_fd = self.start(request)
        output, limit, cpu = self.watch(verb, request, before)
        kill_everything()
        output += drain(verb.stdout, MAX_OUTPUT - len(output))
        if len(output) > MAX_OUTPUT:
            output, limit = output[:MAX_OUTPUT], limit or "output"
        with os.fdopen(status_fd, "rb") as stream:
            began = self.plain or b'"exit-code"' in stream.read(10_000)
        limit = limit or self.limit_at_end(before)
        ended = (self.group_cpu() - before.group_cpu, children_cpu() - before.children_cpu)
        cpu = max(cpu, *ended)
        answer = {"exit": None, "cpu": cpu, "limit": limit, "output": output, "error": ""}
        if limit:
            return answer
        if not began:
            return {**answer, "output": b"", "error": output.decode(errors="replace")[-300:]}
        code = verb.returncode
        return {**answer, "exit": code if code >= 0 else 128 - code}

    def start(self, request: Message) -> tuple[subprocess.Popen[bytes], int]:
        """The started verb, and where bubblewrap tells whether the program began."""
        status_read, status_write = os.pipe()
        with (
            open(f"{BOX}/stdin", "rb") as stdin,
            open(self.config["seccomp"] or os.devnull, "rb") as seccomp,
            os.fdopen(status_write, "wb"),
        ):
            passed = () if self.plain else (status_write, seccomp.fileno())
            usual = _read(OOM)
            _write(OOM, "1000")  # what is started here is the first to be killed
            verb = subprocess.Popen(
                [*self.bubblewrap(request, *passed), *request["argv"]],
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**request["env"], "PWD": WORKSPACE} if self.plain else {},
                cwd=WORKSPACE if self.plain else "/",
                pass_fds=passed,
                preexec_fn=self.confine_plain if self.plain else None,  # noqa: PLW1509
                start_new_session=True,
            )
            _write(OOM, usual)
        return verb, status_read

    def bubblewrap(self, request: Message, *fds: int) -> list[str]:
        """The words that put a program into namespaces of its own; none in `plain`."""
        if self.plain:
            return []
        status_fd, seccomp_fd = fds
        words = [
            "bwrap", "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc",
            "--unshare-uts", "--unshare-cgroup-try", "--disable-userns", "--uid", "1000",
            "--gid", "1000", "--hostname", "packerlab", "--cap-drop", "ALL", "--new-session",
            "--die-with-parent", "--json-status-fd", str(status_fd),
        ]  # fmt: skip
        words += mounts(self.config["readonly"])
        for path in self.config["masked"]:
            words += ["--tmpfs", path]
        words += ["--proc", "/proc", "--dev", "/dev", "--bind", f"{BOX}/shm", "/dev/shm"]
        for name in ("passwd", "group", "hosts"):
            words += ["--ro-bind", f"/run/{name}", f"/etc/{name}"]
        for path in ("/tmp", "/home/packer", WORKSPACE):
            words += ["--bind", BOX + path, path]
        words += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", WORKSPACE]
        words += ["--seccomp", str(seccomp_fd), "--clearenv"]
        for name, value in request["env"].items():
            words += ["--setenv", name, value]
        return [*words, "--"]

    def confine(self) -> None:
        """Bounds that this process hands down to every verb."""
        bound(resource.RLIMIT_CORE, 0)
        bound(resource.RLIMIT_NOFILE, 4096)
        bound(resource.RLIMIT_FSIZE, self.config["disk"])
        if not self.plain:  # there it would count what other containers run as the same user
            bound(resource.RLIMIT_NPROC, MOST_PROCESSES)

    def confine_plain(self) -> None:
        """The same and more, in the verb's process before its program: there is no bubblewrap."""
        self.confine()
        become_box_user()
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        filter_calls(self.config["seccomp"])

    def watch(
        self, verb: subprocess.Popen[bytes], request: Message, before: Before
    ) -> tuple[bytes, str, float]:
        """Read the verb's output until it ends or hits a bound."""
        output = b""
        cpu = tick = 0.0
        stdout = _fd(verb.stdout)
        with selectors.DefaultSelector() as selector:
            for fd in (sys.stdin.fileno(), self.woken, stdout):
                selector.register(fd, selectors.EVENT_READ)
            os.set_blocking(stdout, False)
            while verb.poll() is None:
                output += self.hear(selector)
                if len(output) > MAX_OUTPUT:
                    return output, "output", cpu
                now = time.monotonic()
                if now - tick < TICK:
                    continue
                tick = now
                limit, used = self.limit_now(request, before)
                cpu = max(cpu, used)
                if limit:
                    return output, limit, cpu
        return output, "", cpu

    def hear(self, selector: selectors.BaseSelector) -> bytes:
        """Wait a moment for output, or for a child's end."""
        heard = b""
        for key, _ in selector.select(TICK):
            if key.fd == sys.stdin.fileno():
                raise Gone
            chunk = os.read(key.fd, 65536)
            if not chunk:
                selector.unregister(key.fd)
            if key.fd != self.woken:
                heard += chunk
        return heard

    def limit_now(self, request: Message, before: Before) -> tuple[str, float]:
        """The bound that is hit, if any, and the CPU seconds of all that runs."""
        if len(others()) > PROCESSES:  # first, while there is still time to look
            return "processes", 0.0
        used = usage()
        cpu = max(used["cpu"], self.group_cpu() - before.group_cpu)
        memory = self.config["memory"]
        limit = ""
        if cpu > request["cpu"]:
            limit = "cpu"
        elif time.monotonic() - before.time > request["deadline"]:
            limit = "deadline"
        elif used["threads"] > PROCESSES:
            limit = "processes"
        elif used["rss"] > memory and self.held_memory() > memory:
            limit = "memory"
        return limit or self.limit_at_end(before), cpu

    def limit_at_end(self, before: Before) -> str:
        if self.ooms() > before.ooms:
            return "memory"
        disk = os.statvfs(BOX)
        if disk.f_bavail * disk.f_frsize < 65536 or disk.f_favail < 8:
            return "disk"
        return ""

    # --- what is used ---

    def ooms(self) -> int:
        """How often the kernel killed for want of memory."""
        return max(self.told("oom_kill"), default=0)

    def group_cpu(self) -> float:
        """CPU seconds, those of processes included that nobody waited for."""
        ticks = sum(self.told("user", "system"))  # version 1
        return ticks / os.sysconf("SC_CLK_TCK") or sum(self.told("usage_usec")) / 1e6

    def held_memory(self) -> int:
        """Bytes that the verb's processes hold for themselves, shared ones counted once."""
        return max(self.told("anon", "total_rss"), default=0) or proportional_memory()

    def told(self, *names: str) -> list[int]:
        """The values of `names` in the files of our control group."""
        lines = [line.split() for path in self.config["group"] for line in _read(path).splitlines()]
        return [int(words[1]) for words in lines if len(words) == 2 and words[0] in names]


# --- processes ---


def others() -> list[str]:
    """Every process but this one."""
    return [name for name in os.listdir("/proc") if name.isdigit() and name != "1"]


def usage() -> dict[str, float]:
    """Their CPU seconds, threads and resident bytes."""
    ticks = threads = pages = 0
    for pid in others():
        fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
        if len(fields) > 21:
            ticks += sum(int(field) for field in fields[11:15])
            threads += int(fields[17])
            pages += int(fields[21])
    return {
        "cpu": ticks / os.sysconf("SC_CLK_TCK"),
        "threads": threads,
        "rss": pages * os.sysconf("SC_PAGE_SIZE"),
    }


def proportional_memory() -> int:
    """The same from the processes themselves, where there is no control group."""
    total = 0
    for pid in others():
        for line in _read(f"/proc/{pid}/smaps_rollup").splitlines():
            if line.startswith(("Pss_Anon:", "Pss_Shmem:")):
                total += int(line.split()[1]) * 1024
    return total


def children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def kill_everything() -> None:
    """Kill all that lives in this pid namespace, and wait until it is dead."""
    while True:
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def drain(stream: IO[bytes] | None, room: int) -> bytes:
    """What is left in a dead verb's pipe, up to one byte more than there is room for."""
    if stream is None:
        return b""
    os.set_blocking(stream.fileno(), True)
    with stream:
        return stream.read(max(room, 0) + 1)


def filter_calls(path: str) -> None:
    """Put this process behind our filter: an engine's own may be older than what ours denies."""
    with open(path, "rb") as file:
        code = ctypes.create_string_buffer(file.read())
    program = SocketFilter((len(code) - 1) // 8, ctypes.addressof(code))
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")


class SocketFilter(ctypes.Structure):
    """The kernel's `struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def become_box_user() -> None:
    os.setgroups([])
    os.setgid(PLAIN_UID)
    os.setuid(PLAIN_UID)


def bound(what: int, value: int) -> None:
    hard = resource.getrlimit(what)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(what, (value, value))


# --- files ---


def mounts(paths: list[str]) -> list[str]:
    """Read-only binds of `paths`, and the links that a merged /usr has in the root."""
    words = []
    for path in paths:
        words += ["--ro-bind-try", path, path]
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        if os.path.islink(f"/{name}"):
            words += ["--symlink", os.readlink(f"/{name}"), f"/{name}"]
        else:
            words += ["--ro-bind-try", f"/{name}", f"/{name}"]
    return words


def unpack(request: Message, files: list[tuple[str, bytes, bool]]) -> Message:
    """Lay out a fresh box. The names were checked by the reader outside."""
    for folder in (WORKSPACE, "/tmp", "/home/packer", "/shm"):
        os.makedirs(BOX + folder)
    _write(f"{BOX}/stdin", request["stdin"])
    for name, data, executable in files:
        path = f"{BOX}{WORKSPACE}/{name}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "xb") as file:
            file.write(data)
        os.chmod(path, 0o755 if executable else 0o644)
    return {}


def wipe() -> Message:
    """Empty the box, and what else its user may leave: message queues, shared memory.

    A folder is moved to the top before it is emptied, so that no tree is too deep.
    """
    os.chmod(BOX, 0o755)
    fresh = (f"{BOX}/{os.urandom(8).hex()}" for _ in itertools.count())
    waiting = [path for path in (BOX, "/dev/mqueue") if os.path.isdir(path)]
    while waiting:
        folder = waiting.pop()
        for entry in list(os.scandir(folder)):
            if entry.is_dir(follow_symlinks=False):
                os.chmod(entry.path, 0o700)
                moved = next(fresh)
                os.rename(entry.path, moved)
                waiting.append(moved)
            else:
                os.unlink(entry.path)
        if folder.startswith(f"{BOX}/"):
            os.rmdir(folder)
    subprocess.run(["/usr/bin/ipcrm", "--all"], check=True, capture_output=True)
    return {}


def collect(outputs: list[str]) -> Message:
    """The regular files below `outputs`, and the names and kinds of all else that is not a folder.

    Every process of the verb is dead, so nothing moves while this reads.
    """
    too_much: Message = {"files": [], "data": [], "limit": "files"}
    files: list[list[Any]] = []
    data = []
    total = 0
    try:
        found = sorted(walk(outputs))
    except OSError:  # a tree so deep that no path reaches its end
        return too_much
    for name, path in found[: MAX_FILES + 1]:
        status = os.lstat(path)
        if not stat.S_ISREG(status.st_mode):
            files.append([name, 0, False, KINDS.get(stat.S_IFMT(status.st_mode), "device")])
            continue
        total += status.st_size
        if total > MAX_FILE_BYTES:
            return too_much
        os.chmod(path, 0o600)
        with open(path, "rb") as file:
            content = file.read(status.st_size)
        files.append([name, len(content), bool(status.st_mode & 0o111), ""])
        data.append(content)
    if len(files) > MAX_FILES or len(json.dumps(files)) > HEADER // 2:
        return too_much
    return {"files": files, "data": data, "limit": ""}


def walk(outputs: list[str]) -> Iterator[tuple[str, str]]:
    """(name, path) of all below `outputs` that is not a folder, no link followed."""
    os.chmod(BOX, 0o755)
    root = BOX + WORKSPACE
    waiting = [""] if os.path.isdir(root) and not os.path.islink(root) else []
    while waiting:
        folder = waiting.pop()
        os.chmod(root + folder, 0o700)
        for entry in list(os.scandir(root + folder)):
            name = f"{folder}/{entry.name}"
            wanted = any(f"{name}/".startswith(f"/{output}/") for output in outputs)
            if not entry.is_dir(follow_symlinks=False):
                if wanted:
                    yield name[1:].encode(errors="replace").decode(), entry.path
            elif wanted or any(f"/{output}/".startswith(f"{name}/") for output in outputs):
                waiting.append(name)


def _fd(stream: IO[bytes] | None) -> int:
    return -1 if stream is None else stream.fileno()


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def _read(path: str) -> str:
    """A file's text, empty where it is not there (any more) or not for us."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def main() -> None:
    if os.getpid() != 1:  # it kills all processes that it sees
        sys.exit("A supervisor must be pid 1.")
    with contextlib.suppress(Gone, BrokenPipeError):
        Supervisor(json.loads(sys.argv[1])).serve()
    kill_everything()
    os._exit(0)


if __name__ == "__main__":
    main()
