"""What is reported of a disk: names, digests, and the contents that checks ask for first."""

from __future__ import annotations

import base64
import hashlib
import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from packerlab.inside.disks import MAX_CONTENT, changes, of_base
from packerlab.inside.errors import TooMuch
from packerlab.inside.room import MAX_CONTENTS, MAX_ENTRIES, Room, bounded

if TYPE_CHECKING:
    from pathlib import Path

STATUS = b"Package: labweb\nStatus: install ok installed\nVersion: 1\n\n" * 20_000


def tree(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def told_of(folder: Path, base: Path | None = None, size: int = 10**9) -> dict[str, dict[str, Any]]:
    room = Room(size, time.monotonic() + 60)
    found = changes(str(folder), [str(folder)], room, str(base) if base else "")
    return {entry["path"]: entry for entry in found}


def content(entry: dict[str, Any]) -> bytes | None:
    return base64.b64decode(entry["content"]) if "content" in entry else None


def test_what_checks_ask_for_is_told_before_all_else(tmp_path: Path) -> None:
    padding = {f"aaa/{n}": os.urandom(60_000) for n in range(300)}
    padding |= {f"usr/lib/{n}": os.urandom(400) for n in range(3_000)}
    wanted = {
        "var/lib/dpkg/status": STATUS,
        "etc/shadow": b"root:*:1::::::\n",
        "etc/zzz/app.conf": b"port = 8080\n",
        "usr/local/sbin/tool": b"#!/bin/sh\n",
    }
    told = told_of(tree(tmp_path, padding | wanted))
    for name, data in wanted.items():
        assert content(told[f"/{name}"]) == data
    assert sum(len(entry.get("content", "")) for entry in told.values()) <= MAX_CONTENTS
    files = {path for path, entry in told.items() if entry["kind"] == "file"}
    unread = {path for path in files if not content(told[path])}
    assert unread
    assert all(path.startswith("/aaa/") for path in unread)


def test_every_file_has_the_digest_of_all_its_bytes(tmp_path: Path) -> None:
    data = {"large": os.urandom(3 * MAX_CONTENT), "small": b"x", "empty": b""}
    told = told_of(tree(tmp_path, data))
    for name, each in data.items():
        assert told[f"/{name}"]["sha256"] == hashlib.sha256(each).hexdigest()
    assert content(told["/large"]) is None
    assert content(told["/empty"]) == b""


def test_what_is_as_the_base_has_it_takes_no_room(tmp_path: Path) -> None:
    files = {f"usr/{n}": os.urandom(700_000) for n in range(30)}
    base = tree(tmp_path / "base", {**files, "etc/one": b"base"})
    layer = tree(tmp_path / "layer", {**files, "etc/one": b"mine", "etc/two": b"mine"})
    told = told_of(layer, base)
    assert all(told[f"/{name}"]["as_base"] for name in files)
    assert (content(told["/etc/one"]), content(told["/etc/two"])) == (b"mine", b"mine")
    below = of_base("/usr/7", str(base))
    assert content(below) == files["usr/7"]
    assert below["sha256"] == told["/usr/7"]["sha256"]


def test_bounds_have_names(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(2_000_000)
    with pytest.raises(TooMuch, match="bytes"):
        told_of(tmp_path, size=1_000_000)
    many = Room(10, time.monotonic() + 60)
    with pytest.raises(TooMuch, match="entries"):
        many.take("entries", MAX_ENTRIES + 1)


def test_whatever_goes_wrong_in_reading_is_a_bound() -> None:
    def deep() -> dict[str, Any]:
        return {"size": os.lstat("/tmp/" + "d/" * 3_000).st_size}

    def broken() -> dict[str, Any]:
        return {"names": [str(name) for name in 5]}  # type: ignore[attr-defined]

    def ours() -> dict[str, Any]:
        raise MemoryError

    assert bounded(lambda: {"told": b""}) == {"limit": "", "told": b""}
    assert bounded(deep) == {"limit": "depth"}
    assert bounded(broken) == {"limit": "unreadable"}
    with pytest.raises(MemoryError):
        bounded(ours)
