"""What the reader refuses for its kind or its name."""

from __future__ import annotations

import os
import socket
import stat
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from packerlab.submissions.archives import archive_entries
from packerlab.submissions.reader import EVIDENCE, WORKSPACE, File, take
from packerlab.submissions.workspaces import read_workspace
from tests.packing import member, reject, tar_of, write_tree, write_zip

if TYPE_CHECKING:
    from collections.abc import Callable


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


def test_what_is_not_regular_in_a_folder_is_refused(tmp_path: Path) -> None:
    kinds: dict[str, Callable[[Path], object]] = {
        "link": lambda path: path.symlink_to("/etc/passwd"),
        "hard link": lambda path: path.hardlink_to(path.parent / "a.pkr.hcl"),
        "named pipe": os.mkfifo,
        "socket": make_socket,
    }
    for number, (kind, make) in enumerate(kinds.items()):
        folder = write_tree(tmp_path / str(number), {"a.pkr.hcl": File(b"x")})
        make(folder / "b")
        reject(folder, f"is a {kind}; only regular files are read")
    folder = write_tree(tmp_path / "link to a folder", {"a.pkr.hcl": File(b"x")})
    (folder / "b").symlink_to("/etc")
    reject(folder, "b is a link")
    for name in ("1", "2"):
        (tmp_path / f"to-{name}").symlink_to(tmp_path / name)
        reject(tmp_path / f"to-{name}", "is a link; hand in the files themselves")


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("link", {"type": tarfile.SYMTYPE, "linkname": "a.pkr.hcl"}),
        ("link", {"type": tarfile.SYMTYPE, "linkname": "../../etc/passwd"}),
        ("hard link", {"type": tarfile.LNKTYPE, "linkname": "a.pkr.hcl"}),
        ("named pipe", {"type": tarfile.FIFOTYPE}),
        ("device", {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 5}),
        ("device", {"type": tarfile.BLKTYPE, "devmajor": 8}),
        ("device", {"type": b"V"}),
    ],
)
def test_what_is_not_regular_in_a_tar_is_refused(
    tmp_path: Path, kind: str, fields: dict[str, Any]
) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(tar_of([member("a.pkr.hcl"), member("b", **fields)]))
    reject(path, f"b is a {kind}; only regular files are read")


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("link", stat.S_IFLNK), ("named pipe", stat.S_IFIFO), ("device", stat.S_IFCHR)],
)
def test_what_is_not_regular_in_a_zip_is_refused(tmp_path: Path, kind: str, mode: int) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        info = zipfile.ZipInfo("b")
        info.external_attr = (mode | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    reject(tmp_path / "a.zip", f"b is a {kind}")


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    data = bytearray(write_zip(tmp_path / "a.zip").read_bytes())
    at = data.index(b"PK\1\2")
    data[at + 8] |= 1
    (tmp_path / "a.zip").write_bytes(data)
    reject(tmp_path / "a.zip", "is a file with a password")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_unusual_zip_is_refused(tmp_path: Path, method: int) -> None:
    reject(write_zip(tmp_path / "a.zip", method=method), "packed in an unusual way")


def test_evidence_notes_what_is_not_regular() -> None:
    link = member("out/b", type=tarfile.SYMTYPE, linkname="a")
    data = tar_of([member("out/a"), link])
    irregular: dict[str, str] = {}
    files = take(archive_entries("a.tar", data), EVIDENCE, irregular=irregular)
    assert (files, irregular) == ({"out/a": File(b"")}, {"out/b": "link"})


# --- names ---


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("/etc/passwd", "names are relative"),
        ("//a", "names are relative"),
        ("../a", "must stay inside"),
        ("a/../../b", "must stay inside"),
        ("a/./b", "must stay inside"),
        ("a//b", "must stay inside"),
        ("..", "must stay inside"),
        ("..\\a", "names are relative"),
        ("C:a", "names are relative"),
        ("c:/a", "names are relative"),
        ("a\nb", "control or invisible"),
        ("a\tb", "control or invisible"),
        ("a\x1b[2Jb", "control or invisible"),
        ("a\x7fb", "control or invisible"),
        ("a\x85b", "control or invisible"),
        ("a\N{RIGHT-TO-LEFT OVERRIDE}lch.rkp", "control or invisible"),
        ("a\N{ZERO WIDTH SPACE}b", "control or invisible"),
        ("a/" * WORKSPACE.depth + "b", "too long or too deep"),
        ("a" * (WORKSPACE.name + 1), "too long or too deep"),
        ("a" * 5_000, "too long or too deep"),
        ("\u4f60" * 70, "too long or too deep"),
        ("packer-builder-x", "Packer would take this for a plugin"),
        ("packer-provisioner-x.exe", "Packer would take this for a plugin"),
        ("packer-post-processor-x", "Packer would take this for a plugin"),
        ("packer-datasource-x/a", "Packer would take this for a plugin"),
        ("a/packer-plugin-amazon_v1.2.3_x5.0_linux_amd64", "Packer would take this"),
        (".packer.d/plugins/x", "Packer would take this"),
        ("a/.packerconfig", "Packer would take this"),
    ],
)
def test_a_name_that_is_unsafe_somewhere_is_refused(tmp_path: Path, name: str, says: str) -> None:
    data = tar_of([member("a.pkr.hcl"), member(name)])
    (tmp_path / "a.tar").write_bytes(data)
    reject(tmp_path / "a.tar", says)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), b"")
    reject(tmp_path / "a.zip", says)


