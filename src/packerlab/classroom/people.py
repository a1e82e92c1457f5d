"""Tables of people: a roster, or a platform's list of when each of them handed in.

The columns are found by their names, as spreadsheets and platforms write them. What a table says of
somebody is joined by ids and names, and never guessed: where it could be two, that is said.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from packerlab.errors import BadInputError
from packerlab.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_BYTES = 10_000_000
MAX_ROWS = 50_000
MAX_COLUMNS = 500

IDS = (
    "id", "student id", "id number", "user id", "username", "user name", "login", "login id",
    "sis user id", "sis login id", "github username", "student number", "matriculation number",
    "org defined id", "identifier",
)  # fmt: skip
NAMES = ("name", "full name", "student", "student name", "display name")
FIRST_NAMES = ("first name", "firstname", "given name", "given names")
LAST_NAMES = ("last name", "lastname", "surname", "family name")
EMAILS = ("email", "e mail", "email address", "e mail address", "mail")
TIMES = (
    "last modified submission", "submission timestamp", "submitted at", "submission time",
    "date submitted", "handed in", "time",
)  # fmt: skip
"""What columns are called, in lower case and without signs; the first that there is counts."""

MOODLE_TIME = "%A, %d %B %Y, %I:%M %p"


class Person(NamedTuple):
    """Somebody on a table. `ids` are all that platforms may call them; `at` when they handed in."""

    id: str
    name: str
    email: str
    ids: frozenset[str]
    line: int
    at: datetime | None = None


class Match(NamedTuple):
    """Who somebody is on a table; nobody, and why, where that can't be told."""

    person: Person | None
    doubt: str = ""


class People:
    """The people of a table, found by what a platform or a folder calls them."""

    def __init__(self, people: list[Person]) -> None:
        self.people = people
        self._by_id: dict[str, list[Person]] = defaultdict(list)
        self._by_name: dict[str, list[Person]] = defaultdict(list)
        for person in people:
            for own in person.ids:
                self._by_id[own].append(person)
            for name in set(_orders(person.name)):
                self._by_name[name].append(person)

    def match(self, own_id: str, name: str) -> Match:
        """Who it is that a platform knows as `own_id`, and people as `name`."""
        by_id = self._by_id.get(_plain(own_id or name), [])
        by_name = self._by_name.get(_squashed(name), [])
        if len(by_id) > 1:
            return Match(None, f"{len(by_id)} people have the id {visible(own_id or name)}")
        if by_id:
            return self._agreed(by_id[0], by_name, own_id, name)
        if len(by_name) > 1:
            return Match(None, f"{len(by_name)} people are called {visible(name)}")
        return Match(by_name[0] if by_name else None)

    def _agreed(self, person: Person, by_name: list[Person], own_id: str, name: str) -> Match:
        """The person with an id, unless their name is another one: ids of two systems may clash."""
        known = own_id and person.name and _plain(name) != _plain(own_id)
        if not known or person in by_name or (not by_name and _are_alike(person.name, name)):
            return Match(person)
        told = f"the id {visible(own_id)} is that of {visible(person.name)}, not {visible(name)}"
        return Match(None, told)


def read_people(path: Path, data: bytes, *, times: bool = False) -> People:
    """A table of people; with `times`, it must say when each of them handed in."""
    people: dict[str, Person] = {}
    rows = _rows(path, data)
    columns = _Columns(path, next(rows, (1, []))[1], times=times)
    for line, cells in rows:
        person = columns.person(line, cells)
        if person is None:
            continue
        other = people.setdefault(_plain(person.id), person)
        if other.name != person.name:
            raise BadInputError(
                f"{path}:{line}: `{visible(person.id)}` is also the id in line {other.line}, of "
                "somebody else: give each learner an id of their own."
            )
    return People(list(people.values()))


