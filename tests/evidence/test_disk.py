"""What a disk's files mean, whatever a build wrote into them."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from packerlab.errors import LimitError
from packerlab.evidence.disk import Disk, Entry, User

BASE = {
    "/etc/passwd": b"root:x:0:0:root:/root:/bin/bash\nubuntu:x:1000:1000::/home/ubuntu:/bin/bash\n",
    "/etc/group": b"root:x:0:\nubuntu:x:1000:\n",
    "/var/lib/dpkg/status": b"Package: sudo\nStatus: install ok installed\nVersion: 1.9\n\n"
    b"Package: gone\nStatus: deinstall ok config-files\nVersion: 2\n",
    "/usr/lib/systemd/system/ssh.service": b"[Service]\nExecStart=/usr/sbin/sshd -D\n",
}


def of_base(paths: list[str]) -> list[Entry]:
    folders = {str(above) for name in BASE for above in PurePosixPath(name).parents}
    return [
        Entry(path, "file", size=len(BASE[path]), told=BASE[path])
        if path in BASE
        else Entry(path, "folder" if path in folders else "gone")
        for path in paths
    ]


def disk(*changes: Entry) -> Disk:
    return Disk("the disk", list(changes), of_base)


def written(path: str, text: str) -> Entry:
    return Entry(path, "file", size=len(text), told=text.encode())


def test_users_and_groups_of_the_base() -> None:
    assert disk().users()["ubuntu"] == User("ubuntu", 1000, 1000, "/home/ubuntu", "/bin/bash")
    assert disk().groups() == {"root": 0, "ubuntu": 1000}
    assert disk().owner(Entry("/x", "file", owner=1000, group=7)) == "ubuntu:7"


@pytest.mark.parametrize("number", ["²", "٣", "9" * 5_000, "", "-1", "1_000", " 1", "0x1", "1\r"])
def test_a_number_that_is_no_id_is_no_user(number: str) -> None:
    changed = disk(
        written("/etc/passwd", f"eve:x:{number}:0::/:/bin/sh\nbob:x:7:{number}::/:/bin/sh\n"),
        written("/etc/group", f"eve:x:{number}:\nshort\n"),
    )
    assert changed.users() == {}
    assert changed.groups() == {}
    assert changed.owner(Entry("/x", "file", owner=7)) == "7:0"


def test_only_what_dpkg_has_whole_is_a_package() -> None:
    assert disk().packages() == {"sudo": "1.9"}
    assert disk(written("/var/lib/dpkg/status", ": \n\n Status: x\nStatus: \n\n")).packages() == {}


def test_a_unit_is_what_the_links_say() -> None:
    wants = "/etc/systemd/system/multi-user.target.wants/ssh.service"
    enabled = Entry(wants, "link", target="/usr/lib/systemd/system/ssh.service")
    assert disk().unit("ssh.service") == "disabled"
    assert disk().unit("no.service") == "absent"
    assert disk(enabled).unit("ssh.service") == "enabled"
    assert disk(written(wants, "x")).unit("ssh.service") == "disabled"
    masked = Entry("/etc/systemd/system/ssh.service", "link", target="/dev/null")
    assert disk(enabled, masked).unit("ssh.service") == "masked"


ETC = "/etc/systemd/system"
SSH = "/usr/lib/systemd/system/ssh.service"


def etc(*changes: Entry) -> Disk:
    """A disk with these units, and the folders in which they are."""
    above = {str(each) for change in changes for each in PurePosixPath(change.path).parents}
    return disk(*changes, *(Entry(path, "folder") for path in above - {"/"}))


def link(path: str) -> Entry:
    return Entry(f"{ETC}/{path}", "link", target=SSH)


@pytest.mark.parametrize(
    "changes",
    [
        [link("multi-user.target.requires/ssh.service")],
        [link("graphical.target.wants/ssh.service")],
        [
            written(f"{ETC}/web.target", "[Unit]\nWants=a.service ssh.service\n"),
            link("multi-user.target.wants/web.target"),
        ],
        [written(f"{ETC}/multi-user.target.d/ssh.conf", "[Unit]\nRequires=ssh.service\n")],
    ],
)
def test_a_unit_that_the_boot_leads_to(changes: list[Entry]) -> None:
    assert etc(*changes).unit("ssh.service") == "enabled"


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ([link("multiuser.target.wants/ssh.service")], "disabled"),
        ([link("rescue.target.wants/ssh.service")], "disabled"),
        ([written(f"{ETC}/a.target", "[Unit]\nWants=ssh.service\n")], "disabled"),
        (
            [link("multi-user.target.wants/ssh.service"), written(f"{ETC}/ssh.service", "")],
            "masked",
        ),
        (
            [
                written(f"{ETC}/a.target", "[Unit]\nWants=b.target\n"),
                written(f"{ETC}/b.target", "[Unit]\nWants=a.target ssh.service\n"),
            ],
            "disabled",
        ),
    ],
)
def test_a_unit_that_no_boot_leads_to(changes: list[Entry], state: str) -> None:
    assert etc(*changes).unit("ssh.service") == state


def test_what_a_service_runs() -> None:
    assert disk().runs("ssh.service") == ["/usr/sbin/sshd"]
    assert disk().runs("no.service") == []
    drop_in = f"{ETC}/ssh.service.d/10.conf"
    again = written(drop_in, "[Service]\nExecStart=\nExecStart=-/bin/sleep \\\n 5\n")
    assert etc(again).runs("ssh.service") == ["/bin/sleep"]
    assert etc(written(drop_in, "[Service]\nRestart=always\n")).runs("ssh.service") == [
        "/usr/sbin/sshd"
    ]
    own = written(f"{ETC}/ssh.service", "[Service]\nExecStart=/bin/true\n")
    assert etc(own).runs("ssh.service") == ["/bin/true"]


def test_links_are_followed_inside_alone_and_end() -> None:
    changed = disk(
        Entry("/out", "link", target="../../../etc/passwd"),
        Entry("/loop", "link", target="loop"),
        Entry("/etc", "link", target="/gone"),
    )
    assert changed.resolve("/out") is None
    assert changed.resolve("/loop/x") is None
    assert (
        disk(Entry("/out", "link", target="../../../etc/passwd")).text("/out").startswith("root:")
    )


def test_unread_is_not_absent() -> None:
    """What there was no room for ends the report at that bound; no check takes it for nothing."""
    unread = Entry("/etc/labweb/app.conf", "file", size=300, sha256="0" * 64)
    status = Entry("/var/lib/dpkg/status", "file", size=9_000_000, sha256="1" * 64)
    folder = Entry("/etc/labweb", "folder")
    changed = disk(folder, unread, status)
    assert changed.file(unread.path).sha256 == "0" * 64
    for ask in (
        lambda: changed.text(unread.path),
        lambda: changed.file(unread.path).content,
        changed.packages,
    ):
        with pytest.raises(LimitError, match="was not read: the changed files") as ended:
            ask()
        assert ended.value.status == "limit"


def test_what_is_as_the_base_has_it_is_read_there() -> None:
    own = Entry("/etc/passwd", "file", mode=0o600, size=1, sha256="0" * 64, as_base=True)
    assert disk(own).users()["ubuntu"].uid == 1000
    assert disk(own).file("/etc/passwd").mode == 0o600
    assert disk(own).changed() == ["/etc/passwd"]
