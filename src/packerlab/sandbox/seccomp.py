"""The one rule list of system calls, compiled by libseccomp where it runs.

Known calls are allowed, save those below; what libseccomp does not know yet answers ENOSYS, as an
older kernel would. Refused is what leads out of a sandbox, what no control group counts, and what
the machine, or a user, has only one number of. What a kind of box needs beyond that is its `Calls`.
Standard library only: the image's build runs this file alone.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import errno
import json
import os
import sys
from typing import NamedTuple

NESTING = ["chroot", "mount", "pivot_root", "setns", "umount", "umount2", "unshare"]
"""What bubblewrap itself needs: denied to a verb, allowed to the container around it."""

DENIED = [
    "acct", "add_key", "bpf", "clock_adjtime", "clock_settime", "create_module", "delete_module",
    "fanotify_init", "finit_module", "fsconfig", "fsmount", "fsopen", "fspick", "get_kernel_syms",
    "init_module", "io_setup", "io_uring_enter", "io_uring_register", "io_uring_setup", "ioperm",
    "iopl", "kcmp", "kexec_file_load", "kexec_load", "keyctl", "lookup_dcookie", "memfd_secret",
    "migrate_pages", "modify_ldt", "mount_setattr", "move_mount", "move_pages",
    "name_to_handle_at", "nfsservctl", "open_by_handle_at", "open_tree", "perf_event_open",
    "personality", "pidfd_getfd", "process_vm_readv", "process_vm_writev", "ptrace",
    "query_module", "quotactl", "quotactl_fd", "reboot", "request_key", "seccomp",
    "set_mempolicy", "settimeofday", "stime", "swapoff", "swapon", "sysfs", "syslog",
    "userfaultfd", "uselib", "ustat", "vhangup", "vm86", "vm86old",
]  # fmt: skip

PLACING = ["mount_setattr", "move_mount", "open_tree"]
"""What makes a place: denied to a verb and to an instance, allowed to the container around it."""

WATCHING = ["inotify_init", "inotify_init1"]
"""A user has 128 of them: Packer needs none, and what asks for one goes on without."""

NEW_NAMESPACES = 0x7E020080
"""CLONE_NEWTIME (0x80), NEWNS (0x20000), NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET."""

NEW_USER = 0x10000000
"""A user namespace has every right over the networks that are made in it: nobody needs one."""

UNIX, INET, INET6, NETLINK = 1, 2, 10, 16
NETWORK = (INET, INET6)
PROTOCOLS = (0, 6, 17)
"""The family's usual one, TCP and UDP: a control group bounds what their sockets hold."""


class Calls(NamedTuple):
    """What one kind of box may do that the list denies, and which sockets it may have."""

    allowed: tuple[str, ...] = ()
    families: tuple[int, ...] = (UNIX,)


VERB = Calls()
"""Packer speaks to its plugins by sockets that are files, and there is no network."""

ACCOUNT = Calls(families=(UNIX, *NETWORK))
"""A verb beside an account reaches its API, and the machines' ssh."""

MACHINE = Calls(("chroot", *WATCHING), (UNIX, *NETWORK))
"""A machine's sshd changes its root, and programs of any kind run there."""

ENGINE = Calls(("clone", *NESTING, *PLACING, *WATCHING), (UNIX, *NETWORK))
"""A container engine makes namespaces, and mounts in them."""

FILES = {"seccomp.bpf": VERB, "account.bpf": ACCOUNT, "machines.bpf": MACHINE,
         "containers.bpf": ENGINE}  # fmt: skip
"""Where a sandbox has the filter of each kind of box, below /opt/packerlab."""

SOL_SOCKET = 1
LAST_OPTION = 90
ATTACH = (26, 50, 51, 52)
"""SO_ATTACH_FILTER, _BPF, _REUSEPORT_CBPF, _REUSEPORT_EBPF: the machine has one room for all."""

PR_SET_SECCOMP = 22
RLIMIT_CORE = 4

HUGE = {"mmap": (3, 0x40000), "shmget": (2, 0o4000), "memfd_create": (1, 4)}
"""By call: which argument asks for huge pages by which bit. No control group here counts them."""

_ALLOW = 0x7FFF0000
_OPTIMIZE = 8
_NE, _EQ, _MASKED_EQ = 1, 4, 7
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


