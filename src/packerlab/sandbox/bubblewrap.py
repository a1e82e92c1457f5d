"""The bubblewrap backend: Linux, no daemon, the learner's own Packer."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from packerlab import state
from packerlab.course import PACKAGE
from packerlab.errors import MachineError, SandboxError
from packerlab.inside.containers import PREPARED
from packerlab.inside.machines import BASE
from packerlab.inside.machines import FILTER as MACHINES_FILTER
from packerlab.inside.meter import MOST_PROCESSES
from packerlab.sandbox import cgroup, host_base, host_ids, host_images, host_tools, seccomp
from packerlab.sandbox.base import OVERHEAD_MB, OVERHEAD_PROCESSES, PLUGINS, PROGRAM, TOOLS
from packerlab.sandbox.channel import Channel
from packerlab.sandbox.host_packer import MISSING, host_packer, is_missing
from packerlab.sandbox.launch import (
    ACCOUNT_MB,
    INSIDE,
    LIB,
    SITE,
    SUPERVISOR,
    control_command,
    outer_bubblewrap,
    place_command,
    supervisor_command,
    supervisor_config,
)

if TYPE_CHECKING:
    from packerlab.lab import Limits
    from packerlab.sandbox.base import Needs, PackerProgram

ETC = ["ssl/certs", "ssl/openssl.cnf", "alternatives", "ld.so.cache", "ca-certificates",
       "localtime", "pki/tls/certs", "pki/tls/cert.pem", "pki/ca-trust/extracted"]  # fmt: skip
"""What a verb sees of /etc: the folders of keys beside these are not for it."""

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
    reusable = True

    def __init__(self, masked: list[Path]) -> None:
        self._masked = [path.resolve() for path in (PACKAGE, *masked)]

    def unavailable(self) -> str | None:
        if sys.platform != "linux":
            return "it needs Linux; use --sandbox docker here."
        if not shutil.which("bwrap", path=SYSTEM_PATH):
            return "bwrap is not installed: `apt install bubblewrap` (Debian, Ubuntu)."
        if self._refusal:
            return (
                f"this system lets no user make namespaces ({self._refusal}); "
                "`packerlab doctor` tells how to allow it."
            )
        return MISSING if is_missing() else None

    @cached_property
    def _refusal(self) -> str:
        """What the system says where it lets no user make namespaces: tried once."""
        tried = subprocess.run(
            [*_drop_root(host_ids.LOCKED), *NESTED, *VERB, "/bin/true"],
            capture_output=True, text=True, check=False, env={"PATH": SYSTEM_PATH},
        )  # fmt: skip
        said = tried.stderr.strip()[:120]
        return (said or f"exit code {tried.returncode}") if tried.returncode else ""

    @cached_property
    def _is_bounded(self) -> bool:
        return cgroup.kind() is not None

    def weak(self) -> list[str]:
        if not self._is_bounded:
            return ["memory is watched, not bounded (no control group can be written)"]
        return []

    def packer(self) -> PackerProgram:
        return host_packer()

    def lacks(self, capability: str) -> str | None:
        offered = {
            "packer": lambda: None,
            "account": _lacking_for_account,
            "containers": host_images.lacking,
            "tools": host_tools.lacking,
        }
        return (
            offered[capability]() if capability in offered else f"it does not offer {capability}."
        )

    def start(self, limits: Limits, needs: Needs) -> Started:
        joined = "account" in needs
        memory_mb = limits.memory_mb + limits.disk_mb + OVERHEAD_MB
        memory_mb += limits.disk_mb + ACCOUNT_MB if joined else 0
        most = MOST_PROCESSES + OVERHEAD_PROCESSES
        start = self._place if joined else self._nested
        start = self._with_engine if "containers" in needs else start
        with contextlib.ExitStack() as on_error:
            group = cgroup.make(state.run_name(), memory_mb * 1_000_000, most)
            if group:
                on_error.callback(group.remove)
            elif self._is_bounded:
                raise SandboxError("The control group can't be made, although there are some here.")
            lease = host_ids.lease() if os.getuid() == 0 else None
            if lease:
                on_error.callback(lease.release)
            command = start(limits, needs, group, lease.first if lease else None)
            started = Started([*group.enter, *command] if group else command, group, lease)
            on_error.pop_all()
        return started

    def _nested(
        self, limits: Limits, needs: Needs, group: cgroup.Group | None, first: int | None
    ) -> list[str]:
        """The command that starts a supervisor alone."""
        readonly = _system_folders()
        files = [*self._files(needs, group), *((path, path) for path in readonly)]
        files.append((str(PACKAGE / "inside"), str(Path(SUPERVISOR).parent)))
        files.append((str(compiled_filter()), FILTER))
        config = self._config(limits, needs, group, "nested", readonly)
        if first is None:
            return outer_bubblewrap(_view(files), _python(), config)
        seen = [(target, target) for _, target in files]
        inner = outer_bubblewrap(_view(seen), _python(), config)
        return ["bwrap", "--die-with-parent", *_view(files), "--bind", "/proc", "/proc",
                "--dev-bind", "/dev", "/dev", "--tmpfs", "/tmp",  # noqa: S108
                "--", *_drop_root(first), *inner]  # fmt: skip

    def _place(
        self, limits: Limits, needs: Needs, group: cgroup.Group | None, first: int | None
    ) -> list[str]:
        """The command that starts a supervisor with an account beside it."""
        site = _moto_site()
        ours = [f"{SITE}/packerlab"] if (site / "packerlab").is_dir() else []
        readonly = _system_folders()
        files = [
            *self._files(needs, group),
            (str(compiled_filter(seccomp.ACCOUNT)), FILTER),
            (str(compiled_filter(seccomp.MACHINE)), MACHINES_FILTER),
            (str(host_base.folder()), BASE),
            (str(site), SITE),
        ]
        config = self._config(limits, needs, group, "place", readonly)
        config["control"] = control_command(_python(), [*readonly, str(_prefix())], ours)
        return _in_place(files, readonly, config, first)

    def _with_engine(
        self, limits: Limits, needs: Needs, group: cgroup.Group | None, first: int | None
    ) -> list[str]:
        """The command that starts a supervisor whose verbs have a container engine."""
        readonly = _system_folders()
        files = [
            *self._files(needs, group),
            (str(compiled_filter(seccomp.ENGINE)), FILTER),
            (str(host_images.folder()), PREPARED),
        ]
        config = self._config(limits, needs, group, "engine", readonly)
        return _in_place(files, readonly, config, first)

    def _files(self, needs: Needs, group: cgroup.Group | None) -> list[tuple[str, str]]:
        """(here, there): what every supervisor sees beside the system's folders."""
        packer = self.packer()
        files = [(str(packer.path), PROGRAM)]
        if packer.plugins:
            files.append((str(packer.plugins), PLUGINS))
        if "tools" in needs:
            files.append((str(host_tools.folder()), TOOLS))
        files += [(path, path) for path in (group.told if group else [])]
        if not _prefix().is_relative_to("/usr"):
            files.append((str(_prefix()), str(_prefix())))
        return files

    def _config(
        self,
        limits: Limits,
        needs: Needs,
        group: cgroup.Group | None,
        mode: str,
        readonly: list[str],
    ) -> dict[str, object]:
        return supervisor_config(
            limits,
            mode,
            needs,
            readonly,
            masked=[
                *(str(path) for path in self._masked if path.is_relative_to("/usr")),
                *kept_from_others(Path("/usr"), Path("/usr/local")),
            ],
            seccomp=FILTER,
            group=group.told if group else [],
        )


