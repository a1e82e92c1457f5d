"""A simulated account after a verb, as data: what is in it, every call, the disks of its images.

It was reported by the account's control plane, which works on what learners' code sends: it is
decoded against bounds, and says what happened there, never what a template's output claims. The
entries of its lists are dictionaries, with the keys that `inside/simulated/account_state` names.
"""

from __future__ import annotations

import re
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec

from packerlab.checks import fail
from packerlab.errors import MachineError
from packerlab.evidence.disk import Disk, Entry, entries
from packerlab.leaks import Leaks

if TYPE_CHECKING:
    from collections.abc import Callable

Kind = TypeVar("Kind")

LAUNCHES = ("RunInstances", "CreateFleet", "RequestSpotInstances")
"""The calls that start an instance."""

ID = re.compile(rb"\b[a-z]{1,8}-[0-9a-f]{8,17}\b")

NOTHING = b'{"account": {}, "disks": {}, "consoles": {}}'


class Call(msgspec.Struct, frozen=True):
    """One API call. `error` is its code, empty where it succeeded; `seconds` is when it came."""

    service: str
    action: str
    region: str
    principal: str
    status: int
    error: str
    parameters: dict[str, Any]
    seconds: float


class Post(msgspec.Struct, frozen=True):
    """What hooks.example.com was sent; `seconds` is when it came."""

    path: str
    body: str
    seconds: float


class Told(msgspec.Struct):
    """What the sandbox says of an account; see `packerlab.inside.account`."""

    account: dict[str, Any]
    disks: dict[str, list[Entry] | str]
    consoles: dict[str, str]


class Image(NamedTuple):
    """An AMI that the learner's calls made: what the account says of it, and its disk."""

    about: dict[str, Any]
    disk: Disk
    leaks: Leaks

    @property
    def name(self) -> str:
        return str(self.about["name"])

    @property
    def id(self) -> str:
        return str(self.about["id"])

    @property
    def tags(self) -> dict[str, str]:
        return dict(self.about["tags"])

    @property
    def snapshots(self) -> set[str]:
        """The ids of its disks' snapshots."""
        return {str(device["snapshot"]) for device in self.about["block_devices"]
                if "snapshot" in device}  # fmt: skip

    def places(self, secret: str) -> list[str]:
        """Where on the disk a secret is, in any form; see `Hidden.secret`."""
        found = self.leaks.of(secret, "disk", thing=str(self.about["id"]))
        return [leak.words for leak in found]


class AccountEvidence:
    """The account as it was after a verb; empty where the verb joined none."""

    def __init__(
        self,
        data: bytes = b"",
        base: Callable[[list[str]], bytes] | None = None,
        leaks: Leaks | None = None,
    ) -> None:
        self._data = data or NOTHING
        self._leaks = leaks or Leaks()
        self._ask = base
        self._known: dict[str, Entry] = {}

    @cached_property
    def _told(self) -> Told:
        try:
            return msgspec.json.decode(self._data, type=Told)
        except (msgspec.DecodeError, RecursionError) as error:
            raise _nonsense(error) from None

    def _base(self, paths: list[str]) -> list[Entry]:
        """What the disk below all machines has at `paths`; asked once."""
        unknown = [path for path in paths if path not in self._known]
        if unknown and self._ask:
            self._known |= {entry.path: entry for entry in entries(self._ask(unknown))}
        return [self._known.get(path, Entry(path, "gone")) for path in paths]

    # --- what there is ---

    def all(self, kind: str) -> list[dict[str, Any]]:
        """All of one kind, such as `snapshots`, that the learner's calls made or changed."""
        found = self._told.account.get(kind, [])
        if not isinstance(found, list):
            raise MachineError(f"The account's report has no list of {kind}.")
        return found

    @property
    def instances(self) -> list[dict[str, Any]]:
        """The instances that were started, those that have ended included."""
        return self.all("instances")

    @cached_property
    def images(self) -> list[Image]:
        """The AMIs, in the order in which they were made."""
        return [
            Image(about, self.disk(str(about["id"]), "the image"), self._leaks)
            for about in self.all("images")
        ]

    def image(self, region: str = "") -> Image:
        """The one AMI (of a region); fails the check where there is none, or more than one."""
        found = [image for image in self.images if region in ("", image.about["region"])]
        place = f" in {region}" if region else ""
        if len(found) != 1:
            count = f"{len(found)} AMIs" if found else "none"  # a name may hold the time
            fail(f"The build does not leave one AMI{place}.", expected="one AMI", found=count)
        return found[0]

    def disk(self, name: str, what: str) -> Disk:
        """The disk of an image, by its id, or of a host, by its name."""
        told = self._told.disks.get(name, [])
        if isinstance(told, str):  # a copy: it is reported once
            told = self._told.disks.get(told, [])
        return Disk(what, told if isinstance(told, list) else [], self._base)

    def console(self, name: str) -> str:
        """What an instance or a host said on its console."""
        return self._told.consoles.get(name, "")

    @cached_property
    def ids(self) -> set[str]:
        """Every id in it, and every name that ends as one: another account may have others."""
        return {found.decode() for found in ID.findall(self._data)}

    @cached_property
    def calls(self) -> list[Call]:
        """Every call to the API, in order."""
        return _fitting(self.all("calls"), list[Call])

    @cached_property
    def posts(self) -> list[Post]:
        """What hooks.example.com was sent, in order, whatever it answered."""
        return _fitting(self.all("posts"), list[Post])

    @cached_property
    def began(self) -> float:
        """When it was opened, in seconds of Unix time; the `seconds` of calls count from it."""
        return _fitting(self._told.account.get("began", 0.0), float)

    def let_the_second_pass(self) -> None:
        """Wait until a name that counts seconds is another than what this build could make up.

        It did so before it launched a machine, which is most of a build ago.
        """
        launched = [call.seconds for call in self.calls if call.action in LAUNCHES]
        made_up = self.began + launched[0] if launched else time.time()
        time.sleep(min(max(int(made_up) + 1 - time.time(), 0.0), 1.0))

    @cached_property
    def leftovers(self) -> list[str]:
        """What stayed behind and costs money or opens a door, in words; sorted."""
        found = [
            f"an instance ({each['state']})"
            for each in self._made("instances")
            if each["state"] != "terminated"
        ]
        found += ["a key pair" for _ in self._made("key_pairs")]
        found += ["a security group" for _ in self._made("security_groups")]
        found += ["a volume" for each in self._made("volumes") if each["state"] == "available"]
        used = {
            device.get("snapshot")
            for image in self.all("images")
            for device in image["block_devices"]
        }
        orphans = [each for each in self._made("snapshots") if each["id"] not in used]
        found += ["a snapshot without AMI" for _ in orphans]
        return sorted(found)

    def _made(self, kind: str) -> list[dict[str, Any]]:
        """All of one kind that was not there at the start."""
        return [each for each in self.all(kind) if not each.get("prepared")]


def _fitting(value: object, kind: type[Kind]) -> Kind:
    """What was reported, as what it must be."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise _nonsense(error) from None


def _nonsense(error: Exception) -> MachineError:
    return MachineError(f"The account's report can't be read: {error}")
