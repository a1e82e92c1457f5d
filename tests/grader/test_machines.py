"""What is expected of a disk."""

from __future__ import annotations

import pytest

from packerlab.checks import Failure
from packerlab.evidence.disk import Disk, Entry
from packerlab.grader import expect_at_boot, expect_package, expect_settings, has_package, paths


def disk(version: str = "1.0", program: bytes = b"my $VERSION = '1.0';") -> Disk:
    status = f"Package: labweb\nStatus: install ok installed\nVersion: {version}\n"
    changes = [Entry("/var/lib/dpkg/status", "file", told=status.encode())]
    if program:
        entry = Entry("/usr/sbin/labweb", "file", size=len(program), told=program)
        folders = [Entry(name, "folder") for name in ("/usr", "/usr/sbin")]
        changes += [*folders, entry]
    folders = [Entry(name, "folder") for name in ("/var", "/var/lib", "/var/lib/dpkg")]
    return Disk("the disk", [*changes, *folders], lambda names: [Entry(n, "gone") for n in names])


def test_a_package_is_there_with_its_program() -> None:
    assert has_package(disk(), "labweb")
    expect_package(disk(), "labweb", "on the host")
    expect_package(disk(), "labweb", "on the host", "1.0")


@pytest.mark.parametrize(
    ("made", "name", "says", "found"),
    [
        (disk("1.1"), "labweb", "labweb 1.0 is not installed on the host", "labweb 1.1"),
        (disk(), "labtool", "labtool 1.0 is not installed on the host", "no labtool"),
        (disk(program=b""), "labweb", "its program /usr/sbin/labweb is not on the host", ""),
        (disk(program=b"my $VERSION = '1.1';"), "labweb", "not that version's program", ""),
    ],
)
def test_a_package_that_is_not(made: Disk, name: str, says: str, found: str) -> None:
    with pytest.raises(Failure) as caught:
        expect_package(made, name, "on the host", "1.0")
    assert says in caught.value.message
    assert caught.value.found == found


def test_a_unit_that_does_not_start() -> None:
    with pytest.raises(
        Failure, match=r"labweb.service does not start at boot on the host"
    ) as caught:
        expect_at_boot(disk(), "labweb.service", "on the host")
    assert caught.value.found == "absent"


@pytest.mark.parametrize(
    ("text", "alone", "found"),
    [
        ("port = 80", True, ""),
        ("# port = 1\nport = 80\nmore = 1", False, ""),
        ("port = 80\nmore = 1", True, "more"),
        ("port = 80\nport = 81", False, "port = 80, port = 81"),
        ("# port = 80", False, "no port"),
        ("port = 81", False, "port = 81"),
    ],
)
def test_settings_are_compared_as_a_whole(text: str, found: str, *, alone: bool) -> None:
    if not found:
        expect_settings(text, {"port": "80"}, "app.conf", alone=alone)
        return
    with pytest.raises(Failure) as caught:
        expect_settings(text, {"port": "80"}, "app.conf", alone=alone)
    assert caught.value.found == found


def test_paths_are_the_same_each_time() -> None:
    assert paths(["/tmp/tmp.aX9", "/tmp/script_4711.sh", "/b"]) == (
        "/b, /tmp/script_....sh, /tmp/tmp...."
    )
