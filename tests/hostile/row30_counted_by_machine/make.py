from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import GREETS, TELL, by_program, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
import ctypes, os

libc = ctypes.CDLL(None, use_errno=True)
room = ctypes.create_string_buffer(64)
loot = []
doors = {
    "requests": lambda: libc.syscall(206, 60_000, room),
    "segments": lambda: libc.syscall(154, 0x11, room, 16),
    "hidden memory": lambda: libc.syscall(447, 0),
    "watchers": lambda: libc.syscall(294, 0),
    "huge pages": lambda: libc.syscall(319, b"x", 4),
}
loot += [name for name, knock in doors.items() if os.uname().machine == "x86_64" and knock() >= 0]
for name in ("/dev/ptmx", "/dev/pts/ptmx"):
    try:
        loot.append(f"{name} {os.open(name, os.O_RDWR | os.O_NOCTTY)}")
    except OSError:
        continue
"""


def make(folder: Path) -> Path:
    return written(folder, by_program((GREETS + ATTACK + TELL).encode()))
