"""What a build left behind, as data: files that were read out of the box, never trusted.

A method that can't give what the grader asks for ends the check as failed, in the learner's words.
"""

from __future__ import annotations

import fnmatch
import hashlib
from typing import TYPE_CHECKING, Any

from packerlab.checks import fail
from packerlab.errors import RejectedError
from packerlab.formats import json_of
from packerlab.submissions.archives import archive_entries
from packerlab.submissions.reader import EVIDENCE, take
from packerlab.text import visible

if TYPE_CHECKING:
    from packerlab.report import Where
    from packerlab.submissions.reader import Files

SHOWN = 8
"""How many names a message lists."""


class Evidence:
    """The regular files below a lab's outputs, by name; `irregular` has the rest, by kind."""

    def __init__(self, files: Files, irregular: dict[str, str]) -> None:
        self._files = files
        self.irregular = irregular

    def __contains__(self, name: str) -> bool:
        return name in self._files

    @property
    def regular(self) -> Files:
        """All regular files, by name."""
        return dict(self._files)

    def names(self, pattern: str = "*") -> list[str]:
        """The names that match a shell pattern, sorted; `*` crosses folders."""
        return sorted(name for name in self._files if fnmatch.fnmatchcase(name, pattern))

    def bytes(self, name: str, where: Where | None = None) -> bytes:
        """A file's content; fails the check where it is not there or no regular file."""
        if name in self.irregular:
            fail(f"{name} is a {self.irregular[name]}, not a regular file.", where=where)
        if name not in self._files:
            made = ", ".join(visible(other) for other in self.names()[:SHOWN]) or "no files"
            fail(f"The build leaves no {name}.", expected=name, found=made, where=where)
        return self._files[name].data

    def text(self, name: str, where: Where | None = None) -> str:
        """A file's content as UTF-8 text."""
        try:
            return self.bytes(name, where).decode()
        except UnicodeDecodeError:
            fail(f"{name} is not UTF-8 text.", where=where)

    def json(self, name: str) -> Any:
        """A file's content as JSON of a size and depth that Packer itself writes."""
        return json_of(name, self.bytes(name))

    def sha256(self, name: str) -> str:
        """The hexadecimal digest of a file."""
        return hashlib.sha256(self.bytes(name)).hexdigest()

    def archive(self, name: str) -> Files:
        """The files in a tar (.gz, .bz2, .xz) or zip, read by the bounded reader."""
        try:
            return take(archive_entries(name, self.bytes(name)), EVIDENCE)
        except RejectedError as error:
            fail(f"{name} can't be unpacked: {error}")

    def manifest(self, name: str) -> list[dict[str, Any]]:
        """The builds that a file of the `manifest` post-processor lists, oldest first."""
        content = self.json(name)
        builds = content.get("builds") if isinstance(content, dict) else None
        if not isinstance(builds, list) or not all(isinstance(build, dict) for build in builds):
            fail(f"{name} has not the form of a Packer manifest.")
        return builds
