"""What is on a disk, be it a host's, an AMI's or a container's: packages, units, settings."""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING, NamedTuple

from packerlab.checks import SHOWN, expect, fail
from packerlab.formats import settings
from packerlab.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from packerlab.evidence.disk import Disk


class Program(NamedTuple):
    """The program of a package: where it is, and how its text tells its version."""

    path: str
    version: str


PROGRAMS = {
    "labweb": Program("/usr/sbin/labweb", "$VERSION = '{}'"),
    "labtool": Program("/usr/bin/labtool", '"labtool {}\\n"'),
}
"""The packages of a machine's own archive, each with its program."""

CONFIGURATION = "/etc/labweb/app.conf"
"""labweb's settings, as `name = value`."""


def has_package(disk: Disk, name: str) -> bool:
    """Whether a package of our archive is installed, with its program."""
    program = disk.resolve(PROGRAMS[name].path)
    return name in disk.packages() and program is not None and program.size > 0


def expect_package(disk: Disk, name: str, place: str, version: str = "") -> None:
    """Fail where a package is missing or has another version; `place` is as in "on the host".

    dpkg's word is not enough: the program itself has to be there, and be that version's.
    """
    found = disk.packages().get(name, "")
    wanted = f"{name} {version}".strip()
    if not found or version not in ("", found):
        fail(
            f"{wanted} is not installed {place}.",
            expected=wanted,
            found=f"{name} {visible(found)}" if found else f"no {name}",
        )
    path, told = PROGRAMS[name]
    program = disk.resolve(path)
    if program is None or program.size == 0:
        fail(f"dpkg lists {name}, but its program {path} is not {place}.")
    if program.content and version and told.format(version).encode() not in program.content:
        fail(f"dpkg lists {name}, but {path} is not that version's program.")


def expect_at_boot(disk: Disk, unit: str, place: str) -> None:
    """Fail where a systemd unit does not start at boot; `place` is as in "on the host".

    Of a package of our archive, it has to run the package's program.
    """
    expect(disk.unit(unit), "enabled", f"{unit} does not start at boot {place}.")
    program = PROGRAMS.get(unit.removesuffix(".service"))
    if program:
        found = [visible(path) for path in disk.runs(unit)]
        message = f"{unit} does not run {program.path} {place}."
        expect(found, [program.path], message, no="nothing")


def expect_settings(
    text: str, expected: Mapping[str, str], file: str, *, alone: bool = False
) -> None:
    """Fail where a file of `name = value` lines does not give each name its value, and just once.

    `alone`: nor anything else.
    """
    read = settings(text)
    for name, value in expected.items():
        found = [visible(f"{name} = {each}") for each in read.get(name, [])]
        expect(found, [f"{name} = {value}"], f"{file} has the wrong {name}.", no=f"no {name}")
    if alone:
        others = sorted(read.keys() - expected.keys())
        expect(others, [], f"{file} also has other settings.")


def matches(path: str, patterns: Iterable[str]) -> bool:
    """Whether a path is one of some shell patterns', in which `*` crosses folders."""
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def paths(found: Iterable[str]) -> str:
    """Some paths for a message, without what differs from run to run: mktemp's letters, times."""
    shown = sorted({visible(_CHANGING.sub("...", path)) for path in found})
    return ", ".join(shown[:SHOWN])


_CHANGING = re.compile(r"(?<=/script_)\d+|(?<=tmp\.)\w+|\d{4,}")
