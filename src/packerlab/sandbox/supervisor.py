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

import ctypes
import json
import os
import resource
import selectors
import shutil
import signal
import stat
import subprocess
import sys
import time

HEADER = 1_000_000
TICK = 0.05
BOX = "/run/box"
WORKSPACE = "/workspace"
PLAIN_UID = 1_000_001
MAX_FILES = 1_000
MAX_FILE_BYTES = 64_000_000
PROCESSES = 256
MAX_OUTPUT = 1_000_000

MS_NOSUID, MS_NODEV, MNT_DETACH = 2, 4, 2
PR_SET_NO_NEW_PRIVS, PR_SET_DUMPABLE = 38, 4

libc = ctypes.CDLL(None, use_errno=True)


class Gone(Exception):  # noqa: N818  (an event, not an error)
    """The other side closed the pipe: there is nobody to work for."""


class Supervisor:
    """`config`: mode, readonly (paths that a verb sees), masked, seccomp, oom, memory, disk."""

    def __init__(self, config):
        self.plain = config["mode"] == "plain"
        self.config = config
        self.filter = config["seccomp"] or os.devnull
        self.woken, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        if self.plain:
            libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
        else:
            os.makedirs(BOX)
            _write("/run/passwd", "packer:x:1000:1000::/home/packer:/bin/sh\n")
            _write("/run/group", "packer:x:1000:\n")
            _write("/run/hosts", "127.0.0.1 localhost\n")

    def serve(self):
        self.send({"ready": True})
        while line := sys.stdin.buffer.readline(HEADER):
            request = json.loads(line)
            files = [
                (name, sys.stdin.buffer.read(size), executable)
                for name, size, executable in request["files"]
            ]
            self.fresh_box()
            self.as_owner(lambda request=request, files=files: unpack(request, files))
            answer = self.run(request)
            output = answer.pop("output")
            found = self.as_owner(lambda request=request: collect(request["outputs"]))
            answer["limit"] = answer["limit"] or found["limit"]
            answer["output"] = len(output)
            answer["files"] = found["files"]
            self.send(answer, output, *found["data"])

    def send(self, header, *blobs):
        sys.stdout.buffer.write(json.dumps(header).encode() + b"\n")
        for blob in blobs:
            sys.stdout.buffer.write(blob)
        sys.stdout.buffer.flush()

    # --- the box's disk ---

    def fresh_box(self):
        """Nothing of one verb is there for the next."""
        if self.plain:
            self.as_owner(wipe)
            return
        libc.umount2(BOX.encode(), MNT_DETACH)
        options = f"size={self.config['disk']},nr_inodes={MAX_FILES * 20},mode=0755"
        if libc.mount(b"box", BOX.encode(), b"tmpfs", MS_NOSUID | MS_NODEV, options.encode()):
            raise OSError(ctypes.get_errno(), "mount")

    def as_owner(self, work):
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
                result = work() or {}
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
            result = json.loads(stream.readline(HEADER) or b"{}")
            result["data"] = [stream.read(size) for size in result.pop("sizes", [])]
        if os.waitpid(pid, 0)[1]:
            raise OSError(f"a helper failed: {work}")
        return result

    # --- one verb ---

    def run(self, request):
        started = time.monotonic()
        before = children_cpu()
        ooms = self.oom_kills()
        status_read, status_write = os.pipe()
        with open(f"{BOX}/stdin", "rb") as stdin, open(self.filter, "rb") as seccomp:
            verb = subprocess.Popen(
                self.argv(request, status_write, seccomp.fileno()),
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=request["env"] if self.plain else {},
                cwd=WORKSPACE if self.plain else "/",
                pass_fds=(status_write, seccomp.fileno()),
                preexec_fn=self.confine,
                start_new_session=True,
            )
        os.close(status_write)
        output, limit, cpu = self.watch(verb, request, started, ooms)
        kill_everything()
        output += drain(verb.stdout, MAX_OUTPUT - len(output))
        verb.stdout.close()
        with os.fdopen(status_read, "rb") as stream:
            status = stream.read(10_000).decode()
        limit = limit or self.limit_at_end(ooms)
        cpu = max(cpu, children_cpu() - before)
        exit_code = verb.returncode
        if not self.plain and '"exit-code"' not in status and not limit:
            return {"exit": None, "cpu": cpu, "limit": "", "output": b"",
                    "error": output.decode(errors="replace")[-300:]}
        return {"exit": exit_code, "cpu": cpu, "limit": limit, "output": output, "error": ""}

    def argv(self, request, status_fd, seccomp_fd):
        if self.plain:
            return request["argv"]
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
        for path in ("/tmp", "/home/packer", WORKSPACE):  # noqa: S108  (inside the box)
            words += ["--bind", BOX + path, path]
        words += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", WORKSPACE]
        words += ["--seccomp", str(seccomp_fd), "--clearenv"]
        for name, value in request["env"].items():
            words += ["--setenv", name, value]
        return [*words, "--", *request["argv"]]

    def confine(self):
        """Runs in the verb's process before its program: bounds, and the first to be killed."""
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")
        bound(resource.RLIMIT_CORE, 0)
        bound(resource.RLIMIT_NOFILE, 4096)
        bound(resource.RLIMIT_FSIZE, self.config["disk"])
        if self.plain:
            become_box_user()
            libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        else:
            bound(resource.RLIMIT_NPROC, PROCESSES + 64)

    def watch(self, verb, request, started, ooms):
        """Read the verb's output until it ends or hits a bound."""
        output = b""
        cpu = 0.0
        with selectors.DefaultSelector() as selector:
            selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
            selector.register(self.woken, selectors.EVENT_READ)
            selector.register(verb.stdout, selectors.EVENT_READ)
            os.set_blocking(verb.stdout.fileno(), False)
            tick = 0.0
            while verb.poll() is None:
                for key, _ in selector.select(TICK):
                    if key.fd == sys.stdin.fileno():
                        raise Gone
                    if key.fd == self.woken:
                        os.read(self.woken, 64)
                    elif chunk := os.read(key.fd, 65536):
                        output += chunk
                    else:
                        selector.unregister(verb.stdout)
                if len(output) > MAX_OUTPUT:
                    return output[:MAX_OUTPUT], "output", cpu
                now = time.monotonic()
                if now - tick < TICK:
                    continue
                tick = now
                used = usage()
                cpu = max(cpu, used["cpu"])
                limit = self.limit_now(request, used, now - started, ooms)
                if limit:
                    return output, limit, cpu
        return output, "", cpu

    def limit_now(self, request, used, wall, ooms):
        if used["cpu"] > request["cpu"]:
            return "cpu"
        if wall > request["deadline"]:
            return "deadline"
        if used["threads"] > PROCESSES:
            return "processes"
        if used["rss"] > self.config["memory"] and proportional_memory() > self.config["memory"]:
            return "memory"
        return self.limit_at_end(ooms)

    def limit_at_end(self, ooms):
        if self.oom_kills() > ooms:
            return "memory"
        disk = os.statvfs(BOX)
        if disk.f_bavail * disk.f_frsize < 65536 or disk.f_favail < 8:
            return "disk"
        return ""

    def oom_kills(self):
        """How often the kernel killed in our control group, where that can be read."""
        for path in self.config["oom"]:
            for line in _read(path).splitlines():
                if line.startswith("oom_kill "):
                    return int(line.split()[1])
        return 0


