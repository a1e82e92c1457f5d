from __future__ import annotations

import subprocess
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packerlab.errors import BadInputError, RejectedError
from packerlab.submissions import reader
from packerlab.submissions.archives import archive_entries
from packerlab.submissions.learners import LONGEST_NAME, handed_in, learner_name
from packerlab.submissions.reader import (
    MARKER,
    WORKSPACE,
    File,
    Marker,
    digest,
    find_workspaces,
    read_workspace,
    submission,
    take,
)
from tests.packing import TAR_MODES, TREE, member, tar_of, write_tree, write_zip

if TYPE_CHECKING:
    from pathlib import Path

    from packerlab.submissions.archives import Entry

# --- one tree, however it is packed ---


@pytest.mark.parametrize("suffix", [".zip", *TAR_MODES])
@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_folder_and_its_archive_are_equal(tmp_path: Path, suffix: str, form: int) -> None:
    folder = write_tree(tmp_path / "folder")
    packed = tmp_path / f"packed{suffix}"
    if suffix == ".zip":
        write_zip(packed)
    else:
        with tarfile.open(packed, TAR_MODES[suffix], format=form) as archive:  # type: ignore[call-overload]
            archive.add(folder, arcname=".")
    assert read_workspace(packed) == read_workspace(folder)
    assert read_workspace(folder).files == TREE


@pytest.mark.parametrize("form", ["gnu", "oldgnu", "pax", "posix"])
def test_what_the_tar_program_writes_is_read(tmp_path: Path, form: str) -> None:
    folder = write_tree(tmp_path / "folder")
    packed = tmp_path / "packed.tar"
    subprocess.run(["tar", f"--format={form}", "-C", folder, "-cf", packed, "."], check=True)
    assert read_workspace(packed).digest == read_workspace(folder).digest


def test_a_stored_zip_and_one_of_another_system_are_read(tmp_path: Path) -> None:
    stored = write_zip(tmp_path / "a.zip", method=zipfile.ZIP_STORED)
    assert read_workspace(stored).files == TREE
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        info = zipfile.ZipInfo("a.pkr.hcl")
        info.create_system, info.external_attr = 0, 0x20
        archive.writestr(info, b"x")
        archive.mkdir("folder")
    assert read_workspace(tmp_path / "b.zip").files == {"a.pkr.hcl": File(b"x")}


def test_a_lone_template_is_a_workspace(tmp_path: Path) -> None:
    lone = tmp_path / "learner.pkr.hcl"
    lone.write_bytes(b"a")
    assert read_workspace(lone).files == {"learner.pkr.hcl": File(b"a")}


def test_a_digest_covers_name_bit_and_bytes_and_nothing_else() -> None:
    whole = digest(TREE)
    assert whole == digest(dict(reversed(TREE.items())))
    for changed in (
        {**TREE, "empty.txt": File(b"x")},
        {**TREE, "empty.txt": File(b"", executable=True)},
        {**TREE, "more.txt": File(b"")},
        {name: file for name, file in TREE.items() if name != "empty.txt"},
    ):
        assert digest(changed) != whole
    assert digest({"a": File(b""), "b": File(b"")}) != digest({"a\0000\0b": File(b"")})


@pytest.mark.parametrize("name", sorted(reader.PASSED_OVER))
def test_what_is_passed_over_never_counts(tmp_path: Path, name: str) -> None:
    deep = "/".join(["d"] * 20)
    hidden = {
        name: File(b"x"),
        f"files/{name}": File(b"x" * 5_000_000),
        f"scripts/{name}/packer-builder-x": File(b"x"),
        f"other/{name}/{deep}/{'n' * 200}": File(b"x"),
    }
    packed = write_zip(tmp_path / "a.zip", TREE | hidden)
    plain = write_zip(tmp_path / "b.zip")
    assert read_workspace(packed).digest == read_workspace(plain).digest
    link = member(f"a/{name}/link", type=tarfile.SYMTYPE, linkname="/etc/passwd")
    data = tar_of([member("a.pkr.hcl"), link])
    assert take(archive_entries("a.tar", data), WORKSPACE) == {"a.pkr.hcl": File(b"")}
    folder = write_tree(tmp_path / "folder", TREE | {f"{name}/a": File(b"x")})
    (folder / name / "link").symlink_to("/etc/passwd")
    assert read_workspace(folder).digest == read_workspace(plain).digest


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
        ([MARKER, f"b/{MARKER}"], [""]),
        ([f".git/{MARKER}", f"a/packer_cache/{MARKER}"], []),
        (["a.pkr.hcl"], []),
        ([], []),
    ],
)
def test_workspaces_are_found_by_their_markers(names: list[str], found: list[str]) -> None:
    assert find_workspaces(tree_of(*names), any_template=False) == found


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
    assert find_workspaces(tree_of(*names), any_template=True) == found


