"""What a build made in an account, as lifelines: from the call that made a thing to its last one.

The journal tells what was called, not what was answered. So the id of a group or an instance is
the next one that calls name: of two builds that run at once, one's may be taken for the other's.
"""

from __future__ import annotations

import re
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, NamedTuple

from packerlab.evidence.account import LAUNCHES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from packerlab.evidence.account import AccountEvidence, Call


class Kind(NamedTuple):
    """What builds make, by which calls, which call removes it, and how its ids begin."""

    name: str
    made_by: Collection[str]
    removed_by: str
    prefix: str
    is_result: bool = False


SAVES = ("CreateImage", "CopyImage")
ENDS = ("StopInstances", "TerminateInstances")
KINDS = (
    Kind("key pair", ("CreateKeyPair", "ImportKeyPair"), "DeleteKeyPair", ""),
    Kind("security group", ("CreateSecurityGroup",), "DeleteSecurityGroup", "sg-"),
    Kind("instance", LAUNCHES, "TerminateInstances", "i-"),
    Kind("volumes", LAUNCHES, "TerminateInstances", "i-"),  # they come and go with the instance
    Kind("snapshots", SAVES, "DeleteSnapshot", "snap-", is_result=True),
    Kind("AMI", SAVES, "DeregisterImage", "ami-", is_result=True),
)


class Life(NamedTuple):
    """One thing: the places of the calls that made, used, changed or removed it."""

    kind: Kind
    name: str
    calls: tuple[int, ...]
    end: int | None

    def __str__(self) -> str:
        end = "stays" if self.end is None else f"removed by call {self.end + 1}"
        return f"{self.kind.name}: made by call {self.calls[0] + 1}, {end}"


def lives(account: AccountEvidence, kind: Kind) -> Iterator[Life]:
    """The lives of all of one kind that were made."""
    calls = account.calls
    made = [n for n, call in enumerate(calls) if call.action in kind.made_by and not call.error]
    names = chain(_names(account, kind, [calls[n] for n in made]), repeat("unknown"))
    kept = kind.name == "volumes" and any(
        volume["state"] == "available" for volume in account.all("volumes")
    )
    for start, name in zip(made, names, strict=False):
        later = (n for n in range(start + 1, len(calls)) if not is_question(calls[n]))
        own = [start, *(n for n in later if name in calls[n].parameters.values())]
        ends = [n for n in own if calls[n].action == kind.removed_by and not calls[n].error]
        yield Life(kind, name, tuple(own), ends[0] if ends and not kept else None)


def _names(account: AccountEvidence, kind: Kind, made: list[Call]) -> Iterable[str]:
    """The names or ids of what these calls made.

    An image that is still there has the name that its call gave it, the others were removed.
    """
    if kind.name == "key pair":
        return [str(call.parameters.get("KeyName")) for call in made]
    if not kind.is_result:
        return _ids(account.calls, kind)
    there = {(image["region"], image["name"]): image for image in account.all("images")}
    gone = iter(_ids([call for call in account.calls if call.action == kind.removed_by], kind))
    return [
        _id_of(there[key], kind) if key in there else next(gone, "unknown")
        for key in ((call.region, str(call.parameters.get("Name"))) for call in made)
    ]


def _id_of(image: dict[str, Any], kind: Kind) -> str:
    disks = (str(device["snapshot"]) for device in image["block_devices"] if "snapshot" in device)
    return str(image["id"]) if kind.name == "AMI" else next(disks, "unknown")


def _ids(calls: Iterable[Call], kind: Kind) -> Iterable[str]:
    """The ids of a kind that calls name, in the order in which they first do."""
    values = (str(value) for call in calls for value in call.parameters.values())
    return dict.fromkeys(v for v in values if re.fullmatch(f"{kind.prefix}[0-9a-f]+", v))


def is_question(call: Call) -> bool:
    """Whether a call only asks, and changes nothing."""
    return call.action.startswith(("Describe", "Get", "List"))


# --- the picture ----------------------------------------------------------------------------------

LABELS, STEP, WAIT, END = 130, 20, 120, 60
"""Widths: of the names, of a call, of the time in which Packer works over SSH, of the end."""


class Picture:
    """What stands where. Each call is one step to the right, however long it took.

    `waiting` names the time between an instance's start and stop; without a name it is not shown.
    """

    def __init__(self, account: AccountEvidence, waiting: str) -> None:
        self.calls = account.calls
        self.waiting = waiting
        self.rows = [(kind, list(lives(account, kind))) for kind in KINDS]
        own = {n for _, row in self.rows for life in row for n in life.calls}
        self.others = [n for n in range(len(self.calls)) if n not in own]
        instances = [life for kind, row in self.rows for life in row if kind.name == "instance"]
        self.waits = {life: self._wait(life) for life in instances} if waiting else {}
        self.x = [
            LABELS + STEP * n + WAIT * sum(end <= n for _, end in self.waits.values())
            for n in range(len(self.calls) + 1)
        ]
        self.width = self.x[-1] + END

    def _wait(self, life: Life) -> tuple[int, int]:
        """The calls between which Packer works on an instance over SSH, which no call tells."""
        stops = (n for n in life.calls if self.calls[n].action in ENDS)
        end = next(stops, len(self.calls))
        named = (n for n in range(end) if life.name in self.calls[n].parameters.values())
        return max(named, default=life.calls[0]), end

    def lines(self) -> list[str]:
        """The same in words."""
        return [
            line
            for kind, row in self.rows
            for line in (map(str, row) if row else [f"{kind.name}: none"])
        ]

    def touched(self, place: int) -> str:
        """What a call is about, of the things that were made."""
        names = (life.kind.name for _, row in self.rows for life in row if place in life.calls)
        return ", ".join(dict.fromkeys(names))
