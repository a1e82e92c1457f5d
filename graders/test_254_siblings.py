"""The checksum that never matched: archives of two builds, each with proof of its own bytes."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from packerlab.grader import check, checksum_lines, fail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packerlab.grader import Build, Evidence, Hidden


APPLIANCES = ("web", "worker")
MANIFEST = "dist/manifest.json"


@check(points=3, docs="#two-builds")
def test_archives(build: Build, hidden: Hidden) -> None:
    """Each appliance has an archive of its own, which holds its own disk and nothing else.

    - How many builds run in this template, and how many archives are in `dist` afterwards?
    - Every source runs every post-processor. A file name without the source in it is the same for
      both, and so is one without the release for every night.
    - Give `compress` an `output` of `${source.name}`, a hyphen, the variable `release` and
      `.tar.gz`, in the folder `dist`.
    """
    files = delivered(build, hidden)
    for appliance in APPLIANCES:  # before any is opened: two builds may have written into one
        files.bytes(archive(appliance, hidden))
    for appliance in APPLIANCES:
        name, disk = archive(appliance, hidden), f"{appliance}.img"
        packed = files.archive(name)
        if set(packed) != {disk}:
            fail(
                f"{name} does not hold {disk} alone.",
                expected=disk,
                found=sorted(packed) or "no files",
            )
        written = f"{appliance} {release(hidden)}\n"
        if packed[disk].data != written.encode():
            fail(
                f"{disk} in the archive is not what the starter's source writes.",
                expected=f"{appliance}, and this build's release",
                found="another text",
            )


@check(points=3, needs="test_archives", docs="#whose-checksum")
def test_checksums(build: Build, hidden: Hidden) -> None:
    """Each checksum file has one line: the checksum and the name of the archive beside it.

    - Which file does the second column of the checksum file name? Who made that file?
    - A `post-processor` on its own starts again from what the builder made. In a `post-processors`
      block, each step gets what the one before it made.
    - Put `compress` and then `checksum` into one `post-processors` block, ask for sha256 alone, and
      name the file like the archive, with `.sha256` at the end.
    """
    files = delivered(build, hidden)
    for appliance in APPLIANCES:
        name = archive(appliance, hidden)
        lines = checksum_lines(files, f"{name}.sha256", name)
        own = f"its SHA-256 checksum of {PurePosixPath(name).name}"
        if lines != [own]:
            fail(
                f"{name}.sha256 does not have one line that proves the archive.",
                expected=own,
                found=lines or "an empty file",
            )


@check(points=2, needs="test_archives", docs="#record")
def test_manifest(build: Build, hidden: Hidden) -> None:
    """dist/manifest.json records both archives with their true sizes, and no disk.

    - Which files does the manifest list? Are these the ones that the mirror receives?
    - `manifest` records the artifact that it is given, as every step does with what it is given.
    - Move `manifest` into the `post-processors` block, behind `compress`.
    """
    files = delivered(build, hidden)
    recorded = [entry for build_ in files.manifest(MANIFEST) for entry in recorded_by(build_)]
    names = sorted({name for name, _ in recorded})
    for appliance in APPLIANCES:
        if f"{appliance}.img" in names:
            fail(
                f"The manifest records {appliance}.img, which is only the input of an archive.",
                expected="the archives",
                found=names,
            )
        name = archive(appliance, hidden)
        sizes = {size for found, size in recorded if found == PurePosixPath(name).name}
        if sizes != {len(files.bytes(name))}:
            fail(
                f"The manifest does not record {name} as it is.",
                expected="the archive, with its true size",
                found="another size" if sizes else names or "no files",
            )


@check(points=2, needs="test_archives", docs="#what-stays")
def test_nothing_else(build: Build, hidden: Hidden) -> None:
    """Nothing else is in dist.

    - Why does `sha256sum -c` say OK where the appliances are built, and fails at the mirror?
    - What the builder made stays if the first step of any sequence keeps it. `checksum` and
      `manifest` always do; `compress` does not, unless `keep_input_artifact` says so.
    - Have one sequence alone, with `compress` first and without `keep_input_artifact`. Or let the
      sources write their disks into a folder other than `dist`.
    """
    archives = [archive(appliance, hidden) for appliance in APPLIANCES]
    wanted = {MANIFEST, *archives, *(f"{name}.sha256" for name in archives)}
    files = delivered(build, hidden)
    if more := {*files.names(), *files.irregular} - wanted:
        fail("More is in dist than the mirror accepts.", expected="five files", found=more)


# --- what the checks stand on ---------------------------------------------------------------------


def release(hidden: Hidden) -> str:
    return hidden.version("release")


def archive(appliance: str, hidden: Hidden) -> str:
    return f"dist/{appliance}-{release(hidden)}.tar.gz"


def delivered(build: Build, hidden: Hidden) -> Evidence:
    """What one build of a release that no template can hold leaves in dist."""
    answer = build({"release": release(hidden)})
    answer.expect_success()
    return answer.files


def recorded_by(entry: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The files that an entry of the manifest lists: name, without its folders, and size."""
    listed = entry.get("files")
    for file in listed if isinstance(listed, list) else []:
        if isinstance(file, dict):
            yield PurePosixPath(str(file.get("name"))).name, file.get("size")
