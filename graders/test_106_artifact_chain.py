"""Compress, checksum, manifest: an archive, proof of its bytes, and a record of its origin."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from packerlab.grader import check, checksum_lines, expect, fail, number_of_sources

if TYPE_CHECKING:
    from packerlab.grader import Build, Evidence, Hidden, Template


RAW = "rootfs.txt"
ARCHIVE = "rootfs.tar.gz"
CHECKSUM = "dist/rootfs.tar.gz.sha256"
MANIFEST = "dist/manifest.json"


@check(points=1, docs="#one-source")
def test_one_source(template: Template) -> None:
    """One build starts from one source; post-processors make the rest.

    - How many builds does Packer start for this template? Does any of them wait for another?
    - Builds run side by side. Only the steps inside one build have an order.
    - Keep one `build` with one name in `sources`; make all else its post-processors.
    """
    sources = 0
    for build in template.builds:
        number = number_of_sources(template, build)
        if number is None:
            fail(
                "The sources of this build are computed; name the one source itself.",
                expected="one name in `sources`, or one `source` block",
                where=build.place("sources"),
            )
        sources += number
    if sources == 0:
        fail("No build starts from a source.", expected="one source")
    if sources > 1:
        fail(
            "More than one source is built. They run side by side: none waits for another's files.",
            expected="one source",
            found=f"{sources} sources",
            where=template.builds[-1].where,
        )


@check(points=3, needs="test_one_source", docs="#archive")
def test_archive(build: Build, hidden: Hidden) -> None:
    """The build packs rootfs.txt, and nothing else, into dist/rootfs.tar.gz.

    - One post-processor takes the files of an artifact and packs them into one file.
    - `compress` goes by the end of its `output`: `.zip`, `.gz` and `.tar.gz` are three things.
    - Make `compress` the first step after the source, give it the path on the task sheet as
      `output`, and leave the starter's source as it is.
    """
    packed = delivered(build, hidden).archive(f"dist/{ARCHIVE}")
    if set(packed) != {RAW}:
        names = ", ".join(sorted(packed)) or "no files"
        fail(f"The archive does not hold {RAW} alone.", expected=RAW, found=names)
    written = f"name=rootfs\ncommit={inputs(hidden)['git_sha']}\n"
    text = packed[RAW].data.decode(errors="replace")
    if text != written:
        fail(
            f"{RAW} in the archive is not what the starter's source writes for this `git_sha`.",
            expected=written,
            found=text,
        )


@check(points=2, needs="test_archive", docs="#checksum")
def test_checksum(build: Build, hidden: Hidden) -> None:
    """dist/rootfs.tar.gz.sha256 has one line: the SHA-256 checksum and the name of the archive.

    - Which file's name stands in the second column of the checksum file?
    - A post-processor on its own gets the source's file; inside one `post-processors` block each
      gets what the one before it made. `checksum` computes MD5 unless you tell it otherwise.
    - Put `checksum` after `compress` in the same `post-processors` block. Set `checksum_types` to a
      list that contains only sha256, and `output` to the task sheet's path.
    """
    found = checksum_lines(delivered(build, hidden), CHECKSUM, f"dist/{ARCHIVE}")
    message = "The checksum file does not have one line that matches the archive."
    expect(found, [f"its SHA-256 checksum of {ARCHIVE}"], message, no="an empty file")


@check(points=2, needs="test_archive", docs="#manifest")
def test_manifest(build: Build, hidden: Hidden) -> None:
    """dist/manifest.json records the archive with its true size, and does not record rootfs.txt.

    - Look at `files` in the manifest: is that what you would hand to somebody?
    - `manifest` records the artifact that it is given: after `compress` that is the archive; before
      it, or outside its chain, it is the source's file.
    - Put `manifest` after `compress` in the same `post-processors` block, with the task sheet's
      path as `output`. An `only` or `except` there takes names such as `file.app`.
    """
    files = delivered(build, hidden)
    recorded = [file for entry in files.manifest(MANIFEST) for file in recorded_by(entry)]
    names = [name for name, _ in recorded]
    if RAW in names:
        fail(
            f"The manifest records {RAW}, which is only the input of the archive.",
            expected=ARCHIVE,
            found=names,
        )
    sizes = {size for name, size in recorded if name == ARCHIVE}
    if sizes != {len(files.bytes(f"dist/{ARCHIVE}"))}:
        fail(
            "The manifest does not record the archive as it is in dist.",
            expected=f"{ARCHIVE}, with its true size",
            found=names if not sizes else f"{ARCHIVE}, with another size",
        )


@check(points=2, needs="test_archive", docs="#custom-data")
def test_custom_data(build: Build, hidden: Hidden) -> None:
    """The manifest's custom_data has `env` and `git_sha` as they were set for this build.

    - The manifest has a place for what only you know about a build.
    - `custom_data` is a map of text; its values can be expressions. What a builder does not
      report, such as `build.ID` of a `file` source, becomes the text `<unknown>`.
    - Give `manifest` a `custom_data` map with the keys `env` and `git_sha`; the value of each is a
      reference to the variable of that name, not text in quotes.
    """
    entries = delivered(build, hidden).manifest(MANIFEST)
    records = [entry["custom_data"] for entry in entries if entry.get("custom_data")]
    for name, value in inputs(hidden).items():
        wrong = [record for record in records if record.get(name) != value]
        if wrong or not records:
            fail(
                f"The manifest's custom_data does not have the value of the variable `{name}`.",
                expected=f"{name}: {value}",
                found=json.dumps(wrong[-1]) if wrong else "no custom_data",
            )


# --- what the checks stand on ---------------------------------------------------------------------


def inputs(hidden: Hidden) -> dict[str, str]:
    """The variables of the task sheet, with values that no template can hold already."""
    return {"env": f"{hidden.word('env')}.v2", "git_sha": hidden.mixed("git_sha")}


def delivered(build: Build, hidden: Hidden) -> Evidence:
    """What one build with the hidden inputs leaves in dist."""
    answer = build(inputs(hidden))
    answer.expect_success()
    return answer.files


def recorded_by(entry: dict[str, Any]) -> list[tuple[str, Any]]:
    """The files that an entry of the manifest lists: name, without its folders, and size."""
    listed = entry.get("files")
    return [
        (PurePosixPath(str(file.get("name"))).name, file.get("size"))
        for file in (listed if isinstance(listed, list) else [])
        if isinstance(file, dict)
    ]