def compile_filter(path: str, calls: Calls = VERB) -> None:
    """Write the filter for a kind of box to `path`, as the BPF program that bubblewrap takes.

    Raises OSError where libseccomp is missing or refuses a rule.
    """
    lib = ctypes.CDLL(ctypes.util.find_library("seccomp") or "libseccomp.so.2", use_errno=True)
    lib.seccomp_init.restype = ctypes.c_void_p
    lib.seccomp_syscall_resolve_num_arch.restype = ctypes.c_void_p
    context = ctypes.c_void_p(lib.seccomp_init(_errno(errno.ENOSYS)))

    def rule(action: int, name: str, *compares: _Compare) -> None:
        call = lib.seccomp_syscall_resolve_name(name.encode())
        array = (_Compare * max(len(compares), 1))(*compares)
        code = lib.seccomp_rule_add_array(
            context, ctypes.c_uint32(action), call, len(compares), array
        )
        if code:
            raise OSError(-code, f"seccomp rule for {name}")

    by_argument = _rules_by_argument(calls)
    denied = {*DENIED, *NESTING, *WATCHING} - {*calls.allowed} - by_argument.keys()
    known = _known_calls(lib)
    for name in known:
        if name not in denied | by_argument.keys() | {"clone3"}:
            rule(_ALLOW, name)
    for name in sorted(denied):
        if lib.seccomp_syscall_resolve_name(name.encode()) >= 0:
            rule(_errno(errno.EPERM), name)
    for name, rules in by_argument.items():
        for action, compares in rules:
            rule(action, name, *compares)
    lib.seccomp_attr_set(context, _OPTIMIZE, 2)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        code = lib.seccomp_export_bpf(context, fd)
    finally:
        os.close(fd)
    lib.seccomp_release(context)
    if code:
        raise OSError(-code, "seccomp filter")


def _rules_by_argument(calls: Calls) -> dict[str, list[tuple[int, tuple[_Compare, ...]]]]:
    """By call: an action, and what its arguments must be for it. All others answer ENOSYS."""
    rules: dict[str, list[tuple[int, tuple[_Compare, ...]]]] = {
        "personality": [(_ALLOW, (_equals(0, value),)) for value in (0, 0xFFFFFFFF)],
        "setsockopt": [
            *((_ALLOW, (differs,)) for differs in _differences(1, SOL_SOCKET)),
            *(
                (_ALLOW, (_equals(1, SOL_SOCKET), _equals(2, option)))
                for option in range(LAST_OPTION + 1)
                if option not in ATTACH
            ),
        ],
        "prctl": [
            *((_ALLOW, (differs,)) for differs in _differences(0, PR_SET_SECCOMP)),
            (_errno(errno.EINVAL), (_low_half_equals(0, PR_SET_SECCOMP),)),
        ],
        "setrlimit": [
            *((_ALLOW, (differs,)) for differs in _differences(0, RLIMIT_CORE)),
            (_errno(0), (_low_half_equals(0, RLIMIT_CORE),)),
        ],
        "prlimit64": [
            *((_ALLOW, (differs,)) for differs in _differences(1, RLIMIT_CORE)),
            (_ALLOW, (_low_half_equals(1, RLIMIT_CORE), _equals(2, 0))),
            (_errno(0), (_low_half_equals(1, RLIMIT_CORE), _Compare(2, _NE, 0, 0))),
        ],
    }
    forbidden = NEW_USER if "clone" in calls.allowed else NEW_NAMESPACES
    rules["clone"] = [(_ALLOW, (_lacks(0, forbidden),))]
    if "unshare" in calls.allowed:
        rules["unshare"] = [(_ALLOW, (_lacks(0, NEW_USER),))]
    for name, (number, bit) in HUGE.items():
        rules[name] = [
            (_ALLOW, (_lacks(number, bit),)),
            (_errno(errno.ENOMEM), (_Compare(number, _MASKED_EQ, bit, bit),)),
        ]
    for name in ("socket", "socketpair"):
        rules[name] = _rules_of_sockets(calls.families)
    return rules


def _rules_of_sockets(families: tuple[int, ...]) -> list[tuple[int, tuple[_Compare, ...]]]:
    """What is not among a box's families is unsupported: programs expect no other answer."""
    rules: list[tuple[int, tuple[_Compare, ...]]] = []
    for family in (UNIX, *NETWORK, NETLINK):
        if family not in families:
            rules.append((_errno(errno.EAFNOSUPPORT), (_equals(0, family),)))
        elif family in NETWORK:
            rules += [(_ALLOW, (_equals(0, family), _equals(2, each))) for each in PROTOCOLS]
        else:
            rules.append((_ALLOW, (_equals(0, family),)))
    return rules


def _equals(number: int, value: int) -> _Compare:
    return _Compare(number, _EQ, value, 0)


def _lacks(number: int, bits: int) -> _Compare:
    return _Compare(number, _MASKED_EQ, bits, 0)


def _low_half_equals(number: int, value: int) -> _Compare:
    """The kernel reads an `int`: what stands above it must not hide it."""
    return _Compare(number, _MASKED_EQ, 0xFFFFFFFF, value)


def _differences(number: int, value: int) -> list[_Compare]:
    """The ways in which an `int` is not `value`: each of its bits may be the other one."""
    return [_Compare(number, _MASKED_EQ, 1 << bit, ~value & 1 << bit) for bit in range(32)]


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
    for name, calls in FILES.items():
        compile_filter(f"{sys.argv[1]}/{name}", calls)
