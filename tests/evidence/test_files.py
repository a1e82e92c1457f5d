"""What a build left behind is read as data; what is missing or wrong fails the check."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile

import pytest

from packerlab.checks import Failure
from packerlab.evidence.files import SHOWN, Evidence
from packerlab.formats import MAX_JSON
from packerlab.report import Where
from packerlab.submissions.reader import File

HERE = Where("main.pkr.hcl", 3)


def evidence(**files: bytes) -> Evidence:
    """Evidence of files in out/, by their names with `__` for a dot."""
    named = {f"out/{name.replace('__', '.')}": File(data) for name, data in files.items()}
    return Evidence(named, {"out/link": "link", "out/pipe": "named pipe"})


def test_files_are_found_by_name_and_pattern() -> None:
    found = evidence(b__txt=b"b", a__txt=b"a", c__json=b"{}")
    assert found.names() == ["out/a.txt", "out/b.txt", "out/c.json"]
    assert found.names("out/*.txt") == ["out/a.txt", "out/b.txt"]
    assert found.names("*.json") == ["out/c.json"]
    assert found.names("[") == []
    assert "out/a.txt" in found
    assert "out/link" not in found
    assert found.bytes("out/a.txt") == b"a"
    assert found.text("out/b.txt") == "b"
    assert found.sha256("out/a.txt") == hashlib.sha256(b"a").hexdigest()


def test_a_missing_file_says_what_there_is() -> None:
    with pytest.raises(Failure) as caught:
        evidence(a__txt=b"").bytes("out/motd.txt", HERE)
    assert caught.value.message == "The build leaves no out/motd.txt."
    assert (caught.value.expected, caught.value.found) == ("out/motd.txt", "out/a.txt")
    assert caught.value.where == HERE
    with pytest.raises(Failure) as caught:
        Evidence({}, {}).text("out/motd.txt")
    assert caught.value.found == "no files"


def test_names_are_shown_safely_and_not_all() -> None:
    many = {f"out/{number:02}\x1b[31m": File(b"") for number in range(SHOWN + 5)}
    with pytest.raises(Failure) as caught:
        Evidence(many, {}).bytes("out/x")
    assert "\x1b" not in caught.value.found
    assert caught.value.found.count(",") == SHOWN - 1


@pytest.mark.parametrize(("name", "kind"), [("out/link", "link"), ("out/pipe", "named pipe")])
def test_what_is_no_regular_file_is_named(name: str, kind: str) -> None:
    with pytest.raises(Failure, match=f"{name} is a {kind}, not a regular file"):
        evidence().text(name)


def test_text_is_utf_8() -> None:
    with pytest.raises(Failure, match="out/a is not UTF-8 text"):
        evidence(a=b"\xff").text("out/a")


NO_JSON = {
    "nothing": b"",
    "cut": b"{",
    "no text": b"\xff",
    "two": b"{} {}",
    "no number": b'{"a": NaN}',
    "endless number": b'{"a": -Infinity}',
    "deep": b"[" * 100_000,
    "long number": b"1" * 5_000,
    "large": b'"' + b"a" * MAX_JSON + b'"',
}


@pytest.mark.parametrize("data", NO_JSON.values(), ids=NO_JSON)
def test_what_is_no_json_of_packer_s_fails(data: bytes) -> None:
    with pytest.raises(Failure, match=r"is not JSON|is larger than"):
        evidence(a=data).json("out/a")


def test_json_is_its_value() -> None:
    assert evidence(a=b'{"a": [1, 2.5, null, "\\u00e9"]}').json("out/a") == {
        "a": [1, 2.5, None, "\u00e9"]
    }


def tar(mode: str) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode=f"w:{mode}") as archive:  # type: ignore[call-overload]
        info = tarfile.TarInfo("out/motd.txt")
        info.size = 5
        archive.addfile(info, io.BytesIO(b"hello"))
    return whole.getvalue()


def zipped() -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("out/motd.txt", "hello")
    return whole.getvalue()


ARCHIVES = {
    "a.tar": tar(""),
    "a.tar.gz": tar("gz"),
    "a.tgz": tar("gz"),
    "a.tar.bz2": tar("bz2"),
    "a.tar.xz": tar("xz"),
    "a.zip": zipped(),
}


@pytest.mark.parametrize(("name", "data"), ARCHIVES.items(), ids=ARCHIVES)
def test_an_archive_is_its_files(name: str, data: bytes) -> None:
    found = Evidence({name: File(data)}, {}).archive(name)
    assert {each: file.data for each, file in found.items()} == {"out/motd.txt": b"hello"}


@pytest.mark.parametrize("name", ARCHIVES)
@pytest.mark.parametrize("damage", ["other", "cut"])
def test_what_is_no_archive_fails(name: str, damage: str) -> None:
    data = b"no archive" if damage == "other" else ARCHIVES[name][: len(ARCHIVES[name]) // 2]
    if name == "a.tar" and damage == "cut":
        data = ARCHIVES[name][:300]
    with pytest.raises(Failure, match=f"{name} can't be unpacked"):
        Evidence({name: File(data)}, {}).archive(name)


MANIFEST = b'{"builds": [{"name": "a", "files": null}, {"name": "b"}], "last_run_uuid": "x"}'


def test_a_manifest_is_its_builds() -> None:
    builds = evidence(m__json=MANIFEST).manifest("out/m.json")
    assert [build["name"] for build in builds] == ["a", "b"]


@pytest.mark.parametrize("data", [b"[]", b"{}", b'{"builds": {}}', b'{"builds": [1]}', b"null"])
def test_what_is_no_manifest_fails(data: bytes) -> None:
    with pytest.raises(Failure, match="has not the form of a Packer manifest"):
        evidence(m__json=data).manifest("out/m.json")