# --- learners ---


@pytest.mark.parametrize(
    ("name", "learner"),
    [
        ("ada", "ada"),
        ("ada.zip", "ada"),
        ("Ada.TAR.GZ", "Ada"),
        ("ada.tar.xz", "ada"),
        ("ada.tgz", "ada"),
        ("ada.pkr.hcl", "ada"),
        ("ada.pkr.json", "ada"),
        ("ada.v2.zip", "ada.v2"),
        ("a b", "a%20b"),
        ("a/b", "a%2Fb"),
        ("a~b", "a%7Eb"),
        ("a%20b", "a%2520b"),
        ("Gr\u00fc\u00dfe", "Gr%C3%BC%C3%9Fe"),
        ("\udcff", "%FF"),
        ("=1+1", "%3D1%2B1"),
        (".hidden", "%2Ehidden"),
        ("..", "%2E."),
        (".zip", "%2Ezip"),
        ("a\n\x1b[2J", "a%0A%1B%5B2J"),
    ],
)
def test_a_learner_s_name_is_safe_as_a_file_s(name: str, learner: str) -> None:
    assert learner_name(name) == learner


def test_long_names_stay_apart() -> None:
    one, other = (learner_name("\u4f60" * 80 + end) for end in "ab")
    assert one != other
    assert {len(one), len(other)} <= set(range(LONGEST_NAME + 1))
    assert learner_name("a" * LONGEST_NAME) == "a" * LONGEST_NAME


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_every_name_is_safe(name: str) -> None:
    learner = learner_name(name)
    assert learner
    assert not learner.startswith(".")
    assert set(learner) <= set(
        "%._-" + "".join(map(chr, (*range(48, 58), *range(65, 91), *range(97, 123))))
    )
    assert len(learner) <= LONGEST_NAME


def test_a_folder_of_submissions_is_who_handed_in(tmp_path: Path) -> None:
    write_tree(tmp_path, {"zoe/a": File(b""), "ada.zip": File(b""), ".git/a": File(b"")})
    assert [
        (handed.learner, handed.path.name, handed.refusal)
        for handed in handed_in([tmp_path], any_template=False)
    ] == [
        ("ada", "ada.zip", ""),
        ("zoe", "zoe", ""),
    ]


def test_a_single_submission_is_its_own_learner(tmp_path: Path) -> None:
    marked = write_tree(tmp_path / "ada", {MARKER: File(b""), "b": File(b"")})
    lone = write_tree(tmp_path / "zoe", {"a.pkr.hcl": File(b"")})
    packed = write_zip(tmp_path / "eve.zip")
    found = handed_in([marked, packed], any_template=False)
    assert [(handed.learner, handed.path) for handed in found] == [("ada", marked), ("eve", packed)]
    assert [handed.learner for handed in handed_in([lone], any_template=True)] == ["zoe"]
    assert [handed.learner for handed in handed_in([lone], any_template=False)] == ["a"]


def test_names_that_collide_are_refused_each(tmp_path: Path) -> None:
    write_tree(tmp_path / "1", {"ada/a": File(b""), "ada.zip": File(b""), "zoe/a": File(b"")})
    write_tree(tmp_path / "2", {"ADA.tar": File(b""), "eve/a": File(b"")})
    found = handed_in([tmp_path / "1", tmp_path / "2"], any_template=False)
    assert [(handed.path.name, bool(handed.refusal)) for handed in found] == [
        ("ada", True),
        ("ada.zip", True),
        ("zoe", False),
        ("ADA.tar", True),
        ("eve", False),
    ]


def test_a_path_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="there is no such file or folder"):
        handed_in([tmp_path / "none"], any_template=False)


def test_a_folder_that_can_t_be_listed_is_bad_input(commoner: Path) -> None:
    (commoner / "closed").mkdir(mode=0)
    with pytest.raises(BadInputError, match="can't be read: Permission denied"):
        handed_in([commoner / "closed"], any_template=False)