# --- processes ---


def usage():
    """CPU seconds, threads and resident bytes of every process but this one."""
    ticks = threads = pages = 0
    for pid in os.listdir("/proc"):
        if pid.isdigit() and pid != "1":
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


def proportional_memory():
    """Bytes of all processes, shared pages counted once; resident bytes where PSS is not told."""
    total = 0
    for pid in os.listdir("/proc"):
        if pid.isdigit() and pid != "1":
            rollup = _read(f"/proc/{pid}/smaps_rollup")
            for line in rollup.splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total or usage()["rss"]


def children_cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def kill_everything():
    """Kill all that lives in this pid namespace, and wait until it is dead."""
    while True:
        try:
            os.kill(-1, signal.SIGKILL)
        except ProcessLookupError:
            pass
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def drain(stream, room):
    os.set_blocking(stream.fileno(), True)
    return stream.read(max(room, 0) + 1)[: max(room, 0)]


def become_box_user():
    os.setgroups([])
    os.setgid(PLAIN_UID)
    os.setuid(PLAIN_UID)


def bound(what, value):
    hard = resource.getrlimit(what)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(what, (value, value))


# --- files ---


def mounts(paths):
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


def unpack(request, files):
    """Lay out a fresh box. The names were checked by the reader outside."""
    for folder in (WORKSPACE, "/tmp", "/home/packer", "/shm"):  # noqa: S108  (inside the box)
        os.makedirs(BOX + folder)
    _write(f"{BOX}/stdin", request["stdin"])
    for name, data, executable in files:
        path = f"{BOX}{WORKSPACE}/{name}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "xb") as file:
            file.write(data)
        os.chmod(path, 0o755 if executable else 0o644)