@pytest.mark.parametrize(
    "name", ["packer.pkr.hcl", "packer-notes.txt", "packer-builder", "ab:c", ".x"]
)
def test_other_names_are_fine(name: str) -> None:
    assert take(archive_entries("a.tar", tar_of([member(name)])), WORKSPACE) == {name: File(b"")}


NO_TEXT = b"\xb1\xe8\x99\xbc"
"""Letters in no encoding that we know."""


def test_names_that_are_no_text_are_refused(tmp_path: Path) -> None:
    folder = write_tree(tmp_path / "folder", {"a.pkr.hcl": File(b"x")})
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff")).write_bytes(b"x")
    reject(folder, "control or invisible")
    name = NO_TEXT.decode(errors="surrogateescape")
    (tmp_path / "a.tar").write_bytes(tar_of([member(name)], errors="surrogateescape"))
    reject(tmp_path / "a.tar", "an encoding that can't be told; pack it with names in UTF-8")


@pytest.mark.parametrize("name", ["a\0.pkr.hcl", "\0", "", "a.pkr.hcl/\0"])
def test_a_zip_s_name_is_read_to_its_end(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("X" * len(name) or "X", b"")
    data = (
        (tmp_path / "a.zip").read_bytes().replace(b"X" * len(name) or b"X", name.encode() or b"\0")
    )
    (tmp_path / "a.zip").write_bytes(data)
    reject(tmp_path / "a.zip", "control or invisible|no files|readable zip|stay inside")


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["a", "A"], "one name on some disks"),
        (["dir/Stra\u00dfe", "dir/STRASSE"], "one name on some disks"),
        (["\u00e9", "e\u0301"], "one name on some disks"),
        (["\u00c9", "e\u0301"], "one name on some disks"),
        (["a", "a/b"], "is both a file and"),
        (["a/b/c", "a"], "is both a file and"),
        (["A", "a/b"], "is both a file and"),
    ],
)
def test_names_that_one_disk_can_t_hold_are_refused(
    tmp_path: Path, names: list[str], says: str
) -> None:
    (tmp_path / "a.tar").write_bytes(tar_of([member(name) for name in names]))
    reject(tmp_path / "a.tar", says)


def test_a_backslash_is_part_of_a_name_outside_zips(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(tar_of([member("a\\b")]))
    reject(tmp_path / "a.tar", "names are relative")


def test_a_file_that_is_there_twice_is_read_once_or_refused(tmp_path: Path) -> None:
    for name, others in {"same": b"x", "other": b"y", "longer": b"xx"}.items():
        copies = [(member("a.pkr.hcl", size=len(data)), data) for data in (b"x", others)]
        data = b"".join(info.tobuf() + content.ljust(512, b"\0") for info, content in copies)
        (tmp_path / f"{name}.tar").write_bytes(data)
    assert read_workspace(tmp_path / "same.tar").files == {"a.pkr.hcl": File(b"x")}
    for name in ("other", "longer"):
        reject(tmp_path / f"{name}.tar", "is there twice, with different content")
