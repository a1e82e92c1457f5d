"""`class.toml`: the rules of one class, which an instructor writes.

Which labs count and how much, until when, what being late costs, which attempt counts, who is on
the roster, and a team's own rules for images. Read strictly: what is wrong is said with its line.
"""

from __future__ import annotations

import re
import tomllib
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, TypeVar

import msgspec

from packerlab.errors import BadInputError
from packerlab.lab import SLUG
from packerlab.policy import Policy
from packerlab.text import visible

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")

FILE = "class.toml"
MAX_BYTES = 64_000

Beside = Annotated[str, msgspec.Meta(pattern=r"^(?!\.)[^/\\\x00-\x1f]{1,100}$")]
"""The name of a file in the same folder."""
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]


class Late(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What being late costs: a share of the lab's points for every day that has begun."""

    percent_a_day: Percent = 0
    at_most: Percent = 100
    grace_minutes: Annotated[int, msgspec.Meta(ge=0, le=10_080)] = 0


class Attempts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which of a learner's attempts counts, and how many there may be."""

    counts: Literal["latest", "best"] = "latest"
    at_most: Annotated[int, msgspec.Meta(ge=1, le=1_000)] | None = None


class LabRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What holds for one lab; `times` is a platform's table of when each learner handed in."""

    weight: Annotated[float, msgspec.Meta(ge=0, le=1_000)] = 1
    deadline: Moment | None = None
    times: Beside | None = None


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of `class.toml`."""

    format: Annotated[int, msgspec.Meta(ge=1, le=1)]
    title: Annotated[str, msgspec.Meta(max_length=120)] = ""
    roster: Beside | None = None
    deadline: Moment | None = None
    late: Late = Late()
    attempts: Attempts = Attempts()
    labs: dict[str, LabRules] = {}
    policy: Policy = Policy()

    def deadline_of(self, slug: str) -> datetime | None:
        """A lab's own deadline, else that of all labs."""
        own = self.labs.get(slug)
        return own.deadline if own and own.deadline else self.deadline

    def files(self) -> list[str]:
        """The names of the files beside it that it names."""
        named = [self.roster, *(lab.times for lab in self.labs.values())]
        return list(dict.fromkeys(filter(None, named)))


TABLES: dict[str, type[msgspec.Struct]] = {
    "": Rules, "late": Late, "attempts": Attempts, "labs": LabRules, "policy": Policy,
}  # fmt: skip

WANTED = {
    "format": "write `format = 1`",
    "title": "write a text of at most 120 characters",
    "roster": 'name a file in the same folder, such as "roster.csv"',
    "deadline": "write a time with its zone, such as 2026-11-30T23:59:00+01:00",
    "late": "write a table `[late]`",
    "late.percent_a_day": "write a number from 0 to 100",
    "late.at_most": "write a number from 0 to 100",
    "late.grace_minutes": "write a whole number from 0 to 10080, which is a week",
    "attempts": "write a table `[attempts]`",
    "attempts.counts": 'write "latest" or "best"',
    "attempts.at_most": "write a whole number, 1 or more",
    "labs": "write a table for each lab, such as `[labs.101_first_build]`",
    "labs.weight": "write a number from 0 to 1000",
    "labs.deadline": "write a time with its zone, such as 2026-11-30T23:59:00+01:00",
    "labs.times": 'name a file in the same folder, such as "worksheet.csv"',
    "policy": "write a table `[policy]`",
    "policy.name": "write a regular expression that image names must match",
    "policy.tags": "write a table `[policy.tags]` with a regular expression for each tag",
    "policy.regions": 'write a list of regions, such as ["eu-central-1"]',
    "policy.components": 'write a list of components, such as ["source.amazon-ebs"]',
}
"""What to do about each key that is wrong."""


class RulesFile(NamedTuple):
    """A `class.toml` that was read, with its bytes and its place."""

    path: Path
    data: bytes
    rules: Rules


def read_rules(path: Path) -> RulesFile:
    """Read a `class.toml`; what is wrong in it is one sentence with its line."""
    data = read_bounded(path, MAX_BYTES)
    return RulesFile(path, data, _Reader(path, data).rules())


def read_bounded(path: Path, most: int) -> bytes:
    """The bytes of an instructor's file, which must be a regular one of at most so many."""
    try:
        if not path.exists():
            raise BadInputError(f"{path}: there is no such file.")
        if not path.is_file():
            raise BadInputError(f"{path} is no regular file.")
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise BadInputError(f"{path} can't be read: {error.strerror}.") from None
    if len(data) > most:
        raise BadInputError(f"{path} has more than {most} bytes: it can't be what it should be.")
    return data


class _Reader:
    """The text of a `class.toml`, and where its keys are."""

    def __init__(self, path: Path, data: bytes) -> None:
        self._path = path
        try:
            self._text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            raise BadInputError(f"{path}:{line}: not UTF-8: save it as UTF-8.") from None

    def rules(self) -> Rules:
        tables = self._tables()
        labs = tables.get("labs")
        for slug, table in labs.items() if isinstance(labs, dict) else ():
            if not SLUG.fullmatch(slug):
                said = f"`{visible(slug)}` is no lab's slug"
                raise self._error(("labs", slug), "labs", said)
            self._typed(table, LabRules, ("labs", slug))
        rules = self._typed(tables, Rules, ())
        if bad := rules.policy.bad_pattern():
            key, why = bad
            said = f"`{visible('.'.join(key))}` is no regular expression ({visible(why)})"
            raise self._error(("policy", *key), f"policy.{key[0]}", said)
        return rules

    def _tables(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:
            why, _, place = str(error).partition(" (at ")
            line = re.match(r"line (\d+)", place)
            number = int(line[1]) if line else self._text.count("\n") + 1
            raise BadInputError(
                f"{self._path}:{number}: not valid TOML: {visible(why)}; correct this line."
            ) from None
        except (RecursionError, ValueError):
            raise BadInputError(
                f"{self._path}: nested too deeply, or a number too long: no class needs that."
            ) from None

    def _typed(self, table: object, kind: type[T], above: tuple[str, ...]) -> T:
        try:
            return msgspec.convert(table, kind)
        except msgspec.ValidationError as error:
            raise self._explained(str(error), above) from None
        except RecursionError:
            raise self._error(above, "", "nested too deeply") from None

    def _explained(self, said: str, above: tuple[str, ...]) -> BadInputError:
        """What msgspec says of a value in a table, in a sentence with its line."""
        message, _, place = said.partition(" - at `")
        path = (*above, *re.findall(r"\w+", re.sub(r"\[[^][]{0,100}\]|key` in `", "", place)))
        unknown = re.match(r"Object contains unknown field `(.*)`", message, re.DOTALL)
        if unknown:
            keys = ", ".join(TABLES[_general(path)].__struct_fields__)
            table = f"[{'.'.join(path)}]" if path else "the top of the file"
            told = f"`{visible(unknown[1])}` is no key here: {table} may have {keys}"
            return self._error((*path, unknown[1]), "", told)
        if message.startswith("Object missing required field"):
            return self._error((), "format", "the key `format` is missing")
        told = f"`{'.'.join(path)}` has a value that it can't have"
        return self._error(path, _general(path), told)

    def _error(self, path: tuple[str, ...], named: str, said: str) -> BadInputError:
        wanted = f": {WANTED[named]}" if named in WANTED else ""
        return BadInputError(f"{self._path}:{self._line(path)}: {said}{wanted}.")

    def _line(self, path: tuple[str, ...]) -> int:
        """The line of a key, or of the nearest table around it that has one of its own."""
        lines = _lines(self._text)
        while path and path not in lines:
            path = path[:-1]
        return lines.get(path, 1)


def _general(path: tuple[str, ...]) -> str:
    """A key's name in our tables: whichever lab's it is, and without an item's place."""
    return ".".join(path[:1] + path[2:] if path[:1] == ("labs",) else path)


_KEY = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_KEYS = rf"({_KEY}(?:[ \t]*\.[ \t]*{_KEY})*)"
_HEADER = re.compile(rf"[ \t]*\[[ \t]*{_KEYS}[ \t]*\]")
_PAIR = re.compile(rf"[ \t]*{_KEYS}[ \t]*=")


def _lines(text: str) -> dict[tuple[str, ...], int]:
    """The line of each table and key that begins one; what stands in inline tables has none."""
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.split("\n"), 1):
        if header := _HEADER.match(line):
            table = _names(header[1])
            found.setdefault(table, number)
        elif pair := _PAIR.match(line):
            found.setdefault((*table, *_names(pair[1])), number)
    return found


def _names(keys: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_KEY, keys))
