"""What the reader refuses for its size, before it is read."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import subprocess
import tarfile
import zipfile
import zlib
from functools import partial
from typing import TYPE_CHECKING

import pytest

from packerlab.submissions.archives import MAX_ENTRIES, archive_entries
from packerlab.submissions.reader import WORKSPACE, File, take
from packerlab.submissions.workspaces import read_workspace
from tests.packing import (
    TAR_MODES,
    local_header,
    member,
    most_memory,
    pax_header,
    reject,
    tar_of,
    write_tree,
    write_zip,
    zip_with,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({f"{n}.txt": File(b"") for n in range(101)}, "more than 100 files"),
        ({"a.txt": File(os.urandom(4_000_001))}, "more than 4000000 bytes in all"),
        ({f"{n}": File(os.urandom(2_000_000)) for n in range(3)}, "more than 4000000 bytes in all"),
        ({"a.pkr.hcl": File(os.urandom(128_001))}, "more than 128000 bytes of HCL"),
        (
            {"a.pkr.hcl": File(os.urandom(100_000)), "b/c.pkrvars.json": File(os.urandom(28_001))},
            "more than 128000 bytes of HCL",
        ),
        ({"a/" * 8 + "b": File(b"")}, "too long or too deep"),
        ({"a/" * 30 + "b": File(b"")}, "too deep"),
        ({}, "there are no files in it"),
    ],
)
def test_the_caps_hold_for_folder_and_archive(
    tmp_path: Path, files: dict[str, File], says: str
) -> None:
    (tmp_path / "folder").mkdir()
    reject(write_tree(tmp_path / "folder", files), says)
    reject(write_zip(tmp_path / "a.zip", files), says)


def test_what_just_fits_is_taken(tmp_path: Path) -> None:
    files = {f"{'a/' * 7}{n}": File(b"") for n in range(98)}
    files |= {"a.pkr.hcl": File(os.urandom(128_000)), "b": File(os.urandom(3_872_000))}
    assert read_workspace(write_tree(tmp_path / "folder", files)).files == files
    assert read_workspace(write_zip(tmp_path / "a.zip", files)).files == files


def test_a_zip_that_expands_too_far_is_refused(tmp_path: Path) -> None:
    bomb = write_zip(tmp_path / "a.zip", {"a": File(b"\0" * 1_000_000)})
    reject(bomb, "expands to more than 100 times its size")
    bomb = write_zip(tmp_path / "b.zip", {"a": File(b"\0" * 50_000_000)})
    reject(bomb, "expands to more than")
    entries = archive_entries("b.zip", bomb.read_bytes())
    assert most_memory(partial(take, entries, WORKSPACE)) < 1_000_000


def test_a_zip_whose_entries_overlap_is_refused(tmp_path: Path) -> None:
    kernel = zlib.compress(b"\0" * 39_000, 9, wbits=-15)
    body = local_header(b"a", len(kernel), 39_000) + kernel
    entries = [(b"%d" % n, 0, len(kernel), 39_000) for n in range(100)]
    (tmp_path / "a.zip").write_bytes(zip_with(entries, body))
    reject(tmp_path / "a.zip", "entries overlap")


def test_a_zip_of_zips_is_one_file(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"\0" * 10_000_000)
    packed = write_zip(tmp_path / "a.zip", {"b.zip": File(inner.getvalue())})
    assert list(read_workspace(packed).files) == ["b.zip"]


@pytest.mark.parametrize("count", [MAX_ENTRIES + 1, 100_000, 1_000_000])
def test_a_zip_of_very_many_entries_is_refused_before_it_is_listed(
    tmp_path: Path, count: int
) -> None:
    (tmp_path / "a.zip").write_bytes(zip_with([(b"a", 0, 0, 0)] * count, b""))
    reject(tmp_path / "a.zip", f"more than {MAX_ENTRIES} files")


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.DIRTYPE])
def test_a_tar_of_very_many_entries_is_refused(tmp_path: Path, kind: bytes) -> None:
    header = member("a", type=kind).tobuf()
    (tmp_path / "a.tar").write_bytes(header * 100_000)
    reject(tmp_path / "a.tar", f"more than {MAX_ENTRIES} files")


def test_a_tar_of_very_many_headers_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(pax_header(b"") * 100_000)
    reject(tmp_path / "a.tar", f"more than {MAX_ENTRIES} files")


def test_a_tar_of_many_entries_with_attributes_is_read() -> None:
    entries = [member(f".git/{n}", pax_headers={"comment": "x" * 80}) for n in range(MAX_ENTRIES)]
    assert len(archive_entries("a.tar", tar_of(entries))) == MAX_ENTRIES


def test_a_folder_of_very_many_files_is_refused(tmp_path: Path) -> None:
    for number in range(MAX_ENTRIES + 1):
        (tmp_path / str(number)).touch()
    reject(tmp_path, f"more than {MAX_ENTRIES} files")


def test_a_folder_that_has_no_bottom_is_refused(tmp_path: Path) -> None:
    inside = tmp_path
    for _ in range(60):
        inside /= "d" * 50
        inside.mkdir()
    reject(tmp_path, "too deep")


@pytest.mark.parametrize("expand", [gzip.compress, bz2.compress, lzma.compress])
def test_a_packed_tar_that_expands_too_far_is_refused(
    tmp_path: Path, expand: Callable[[bytes], bytes]
) -> None:
    suffix = {gzip.compress: "gz", bz2.compress: "bz2", lzma.compress: "xz"}[expand]
    path = tmp_path / f"a.tar.{suffix}"
    path.write_bytes(expand(b"\0" * 30_000_000))
    reject(path, "expands to more than 100 times its size")
    assert most_memory(partial(archive_entries, path.name, path.read_bytes())) < 15_000_000


def test_an_xz_with_a_huge_dictionary_is_refused(tmp_path: Path) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 30}]
    packer = lzma.LZMACompressor(filters=filters)
    (tmp_path / "a.tar.xz").write_bytes(packer.compress(b"\0" * 512) + packer.flush())
    reject(tmp_path / "a.tar.xz", "can't be unpacked: it is damaged")


def test_an_archive_of_very_many_streams_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tgz").write_bytes(gzip.compress(b"") * 1_000_000)
    reject(tmp_path / "a.tgz", "more than one compressed stream")
    (tmp_path / "a.tar.bz2").write_bytes(bz2.compress(b"") * 1_000_000)
    reject(tmp_path / "a.tar.bz2", "more than one compressed stream")


BOMBS = {
    "many records": pax_header(b"6 a=b\n" * 8_000_000),
    "many headers": pax_header(b"6 a=b\n" * 85, tarfile.XGLTYPE) * 20_000,
    "a long number": pax_header(b"0" * 5_000_000),
    "long names": pax_header(b"a" * 500, tarfile.GNUTYPE_LONGNAME) * 20_000,
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_tar_of_headers_is_refused(tmp_path: Path, bomb: str) -> None:
    (tmp_path / "a.tar").write_bytes(BOMBS[bomb] + member("a").tobuf())
    reject(tmp_path / "a.tar", "too many attributes")


def test_many_records_cost_little(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(pax_header(b"6 a=b\n" * 300_000) + member("../a").tobuf())
    reject(path, "stay inside")


@pytest.mark.parametrize(
    "body", [b"0 a=b\n", b"a=b\n", b"-6 a=b\n", b"99 a=b\n", b"6 a=bb", b"3 \n", b" 6 a=b\n", b"\0"]
)
def test_a_bad_extended_header_is_refused(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "a.tar").write_bytes(pax_header(body) + member("a").tobuf())
    reject(tmp_path / "a.tar", "a bad extended header")


@pytest.mark.parametrize("form", ["gnu", "pax"])
def test_a_sparse_file_is_refused(tmp_path: Path, form: str) -> None:
    with (tmp_path / "a.pkr.hcl").open("wb") as file:
        file.truncate(1 << 30)
    command = ["tar", f"--format={form}", "--sparse", "-cf", "a.tar", "a.pkr.hcl"]
    subprocess.run(command, check=True, cwd=tmp_path)
    reject(tmp_path / "a.tar", "sparse file; pack without --sparse")
    reject(tmp_path / "a.pkr.hcl", "more than 4000000 bytes")


@pytest.mark.parametrize("size", [-512, -1, 1 << 62, 8**11 - 1])
def test_a_tar_that_lies_about_sizes_is_refused(tmp_path: Path, size: int) -> None:
    header = member("a.pkr.hcl", size=size).tobuf(tarfile.GNU_FORMAT)
    (tmp_path / "a.tar").write_bytes(header + b"\0" * 2048)
    reject(tmp_path / "a.tar", "truncated")


@pytest.mark.parametrize("suffix", [".zip", *TAR_MODES])
def test_a_truncated_archive_is_refused(tmp_path: Path, suffix: str) -> None:
    whole = tmp_path / f"whole{suffix}"
    files = {"a.pkr.hcl": File(os.urandom(5_000)), "b": File(os.urandom(5_000))}
    if suffix == ".zip":
        write_zip(whole, files)
    else:
        with tarfile.open(whole, TAR_MODES[suffix]) as archive:  # type: ignore[call-overload]
            archive.add(write_tree(tmp_path / "folder", files), arcname=".")
    data = whole.read_bytes()
    for part in (1, 100, len(data) // 2, 7_000):
        whole.write_bytes(data[:part])
        reject(whole, "truncated|not a readable|can't be unpacked")


@pytest.mark.parametrize("suffix", [".zip", *TAR_MODES])
def test_what_is_no_archive_is_refused(tmp_path: Path, suffix: str) -> None:
    for data in (b"", b"PK", b"hello " * 1_000, b"PK\5\6" + b"\xff" * 18, b"\x1f\x8b\x08\0" * 100):
        path = tmp_path / f"a{suffix}"
        path.write_bytes(data)
        reject(path, "not a readable|can't be unpacked|no files")


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    for name in ("a.rar", "a.7z", "a.hcl", "a", "a.tar.zst"):
        (tmp_path / name).write_bytes(b"x")
        reject(tmp_path / name, r"is no folder, \.zip")
    os.mkfifo(tmp_path / "a.zip")
    reject(tmp_path / "a.zip", "is neither a file nor a folder")


def test_a_large_archive_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "a.zip").open("wb") as file:
        file.truncate(1 << 36)
    reject(tmp_path / "a.zip", "more than 64000000 bytes")
