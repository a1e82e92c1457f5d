from __future__ import annotations

import ctypes
import ctypes.util
import errno
import itertools
import json
import os
import socket
import struct
from typing import TYPE_CHECKING

import pytest

from packerlab.inside import syscalls
from packerlab.sandbox.seccomp import (
    DENIED,
    FILES,
    INET,
    INET6,
    NESTING,
    NETLINK,
    NETWORK,
    UNIX,
    WATCHING,
    compile_filter,
    docker_profile,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_the_filter_is_a_bpf_program_and_the_same_each_time(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    compile_filter(str(one))
    compile_filter(str(other))
    program = one.read_bytes()
    assert program == other.read_bytes()
    assert len(program) > 800
    instructions = list(struct.iter_unpack("=HBBI", program))
    assert all(code & 7 in (0, 4, 5, 6, 7) for code, _, _, _ in instructions)


def test_what_can_t_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Is a directory"):
        compile_filter(str(tmp_path))
    with pytest.raises(OSError, match="No such file"):
        compile_filter(str(tmp_path / "a/b"))


def test_every_name_is_a_system_call() -> None:
    lib = ctypes.CDLL(ctypes.util.find_library("seccomp"))
    names = [*DENIED, *NESTING, *WATCHING]
    unknown = [name for name in names if lib.seccomp_syscall_resolve_name(name.encode()) == -1]
    assert unknown == []
    assert len(names) == len(set(names))


def test_the_engine_s_profile_has_the_same_list_but_what_nesting_needs() -> None:
    profile = json.loads(docker_profile())
    assert profile["defaultAction"] == "SCMP_ACT_ALLOW"
    denied = [name for rule in profile["syscalls"] for name in rule["names"]]
    assert denied == DENIED
    assert not set(denied) & set(NESTING)


def answers(compiled: bytes, family: int, kind: int, protocol: int) -> tuple[int, int]:
    """What `socket` and `socketpair` answer behind a filter: an errno, or 0."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
        syscalls.filter_calls(compiled)
        libc, room = ctypes.CDLL(None, use_errno=True), ctypes.create_string_buffer(8)
        codes = bytearray()
        for call, more in ((libc.socket, ()), (libc.socketpair, (room,))):
            codes.append(ctypes.get_errno() if call(family, kind, protocol, *more) < 0 else 0)
        os.write(writer, codes)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        one, pair = stream.read()
    os.waitpid(pid, 0)
    return one, pair


SOCKETS = {
    (UNIX, socket.SOCK_STREAM, 0): (0, 0),
    **{
        (family, kind, protocol): (0, errno.EOPNOTSUPP)
        for family, (kind, protocol) in itertools.product(
            NETWORK, [(socket.SOCK_STREAM, 0), (socket.SOCK_DGRAM, 17), (socket.SOCK_STREAM, 6)]
        )
    },
    (INET, socket.SOCK_STREAM, 132): (errno.ENOSYS, errno.ENOSYS),
    (INET6, socket.SOCK_STREAM, 262): (errno.ENOSYS, errno.ENOSYS),
    (NETLINK, socket.SOCK_RAW, 0): (errno.EAFNOSUPPORT, errno.EAFNOSUPPORT),
    (40, socket.SOCK_STREAM, 0): (errno.ENOSYS, errno.ENOSYS),
    (17, socket.SOCK_RAW, 0): (errno.ENOSYS, errno.ENOSYS),
}
"""By family, type and protocol: what a box with a network has."""


@pytest.mark.parametrize("name", FILES)
def test_each_kind_of_box_has_its_families_of_sockets(tmp_path: Path, name: str) -> None:
    compile_filter(str(tmp_path / name), FILES[name])
    compiled = (tmp_path / name).read_bytes()
    for asked, expected in SOCKETS.items():
        family = asked[0]
        missing = family in NETWORK and family not in FILES[name].families
        given = (errno.EAFNOSUPPORT, errno.EAFNOSUPPORT) if missing else expected
        assert answers(compiled, *asked) == given, asked