def _lacking_for_account() -> str | None:
    if not shutil.which("ip", path=SYSTEM_PATH):
        return "ip is not installed: `apt install iproute2`."
    if not host_base.folder().is_dir():
        return "the instances' disk is not there: `packerlab sandbox build` makes it."
    return host_base.id_maps()[1]


def _in_place(
    files: list[tuple[str, str]],
    readonly: list[str],
    config: dict[str, object],
    first: int | None,
) -> list[str]:
    """The command that makes a place with these files, and starts a supervisor in it.

    `first` is the first host id of its own, where it has any.
    """
    files = [
        *files,
        *((str(PACKAGE.parent / name), f"{LIB}/{name}") for name in INSIDE),
        *((path, path) for path in readonly),
    ]
    launcher = [_python(), "-I", "-S", "-B", str(PACKAGE / "inside" / "place.py")]
    command = supervisor_command(_python(), config)
    maps = host_base.id_maps()[0] if first is None else host_base.place_maps(first)
    return place_command(launcher, maps, first, files, command)


def _system_folders() -> list[str]:
    return ["/usr", *(f"/etc/{name}" for name in ETC if Path("/etc", name).exists())]


@cache
def kept_from_others(top: Path, own: Path) -> list[str]:
    """What below `own`, and in the first folders of `top`, this user may read and others may not.

    A verb of an ordinary user has the id and the groups of that user. Deeper in `top` lies what the
    system's packages brought: to look at all of it would take longer than to check a lab.
    """
    if os.getuid() == 0:
        return []
    groups = {os.getgid(), *os.getgroups()}
    shallow = (path for pattern in ("*", "*/*") for path in top.glob(pattern))
    found = []
    for path in {*shallow, *own.rglob("*")}:
        with contextlib.suppress(OSError):
            status = path.lstat()
            closed = not status.st_mode & stat.S_IROTH
            if closed and (status.st_uid == os.getuid() or status.st_gid in groups):
                found.append(str(path))
    outer = (path for path in found if not {str(each) for each in Path(path).parents} & {*found})
    return sorted(outer)


