"""The instances of a simulated account: real file systems and processes, in namespaces each.

An image is a list of layers, the newest first; all stand on one Debian base. A machine's disk is an
overlay of its image's layers and a writable one; to make an image of it, that one is frozen.

Nothing of a machine's disk runs before its capabilities are cut, and its root is no one's root: its
ids are a range of the place's. It runs in the supervisor: standard library only.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import itertools
import os
import signal
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from packerlab.inside import syscalls
from packerlab.inside.errors import AccountError
from packerlab.inside.jail import OF_THE_MACHINE
from packerlab.inside.place import become_root, fork_into

BASE = "/opt/packerlab/base"
FILTER = "/opt/packerlab/machines.bpf"
FOLDER = "/run/account"
SHIFT, IDS, NOBODY = 500, 65_000, 65_534
MAPS = {kind: [[0, SHIFT, IDS], [NOBODY, NOBODY, 1]] for kind in ("uid", "gid")}
"""A machine's ids in the place: its root is the place's id 500, which owns nothing there."""

NAMESPACES = (
    syscalls.CLONE_NEWUSER | syscalls.CLONE_NEWNS | syscalls.CLONE_NEWPID
    | syscalls.CLONE_NEWIPC | syscalls.CLONE_NEWUTS
)  # fmt: skip
CAPABILITIES = frozenset({0, 1, 3, 4, 5, 6, 7, 8, 10, 18, 29, 31})
"""What a machine's root keeps, as capability.h numbers it: chown, dac_override, fowner, fsetid,
kill, setgid, setuid, setpcap, net_bind_service, sys_chroot, audit_write, setfcap."""

MAX_CONSOLE = 64_000
MOST_TERMINALS = 32
"""Of one machine: there is a number of them for all of the host."""

MAX_LAYERS = 40
"""Of one disk: the kernel takes no more than have their names on one page."""
LISTENING = b"Server listening"
"""What sshd says when one can log in."""

SHORT = (errno.ENFILE, errno.EUSERS, 524)
"""What the kernel answers where the whole host has no files, no users' room, or no room for
filters (ENOTSUPP) any more."""

REBOOT = 3
"""The exit code of a machine's init that asks for a new start."""


@dataclass
class Machine:
    """One instance. `layers` are what its disk stands on.

    `pid` is the process to wait for, 0 while it does not run; `init` the one to kill. From
    `trouble_fd` comes what the host was short of, if its init could not be started.
    """

    name: str
    layers: list[str]
    folder: str
    environment: dict[str, str]
    pid: int = 0
    init: int = 0
    console_fd: int = -1
    trouble_fd: int = -1
    console: bytearray = field(default_factory=bytearray)
    recent: bytes = b""
    heard: int = 0

    @property
    def listening(self) -> bool:
        """Whether sshd has said so of every address: a client that comes earlier waits long."""
        return self.heard >= len(self.environment["ADDRESSES"].split())

    @property
    def root(self) -> str:
        return f"{self.folder}/root"


class Machines:
    """All machines and images of one account; `network` is the descriptor of theirs."""

    def __init__(self, network: int) -> None:
        self._network = network
        self.machines: dict[str, Machine] = {}
        self.images: dict[str, list[str]] = {}
        self._numbers = itertools.count(1)

    def open(self, disk: int) -> None:
        """Begin anew: no machine, no image, nothing on the disk."""
        self.close()
        Path(FOLDER).mkdir(exist_ok=True)
        options = f"size={disk},nr_inodes=200k,mode=0711"
        syscalls.mount("account", FOLDER, "tmpfs", syscalls.MS_NODEV, options)

    def close(self) -> None:
        """End all machines and drop what they wrote."""
        for machine in self.machines.values():
            self.halt(machine)
            with contextlib.suppress(OSError):  # there was no room to make its disk
                syscalls.unmount(machine.root)
        self.machines.clear()
        self.images.clear()
        if os.path.ismount(FOLDER):
            syscalls.unmount(FOLDER)

    def create(self, name: str, image: str, environment: dict[str, str]) -> Machine:
        """A machine with a disk of its own, not yet started."""
        layers = self.images.get(image, [BASE])
        machine = Machine(name, layers, "", {"ID": name, **environment})
        self._fresh_disk(machine)
        self.machines[name] = machine
        return machine

    def _fresh_disk(self, machine: Machine) -> None:
        machine.folder = f"{FOLDER}/{next(self._numbers)}"
        for name in ("", "/upper", "/work", "/root"):
            Path(machine.folder + name).mkdir()
        os.chown(f"{machine.folder}/upper", SHIFT, SHIFT)
        options = (
            f"lowerdir={':'.join(machine.layers)},upperdir={machine.folder}/upper,"
            f"workdir={machine.folder}/work,userxattr"
        )
        syscalls.mount("overlay", machine.root, "overlay", 0, options)

    def boot(self, machine: Machine) -> None:
        """Start it; its console can be read from `console_fd`."""
        machine.recent, machine.heard = b"", 0
        machine.console_fd, console = os.pipe()
        os.set_blocking(machine.console_fd, False)
        machine.trouble_fd, trouble = os.pipe()
        machine.pid, machine.init = fork_into(
            NAMESPACES,
            MAPS,
            partial(_become, machine, console),
            self._network,
            partial(_tell_trouble, trouble),
        )
        os.close(console)
        os.close(trouble)

    def hear(self, machine: Machine) -> bool:
        """Take in what its console says; whether there may be more."""
        try:
            said = os.read(machine.console_fd, 65536)
        except BlockingIOError:
            return True
        machine.recent = machine.recent[1 - len(LISTENING) :] + said
        machine.heard += machine.recent.count(LISTENING)
        machine.console += said[: MAX_CONSOLE - len(machine.console)]
        return bool(said)

    def halt(self, machine: Machine) -> int:
        """Kill it, where it runs, and wait until it is dead; its exit code."""
        if not machine.pid:
            return 0
        with contextlib.suppress(ProcessLookupError):
            os.kill(machine.init or machine.pid, signal.SIGKILL)
        status = os.waitpid(machine.pid, 0)[1]
        machine.pid = 0
        with open(machine.trouble_fd, "rb") as trouble:
            if said := trouble.read(1000).decode(errors="replace"):
                raise AccountError(f"The machine is short of something: {said}")
        return os.waitstatus_to_exitcode(status)

    def freeze(self, machine: Machine, image: str) -> None:
        """Make the disk of a halted machine an image; the machine goes on from it."""
        if len(machine.layers) >= MAX_LAYERS:
            raise OSError("ResourceLimitExceeded: The disk stands on too many images.")
        syscalls.unmount(machine.root)
        machine.layers = [f"{machine.folder}/upper", *machine.layers]
        self._fresh_disk(machine)
        self.images[image] = machine.layers


