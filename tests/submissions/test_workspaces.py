"""Where a workspace lies in what was handed in, and what it holds."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from packerlab.errors import RejectedError
from packerlab.submissions.archives import MAX_ENTRIES, archive_entries
from packerlab.submissions.leftovers import MARKER
from packerlab.submissions.reader import File, entries_of
from packerlab.submissions.workspaces import (
    Marker,
    find_workspaces,
    read_workspace,
    submission,
)
from tests.packing import TREE, member, reject, tar_of, write_tree, write_zip

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from packerlab.submissions.archives import Entry

MARKED = {MARKER: File(b'format = 1\nlab = "101_a"\n')}

# --- the marker, and where a workspace is ---


def tree_of(*names: str, data: bytes = b"") -> list[Entry]:
    return archive_entries("a.tar", tar_of([member(n, size=len(data)) for n in names], data))


def marker_of(data: bytes) -> Marker | None:
    return submission(tree_of("a.pkr.hcl", MARKER, data=data)).marker


def test_the_marker_says_the_lab() -> None:
    text = b'format = 1\nlab = "101_a"\nlab_digest = "sha256:0"\nmore = 1\n'
    assert marker_of(text) == Marker(1, "101_a", "sha256:0")
    assert marker_of(b'format = 1\nlab = "101_a"\n') == Marker(1, "101_a")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not TOML",
        b"\xff\xfe",
        b"format = 1\n",
        b"format = 1\nlab = 1\n",
        b'format = "1"\nlab = "a"\n',
        b'format = 1\nlab = ["a"]\n',
        b'format = 1\nlab = "a"\n#' + b"x" * 5_000,
        b"a = " + b"[" * 4_000,
        b"a" + b".a" * 2_000 + b" = 1",
        b"lab = " + b"9" * 4_000,
        b"format = 2025-99-99\n",
    ],
)
def test_a_hostile_marker_is_no_marker(data: bytes, tmp_path: Path) -> None:
    assert marker_of(data) is None
    folder = write_tree(tmp_path, {MARKER: File(data), "a.pkr.hcl": File(b"")})
    assert read_workspace(folder).marker is None


def test_a_marker_that_is_a_link_or_a_folder_is_no_marker(tmp_path: Path) -> None:
    folder = write_tree(tmp_path / "folder", {"a.pkr.hcl": File(b"")})
    (folder / MARKER).symlink_to("/dev/zero")
    assert read_workspace(folder).marker is None
    (folder / MARKER).unlink()
    (folder / MARKER).mkdir()
    assert read_workspace(folder).marker is None


def test_a_marker_is_neither_a_file_nor_in_the_digest() -> None:
    with_marker = submission(tree_of("a.pkr.hcl", MARKER))
    assert with_marker.files == {"a.pkr.hcl": File(b"")}
    assert with_marker.digest == submission(tree_of("a.pkr.hcl")).digest


def test_one_folder_of_a_tree_is_read_alone() -> None:
    tree = tree_of("one/a.pkr.hcl", "one-more/b", "two/../c", "two/d", data=b"")
    assert list(submission(tree, "one").files) == ["a.pkr.hcl"]
    with pytest.raises(RejectedError, match="stay inside"):
        submission(tree, "two")
    with pytest.raises(RejectedError, match="no files"):
        submission(tree, "three")


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ([MARKER, "a"], [""]),
        ([f"w/{MARKER}", "w/a"], ["w"]),
        ([f"w/x/{MARKER}"], ["w/x"]),
        ([f"w/x/y/{MARKER}"], ["w/x/y"]),
        ([f"w/x/y/{MARKER}", "other/file"], []),
        ([f"w/x/y/z/{MARKER}"], []),
        ([f"w/x/y/{MARKER}", ".DS_Store", "__MACOSX/w/a", ".git/config"], ["w/x/y"]),
        ([f"a/{MARKER}", f"b/{MARKER}", f"b/c/{MARKER}"], ["a", "b"]),
        ([f"a/{MARKER}", f"b/c/{MARKER}"], ["a", "b/c"]),
        ([f"a.kept-1/{MARKER}", f"a/{MARKER}"], ["a"]),
        ([f"{n}/{MARKER}" for n in ("t 12", "t 9", "t 010", "t")], ["t", "t 9", "t 010", "t 12"]),
        ([MARKER, f"b/{MARKER}"], [""]),
        ([f".git/{MARKER}", f"a/packer_cache/{MARKER}"], []),
        (["a.pkr.hcl"], []),
        ([], []),
    ],
)
def test_workspaces_are_found_by_their_markers(names: list[str], found: list[str]) -> None:
    assert find_workspaces(tree_of(*names), any_template=False).folders == found


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["a.pkr.hcl", "modules/b.pkr.hcl"], [""]),
        (["w/a.pkr.json"], ["w"]),
        (["w/a.pkrvars.hcl", "w/a.hcl", "w/a.json"], []),
        (["w/a.pkr.hcl", f"v/{MARKER}"], ["v", "w"]),
        (["/a.pkr.hcl"], [""]),
    ],
)
def test_workspaces_are_found_by_their_templates(names: list[str], found: list[str]) -> None:
    assert find_workspaces(tree_of(*names), any_template=True).folders == found


# --- archives on the way are folders ---


def zipped(files: dict[str, File]) -> File:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in files.items():
            archive.writestr(name, file.data)
    return File(stream.getvalue())


WRAPPED = {f"101_a/{name}": file for name, file in (TREE | MARKED).items()}
PLAIN = {name: File(file.data) for name, file in TREE.items()}


@pytest.mark.parametrize(
    "files",
    [
        {f"101_a/{name}": file for name, file in (PLAIN | MARKED).items()},
        {"101_a.zip": zipped(TREE | MARKED)},
        {"homework/101_a.zip": zipped(WRAPPED)},
        {"homework/week 1/work.ZIP": zipped({"101.zip": zipped(WRAPPED)})},
        {"work.zip": zipped(WRAPPED), "notes.txt": File(b"")},
        {"work.zip": zipped(WRAPPED), "cut.zip": File(b"PK\3\4")},
        {"work.zip": zipped(WRAPPED), "__MACOSX/._work.zip": File(b"\0\5\x16\7")},
    ],
)
def test_a_workspace_is_found_by_check_as_by_grade(tmp_path: Path, files: dict[str, File]) -> None:
    for path in (write_tree(tmp_path / "folder", files), write_zip(tmp_path / "a.zip", files)):
        assert read_workspace(path).files == PLAIN
        assert len(find_workspaces(entries_of(path), any_template=False).folders) == 1


def test_a_workspace_s_own_archives_and_folders_are_its_files(tmp_path: Path) -> None:
    inner = zipped(WRAPPED)
    files = PLAIN | MARKED | {"files/app.zip": inner, f"old/{MARKER}": File(b"")}
    taken = read_workspace(write_zip(tmp_path / "a.zip", {f"w/{n}": f for n, f in files.items()}))
    assert taken.files == PLAIN | {"files/app.zip": inner}


def test_several_workspaces_are_no_single_one(tmp_path: Path) -> None:
    write_zip(tmp_path / "a.zip", {f"{n}/{MARKER}": File(b"") for n in ("one", "two")})
    reject(tmp_path / "a.zip", "there are 2 workspaces in it; name one: one, two")


def test_an_archive_that_can_t_be_read_is_said_where_nothing_else_is_there(tmp_path: Path) -> None:
    entries = entries_of(write_tree(tmp_path, {"work/cut.zip": File(b"PK\3\4")}))
    with pytest.raises(RejectedError, match=r"work/cut\.zip: not a readable zip"):
        find_workspaces(entries, any_template=False)


def test_archives_in_archives_are_bounded_together() -> None:
    bomb = zipped({f"{n}.tar.gz": File(b"\x1f\x8b") for n in range(10)} | {MARKER: File(b"")})
    many = zipped({str(n): File(b"") for n in range(MAX_ENTRIES // 2)})
    entries = archive_entries("a.zip", zipped({f"{n}.zip": many for n in range(3)}).data)
    with pytest.raises(RejectedError, match=f"more than {MAX_ENTRIES} files"):
        find_workspaces(entries, any_template=False)
    large = zipped({"a": File(b"\0" * 5_000_000)})
    entries = archive_entries("a.zip", zipped({"l.zip": large, "b.zip": bomb}).data)
    assert find_workspaces(entries, any_template=False).folders == ["b.zip"]


def test_an_archive_in_one_expands_no_further_than_alone() -> None:
    zeros = zipped({"b.zip": File(b"\0" * 10_000_000)})
    with pytest.raises(RejectedError, match="it expands too far"):
        find_workspaces(archive_entries("a.zip", zeros.data), any_template=False)


# --- what is passed over, and said ---


LEFT = {
    "._main.pkr.hcl": "._main.pkr.hcl",
    ".DS_Store": ".DS_Store",
    "__MACOSX/w/._a": "__MACOSX",
    "Icon\r": "Icon\N{REPLACEMENT CHARACTER}",
    "scripts/Thumbs.db": "scripts/Thumbs.db",
    "desktop.ini": "desktop.ini",
    "main.pkr.hcl~": "main.pkr.hcl~",
    "#main.pkr.hcl#": "#main.pkr.hcl#",
    ".#main.pkr.hcl": ".#main.pkr.hcl",
    ".main.pkr.hcl.swp": ".main.pkr.hcl.swp",
    "~$notes.docx": "~$notes.docx",
    ".~lock.notes.odt#": ".~lock.notes.odt#",
    "out/.gitkeep": "out/.gitkeep",
    ".git/config": ".git",
    ".vscode/settings.json": ".vscode",
    ".idea/workspace.xml": ".idea",
    ".venv/lib/python3/site-packages/a.py": ".venv",
    "a/node_modules/b/packer-builder-x": "a/node_modules",
    "__pycache__/a.pyc": "__pycache__",
    "packer_cache/port": "packer_cache",
    "crash.log": "crash.log",
    "crash.2026-01-31.log": "crash.2026-01-31.log",
    "w.kept-1/main.pkr.hcl": "w.kept-1",
}


@pytest.mark.parametrize("name", LEFT)
def test_what_systems_leave_is_passed_over_and_told(tmp_path: Path, name: str) -> None:
    packed = read_workspace(write_zip(tmp_path / "a.zip", TREE | {name: File(b"x")}))
    unpacked = read_workspace(write_tree(tmp_path / "folder", TREE | {name: File(b"x")}))
    assert packed == unpacked
    assert packed.files == TREE
    assert packed.passed_over == (LEFT[name],)


@pytest.mark.parametrize("name", ["a.git", "gitkeep", ".gitignore", "crash.txt", "a.kept", "~a"])
def test_what_a_learner_may_name_so_is_a_file(tmp_path: Path, name: str) -> None:
    files = TREE | {name: File(b"x")}
    assert read_workspace(write_tree(tmp_path, files)).files == files


def test_a_leftover_s_kind_size_and_number_don_t_matter(tmp_path: Path) -> None:
    folder = write_tree(tmp_path, TREE)
    (folder / ".#main.pkr.hcl").symlink_to("ada@host.1234")
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / ".venv/bin/python").symlink_to("/usr/bin/python3")
    for number in range(MAX_ENTRIES + 1):
        (folder / ".venv" / f"{number}.py").touch()
    (folder / "crash.log").write_bytes(b"x" * 5_000_000)
    assert read_workspace(folder).files == TREE
    link = member("a/.venv/link", type=b"2", linkname="/etc/passwd")
    data = tar_of([member("a.pkr.hcl"), link])
    assert submission(archive_entries("a.tar", data)).files == {"a.pkr.hcl": File(b"")}


def test_many_leftovers_are_told_briefly(tmp_path: Path) -> None:
    files = TREE | {f"._{n}": File(b"") for n in range(50)}
    assert len(read_workspace(write_zip(tmp_path / "a.zip", files)).passed_over) == 20


# --- what can't be interpreted, and the way out ---


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("main.pkr.hcl.txt", "main.pkr.hcl"),
        ("work/main.pkr.hcl.txt", "main.pkr.hcl"),
        ("main.pkr.hcl (1)", "main.pkr.hcl"),
        ("a.pkr.json.TXT", "a.pkr.json"),
    ],
)
def test_a_template_that_was_renamed_is_named(tmp_path: Path, name: str, meant: str) -> None:
    says = f"is no template for Packer: rename it to {meant}"
    reject(write_tree(tmp_path / "folder", {name: File(b"x"), "README.md": File(b"")}), says)
    with_marker = {name: File(b"x"), **MARKED}
    reject(write_zip(tmp_path / "a.zip", with_marker), says)


def test_a_renamed_copy_beside_a_template_is_a_file(tmp_path: Path) -> None:
    files = TREE | {"main.pkr.hcl.txt": File(b"x")}
    assert read_workspace(write_tree(tmp_path, files)).files == files


@pytest.mark.parametrize("encode", [str.encode, lambda text: text.encode("utf-16")])
def test_a_marker_with_a_byte_order_mark_is_read(encode: Callable[[str], bytes]) -> None:
    text = '\N{ZERO WIDTH NO-BREAK SPACE}format = 1\nlab = "101_a"\n'
    data = encode(text.lstrip("\N{ZERO WIDTH NO-BREAK SPACE}") if encode != str.encode else text)
    assert marker_of(data) == Marker(1, "101_a")