def _rows(path: Path, data: bytes) -> Iterator[tuple[int, list[str]]]:
    """The lines that are not empty, each with its number; the first is the header."""
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadInputError(f"{path}:{line}: not UTF-8: save it as CSV in UTF-8.") from None
    hint = re.match(r"sep=(.)\r?\n", text)  # Excel's own first line
    header = text[hint.end() if hint else 0 :].split("\n", 1)[0]
    delimiter = hint[1] if hint else max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    found = 0
    try:
        for cells in reader:
            if (hint and reader.line_num == 1) or not any(map(str.strip, cells)):
                continue
            found += 1
            if found > MAX_ROWS or len(cells) > MAX_COLUMNS:
                most = f"{MAX_ROWS} lines or {MAX_COLUMNS} columns"
                raise BadInputError(f"{path} has more than {most}: it is no list of a class.")
            yield reader.line_num, cells
    except csv.Error as error:
        raise BadInputError(
            f"{path}:{reader.line_num}: not a readable table ({error}): save it as CSV."
        ) from None


class _Columns:
    """Which column of a table is which."""

    def __init__(self, path: Path, header: list[str], *, times: bool) -> None:
        self._path = path
        names = [" ".join(re.findall(r"\w+", cell.casefold().replace("_", " "))) for cell in header]
        self._ids = _places(names, IDS)
        self._names = _places(names, NAMES)[:1]
        self._first = _places(names, FIRST_NAMES)[:1]
        self._last = _places(names, LAST_NAMES)[:1]
        self._emails = _places(names, EMAILS)[:1]
        self._times = _places(names, TIMES)[:1] if times else []
        if not (self._ids or self._names or self._last or self._emails):
            found = visible(", ".join(header))
            raise BadInputError(
                f"{path}:1: no column is called id, name or email (it has {found}): give the "
                "columns names in the first line."
            )
        if times and not self._times:
            raise BadInputError(
                f"{path}:1: no column says when something was handed in: call it `handed in`."
            )

    def person(self, line: int, cells: list[str]) -> Person | None:
        """Who stands in a line; None where it is nobody."""

        def cell(places: list[int]) -> str:
            texts = [cells[place].strip() for place in places if place < len(cells)]
            return next(filter(None, texts), "")[:300]

        name = cell(self._names) or f"{cell(self._first)} {cell(self._last)}".strip()
        email = cell(self._emails)
        ids = {_plain(cell([place])) for place in self._ids} | {_plain(email)}
        own = cell(self._ids) or email or name
        if not own or name == "Points Possible":  # the second line of Canvas's own tables
            return None
        at = self._at(line, cell(self._times))
        return Person(own, _in_order(name), email, frozenset(ids - {""}), line, at)

    def _at(self, line: int, text: str) -> datetime | None:
        if text in ("", "-"):
            return None
        try:
            return datetime.fromisoformat(text.removesuffix(" UTC") + "Z" * text.endswith(" UTC"))
        except ValueError:
            pass
        try:
            return datetime.strptime(text, MOODLE_TIME)  # noqa: DTZ007  (the deadline's zone)
        except ValueError:
            raise BadInputError(
                f"{self._path}:{line}: `{visible(text)}` is no time that can be read: write it as "
                "2026-11-30T14:05:09, or export the table with the platform set to English."
            ) from None


def _places(names: list[str], wanted: tuple[str, ...]) -> list[int]:
    """Where the columns of these names are, in the order in which they are wanted."""
    return [names.index(name) for name in wanted if name in names]


def _plain(text: str) -> str:
    """An id to compare: Moodle's tables call the number 12 `Participant 12`."""
    return unicodedata.normalize("NFC", text.strip()).casefold().removeprefix("participant ")


def _in_order(name: str) -> str:
    """`Doe, Jane` as `Jane Doe`."""
    last, comma, first = name.partition(",")
    return f"{first.strip()} {last.strip()}" if comma and first.strip() else name


def _squashed(name: str) -> str:
    """A name without what platforms leave out of it: signs, blanks, capitals."""
    return "".join(_words(_in_order(name)))


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFC", name).casefold())


def _orders(name: str) -> Iterator[str]:
    """A name squashed with the first name first and, for each way to divide it, last."""
    words = _words(name)
    for first in range(len(words[:8])):
        yield "".join(words[first:] + words[:first])


def _are_alike(name: str, other: str) -> bool:
    """Whether two names have a word in common; a squashed one begins and ends with words."""
    own, others = set(_words(name)), _words(other)
    if len(others) != 1:
        return bool(own.intersection(others))
    first = {word for word in own if others[0].startswith(word)}
    last = {word for word in own if others[0].endswith(word)}
    return bool(first and last and len(first | last) > 1)
