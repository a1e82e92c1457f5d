from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import by_program, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = b"""
import io
import os
import tarfile

os.mkdir("out")
with open("out/message.txt", "w") as message:
    message.write(f"Hello, {os.environ['NAME']}!\\n")
with tarfile.open("out/message.tar.gz", "w:gz") as archive:
    archive.add("out/message.txt", "../../../row06_escaped.txt")
    link = tarfile.TarInfo("secret")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/shadow"
    archive.addfile(link)
"""


def make(folder: Path) -> Path:
    return written(folder, by_program(ATTACK))