def wipe():
    for name in os.listdir(BOX):
        path = f"{BOX}/{name}"
        if os.path.isdir(path) and not os.path.islink(path):
            for folder, names, _ in os.walk(path):
                for inner in names:
                    if not os.path.islink(f"{folder}/{inner}"):
                        os.chmod(f"{folder}/{inner}", 0o700)
            shutil.rmtree(path)
        else:
            os.unlink(path)


def collect(outputs):
    """The regular files below `outputs`, and the names and kinds of all else that is not a folder.

    Every process of the verb is dead, so nothing moves while this reads.
    """
    files = []
    data = []
    total = 0
    for name, path, status in sorted(walk(outputs)):
        if len(files) >= MAX_FILES:
            return {"files": [], "data": [], "limit": "files"}
        if not stat.S_ISREG(status.st_mode):
            kinds = {stat.S_IFLNK: "link", stat.S_IFIFO: "named pipe", stat.S_IFSOCK: "socket"}
            files.append([name, 0, False, kinds.get(stat.S_IFMT(status.st_mode), "device")])
            continue
        total += status.st_size
        if total > MAX_FILE_BYTES:
            return {"files": [], "data": [], "limit": "files"}
        os.chmod(path, 0o600)
        with open(path, "rb") as file:
            content = file.read(status.st_size)
        files.append([name, len(content), bool(status.st_mode & 0o111), ""])
        data.append(content)
    return {"files": files, "data": data, "limit": ""}


def walk(outputs):
    """(name, path, status) of all that is not a folder, no link followed."""
    root = BOX + WORKSPACE
    waiting = list(outputs)
    while waiting:
        name = waiting.pop()
        path = f"{root}/{name}"
        try:
            parents = [os.lstat(f"{root}/{name[:at]}") for at in _slashes(name)]
            status = os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        if any(not stat.S_ISDIR(parent.st_mode) for parent in parents):
            continue
        if not stat.S_ISDIR(status.st_mode):
            yield name.encode(errors="replace").decode(errors="replace"), path, status
            continue
        os.chmod(path, 0o700)
        if len(waiting) < MAX_FILES * 20:
            waiting += [f"{name}/{inner}" for inner in os.listdir(path)]


def _slashes(name):
    return [at for at, char in enumerate(name) if char == "/"]


def _write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def _read(path):
    """A file's text, empty where it is not there (any more) or not for us."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def main():
    try:
        Supervisor(json.loads(sys.argv[1])).serve()
    except (Gone, BrokenPipeError):
        pass
    kill_everything()
    os._exit(0)


if __name__ == "__main__":
    main()
