"""Whatever lies there, and whatever is done to it: one sentence, and nothing written."""

from __future__ import annotations

import errno
import io
import os
import tarfile
import threading
import zipfile
from typing import TYPE_CHECKING, NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packerlab.errors import MachineError, RejectedError
from packerlab.submissions import reader
from packerlab.submissions.archives import archive_entries
from packerlab.submissions.classes import handed_in
from packerlab.submissions.leftovers import MARKER
from packerlab.submissions.reader import (
    EVIDENCE,
    WORKSPACE,
    File,
    entries_of,
    take,
)
from packerlab.submissions.workspaces import find_workspaces, read_workspace, submission
from tests.packing import TAR_MODES, local_header, member, reject, write_tree, write_zip, zip_with

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# --- while somebody else writes ---


def test_what_can_t_be_read_is_refused_by_name(commoner: Path) -> None:
    folder = write_tree(commoner / "folder", {"a.pkr.hcl": File(b"x"), "closed/b": File(b"x")})
    (folder / "a.pkr.hcl").chmod(0)
    reject(folder, "a.pkr.hcl can't be read: Permission denied")
    (folder / "a.pkr.hcl").chmod(0o644)
    (folder / "closed").chmod(0)
    reject(folder, "closed can't be read: Permission denied")
    (folder / "closed").chmod(0o755)


