"""Checksum files, in words: a digest may depend on hidden values, so no message has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packerlab.evidence.files import Evidence

ALGORITHMS = {32: "an MD5", 40: "a SHA-1", 64: "another SHA-256", 96: "a SHA-384", 128: "a SHA-512"}
"""What a hexadecimal digest of that many digits is, where it is not the right one."""


def checksum_lines(files: Evidence, name: str, of: str) -> list[str]:
    """The lines of a checksum file, such as "its SHA-256 checksum of app.tar"; `of` is a file.

    A line has a digest and a name, which `sha256sum` writes with a `*` before it for binary files.
    """
    right = files.sha256(of)
    return sorted(_described(line.split(), right) for line in files.text(name).splitlines())


def _described(words: list[str], right: str) -> str:
    digest, name = (words[0].lower(), " ".join(words[1:]).removeprefix("*")) if words else ("", "")
    kind = "its SHA-256" if digest == right else ALGORITHMS.get(len(digest), "no")
    return f"{kind} checksum of {name or 'no file'}"
