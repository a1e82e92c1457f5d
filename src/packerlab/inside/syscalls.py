"""The system calls that make places and machines, as functions that raise OSError.

It runs inside the sandbox too: standard library only. Flags are Linux's, from mount.h, sched.h and
prctl.h; the numbers of the three newer calls are the same on every architecture.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import struct

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
MNT_DETACH = 2

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP = 1, 4, 24
PR_SET_SECCOMP, SECCOMP_MODE_FILTER, PR_SET_NO_NEW_PRIVS = 22, 2, 38

_CAPABILITY_VERSION_3 = 0x20080522

_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442
_AT_FDCWD, _AT_RECURSIVE, _AT_EMPTY_PATH = -100, 0x8000, 0x1000
_OPEN_TREE_CLONE, _MOVE_MOUNT_F_EMPTY_PATH, _MOUNT_ATTR_RDONLY = 1, 4, 1

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    result = _libc.mount(
        source.encode(), target.encode(), kind.encode() or None, ctypes.c_ulong(flags),
        options.encode() or None,
    )  # fmt: skip
    _checked(result, f"mount {kind or source} at {target}")


def unmount(target: str) -> None:
    _checked(_libc.umount2(target.encode(), MNT_DETACH), f"unmount {target}")


def unshare(flags: int) -> None:
    _checked(_libc.unshare(ctypes.c_int(flags)), "unshare")


def enter_network(fd: int) -> None:
    _checked(_libc.setns(fd, CLONE_NEWNET), "setns")


def prctl(option: int, value: object) -> None:
    _checked(_libc.prctl(option, value, 0, 0, 0), f"prctl {option}")


def cut_capabilities(kept: frozenset[int]) -> None:
    """Take all but `kept` from what this process and its children can ever have."""
    for capability in range(64):
        if capability not in kept:
            with contextlib.suppress(OSError):  # beyond the last one that this kernel knows
                prctl(PR_CAPBSET_DROP, capability)


class _Capabilities(ctypes.Structure):
    """The kernel's `cap_user_data_t`, version 3: an array of two."""

    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def act_for(user: int) -> None:
    """As root: make namespaces as `user` from here on, with root's capabilities and its files."""
    os.seteuid(user)
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    sets = (_Capabilities * 2)()
    _checked(_libc.capget(header, sets), "capget")
    for each in sets:
        each.effective = each.permitted
    _checked(_libc.capset(header, sets), "capset")
    _libc.setfsuid(0)


def set_host_name(name: str) -> None:
    socket.sethostname(name)


def make_root(path: str) -> None:
    """Make `path`, a mount point, the root of this mount namespace, and drop all that was."""
    os.chdir(path)
    _checked(_libc.pivot_root(b".", b"."), "pivot_root")
    unmount(".")
    os.chdir("/")


def private_mounts() -> None:
    """Let nothing that is mounted from here on be seen by another namespace."""
    mount("none", "/", flags=MS_REC | MS_PRIVATE)


def clone_tree(path: str) -> int:
    """A descriptor of a read-only copy of the mounts at `path`, to be placed by `place_tree`."""
    words = (_OPEN_TREE, _AT_FDCWD, path.encode(), _OPEN_TREE_CLONE | _AT_RECURSIVE)
    fd = _checked(_libc.syscall(*words), f"open_tree {path}")
    attributes = struct.pack("4Q", _MOUNT_ATTR_RDONLY, 0, 0, 0)
    flags = _AT_EMPTY_PATH | _AT_RECURSIVE
    _checked(
        _libc.syscall(_MOUNT_SETATTR, fd, b"", flags, attributes, ctypes.c_size_t(len(attributes))),
        f"mount_setattr {path}",
    )
    return fd


def place_tree(fd: int, target: str) -> None:
    words = (_MOVE_MOUNT, fd, b"", _AT_FDCWD, target.encode(), _MOVE_MOUNT_F_EMPTY_PATH)
    _checked(_libc.syscall(*words), f"move_mount {target}")
    os.close(fd)


class _SocketFilter(ctypes.Structure):
    """The kernel's `struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def filter_calls(compiled: bytes) -> None:
    """Put this process, and all that it starts, behind a compiled filter."""
    code = ctypes.create_string_buffer(compiled)
    program = _SocketFilter((len(code) - 1) // 8, ctypes.addressof(code))
    result = _libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0)
    _checked(result, "seccomp")
