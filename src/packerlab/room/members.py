"""Who has joined a room: a name, which is nobody else's, and the hash of a token.

Each member is a file, which is there before the name is confirmed. When an instructor removes that
file, its token is worth nothing at once, and the name is free again.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
import threading
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import unquote

import msgspec

from packerlab import state
from packerlab.submissions.learners import learner_name, person

if TYPE_CHECKING:
    from pathlib import Path

LONGEST_NAME = 40
MOST_MEMBERS = 300
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""Without letters and digits that people mistake for one another."""

_NAME = re.compile(r"[^\W_](?:[^\W_]|[ '\u2019.-])*")
_ONE_SCRIPT = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN")
"""Scripts whose letters look alike, so that a name has letters of one of them."""


class NotAdmittedError(Exception):
    """Somebody can't join, in a sentence that says why."""


class Member(msgspec.Struct, frozen=True):
    """One learner: the name for people, and the gradebook's key for it."""

    name: str
    token_sha256: str

    @property
    def key(self) -> str:
        return learner_name(self.name)


class Members:
    """All who have joined, kept in a folder."""

    def __init__(self, folder: Path, most: int = MOST_MEMBERS) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._most = most
        self._lock = threading.Lock()
        self._by_token = {each.token_sha256: each for each in _kept(folder)}

    def join(self, wanted: str) -> str:
        """Take a new member in, and return the token; raises NotAdmittedError."""
        name = _fit(wanted)
        token = secrets.token_urlsafe(18)
        member = Member(name, _hash(token))
        with self._lock:
            present = self.all()
            if len(present) >= self._most:
                raise NotAdmittedError(f"This room is full: {self._most} have joined.")
            if folded(name) in {folded(each.name) for each in present}:
                raise NotAdmittedError(
                    f"Somebody has joined as {name} already. If that was you, come back with your "
                    "token; if not, add an initial to your name, or ask the instructor."
                )
            state.write_atomically(self._file(member), msgspec.json.encode(member), durable=True)
            self._by_token = {each.token_sha256: each for each in [*present, member]}
        return token

    def of(self, token: str) -> Member | None:
        """Whose token it is, as long as that member's file is there."""
        member = self._by_token.get(_hash(token))
        return member if member and self._file(member).exists() else None

    def name(self, key: str) -> str:
        """What people call the learner who has a gradebook's key."""
        return next((each.name for each in self.all() if each.key == key), unquote(key))

    def has(self, key: str) -> bool:
        """Whether a gradebook's key is a member's."""
        return (self._folder / f"{key}.json").exists()

    def all(self) -> list[Member]:
        """All whose files are there, by name."""
        present = [each for each in list(self._by_token.values()) if self._file(each).exists()]
        return sorted(present, key=lambda each: folded(each.name))

    def _file(self, member: Member) -> Path:
        return self._folder / f"{member.key}.json"


def new_code() -> str:
    """A room's code, to be read from the wall and typed."""
    return "".join(secrets.choice(ALPHABET) for _ in range(6))


def folded(name: str) -> str:
    """Equal for names that people would take for one."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return "".join(char for char in decomposed if char.isalnum())


def _fit(wanted: str) -> str:
    """The name as it will be shown; raises NotAdmittedError where it is none."""
    name = person(" ".join(unicodedata.normalize("NFC", wanted[:500]).split()))
    if not name:
        raise NotAdmittedError("Type your name.")
    if len(name) > LONGEST_NAME:
        raise NotAdmittedError(f"A name has at most {LONGEST_NAME} characters.")
    if not _NAME.fullmatch(name):
        raise NotAdmittedError(
            "A name begins with a letter or a digit, and has letters, digits, spaces, and ' . - "
            "in it."
        )
    scripts = {unicodedata.name(char, "").partition(" ")[0] for char in name if char.isalpha()}
    if len(scripts & set(_ONE_SCRIPT)) > 1:
        raise NotAdmittedError("A name has letters of one script: these only look like others.")
    return name


def _hash(token: str) -> str:
    """A token has 144 random bits, so that a plain hash can't be searched."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _kept(folder: Path) -> list[Member]:
    found = []
    for file in sorted(folder.glob("*.json")):
        with contextlib.suppress(OSError, msgspec.DecodeError, ValueError):
            found.append(msgspec.json.decode(file.read_bytes(), type=Member))
    for left in folder.glob(".*.json.*"):  # what a killed process was writing
        left.unlink()
    return found
