"""A submission as one file: equal bytes for equal files, read back as what anybody hands in."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packerlab.errors import RejectedError
from packerlab.submissions.bundles import packed, unpacked
from packerlab.submissions.reader import File, digest

if TYPE_CHECKING:
    from pathlib import Path

LAB = "101_message"
PARTS = st.sampled_from(["main", "ünï", "日本", "x" * 90, "a b", "-"])
NAMES = st.builds(lambda folder, name: f"{folder}/{name}.pkr.hcl", PARTS, PARTS)
FILE = st.builds(File, st.binary(max_size=2_000), st.booleans(), st.just(False))
FILES = st.dictionaries(NAMES, FILE, min_size=1, max_size=6)


@given(FILES)
def test_what_was_packed_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, File]
) -> None:
    data = packed(files, LAB)
    assert data == packed(dict(reversed(files.items())), LAB)
    path = tmp_path_factory.mktemp("kept") / "work.tar"
    path.write_bytes(data)
    back = unpacked(path)
    assert (back.files, back.digest) == (files, digest(files))
    assert back.marker is not None
    assert back.marker.lab == LAB


def test_bytes_that_look_like_an_archive_are_no_obstacle(tmp_path: Path) -> None:
    files = {"main.pkr.hcl": File(b"x"), "data": File(b"PK\x01\x02" * 20_000 + bytes(100_000))}
    (tmp_path / "work.tar").write_bytes(packed(files, LAB))
    assert unpacked(tmp_path / "work.tar").files == files


def test_any_program_opens_it() -> None:
    files = {"sub/run.sh": File(b"#!/bin/sh\n", executable=True)}
    with tarfile.open(fileobj=io.BytesIO(packed(files, LAB))) as opened:
        modes = {member.name: member.mode for member in opened}
    assert modes == {".packerlab.toml": 0o644, "sub/run.sh": 0o755}


@pytest.mark.parametrize("name", ["../out.pkr.hcl", "/etc/passwd", "a/../../b.pkr.hcl"])
def test_one_that_somebody_planted_leads_nowhere(tmp_path: Path, name: str) -> None:
    (tmp_path / "work.tar").write_bytes(packed({name: File(b"x")}, LAB))
    with pytest.raises(RejectedError):
        unpacked(tmp_path / "work.tar")
