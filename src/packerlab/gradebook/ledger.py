"""A gradebook's ledger: a signed line for each file that was saved, chained to the line before.

A file is entered once its bytes are on the disk under another name, and before it gets its own. So
wherever a process is killed, no file is there without its entry, and what an entry says is there,
or can be put there.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from typing import TYPE_CHECKING

import msgspec
from filelock import FileLock

from packerlab.course.signing import GRADEBOOK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from packerlab.course.signing import Key

LEDGER = "ledger.jsonl"
LEDGER_LOCK = ".ledger.lock"


class Entry(msgspec.Struct, frozen=True):
    """One file that was saved: its path in the gradebook, and the SHA-256 of its bytes.

    `work` is the file that holds what a report is about, and empty where none was taken in.
    `before` is the SHA-256 of the line before, and empty in the first.
    """

    number: int
    before: str
    file: str
    sha256: str
    work: str = ""


class _Line(msgspec.Struct, frozen=True):
    entry: msgspec.Raw
    signature: str


class Ledger:
    """The ledger in a gradebook's folder, as far as it is whole and signed by a key."""

    def __init__(self, book: Path, key: Key) -> None:
        self.key = key
        self.entries: list[Entry] = []
        self.last: dict[str, Entry] = {}
        """The newest entry of each file."""
        self.broken = ""
        """What is wrong from some line on; that line, and all after it, say nothing."""
        self.head = ""
        """The SHA-256 of the last line."""
        self._path = book / LEDGER
        self._lock = FileLock(book / LEDGER_LOCK)
        self._thread = threading.RLock()
        self._end = 0
        self.read()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep everybody else from entering anything, and know what they have entered."""
        with self._thread, self._lock:
            self.read()
            yield

    def holds(self, file: str, data: bytes) -> bool:
        """Whether these bytes are what was last saved as that file."""
        entry = self.last.get(file)
        return entry is not None and entry.sha256 == sha256(data)

    def enter(self, file: str, data: bytes, work: str = "") -> None:
        """Add a line, within `alone`."""
        entry = Entry(len(self.entries) + 1, self.head, file, sha256(data), work)
        raw = msgspec.json.encode(entry)
        line = msgspec.json.encode(_Line(msgspec.Raw(raw), self.key.sign(GRADEBOOK, raw)))
        with self._path.open("ab", buffering=0) as stream:
            stream.write(line + b"\n")
        self._add(entry, line)

    def read(self) -> None:
        """Read the lines that were added since; a last one without an end was never whole."""
        try:
            with self._path.open("rb") as stream:
                stream.seek(self._end)
                added = stream.read()
        except FileNotFoundError:
            return
        for line in added.split(b"\n")[:-1]:
            if self.broken:
                return
            self._check(line)

    def repair(self) -> str:
        """Within `alone`: cut off what is not whole and signed; where that was put, if anywhere.

        Half a line is what a killed process leaves. Anything else is kept in a file beside.
        """
        try:
            whole = self._path.read_bytes()
        except FileNotFoundError:
            return ""
        rest = whole[self._end :]
        aside = ""
        if self.broken:
            place = self._path.with_name(f"ledger.rejected-{sha256(rest)[:12]}.jsonl")
            place.write_bytes(rest)
            aside = place.name
        if rest:
            with self._path.open("r+b") as stream:
                stream.truncate(self._end)
        self.broken = ""
        return aside

    def _check(self, line: bytes) -> None:
        """Take a line in, or say why it ends what is believed."""
        number = len(self.entries) + 1
        try:
            read = msgspec.json.decode(line, type=_Line)
            entry = msgspec.json.decode(read.entry, type=Entry)
        except (ValueError, RecursionError):
            self.broken = f"line {number} of {LEDGER} is no entry"
            return
        if not self.key.signed(GRADEBOOK, bytes(read.entry), read.signature):
            self.broken = f"line {number} of {LEDGER} is not signed by this course's key"
        elif (entry.number, entry.before) != (number, self.head):
            self.broken = f"line {number} of {LEDGER} does not follow the line before it"
        else:
            self._add(entry, line)

    def _add(self, entry: Entry, line: bytes) -> None:
        self.entries.append(entry)
        self.last[entry.file] = entry
        self.head = sha256(line)
        self._end += len(line) + 1


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
