"""A disk that a build left behind, as data: files, users, packages, units, and what was changed.

It was read out of the sandbox; nothing of it is ever run, and no link is followed but inside it. A
method that can't give what the grader asks for ends the check as failed, in the learner's words.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from packerlab.checks import fail
from packerlab.errors import LimitError
from packerlab.evidence.units import Units
from packerlab.inside.disks import MAX_CONTENT
from packerlab.inside.room import MAX_CONTENTS
from packerlab.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from packerlab.evidence.units import State

MAX_LINKS = 20
ID = re.compile("[0-9]{1,10}")


class Entry(msgspec.Struct, frozen=True):
    """What lies at a path: for `file` the digest of its content, for `link` its target.

    `mode` is the permission bits; owner and group are numbers. `gone` was in the base and is not
    there any more; `other` is a device, socket or named pipe. `as_base`: the content of a file is
    that of the base. `told` is the content where there was room for it.
    """

    path: str
    kind: Literal["file", "folder", "link", "other", "gone"]
    mode: int = 0
    owner: int = 0
    group: int = 0
    size: int = 0
    target: str = ""
    sha256: str = ""
    as_base: bool = False
    told: bytes | None = msgspec.field(default=None, name="content")

    @property
    def content(self) -> bytes | None:
        """A file's content, None of what is no file.

        What was not read is not absent: that ends the report at the bound that was hit.
        """
        if self.kind == "file" and self.told is None:
            raise LimitError(
                "limit",
                f"{visible(self.path)} was not read: the changed files of a disk are more than "
                f"{MAX_CONTENTS * 3 // 4} bytes, or this one is more than {MAX_CONTENT}.",
            )
        return self.told


class User(NamedTuple):
    """A line of /etc/passwd."""

    name: str
    uid: int
    gid: int
    home: str
    shell: str


class Disk:
    """A disk: the `changes` that were made to a base, and the base, which is asked when needed."""

    def __init__(
        self, what: str, changes: list[Entry], base: Callable[[list[str]], list[Entry]]
    ) -> None:
        self._what = what
        self._changes = {entry.path: entry for entry in changes}
        self._base = base

    # --- files ---

    def changed(self, pattern: str = "*") -> list[str]:
        """What was added or changed since the base, by path; `*` crosses folders."""
        return [entry.path for entry in self._matching(pattern) if entry.kind != "gone"]

    def removed(self, pattern: str = "*") -> list[str]:
        """What the base had and this disk has not."""
        return [entry.path for entry in self._matching(pattern) if entry.kind == "gone"]

    def _matching(self, pattern: str) -> list[Entry]:
        return [
            entry
            for path, entry in sorted(self._changes.items())
            if fnmatch.fnmatchcase(path, pattern)
        ]

    def at(self, path: str) -> Entry | None:
        """What lies at `path`, which may be a link itself; None where there is nothing."""
        found = self._changes.get(path)
        if found is None:
            above = posixpath.dirname(path)
            while above != "/" and above not in self._changes:
                above = posixpath.dirname(above)
            hiding = self._changes.get(above)
            if hiding is not None and hiding.kind != "folder":
                return None
            found = self._base([path])[0]
        elif found.as_base:
            found = msgspec.structs.replace(found, told=self._base([path])[0].told)
        return None if found.kind == "gone" else found

    def resolve(self, path: str) -> Entry | None:
        """What lies at `path`, links followed inside this disk."""
        done = "/"
        waiting = [part for part in path.split("/") if part]
        for _ in range(len(waiting) + MAX_LINKS * 10):
            if not waiting:
                return self.at(done)
            part = waiting.pop(0)
            step = posixpath.normpath(posixpath.join(done, part))
            entry = self.at(step)
            if entry is None:
                return None
            if entry.kind == "link":
                waiting = [part for part in entry.target.split("/") if part] + waiting
                done = "/" if entry.target.startswith("/") else done
            else:
                done = step
        return None

    def file(self, path: str) -> Entry:
        """The regular file at `path`; fails the check where there is none."""
        entry = self.resolve(path)
        if entry is None:
            fail(f"{self._what} has no {path}.", expected=path, found="nothing there")
        if entry.kind != "file":
            fail(f"{path} in {self._what} is no regular file.", found=f"a {entry.kind}")
        return entry

    def text(self, path: str) -> str:
        """A file's content as UTF-8 text; fails the check where it can't be had."""
        content = self.file(path).content or b""
        try:
            return content.decode()
        except UnicodeDecodeError:
            fail(f"{path} in {self._what} is not UTF-8 text.")

    def _lines(self, path: str) -> list[str]:
        entry = self.resolve(path)
        content = entry.content if entry else None
        return (content or b"").decode(errors="replace").split("\n")

    # --- what the files mean ---

    def users(self) -> dict[str, User]:
        """The users by name."""
        found = {}
        for line in self._lines("/etc/passwd"):
            fields = line.split(":")
            if len(fields) == 7 and ID.fullmatch(fields[2]) and ID.fullmatch(fields[3]):
                name, _, uid, gid, _, home, shell = fields
                found[name] = User(name, int(uid), int(gid), home, shell)
        return found

    def groups(self) -> dict[str, int]:
        """The groups' numbers by name."""
        split = (line.split(":") for line in self._lines("/etc/group"))
        return {
            fields[0]: int(fields[2]) for fields in split if fields[2:3] and ID.fullmatch(fields[2])
        }

    def owner(self, entry: Entry) -> str:
        """`user:group` of an entry, by name where the disk knows one."""
        users = {user.uid: user.name for user in self.users().values()}
        groups = {number: name for name, number in self.groups().items()}
        user = users.get(entry.owner, str(entry.owner))
        return f"{visible(user)}:{visible(groups.get(entry.group, str(entry.group)))}"

    def packages(self) -> dict[str, str]:
        """The versions of the packages that dpkg has installed whole, by name."""
        found = {}
        for paragraph in "\n".join(self._lines("/var/lib/dpkg/status")).split("\n\n"):
            fields = dict(line.split(": ", 1) for line in paragraph.split("\n") if ": " in line[1:])
            if fields.get("Status", "").split(" ")[1:] == ["ok", "installed"]:
                found[fields.get("Package", "")] = fields.get("Version", "")
        return found

    def unit(self, name: str) -> State:
        """Whether a systemd unit starts at boot."""
        return Units(self).state(name)

    def runs(self, name: str) -> list[str]:
        """The programs that a systemd service runs."""
        return Units(self).programs(name)


def entries(data: bytes) -> list[Entry]:
    """A list of entries from the sandbox's JSON; raises msgspec.DecodeError."""
    return msgspec.json.decode(data, type=list[Entry])
