from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import with_an_engine, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
libc = ctypes.CDLL(None, use_errno=True)
room = ctypes.create_string_buffer(4096)
BIND, REMOUNT, MOVE = 4096, 32, 8192

def mount(source, target, kind=b"", flags=0, data=b""):
    return libc.mount(source, target, kind, flags, data)

def writes(path):
    with contextlib.suppress(OSError):
        with open(path, "w") as file:
            file.write("1")
        return 0
    return -1

def reads(path):
    with contextlib.suppress(OSError):
        os.listdir(path)
        return 0
    return -1

def remounted(path):
    mount(b"none", path.encode(), b"", REMOUNT | BIND)
    return writes(f"{path}/x")

def connects(address):
    with contextlib.suppress(OSError), socket.socket() as client:
        client.settimeout(1)
        client.connect(address)
        return 0
    return -1

os.makedirs("/tmp/at", exist_ok=True)
doors = {
    "usr": lambda: remounted("/usr"),
    "the prepared images": lambda: remounted("/opt/packerlab/images"),
    "packer": lambda: remounted("/opt/packerlab"),
    "block devices": lambda: mount(b"/dev/vda", b"/tmp/at", b"ext4"),
    "cgroup": lambda: mount(b"none", b"/tmp/at", b"cgroup", 0, b"memory")
    or max(writes(f"/tmp/at/{name}") for name in ("tasks", "memory.limit_in_bytes", "release_agent")),
    "cgroup 2": lambda: mount(b"none", b"/tmp/at", b"cgroup2") or writes("/tmp/at/cgroup.procs"),
    "debugfs": lambda: mount(b"none", b"/tmp/at", b"debugfs"),
    "tracefs": lambda: mount(b"none", b"/tmp/at", b"tracefs"),
    "binfmt": lambda: mount(b"none", b"/tmp/at", b"binfmt_misc") or writes("/tmp/at/register"),
    "modules": lambda: libc.syscall(313, os.open("attack", 0), b"", 0),
    "kexec": lambda: libc.syscall(246, 0, 0, 0, 0),
    "reboot": lambda: libc.reboot(0xFEE1DEAD + 1),
    "clock": lambda: libc.settimeofday(room, None),
    "swap": lambda: libc.swapoff(b"/none") if ctypes.get_errno() != 2 else -1,
    "bpf": lambda: libc.syscall(321, 0, room, 72),
    "perf": lambda: libc.syscall(298, room, 0, -1, -1, 0),
    "keys": lambda: libc.syscall(248, b"user", b"x", b"y", 1, -3),
    "io_uring": lambda: libc.syscall(425, 1, room),
    "fanotify": lambda: libc.syscall(300, 4, 0),
    "handles": lambda: libc.syscall(304, -100, room, 0),
    "userfaultfd": lambda: libc.syscall(323, 0),
    "the supervisor's root": lambda: reads("/proc/1/root/run/account"),
    "core_pattern": lambda: writes("/proc/sys/kernel/core_pattern"),
    "sysrq": lambda: writes("/proc/sysrq-trigger"),
    "a host": lambda: connects(("192.0.2.1", 80)),
    "metadata": lambda: connects(("169.254.169.254", 80)),
}
loot += [name for name, knock in doors.items() if knock() >= 0]
for path in ("/run/box", "/run/account", "/run/engine", "/opt/packerlab/lib", "/opt/packerlab/site"):
    if reads(path) == 0 and os.listdir(path):
        loot.append(path)
"""


def make(folder: Path) -> Path:
    return written(folder, with_an_engine(ATTACK))
