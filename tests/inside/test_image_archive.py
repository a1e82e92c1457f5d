"""Archives of images and of file systems, whole and damaged: read as data, in the sandbox."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import random
import tarfile
import time
from typing import Any

import msgspec

from packerlab.inside import image_archive
from packerlab.inside.room import Room

SETTINGS = json.dumps({"config": {"User": "nobody"}}).encode()
LAYER = b"a layer's bytes"


def tar(files: dict[str, bytes], kind: int = tarfile.PAX_FORMAT) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=kind) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.uid, info.mode = len(data), 7, 0o640
            archive.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("a/link")
        link.type, link.linkname = tarfile.SYMTYPE, "x" * 150
        archive.addfile(link)
    return stream.getvalue()


def image(**changes: object) -> bytes:
    manifest = {"Config": "c.json", "RepoTags": ["lab/web:1"], "Layers": ["l.tar"], **changes}
    listed = json.dumps([manifest]).encode()
    return tar({"l.tar": LAYER, "c.json": SETTINGS, "manifest.json": listed})


def read(data: bytes, size: int = 1_000_000) -> dict[str, Any]:
    return image_archive.read(io.BytesIO(data), Room(size, time.monotonic() + 60))


def test_an_image_is_told_by_the_digests_of_its_bytes() -> None:
    assert read(image()) == {
        "images": [
            {
                "id": hashlib.sha256(SETTINGS).hexdigest(),
                "names": ["lab/web:1"],
                "settings": {"config": {"User": "nobody"}},
                "layers": [f"sha256:{hashlib.sha256(LAYER).hexdigest()}"],
            }
        ],
        "entries": [],
    }


def test_a_file_system_is_told_as_entries() -> None:
    name = "n" * 120
    for kind in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        told = read(tar({f"etc/{name}": b"text", "usr/bin/x": b"x" * 1_200_000}, kind), 2_000_000)
        entries = {entry["path"]: entry for entry in told["entries"]}
        content = base64.b64encode(b"text").decode()
        assert entries[f"/etc/{name}"] == {
            "path": f"/etc/{name}", "kind": "file", "mode": 0o640, "owner": 7, "group": 0,
            "size": 4, "content": content, "sha256": hashlib.sha256(b"text").hexdigest(),
        }  # fmt: skip
        assert "content" not in entries["/usr/bin/x"]
        assert (entries["/a/link"]["kind"], entries["/a/link"]["target"]) == ("link", "x" * 150)


def test_an_image_that_names_what_is_not_there_is_trouble() -> None:
    for changes in ({"Layers": ["no.tar"]}, {"Config": 1}, {"RepoTags": 1}, {"Layers": None}):
        assert "manifest.json" in str(read(image(**changes))["trouble"])


def test_whatever_the_bytes_are_it_is_told_or_trouble() -> None:
    chance = random.Random(7)  # noqa: S311
    whole = image()
    for _ in range(3_000):
        data = bytearray(whole[: chance.randrange(1, len(whole))])
        for _ in range(chance.randrange(8)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        told = read(bytes(data))
        assert {"images", "entries"} <= set(told)
        msgspec.json.decode(json.dumps(told).encode())


def test_what_no_json_can_hold_is_not_told() -> None:
    manifest = b'[{"Config": "c.json", "RepoTags": [], "Layers": []}]'
    for text in (rb'{"config": {"User": "\ud800"}}', b'{"config": NaN}', b'{"config": 1e999}'):
        (told,) = read(tar({"c.json": text, "manifest.json": manifest}))["images"]
        assert told["id"] == hashlib.sha256(text).hexdigest()
        assert told["settings"] == {}
    assert "manifest.json" in str(read(image(RepoTags=["\ud800"]))["trouble"])
