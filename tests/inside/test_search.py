"""A search for a secret: every form that a person would try, every place that a file system has."""

from __future__ import annotations

import base64
import gzip
import os
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from packerlab.inside.errors import TooMuch
from packerlab.inside.room import Room
from packerlab.inside.search import CHUNK, MAX_HITS, Search, Stream

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "f3a9 0c/5d7b+2e61"
PLAIN = SECRET.encode()
FORMS = {
    "plain": (PLAIN, ""),
    "upper case": (PLAIN.upper(), ""),
    "capitalized": (b"F3A9 0c/5D7b+2E61", ""),
    "reversed": (PLAIN[::-1], "reversed"),
    "URL-encoded": (quote(SECRET, safe="").encode(), "URL-encoded"),
    "UTF-16": (SECRET.encode("utf-16"), "in UTF-16"),
    "hexadecimal": (PLAIN.hex().encode(), "in hexadecimal"),
    "as xxd writes it": (PLAIN.hex(" ", 2).upper().encode(), "in hexadecimal"),
    "upper case in hexadecimal": (PLAIN.upper().hex().encode(), "in hexadecimal"),
    **{
        f"base64 at {offset}": (base64.b64encode(b"x" * offset + PLAIN + b"\n"), "in base64")
        for offset in range(4)
    },
    "base64 in lines": (base64.encodebytes(b"y" * 40 + PLAIN + b"z" * 90), "in base64"),
    "base64 for URLs": (base64.urlsafe_b64encode(b"?>" + PLAIN), "in base64"),
    "reversed, in base64": (base64.b64encode(PLAIN[::-1]), "in base64"),
}


def room(size: int = 10_000_000) -> Room:
    return Room(size, time.monotonic() + 60)


def found_in(data: bytes, step: int = CHUNK) -> set[str]:
    stream = Stream(Search([SECRET]), room())
    for start in range(0, len(data), step):
        stream.feed(data[start : start + step])
    return {form for _, form in stream.matches}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_found_wherever_the_chunks_end(name: str) -> None:
    data, form = FORMS[name]
    around = b"\n-- before --\n" + data + b"\n-- after --\n"
    assert form in found_in(around)
    for step in (1, 7, 64):
        assert form in found_in(around, step)


@pytest.mark.parametrize("name", FORMS)
def test_gzip_hides_nothing(name: str) -> None:
    data, form = FORMS[name]
    packed = gzip.compress(b"first") + gzip.compress(data)
    for step in (CHUNK, 5):
        assert f"{form} in a gzip stream".strip() in found_in(packed, step)
    assert found_in(gzip.compress(packed))
    assert found_in(packed[:-4]), "a stream without its end"


def test_what_is_not_the_secret_is_not_found() -> None:
    assert found_in(PLAIN[:-1] + b"x" + os.urandom(100_000) + PLAIN[1:]) == set()
    assert not Search([])
    assert Search([]).matches(PLAIN) == set()


def test_a_gzip_bomb_is_a_bound() -> None:
    stream = Stream(Search([SECRET]), room(5_000_000))
    with pytest.raises(TooMuch, match="unpacked"):
        stream.feed(gzip.compress(bytes(20_000_000)))


def test_a_log_is_no_gzip_stream() -> None:
    stream = Stream(Search([SECRET]))
    stream.feed(gzip.compress(bytes(20_000_000)) + PLAIN)
    assert stream.matches == {(0, "")}


def test_a_tree_is_searched_in_all_that_it_has(tmp_path: Path) -> None:
    name = FORMS["hexadecimal"][0].decode()
    (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to(SECRET)
    (tmp_path / "folder" / "below").mkdir(parents=True)
    (tmp_path / "folder" / "below" / "large").write_bytes(bytes(2 * CHUNK - 5) + PLAIN)
    (tmp_path / "attribute").touch()
    os.setxattr(tmp_path / "attribute", "user.note", PLAIN)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "out").symlink_to("/")
    (tmp_path / "clean").write_text("nothing")
    search = Search(["another", SECRET])
    search.tree("image", "sha256:1", str(tmp_path), room())
    assert sorted(search.found) == [
        [1, "image", "sha256:1", f"/{name}", "in hexadecimal"],
        [1, "image", "sha256:1", "/attribute", ""],
        [1, "image", "sha256:1", "/folder/below/large", ""],
        [1, "image", "sha256:1", "/link", ""],
    ]
    search.tree("image", "sha256:2", str(tmp_path), room(0), path="")
    assert {place for _, _, of, place, _ in search.found if of == "sha256:2"} == {""}


def test_a_tree_has_bounds(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(50_000_000)
    with pytest.raises(TooMuch, match="bytes"):
        Search([SECRET]).tree("image", "", str(tmp_path), room())
    os.link(tmp_path / "sparse", tmp_path / "again")
    Search([SECRET]).tree("image", "", str(tmp_path), room(50_000_000))
    with pytest.raises(TooMuch, match="deadline"):
        Search([SECRET]).tree("image", "", str(tmp_path), Room(50_000_000, time.monotonic() - 1))


def test_of_many_places_some_are_told() -> None:
    search = Search([SECRET])
    for number in range(10 * MAX_HITS):
        search.text("disk", "ami-1", f"/{number}", PLAIN)
    search.text("output", "", "", PLAIN)
    assert len(search.found) == MAX_HITS + 1
