from __future__ import annotations

import ctypes
import ctypes.util
import json
import struct
from typing import TYPE_CHECKING

import pytest

from packerlab.sandbox.seccomp import DENIED, NESTING, compile_filter, docker_profile

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
    names = [*DENIED, *NESTING]
    unknown = [name for name in names if lib.seccomp_syscall_resolve_name(name.encode()) == -1]
    assert unknown == []
    assert len(names) == len(set(names))


def test_the_engine_s_profile_has_the_same_list_but_what_nesting_needs() -> None:
    profile = json.loads(docker_profile())
    assert profile["defaultAction"] == "SCMP_ACT_ALLOW"
    denied = [name for rule in profile["syscalls"] for name in rule["names"]]
    assert denied == DENIED
    assert not set(denied) & set(NESTING)
