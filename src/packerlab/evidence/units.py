"""Whether a systemd unit of a disk starts at boot, and what it then runs: by its files alone."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDERS = (
    "/etc/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
"""Where units are; what stands in an earlier one counts."""

AT_BOOT = frozenset(
    f"{name}.target"
    for name in (
        "default", "graphical", "multi-user", "basic", "sysinit", "sockets", "timers", "paths",
        "slices", "local-fs", "remote-fs", "swap", "getty", "network-online", "cloud-init",
    )
)  # fmt: skip
"""What a machine of ours reaches at each boot."""

PULLS = ("Wants", "Requires", "BindsTo", "Upholds")
"""Settings by which a unit has others start."""

MASKS = ("masked", "absent")
MOST_STEPS = 20

State = Literal["enabled", "disabled", "masked", "absent"]


class Found(Protocol):
    """What lies at a path."""

    @property
    def kind(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def content(self) -> bytes | None: ...


class Files(Protocol):
    """A disk, as far as units go."""

    def at(self, path: str) -> Found | None: ...
    def resolve(self, path: str) -> Found | None: ...
    def changed(self, pattern: str = "*") -> list[str]: ...


class Units:
    """The units of a disk."""

    def __init__(self, disk: Files) -> None:
        self._disk = disk

    def state(self, name: str) -> State:
        """As `systemctl is-enabled` has it; `enabled` only where the boot leads there."""
        found = self._loaded(name)
        if found in MASKS:
            return "masked" if found == "masked" else "absent"
        return "enabled" if self._starts(name, set()) else "disabled"

    def programs(self, name: str) -> list[str]:
        """What a service runs, by its file and its drop-ins: an empty `ExecStart=` begins anew."""
        commands: list[str] = []
        for value in self._settings(name, "ExecStart"):
            commands = [*commands, value] if value else []
        return [words[0].lstrip("@-:+!") for command in commands if (words := command.split())]

    def _loaded(self, name: str) -> str:
        """Where a unit's file is; `masked` where that says that there is none, or `absent`."""
        for folder in FOLDERS:
            path = f"{folder}/{name}"
            own = self._disk.at(path)
            if own is None:
                continue
            real = self._disk.resolve(path)
            if (own.kind == "link" and own.target == "/dev/null") or (real and real.size == 0):
                return "masked"
            if real is not None:
                return path
        return "absent"

    def _starts(self, name: str, seen: set[str]) -> bool:
        """Whether one that starts has this one start."""
        if name in AT_BOOT:
            return True
        seen.add(name)
        return len(seen) < MOST_STEPS and any(
            self._loaded(other) != "masked" and self._starts(other, seen)
            for other in self._pulled_by(name)
            if other not in seen
        )

    def _pulled_by(self, name: str) -> Iterator[str]:
        """The units that have this one start: by a link in their folder, or by a setting."""
        for folder in FOLDERS:
            for kind in ("wants", "requires"):
                added = self._disk.changed(f"{folder}/*.{kind}/{name}")
                usual = [f"{folder}/{target}.{kind}/{name}" for target in sorted(AT_BOOT)]
                for path in (*added, *usual):
                    link = self._disk.at(path)
                    if link is not None and link.kind == "link":
                        yield posixpath.basename(posixpath.dirname(path)).rpartition(".")[0]
            for path in self._disk.changed(f"{folder}/*"):
                other = _unit_of(path, folder)
                if other and any(name in words.split() for words in self._in(path, *PULLS)):
                    yield other

    def _settings(self, name: str, key: str) -> Iterator[str]:
        """The values of a setting: of the unit's file, then of its drop-ins by their names."""
        path = self._loaded(name)
        if path not in MASKS:
            yield from self._in(path, key)
        drop_ins = {
            posixpath.basename(each): each
            for folder in reversed(FOLDERS)
            for each in self._disk.changed(f"{folder}/{name}.d/*.conf")
        }
        for _, each in sorted(drop_ins.items()):
            yield from self._in(each, key)

    def _in(self, path: str, *keys: str) -> Iterator[str]:
        entry = self._disk.resolve(path)
        if entry is None or entry.kind != "file":
            return
        text = (entry.content or b"").decode(errors="replace").replace("\\\n", " ")
        for line in text.split("\n"):
            key, equals, value = line.partition("=")
            if equals and key.strip() in keys:
                yield value.strip()


def _unit_of(path: str, folder: str) -> str:
    """Whose settings a file in a folder of units has; empty for one that has none."""
    inside = path.removeprefix(f"{folder}/")
    match = re.fullmatch(r"([^/]+\.(?:target|service|socket|timer))(?:\.d/[^/]+\.conf)?", inside)
    return match[1] if match else ""
