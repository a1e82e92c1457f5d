from __future__ import annotations

import subprocess
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from packerlab.submissions.reader import File, digest
from packerlab.submissions.workspaces import read_workspace
from tests.packing import TAR_MODES, TREE, write_tree, write_zip

if TYPE_CHECKING:
    from pathlib import Path

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
