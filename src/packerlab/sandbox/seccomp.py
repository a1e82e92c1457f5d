"""The one rule list of system calls, compiled by libseccomp where it runs.

Known calls are allowed, save those below; what libseccomp does not know yet answers ENOSYS, as an
older kernel would. Standard library only: the image's build runs this file alone.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import errno
import json
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

NESTING = ["chroot", "mount", "pivot_root", "setns", "umount", "umount2", "unshare"]
"""What bubblewrap itself needs: denied to a verb, allowed to the container around it."""

DENIED = [
    "acct", "add_key", "bpf", "clock_adjtime", "clock_settime", "create_module", "delete_module",
    "fanotify_init", "finit_module", "fsconfig", "fsmount", "fsopen", "fspick", "get_kernel_syms",
    "init_module", "io_uring_enter", "io_uring_register", "io_uring_setup", "ioperm", "iopl",
    "kcmp", "kexec_file_load", "kexec_load", "keyctl", "lookup_dcookie", "migrate_pages",
    "mount_setattr", "move_mount", "move_pages", "name_to_handle_at", "nfsservctl",
    "open_by_handle_at", "open_tree", "perf_event_open", "personality", "pidfd_getfd",
    "process_vm_readv", "process_vm_writev", "ptrace", "query_module", "quotactl", "quotactl_fd",
    "reboot", "request_key", "set_mempolicy", "settimeofday", "stime", "swapoff", "swapon",
    "sysfs", "syslog", "userfaultfd", "uselib", "ustat", "vhangup", "vm86", "vm86old",
]  # fmt: skip

PLACING = ["mount_setattr", "move_mount", "open_tree"]
"""What makes a place: denied to a verb and to an instance, allowed to the container around it."""

NEW_NAMESPACES = 0x7E020080
"""CLONE_NEWTIME (0x80), NEWNS (0x20000), NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET."""

FAMILIES = [1, 2, 10, 16]
"""AF_UNIX, AF_INET, AF_INET6, AF_NETLINK: no vsock, packet, ALG or other family."""

_ALLOW = 0x7FFF0000
_OPTIMIZE = 8
_EQ, _MASKED_EQ = 4, 7
_MOST_CALLS = 600


def _errno(code: int) -> int:
    return 0x00050000 | code


class _Compare(ctypes.Structure):
    """libseccomp's `struct scmp_arg_cmp`."""

    _fields_ = (
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("a", ctypes.c_uint64),
        ("b", ctypes.c_uint64),
    )


MACHINES = ["chroot"]
"""What a machine's sshd needs, and a verb has no use for."""

CONTAINERS = ["clone", *NESTING, *PLACING]
"""What a container engine needs: namespaces, and mounts in them."""


def compile_filter(path: str, allowed: Sequence[str] = ()) -> None:
    """Write the filter for a verb to `path`, as the BPF program that bubblewrap takes.

    `allowed` are calls that are let through although the list denies them. Raises OSError where
    libseccomp is missing or refuses a rule.
    """
    lib = ctypes.CDLL(ctypes.util.find_library("seccomp") or "libseccomp.so.2", use_errno=True)
    lib.seccomp_init.restype = ctypes.c_void_p
    lib.seccomp_syscall_resolve_num_arch.restype = ctypes.c_void_p
    context = ctypes.c_void_p(lib.seccomp_init(_errno(errno.ENOSYS)))

    def rule(action: int, name: bytes, *compares: _Compare) -> None:
        call = lib.seccomp_syscall_resolve_name(name)
        array = (_Compare * max(len(compares), 1))(*compares)
        code = lib.seccomp_rule_add_array(
            context, ctypes.c_uint32(action), call, len(compares), array
        )
        if code:
            raise OSError(-code, f"seccomp rule for {name.decode()}")

    special = {"clone", "clone3", "socket", "personality"}
    denied = {*DENIED, *NESTING, *special} - {*allowed}
    for name in _known_calls(lib):
        if name not in denied:
            rule(_ALLOW, name.encode())
    for name in sorted(denied - special):
        if lib.seccomp_syscall_resolve_name(name.encode()) >= 0:
            rule(_errno(errno.EPERM), name.encode())
    if "clone" in denied:
        rule(_ALLOW, b"clone", _Compare(0, _MASKED_EQ, NEW_NAMESPACES, 0))
    for family in FAMILIES:
        rule(_ALLOW, b"socket", _Compare(0, _EQ, family, 0))
    rule(_ALLOW, b"personality", _Compare(0, _EQ, 0, 0))
    rule(_ALLOW, b"personality", _Compare(0, _EQ, 0xFFFFFFFF, 0))
    lib.seccomp_attr_set(context, _OPTIMIZE, 2)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        code = lib.seccomp_export_bpf(context, fd)
    finally:
        os.close(fd)
    lib.seccomp_release(context)
    if code:
        raise OSError(-code, "seccomp filter")


def _known_calls(lib: ctypes.CDLL) -> list[str]:
    names = []
    native = lib.seccomp_arch_native()
    for number in range(_MOST_CALLS):
        pointer = lib.seccomp_syscall_resolve_num_arch(native, number)
        if pointer:
            names.append(ctypes.string_at(pointer).decode())
    return names


def docker_profile(*, places: bool = False) -> str:
    """The same list for the container around bubblewrap, as an engine's JSON profile.

    With `places`, the newer mount calls are not in it: see `place`.
    """
    denied = [name for name in DENIED if not (places and name in PLACING)]
    rules = [{"names": denied, "action": "SCMP_ACT_ERRNO", "errnoRet": errno.EPERM}]
    return json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": rules})


if __name__ == "__main__":
    compile_filter(sys.argv[1])
    compile_filter(sys.argv[2], MACHINES)
    compile_filter(sys.argv[3], CONTAINERS)