def test_what_the_machine_can_t_read_is_not_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken disk, or no descriptor left: that is no score."""
    folder = write_tree(tmp_path / "folder", {"a.pkr.hcl": File(b"x")})
    for number in (errno.EIO, errno.EMFILE):

        def fails(*_: object, number: int = number, **__: object) -> NoReturn:
            raise OSError(number, os.strerror(number))

        with monkeypatch.context() as broken:
            broken.setattr(reader, "_open_beneath", fails)
            with pytest.raises(
                MachineError, match=f"a.pkr.hcl can't be read: {os.strerror(number)}"
            ):
                read_workspace(folder)


def swapped(path: Path, change: Callable[[], object], says: str) -> None:
    """List `path`, change what lies there, then read: nothing of the change is believed."""
    entries = entries_of(path)
    change()
    with pytest.raises(RejectedError, match=says):
        take(entries, WORKSPACE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_tree(tmp_path / "elsewhere", {"a/b": File(b"secret")})
    return write_tree(tmp_path / "folder", {"a/b": File(b"x")})


def test_a_file_swapped_for_a_link_is_not_followed(folder: Path) -> None:
    def change() -> None:
        (folder / "a/b").unlink()
        (folder / "a/b").symlink_to(folder.parent / "elsewhere/a/b")

    swapped(folder, change, "a/b can't be read")


def test_a_folder_swapped_for_a_link_is_not_followed(folder: Path) -> None:
    def change() -> None:
        (folder / "a").rename(folder / "old")
        (folder / "a").symlink_to(folder.parent / "elsewhere/a")

    swapped(folder, change, "a/b can't be read")


def test_the_whole_swapped_for_a_link_is_not_followed(folder: Path) -> None:
    def change() -> None:
        folder.rename(folder.parent / "old")
        folder.symlink_to(folder.parent / "elsewhere")

    swapped(folder, change, "a/b can't be read")


def test_a_file_swapped_for_a_pipe_does_not_hold_us(folder: Path) -> None:
    def change() -> None:
        (folder / "a/b").unlink()
        os.mkfifo(folder / "a/b")

    swapped(folder, change, "no regular file")


def test_a_file_swapped_for_a_hard_link_is_refused(folder: Path) -> None:
    def change() -> None:
        (folder / "a/b").unlink()
        (folder / "a/b").hardlink_to(folder.parent / "elsewhere/a/b")

    swapped(folder, change, "no regular file of its own")


def test_a_file_that_grows_is_refused(folder: Path) -> None:
    swapped(folder, lambda: os.truncate(folder / "a/b", 1 << 32), "more than 4000000 bytes")


def test_a_file_that_goes_is_refused(folder: Path) -> None:
    swapped(folder, (folder / "a/b").unlink, "a/b can't be read: No such file")


def test_no_swap_at_any_time_shows_what_lies_elsewhere(folder: Path) -> None:
    stop = threading.Event()

    def swap() -> None:
        real, link = folder / "real", folder / "link"
        link.symlink_to(folder.parent / "elsewhere/a")
        (folder / "a").rename(real)
        while not stop.is_set():
            real.rename(folder / "a")
            (folder / "a").rename(real)
            link.rename(folder / "a")
            (folder / "a").rename(link)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        for _ in range(300):
            try:
                files = read_workspace(folder).files
            except RejectedError:
                continue
            assert b"secret" not in {file.data for file in files.values()}
    finally:
        stop.set()
        thread.join()


# --- whatever comes ---


NAMES = st.text(st.characters(), max_size=12) | st.sampled_from(
    ["a", "A", "..", "/", "a/b", "./a", MARKER]
)
ARCHIVES = st.sampled_from([".zip", *TAR_MODES])


def listing(root: Path) -> dict[str, int]:
    return {str(path): path.lstat().st_mtime_ns for path in root.rglob("*")}


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """One sound archive of every kind, to be spoilt."""
    root = tmp_path_factory.mktemp("seeds")
    folder = write_tree(root / "folder")
    found = {".zip": write_zip(root / "a.zip").read_bytes()}
    for suffix, mode in TAR_MODES.items():
        with tarfile.open(root / f"a{suffix}", mode) as archive:  # type: ignore[call-overload]
            archive.add(folder, arcname=".")
        found[suffix] = (root / f"a{suffix}").read_bytes()
    return found


def read_anything(data: bytes, suffix: str) -> None:
    for caps in (WORKSPACE, EVIDENCE):
        try:
            entries = archive_entries(f"a{suffix}", data)
            find_workspaces(entries, any_template=True)
            files = take(entries, caps)
            submission(entries)
        except RejectedError:
            continue
        assert sum(len(file.data) for file in files.values()) <= caps.size


@given(st.binary(max_size=2_000), ARCHIVES)
def test_no_bytes_break_the_reader(data: bytes, suffix: str) -> None:
    read_anything(data, suffix)


@settings(max_examples=1_000)
@given(
    suffix=ARCHIVES,
    spoils=st.lists(
        st.tuples(st.integers(0, 10**6), st.binary(min_size=1, max_size=8)), max_size=4
    ),
    cut=st.integers(0, 10**6),
)
def test_no_spoilt_archive_breaks_the_reader(
    seeds: dict[str, bytes], suffix: str, spoils: list[tuple[int, bytes]], cut: int
) -> None:
    data = bytearray(seeds[suffix])
    for at, spoil in spoils:
        data[at % len(data) : at % len(data) + len(spoil)] = spoil
    read_anything(bytes(data[: cut % len(data)] if cut % 3 == 0 else data), suffix)


HEADERS = st.builds(
    member,
    NAMES.map(lambda name: name.encode(errors="replace").decode()),
    type=st.sampled_from(
        [b"0", b"\0", b"1", b"2", b"3", b"5", b"6", b"7", b"x", b"g", b"L", b"K", b"S", b"Z"]
    ),
    size=st.integers(-1_000, 3_000) | st.integers(-(2**60), 2**60),
    mode=st.integers(0, 0o7777),
)


@given(st.lists(st.tuples(HEADERS, st.binary(max_size=600)), max_size=6))
def test_no_tar_breaks_the_reader(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    data = b"".join(
        info.tobuf(tarfile.GNU_FORMAT, errors="surrogateescape") + body + b"\0" * (-len(body) % 512)
        for info, body in members
    )
    read_anything(data, ".tar")


ZIPPED = st.tuples(
    NAMES.map(lambda name: name.encode(errors="replace")),
    *(st.integers(0, 300) | st.sampled_from([0xFFFF_FFFF, 0x8000_0000]) for _ in range(3)),
)


@given(st.lists(ZIPPED, max_size=6), st.binary(max_size=100))
def test_no_zip_breaks_the_reader(entries: list[tuple[bytes, int, int, int]], body: bytes) -> None:
    header = local_header(b"a", len(body), 10)
    read_anything(zip_with(entries, header + body), ".zip")


@given(names=st.lists(NAMES, max_size=5), links=st.lists(NAMES, max_size=2))
@settings(max_examples=50)
def test_nothing_is_ever_written(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], links: list[str]
) -> None:
    root = tmp_path_factory.mktemp("tree")
    for name in names + links:
        try:
            path = root / "folder" / name.replace("/", "_")
            path.parent.mkdir(exist_ok=True)
            path.symlink_to("/etc") if name in links else path.write_bytes(b"x")
        except (OSError, ValueError):
            continue
    before = listing(root)
    for path in [*root.iterdir(), *root.glob("*/*"), root / "none.zip"]:
        try:
            read_workspace(path)
        except RejectedError:
            continue
    assert listing(root) == before


TREES = st.dictionaries(
    st.lists(
        st.sampled_from([MARKER, "a", "A", "w.zip", "main.pkr.hcl", ".git", "..", "x.tar.gz", "é"]),
        min_size=1,
        max_size=7,
    ).map("/".join),
    st.binary(max_size=20) | st.sampled_from([b'format = 1\nlab = "a"\n']),
    max_size=6,
)


def packed(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return stream.getvalue()


@given(outer=TREES, inner=TREES, innermost=TREES)
def test_no_archive_in_an_archive_breaks_the_reader(
    tmp_path_factory: pytest.TempPathFactory,
    outer: dict[str, bytes],
    inner: dict[str, bytes],
    innermost: dict[str, bytes],
) -> None:
    middle = packed({**inner, "w.zip": packed(innermost)})
    path = tmp_path_factory.mktemp("class") / "class.zip"
    path.write_bytes(packed({**outer, "ada/w.zip": middle, "ben.zip": middle}))
    read_anything(path.read_bytes(), ".zip")
    for handed in handed_in([path], None).handed:
        try:
            found = find_workspaces(handed.entries(), any_template=True)
        except RejectedError:
            continue
        assert all(".." not in folder.split("/") for folder in found.folders)