def _tell_trouble(fd: int, error: Exception) -> None:
    """Tell what only the host can lack; a full disk, or too many processes, are the instance's."""
    if isinstance(error, OSError) and error.errno in SHORT:
        os.write(fd, str(error).encode())


def _become(machine: Machine, console: int) -> None:
    """Be a machine's init: the last thing done outside of its disk is to cut what it may."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(console, 1)
    os.dup2(console, 2)
    become_root()
    os.setsid()
    with open(FILTER, "rb") as file:
        calls = file.read()
    _build_root(machine.root)
    private = machine.environment["ADDRESSES"].rpartition(" ")[2]
    syscalls.set_host_name(f"ip-{private.replace('.', '-')}")
    syscalls.filter_calls(calls)
    syscalls.cut_capabilities(CAPABILITIES)
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **machine.environment}
    os.execve("/lab/init", ["/lab/init"], environment)


def _build_root(root: str) -> None:
    """The disk as the root, with small /dev, /proc and /run of its own.

    What it holds of links is followed by nothing here: /dev, /proc and /run must be folders.
    """
    syscalls.private_mounts()
    syscalls.mount(root, root, flags=syscalls.MS_BIND | syscalls.MS_REC)
    for name in ("dev", "proc", "run"):
        path = Path(root, name)
        if path.is_symlink() or not path.is_dir():
            raise OSError(f"the disk has no folder /{name}")
    nodev = syscalls.MS_NOSUID | syscalls.MS_NODEV
    dev = f"{root}/dev"
    noexec = syscalls.MS_NOSUID | syscalls.MS_NOEXEC
    syscalls.mount("dev", dev, "tmpfs", noexec, "size=64k,mode=0755")
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        Path(dev, name).touch()
        syscalls.mount(f"/dev/{name}", f"{dev}/{name}", flags=syscalls.MS_BIND)
    for name in ("pts", "shm"):
        Path(dev, name).mkdir()
    pts = f"newinstance,ptmxmode=0666,mode=0620,gid=5,max={MOST_TERMINALS}"
    syscalls.mount("devpts", f"{dev}/pts", "devpts", noexec, pts)
    syscalls.mount("shm", f"{dev}/shm", "tmpfs", nodev, "size=16m")
    for name, target in _DEVICE_LINKS.items():
        Path(dev, name).symlink_to(target)
    syscalls.mount("run", f"{root}/run", "tmpfs", nodev, "size=16m,mode=0755")
    syscalls.mount("proc", f"{root}/proc", "proc", nodev | syscalls.MS_NOEXEC)
    for name in OF_THE_MACHINE:
        if os.path.exists(root + name):
            syscalls.mount(os.devnull, root + name, flags=syscalls.MS_BIND)
    for name in ("sys", "sysrq-trigger", "irq", "bus"):
        path = Path(root, "proc", name)
        if path.exists():
            syscalls.mount(str(path), str(path), flags=syscalls.MS_BIND)
            readonly = syscalls.MS_BIND | syscalls.MS_REMOUNT | syscalls.MS_RDONLY
            syscalls.mount("", str(path), flags=readonly | nodev | syscalls.MS_NOEXEC)
    syscalls.make_root(root)


_DEVICE_LINKS = {
    "ptmx": "pts/ptmx",
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
}


def environment_of(ask: dict[str, Any], manners: dict[str, Any]) -> dict[str, str]:
    """What a machine's init gets to know, from the account's ask and the lab's manners."""
    return {
        "ADDRESSES": " ".join(ask["addresses"]),
        "KEY": base64.b64encode(ask.get("key", "").encode()).decode(),
        "USER_DATA": ask.get("user_data", ""),
        "LOGIN": ask.get("login", "ubuntu"),
        "BOOT_DELAY": str(manners.get("boot_delay_s", 0)),
        "DPKG_LOCK": str(manners.get("dpkg_lock_s", 0)),
    }
