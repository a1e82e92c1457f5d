"""The bubblewrap backend: Linux, no daemon, the learner's own Packer."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from packerlab import state
from packerlab.course import PACKAGE
from packerlab.errors import MachineError
from packerlab.sandbox import cgroup, seccomp
from packerlab.sandbox.base import (
    OVERHEAD_MB,
    OVERHEAD_PROCESSES,
    PLUGINS,
    PROGRAM,
    SUPERVISOR,
    Channel,
    outer_bubblewrap,
    supervisor_config,
)
from packerlab.sandbox.host_packer import MISSING, host_packer, is_missing
from packerlab.sandbox.supervisor import MOST_PROCESSES

if TYPE_CHECKING:
    from packerlab.lab import Limits
    from packerlab.sandbox.base import PackerProgram

UNPRIVILEGED = 1_000_000
"""The host id that a root caller's sandbox has: no user's, and never 0."""

ETC = ["ssl", "alternatives", "ld.so.cache", "ca-certificates", "localtime", "pki"]
PATIENCE_S = 2.0
"""Seconds that a supervisor has to end by itself."""

SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
"""Where bwrap and setpriv are looked for: a caller's own folders are not there for other ids."""

ALL = ["--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]  # noqa: S108
NESTED = ["bwrap", "--unshare-user", "--uid", "0", "--gid", "0", "--unshare-pid", "--unshare-net",
          "--cap-add", "CAP_SYS_ADMIN", "--cap-add", "CAP_SETFCAP", *ALL]  # fmt: skip
VERB = ["bwrap", "--unshare-user", "--disable-userns", "--uid", "1000", "--unshare-pid", *ALL]
"""The two layers of namespaces, with nothing in them: what must be possible here."""

FILTER = "/opt/packerlab/seccomp.bpf"


class Bubblewrap:
    """`masked` are folders that a verb must not see, should they lie below /usr."""

    name = "bubblewrap"
    capabilities = frozenset({"packer"})
    reusable = True

    def __init__(self, masked: list[Path]) -> None:
        self._masked = [path.resolve() for path in (PACKAGE, *masked)]

    def unavailable(self) -> str | None:
        if sys.platform != "linux":
            return "it needs Linux; use --sandbox docker here."
        if not shutil.which("bwrap", path=SYSTEM_PATH):
            return "bwrap is not installed: `apt install bubblewrap` (Debian, Ubuntu)."
        tried = subprocess.run(
            [*_drop_root(), *NESTED, *VERB, "/bin/true"],
            capture_output=True, text=True, check=False, env={"PATH": SYSTEM_PATH},
        )  # fmt: skip
        if tried.returncode:
            return (
                f"this system lets no user make namespaces ({tried.stderr.strip()[:120]}); "
                "`packerlab doctor` tells how to allow it."
            )
        return MISSING if is_missing() else None

    def weak(self) -> list[str]:
        if cgroup.kind() is None:
            return ["memory is watched, not bounded (no control group can be written)"]
        return []

    def packer(self) -> PackerProgram:
        return host_packer()

    def start(self, limits: Limits) -> Started:
        packer = self.packer()
        memory = (limits.memory_mb + limits.disk_mb + OVERHEAD_MB) * 1_000_000
        group = cgroup.make(state.run_name(), memory, MOST_PROCESSES + OVERHEAD_PROCESSES)
        files = [
            (str(packer.path), PROGRAM),
            (str(PACKAGE / "sandbox" / "supervisor.py"), SUPERVISOR),
            (str(compiled_filter()), FILTER),
        ]
        readonly = ["/usr", *(f"/etc/{name}" for name in ETC if Path("/etc", name).exists())]
        if packer.plugins:
            files.append((str(packer.plugins), PLUGINS))
        told = group.told if group else []
        files += [(path, path) for path in told]
        python = Path(sys.base_prefix).resolve()
        if not python.is_relative_to("/usr"):
            files.append((str(python), str(python)))
        config = supervisor_config(
            limits,
            "nested",
            readonly=[*readonly, PROGRAM, PLUGINS],
            masked=[str(path) for path in self._masked if path.is_relative_to("/usr")],
            seccomp=FILTER,
            group=told,
        )
        files += [(path, path) for path in readonly]
        program = str(Path(sys._base_executable).resolve())  # type: ignore[attr-defined]  # noqa: SLF001
        if os.getuid() == 0:
            seen = [(target, target) for _, target in files]
            inner = outer_bubblewrap(_view(seen), program, config)
            command = ["bwrap", "--die-with-parent", *_view(files), "--bind", "/proc", "/proc",
                       "--dev-bind", "/dev", "/dev", "--tmpfs", "/tmp",  # noqa: S108
                       "--", *_drop_root(), *inner]  # fmt: skip
        else:
            command = outer_bubblewrap(_view(files), program, config)
        return Started([*group.enter, *command] if group else command, group)


class Started:
    """A supervisor that is our child; its socket is its standard input and output."""

    def __init__(self, command: list[str], group: cgroup.Group | None) -> None:
        ours, theirs = socket.socketpair()
        self.channel = Channel(ours, framed=False)
        self._group = group
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  (closed by kill)
        with theirs:
            self._process = subprocess.Popen(
                command,
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=self._errors,
                start_new_session=True,
                cwd="/",
                env={"PATH": SYSTEM_PATH},
            )

    def kill(self) -> None:
        """The supervisor ends with its input, and bubblewrap after all that is in it; else KILL."""
        with contextlib.suppress(OSError):
            self.channel.socket.shutdown(socket.SHUT_RDWR)  # whoever else holds the socket
        self.channel.socket.close()
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._errors.close()
        if self._group:
            self._group.remove()

    def complaint(self) -> str:
        self._errors.seek(0)
        return self._errors.read(4000).decode(errors="replace")


def _drop_root() -> list[str]:
    """Words that give up root before anything of a submission is near."""
    if os.getuid() != 0:
        return []
    return ["setpriv", f"--reuid={UNPRIVILEGED}", f"--regid={UNPRIVILEGED}", "--clear-groups",
            "--no-new-privs", "--inh-caps=-all", "--"]  # fmt: skip


def _view(mounts: list[tuple[str, str]]) -> list[str]:
    """The words for read-only binds, and for the root's links into a merged /usr."""
    words = []
    parents = {parent for _, target in mounts for parent in Path(target).parents}
    for parent in sorted(parents - {Path("/")}):  # bubblewrap would make them for their owner alone
        words += ["--perms", "0755", "--dir", str(parent)]
    for source, target in mounts:
        words += ["--ro-bind", source, target]
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        path = Path("/", name)
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            words += ["--ro-bind", str(path), str(path)]
    return words


def compiled_filter() -> Path:
    """The compiled system call filter, made at first use and kept by the hash of its source."""
    source = (PACKAGE / "sandbox" / "seccomp.py").read_bytes()
    path = state.cache_folder() / f"seccomp-{hashlib.sha256(source).hexdigest()[:16]}.bpf"
    if not path.exists():
        beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            seccomp.compile_filter(str(beside))
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise MachineError(f"The system call filter can't be compiled: {error}.") from None
        beside.replace(path)
    return path
