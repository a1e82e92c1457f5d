"""What is uploaded: taken in as a workspace, or refused with the reason."""

from __future__ import annotations

import io
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from packerlab.course import Course
from packerlab.errors import RejectedError
from packerlab.exports.starters import starter_files, starter_zip, workspace_zip
from packerlab.room.taking import Upload, workspace
from tests.room.rooms import RIGHT, packed, small_course
from tests.toy import COURSE

if TYPE_CHECKING:
    from pathlib import Path

LAB = COURSE.lab("101")
MARKER = f'format = 1\nlab = "{LAB.slug}"\n'
UNNAMED = 'format = 1\nlab = ""\n'
OTHER = 'format = 1\nlab = "102_newer"\n'


def zipped(name: str = "work.zip", **files: str) -> Upload:
    return Upload(name, packed({key.replace("__", "."): text for key, text in files.items()}))


@pytest.mark.parametrize(
    "uploads",
    [
        [Upload("main.pkr.hcl", RIGHT.encode())],
        [Upload("C:\\fakepath\\main.pkr.hcl", RIGHT.encode())],
        [Upload("../../main.pkr.hcl", RIGHT.encode())],
        [zipped(main__pkr__hcl=RIGHT)],
        [Upload("a.zip", packed({"w/main.pkr.hcl": RIGHT, "w/.packerlab.toml": MARKER}))],
        [Upload("a.zip", packed({"1/main.pkr.hcl": RIGHT, "1/.packerlab.toml": MARKER,
                                 "2/main.pkr.hcl": "x", "2/.packerlab.toml": OTHER}))],
    ],
)  # fmt: skip
def test_a_workspace_is_found(uploads: list[Upload]) -> None:
    work = workspace(uploads, LAB)
    assert {name: file.data.decode() for name, file in work.files.items()} == {
        "main.pkr.hcl": RIGHT
    }


def test_a_workspace_s_files_may_come_one_by_one() -> None:
    uploads = [Upload(".packerlab.toml", MARKER.encode()), Upload("main.pkr.hcl", RIGHT.encode()),
               Upload("go.sh", b"true\n"), Upload("", b"")]  # fmt: skip
    assert set(workspace(uploads, LAB).files) == {"main.pkr.hcl", "go.sh"}


def link() -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        info = tarfile.TarInfo("main.pkr.hcl")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
    return data.getvalue()


def many() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for number in range(10_001):
            archive.writestr(str(number), "")
    return data.getvalue()


HOSTILE = {
    "nothing": ("", b"", "choose the files"),
    "empty": ("work.zip", b"", "not a readable zip"),
    "bomb": ("work.zip", packed({"main.pkr.hcl": RIGHT, "zeros.bin": b"\0" * 4_500_000}),
             "expand|more than"),
    "tar-bomb": ("work.tar.gz", __import__("gzip").compress(b"\0" * 30_000_000), "expands"),
    "many": ("work.zip", many(), "more than 10000 files"),
    "escaping": ("work.zip", packed({"main.pkr.hcl": RIGHT, "../../../tmp/x": "x"}), "inside"),
    "absolute": ("work.zip", packed({"main.pkr.hcl": RIGHT, "/etc/passwd": "x"}), "relative"),
    "link": ("work.tar.gz", link(), "link"),
    "plugin": ("work.zip", packed({"main.pkr.hcl": RIGHT, "packer-builder-x": "x"}), "plugin"),
    "program": ("work.exe", b"MZ", "is no folder"),
    "page": ("work.html", b"<script>", "is no folder"),
    "not-a-zip": ("work.zip", b"%PDF-1.7", "not a readable zip"),
    "other-lab": ("work.zip", packed({"main.pkr.hcl": RIGHT, ".packerlab.toml": OTHER}),
                  "workspace of 102_newer"),
    "two": ("work.zip", packed({f"{n}/{name}": text for n in "12" for name, text in
                                {"main.pkr.hcl": RIGHT, ".packerlab.toml": UNNAMED}.items()}),
            "there are 2 workspaces"),
    "no-template": ("work.zip", packed({"notes.txt": "x"}), "no workspace"),
    "escapes": ("wo\x1b[2Jrk.exe", b"x", "is no folder"),
}  # fmt: skip
"""What is refused at the door: a name, its bytes, and a part of the reason."""


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_no_workspace_is_refused_with_the_reason(case: str) -> None:
    name, data, said = HOSTILE[case]
    with pytest.raises(RejectedError, match=said) as refused:
        workspace([Upload(name, data)], LAB)
    assert "\x1b" not in str(refused.value)


def test_what_is_kept_reads_as_what_was_handed_in(tmp_path: Path) -> None:
    lab = Course(small_course(tmp_path)).lab("101")
    files = {"main.pkr.hcl": RIGHT, "scripts/go.sh": "true\n", ".packerlab.toml": "junk"}
    work = workspace([Upload("w.zip", packed(dict(files)))], lab)
    again = workspace([Upload("kept.zip", workspace_zip(lab, work.files))], lab)
    assert (again.digest, again.marker and again.marker.lab) == (work.digest, lab.slug)


def test_a_starter_is_what_start_lays_out(tmp_path: Path) -> None:
    from packerlab.commands.start import lay_out

    lab = Course(small_course(tmp_path)).lab("101")
    lay_out(lab, tmp_path / "started")
    laid = {path.name: path.read_bytes() for path in (tmp_path / "started").iterdir()}
    assert {name: file.data for name, file in starter_files(lab).items()} == laid
    with zipfile.ZipFile(io.BytesIO(starter_zip(lab))) as archive:
        assert set(archive.namelist()) == {f"{lab.slug}/{name}" for name in laid}
    assert workspace([Upload("s.zip", starter_zip(lab))], lab).marker
