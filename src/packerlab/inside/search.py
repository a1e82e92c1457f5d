"""A search for secrets in everything that a verb left: every byte, reported as evidence or not.

A secret is found as it is, in any case, and in the forms that a person would try to hide it in;
line breaks and spaces in an encoded text hide nothing, nor does gzip. It runs in the supervisor:
standard library only.
"""

from __future__ import annotations

import base64
import contextlib
import os
import stat
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

if TYPE_CHECKING:
    from packerlab.inside.room import Room

CHUNK = 1 << 20
MAX_HITS = 8
MAX_FOUND = 150
"""Places that are reported, of one secret in one thing, and in all. One is enough to know of it."""

MAX_PATH = 120
GZIP = b"\x1f\x8b"
MAX_DEPTH = 3
"""Of gzip in gzip."""

SPACE = b" \t\r\n"
LOWER = bytes(range(256)).lower()


class Needle(NamedTuple):
    """The bytes by which a secret is known in one form: in lower case, without white space."""

    secret: int
    form: str
    data: bytes


def base64_parts(secret: bytes) -> set[bytes]:
    """What base64 makes of a secret at each offset, without what its neighbours change."""
    parts = set()
    for offset, first in ((0, 0), (1, 2), (2, 3)):
        data = bytes(offset) + secret
        whole = base64.b64encode(data).rstrip(b"=")
        parts.add(whole[first : len(whole) - (len(data) % 3 > 0)])
    return parts | {part.translate(bytes.maketrans(b"+/", b"-_")) for part in parts}


def forms_of(secret: str) -> set[tuple[str, bytes]]:
    """What a person would make of a secret, and what that is called; upper case goes without."""
    forms = {
        ("", secret.encode()),
        ("reversed", secret[::-1].encode()),
        ("in UTF-16", secret.encode("utf-16-le")),
    }
    if quote(secret, safe="") != secret:
        forms.add(("URL-encoded", quote(secret, safe="").encode()))
    for each in (secret, secret.lower(), secret.upper(), secret[::-1]):
        forms |= {("in base64", part) for part in base64_parts(each.encode())}
        forms.add(("in hexadecimal", each.encode().hex().encode()))
    return forms


class Search:
    """The secrets to look for, and what was found: [secret, kind, of, path, form] of each place.

    `kind` says in what it was found, `of` in which one of these, `path` where in that.
    """

    def __init__(self, secrets: list[str]) -> None:
        self.found: list[list[Any]] = []
        self._hits: dict[tuple[int, str, str], int] = {}
        self._known: dict[str, list[tuple[str, set[tuple[int, str]]]]] = {}
        self._needles = [
            Needle(number, form, data.translate(LOWER, SPACE))
            for number, secret in enumerate(secrets)
            for form, data in forms_of(secret)
        ]
        longest = max((len(each.data) for each in self._needles), default=0)
        self.overlap = 4 * longest + 64

    def __bool__(self) -> bool:
        return bool(self._needles)

    def matches(self, data: bytes) -> set[tuple[int, str]]:
        """Which secrets stand in `data`, and in which form."""
        plain = data.translate(LOWER, SPACE)
        return {(each.secret, each.form) for each in self._needles if each.data in plain}

    def note(self, kind: str, of: str, path: str, matches: set[tuple[int, str]]) -> None:
        """Keep what was found."""
        for secret, form in sorted(matches):
            hits = self._hits[secret, kind, of] = self._hits.get((secret, kind, of), 0) + 1
            if hits <= MAX_HITS and len(self.found) < MAX_FOUND:
                shown = path[:MAX_PATH].encode(errors="replace").decode()
                self.found.append([secret, kind, of, shown, form])

    def text(self, kind: str, of: str, path: str, data: bytes) -> None:
        """Look into what is in memory already."""
        if self:
            self.note(kind, of, path, self.matches(data))

    def tree(self, kind: str, of: str, root: str, room: Room, path: str | None = None) -> None:
        """Look into all that lies below `root`, no link followed: see `_in_tree`.

        `path` is reported in place of the names there, where these say nothing to anybody.
        """
        if not self:
            return
        if root not in self._known:
            self._known[root] = _in_tree(self, root, room)
        for name, matches in self._known[root]:
            self.note(kind, of, name if path is None else path, matches)


class Stream:
    """Bytes that come in chunks, and where there is room for it what they are gzip's form of."""

    def __init__(self, search: Search, room: Room | None = None, depth: int = 0) -> None:
        self.matches: set[tuple[int, str]] = set()
        self._search = search
        self._room = room
        self._depth = depth
        self._tail = b""
        self._first = True
        self._inner: Stream | None = None
        self._whole = True
        self._unpacker = zlib.decompressobj(31)

    def feed(self, chunk: bytes) -> None:
        if self._room and self._first and chunk.startswith(GZIP) and self._depth < MAX_DEPTH:
            self._inner = Stream(self._search, self._room, self._depth + 1)
        self._first = False
        data = self._tail + chunk
        self.matches |= self._search.matches(data)
        self._tail = data[-self._search.overlap :]
        if self._inner and self._room:
            self._unpack(chunk, self._inner, self._room)
            self.matches |= {
                (secret, f"{form} in a gzip stream".strip()) for secret, form in self._inner.matches
            }

    def _unpack(self, chunk: bytes, inner: Stream, room: Room) -> None:
        """Feed on what a chunk unpacks to, one stream after the other, up to what is damaged."""
        while chunk and self._whole:
            try:
                data = self._unpacker.decompress(chunk, CHUNK)
            except zlib.error:
                self._whole = False
                return
            room.take("unpacked", len(data))
            inner.feed(data)
            chunk = self._unpacker.unconsumed_tail
            if self._unpacker.eof:
                chunk = self._unpacker.unused_data
                self._unpacker = zlib.decompressobj(31)


def _in_tree(search: Search, root: str, room: Room) -> list[tuple[str, set[tuple[int, str]]]]:
    """Where below a folder secrets are: in names, targets of links, attributes and contents."""
    found = []
    read: set[tuple[int, int]] = set()
    waiting = [(root, "")]
    while waiting:
        folder, above = waiting.pop()
        with os.scandir(folder) as listed:
            for entry in listed:
                name = f"{above}/{entry.name}"
                status = entry.stat(follow_symlinks=False)
                room.take("entries", 1)
                room.take("names", len(name))
                matches = search.matches(_words(entry.path, status.st_mode))
                if stat.S_ISREG(status.st_mode) and (status.st_dev, status.st_ino) not in read:
                    read.add((status.st_dev, status.st_ino))
                    matches |= _in_file(search, entry.path, status.st_size, room)
                if matches:
                    found.append((name, matches))
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((entry.path, name))
    return found


def _words(path: str, mode: int) -> bytes:
    """What a file says beside its content: its name, its target, its attributes."""
    words = [os.fsencode(os.path.basename(path))]
    if stat.S_ISLNK(mode):
        words.append(os.fsencode(os.readlink(path)))
    with contextlib.suppress(OSError):  # a file system, or a kind of file, without attributes
        for name in os.listxattr(path, follow_symlinks=False):
            words += [os.fsencode(name), os.getxattr(path, name, follow_symlinks=False)]
    return b"\n\0".join(words)


def _in_file(search: Search, path: str, size: int, room: Room) -> set[tuple[int, str]]:
    room.take("bytes", size)
    stream = Stream(search, room)
    with open(path, "rb", opener=no_link) as file:
        while chunk := file.read(CHUNK):
            stream.feed(chunk)
    return stream.matches


def no_link(path: str, flags: int) -> int:
    """An opener that follows no link and waits for no pipe."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
