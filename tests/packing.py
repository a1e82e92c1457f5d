"""Trees and archives, sound and hostile, for the tests of the reader."""

from __future__ import annotations

import io
import struct
import tarfile
import time
import tracemalloc
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from packerlab.errors import RejectedError
from packerlab.submissions.reader import File
from packerlab.submissions.workspaces import read_workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TREE = {
    "main.pkr.hcl": File(b'source "file" "a" {}\n'),
    "scripts/build.sh": File(b"#!/bin/sh\n", executable=True),
    "files/Gr\u00fc\u00dfe.txt": File(b"hello\n"),
    f"files/{'long' * 20}/{'name' * 24}.txt": File(b"\0\1\2"),
    "empty.txt": File(b""),
}
TAR_MODES = {
    ".tar": "w:",
    ".tar.gz": "w:gz",
    ".tgz": "w:gz",
    ".tar.bz2": "w:bz2",
    ".tar.xz": "w:xz",
}


def write_tree(root: Path, files: dict[str, File] = TREE) -> Path:
    for name, file in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.data)
        path.chmod(0o755 if file.executable else 0o644)
    return root


def write_zip(
    path: Path, files: dict[str, File] = TREE, method: int = zipfile.ZIP_DEFLATED
) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, file in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o100755 if file.executable else 0o100644) << 16
            info.compress_type = method
            archive.writestr(info, file.data)
    return path


def tar_of(members: list[tarfile.TarInfo], data: bytes = b"", **more: Any) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", **more) as archive:
        for member in members:
            archive.addfile(member, io.BytesIO(data[: member.size]))
    return stream.getvalue()


def member(name: str, **fields: Any) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def reject(path: Path, says: str) -> None:
    """It is refused with one sentence, in little time."""
    started = time.process_time()
    with pytest.raises(RejectedError, match=says) as caught:
        read_workspace(path)
    assert time.process_time() - started < 3
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def most_memory(read: Callable[[], object]) -> int:
    """Bytes that are held at once while `read` is refused."""
    tracemalloc.start()
    try:
        with pytest.raises(RejectedError):
            read()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def zip_with(entries: list[tuple[bytes, int, int, int]], body: bytes) -> bytes:
    """A zip whose directory says (name, offset, packed size, size) whatever its body holds."""
    directory = b"".join(
        struct.pack(
            "<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 8, 0, 0, 0, packed, size, len(name), 0, 0, 0, 0, 0,
            offset,
        ) + name
        for name, offset, packed, size in entries
    )  # fmt: skip
    end = struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, len(entries) & 0xFFFF, len(entries) & 0xFFFF,
        len(directory), len(body), 0,
    )  # fmt: skip
    return body + directory + end


def local_header(name: bytes, packed: int, size: int) -> bytes:
    return struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 8, 0, 0, 0, packed, size, len(name), 0) + name


def pax_header(body: bytes, kind: bytes = tarfile.XHDTYPE) -> bytes:
    header = member("x", type=kind, size=len(body)).tobuf()
    return header + body + b"\0" * (-len(body) % 512)