def _moto_site() -> Path:
    """The folder of installed packages that has moto."""
    moto = importlib.util.find_spec("moto")
    if moto is None or moto.origin is None:
        raise MachineError("moto is not installed: reinstall packerlab.")
    return Path(moto.origin).parents[1]


def _prefix() -> Path:
    """Where that Python's own files are."""
    return Path(sys.base_prefix).resolve()


def _python() -> str:
    """The Python that this one stands on: a virtual environment's own is not seen inside."""
    return str(Path(sys._base_executable).resolve())  # type: ignore[attr-defined]  # noqa: SLF001


class Started:
    """A supervisor that is our child; its socket is its standard input and output."""

    def __init__(
        self, command: list[str], group: cgroup.Group | None, lease: host_ids.Lease | None = None
    ) -> None:
        ours, theirs = socket.socketpair()
        self.channel = Channel(ours, framed=False)
        self._group = group
        self._lease = lease
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
            self.channel.socket.shutdown(socket.SHUT_RDWR)  # for every holder of the socket
        self.channel.socket.close()
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._errors.close()
        if self._group:
            self._group.remove()
        if self._lease:
            self._lease.release()

    def complaint(self) -> str:
        self._errors.seek(0)
        return self._errors.read(4000).decode(errors="replace")


def _drop_root(user: int) -> list[str]:
    """Words that give up root before anything of a submission is near."""
    if os.getuid() != 0:
        return []
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups",
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


def compiled_filter(calls: seccomp.Calls = seccomp.VERB) -> Path:
    """A kind of box's filter, compiled at first use and kept by the hash of its source."""
    source = (PACKAGE / "sandbox" / "seccomp.py").read_bytes() + repr(calls).encode()
    path = state.cache_folder() / f"seccomp-{hashlib.sha256(source).hexdigest()[:16]}.bpf"
    if not path.exists():
        beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            seccomp.compile_filter(str(beside), calls)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise MachineError(f"The system call filter can't be compiled: {error}.") from None
        beside.replace(path)
    return path
