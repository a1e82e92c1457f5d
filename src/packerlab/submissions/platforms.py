"""What the names say that learning platforms give to what they export: whose it is, and when.

A platform's own times and marks are believed, and a file's date never is: it says when somebody
saved or unpacked it.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST = 255


class Said(NamedTuple):
    """What an entry's name says. `id` is the platform's own for the learner.

    `file` is what the learner called it, and empty for what the platform adds. `at` is when it was
    handed in, in the platform's local time; `late` is the platform's mark for that.
    """

    id: str
    name: str
    file: str
    at: str = ""
    late: bool = False

    @property
    def key(self) -> str:
        """What tells the learner from all others of the platform."""
        return f"{self.name}_{self.id}" if self.name != self.id else self.id


class Export(NamedTuple):
    """A platform, and what it says of each entry."""

    platform: str
    said: dict[str, Said]


def export_of(names: list[str]) -> Export | None:
    """The platform that named all of these, if there is one: a few could be anybody's."""
    if not names or max(map(len, names)) > _LONGEST:
        return None
    for platform, read in _PLATFORMS.items():
        known = {name: said for name in names if (said := read(name))}
        if known.keys() == set(names):
            return Export(platform, _shortened(known) if platform == "Blackboard" else known)
    return None


def repositories(names: list[str]) -> Export | None:
    """The same for a git classroom's folders, `assignment-login`, which all begin alike."""
    same = _shared([name.split("-") for name in names]) if len(set(names)) > 1 else 0
    if not same or max(map(len, names)) > _LONGEST:
        return None
    logins = {name: "-".join(name.split("-")[same:]) for name in names}
    return Export("git", {name: Said(login, login, name) for name, login in logins.items()})


# --- the patterns ---------------------------------------------------------------------------------

_MOODLE = re.compile(
    r"(?P<name>.{1,250}?)_(?P<id>[0-9]{1,20})_assignsubmission_[a-z]{1,20}(?:_(?P<file>.{0,250}))?",
    re.DOTALL,
)
_CANVAS_FILE = r"(?:[0-9]{1,20}_(?P<file>.{1,250})|(?:text|link)\.html)"
_CANVAS = re.compile(
    rf"(?P<name>.{{1,250}}?)_(?P<late>LATE_)?(?P<id>[0-9]{{1,20}})_{_CANVAS_FILE}", re.DOTALL
)
_ANONYMOUS = re.compile(
    rf"(?P<late>LATE_)?(?P<name>anon)_(?P<id>[A-Za-z0-9]{{1,20}})_{_CANVAS_FILE}", re.DOTALL
)
_BLACKBOARD = re.compile(
    r"(?P<head>.{1,200}?_.{1,100}?)_attempt_(?P<at>[0-9]{4}(?:-[0-9]{2}){5})"
    r"(?:_(?P<file>.{1,250})|\.txt)",
    re.DOTALL,
)


def _moodle(name: str) -> Said | None:
    found = _MOODLE.fullmatch(name)
    return Said(found["id"], found["name"], found["file"] or "") if found else None


def _canvas(name: str) -> Said | None:
    found = _ANONYMOUS.fullmatch(name) or _CANVAS.fullmatch(name)
    if not found:
        return None
    return Said(found["id"], found["name"], found["file"] or "", late=bool(found["late"]))


def _blackboard(name: str) -> Said | None:
    """The first time in the name is Blackboard's: what follows it, the learner chose."""
    found = _BLACKBOARD.fullmatch(name)
    if not found:
        return None
    try:
        at = datetime.strptime(found["at"], "%Y-%m-%d-%H-%M-%S").isoformat()  # noqa: DTZ007
    except ValueError:
        return None
    return Said(found["head"], found["head"], found["file"] or "", at)


_PLATFORMS: dict[str, Callable[[str], Said | None]] = {
    "Moodle": _moodle,
    "Canvas": _canvas,
    "Blackboard": _blackboard,
}


def _shortened(said: dict[str, Said]) -> dict[str, Said]:
    """Blackboard's learners without the assignment before them; both may have a `_` inside."""
    heads = {each.id: each.id.split("_") for each in said.values()}
    same = _shared(list(heads.values())) if len(heads) > 1 else len(next(iter(heads.values()))) - 1
    logins = {head: "_".join(parts[same:]) for head, parts in heads.items()}
    return {
        name: each._replace(id=logins[each.id], name=logins[each.id]) for name, each in said.items()
    }


def _shared(words: list[list[str]]) -> int:
    """How many words all of these begin with, and have one more."""
    most = min(len(each) for each in words) - 1
    return next((n for n in range(most) if len({each[n] for each in words}) > 1), most)
