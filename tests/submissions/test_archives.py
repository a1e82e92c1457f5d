"""Archives as systems make them: what their names mean, and how long it takes to tell."""

from __future__ import annotations

import time
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packerlab.submissions.archives import MAX_ENTRIES, archive_entries
from packerlab.submissions.names import decoded
from packerlab.submissions.reader import File
from packerlab.submissions.workspaces import read_workspace
from tests.packing import member, tar_of, write_zip, zip_with

if TYPE_CHECKING:
    from pathlib import Path

LEGACY = [
    ("cp437", ["Zoë/Grüße.txt", "été", "Köhler", "Noëlle", "célia"]),
    ("cp437", ["Öl.txt"]),
    ("cp850", ["Straße Ø/æ.txt"]),
    ("cp1252", ["Grüße"]),
    ("latin-1", ["Zoë.txt"]),
    ("cp932", ["山田太郎/main.pkr.hcl"]),
    ("cp932", ["ソ/表main.txt"]),
    ("cp932", ["表示/能力/予定表.txt"]),
    ("cp932", ["表.txt"]),
    ("cp932", ["第3回課題A.txt", "最終版v2", "ー・々「ソフト」"]),
    ("cp866", ["Иван/файл.txt"]),
    ("gb2312", ["张伟/说明.txt"]),
    ("big5", ["許功蓋/作業/main.pkr.hcl"]),
    ("big5", ["作業~.txt"]),
]


@pytest.mark.parametrize(("encoding", "names"), LEGACY)
def test_names_in_an_older_encoding_are_read(encoding: str, names: list[str]) -> None:
    raw = [name.encode(encoding) for name in names]
    assert decoded(raw) == names
    tar = tar_of([member(name) for name in names], encoding=encoding)
    assert [entry.name for entry in archive_entries("a.tar", tar)] == names
    packed = zip_with([(name, 0, 0, 0) for name in raw], b"")
    assert [entry.name for entry in archive_entries("a.zip", packed)] == names


def test_what_could_be_two_words_is_neither() -> None:
    """Korean syllables are Chinese characters too: nobody is given a name by chance."""
    raw = "김철수".encode("euc_kr")
    assert decoded([raw]) == [raw.decode("utf-8", "surrogateescape")]


@pytest.mark.parametrize(
    ("encoding", "name"), [("cp737", "Γιώργος"), ("cp737", "Ελένη Σ"), ("cp852", "zadanie łódź")]
)
def test_what_would_be_no_word_in_cyrillic_is_not_read_so(encoding: str, name: str) -> None:
    raw = name.encode(encoding)
    assert decoded([raw]) == [raw.decode("utf-8", "surrogateescape")]


def test_utf8_names_beside_others_stay(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("Zoë", "山田", "plain"):
            archive.writestr(name, b"")
    names = [entry.name for entry in archive_entries("a.zip", (tmp_path / "a.zip").read_bytes())]
    assert names == ["Zoë", "山田", "plain"]
    assert decoded(["Zoë".encode(), b"a"]) == ["Zoë", "a"]


def test_names_are_composed(tmp_path: Path) -> None:
    """MacOS writes a letter and its accent, and templates name the file as it was typed."""
    decomposed = write_zip(tmp_path / "a.zip", {"Zoe\N{COMBINING DIAERESIS}.txt": File(b"")})
    composed = write_zip(tmp_path / "b.zip", {"Zoë.txt": File(b"")})
    assert list(read_workspace(decomposed).files) == ["Zoë.txt"]
    assert read_workspace(decomposed).digest == read_workspace(composed).digest


@pytest.mark.parametrize("system", [0, 3, 11])
def test_a_zip_with_backslashes_has_folders(tmp_path: Path, system: int) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("work\\main.pkr.hcl", "work\\scripts\\a.sh", "work\\empty\\"):
            info = zipfile.ZipInfo(name)
            info.create_system = system
            archive.writestr(info, b"")
    assert sorted(read_workspace(tmp_path / "a.zip").files) == ["main.pkr.hcl", "scripts/a.sh"]


def test_names_are_told_in_little_time() -> None:
    for name in (
        b"a" * 299 + b"\x89",
        "山".encode("cp932") * 150,
        b"K\x94hler" * 50,
        b"\xff" * 300,
    ):
        started = time.process_time()
        decoded([name] * MAX_ENTRIES)
        assert time.process_time() - started < 3


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_any_bytes_are_a_name_and_come_back(names: list[bytes]) -> None:
    for name, text in zip(names, decoded(names), strict=True):
        assert text == name.decode("utf-8", "surrogateescape") or not _is_utf8(name)


def _is_utf8(name: bytes) -> bool:
    try:
        return bool(name.decode()) or not name
    except UnicodeDecodeError:
        return False
