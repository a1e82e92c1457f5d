from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import by_program, written

if TYPE_CHECKING:
    from pathlib import Path


SEARCH = r"""
import contextlib
import os

MARK = b"packerlab-" + b"canary-"
SKIPPED = ("/proc", "/sys", "/dev", "/usr", "/workspace", "/tmp", "/run/box")
os.mkdir("out")
with open("out/message.txt", "w") as message:
    message.write(f"Hello, {os.environ['NAME']}!\n")
loot = [path for path in PATHS if os.path.exists(path)]
for folder, names, files in os.walk("/"):
    names[:] = [name for name in names if os.path.join(folder, name) not in SKIPPED]
    for name in files:
        with contextlib.suppress(OSError), open(f"{folder}/{name}", "rb") as file:
            if os.path.isfile(f"{folder}/{name}") and MARK in file.read(1_000_000):
                loot.append(f"{folder}/{name}")
if loot:
    with open("out/loot.txt", "w") as file:
        file.write("\n".join(loot))
"""


def make(folder: Path) -> Path:
    base = folder.parent.parent
    paths = [base, base / "course" / "secret", folder.parent, base / "canary.txt"]
    program = f"PATHS = {[str(path) for path in paths]!r}\n{SEARCH}"
    return written(folder, by_program(program.encode()))
