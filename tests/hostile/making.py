"""What the makers of hostile submissions share."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MARKER = ".packerlab.toml"
LABS = Path(__file__).parent.parent / "hostile_course" / "labs"

MESSAGE, ANY_PROGRAM = "901_message", "902_any_program"


def marker(lab: str) -> bytes:
    return f'format = 1\nlab = "{lab}"\n'.encode()


def solution(lab: str = MESSAGE) -> dict[str, bytes]:
    """A right answer, with its marker: what is added to it is the attack."""
    template = (LABS / lab / "solution" / "main.pkr.hcl").read_bytes()
    own = template.partition(b"\n")[2]  # without the canary
    return {MARKER: marker(lab), "main.pkr.hcl": own}


def by_program(program: bytes) -> dict[str, bytes]:
    """An answer to the lab of any program that runs this one, in Python."""
    files = solution(ANY_PROGRAM)
    start, _, rest = files["main.pkr.hcl"].partition(b"inline           = [")
    template = start + b'inline           = ["python3 attack"]' + rest.partition(b"]")[2]
    return {**files, "main.pkr.hcl": template, "attack": program}


def written(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def zipped(folder: Path, files: Iterable[tuple[str | zipfile.ZipInfo, bytes]]) -> Path:
    """The files as a zip beside `folder`; names are taken as they are."""
    path = folder.with_name(f"{folder.name}.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return path


def tarred(folder: Path, members: Iterable[tuple[tarfile.TarInfo, bytes]]) -> Path:
    """The members as a tar beside `folder`."""
    path = folder.with_name(f"{folder.name}.tar")
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive:
        for member, data in members:
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def members(files: dict[str, bytes]) -> list[tuple[tarfile.TarInfo, bytes]]:
    return [(tarfile.TarInfo(name), data) for name, data in files.items()]
