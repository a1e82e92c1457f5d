"""Which labs can be done on this machine now, and the one command that brings what is missing."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from packerlab.errors import PackerlabError
from packerlab.lab import Limits
from packerlab.packer.environment import packer_version
from packerlab.packer.versions import BUNDLES_NONE, version_of
from packerlab.sandbox import BACKENDS, CALLED, Sandbox, first_of
from packerlab.sandbox.bubblewrap import SYSTEM_PATH, Bubblewrap
from packerlab.sandbox.host_packer import host_packer, is_missing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packerlab.lab import Lab
    from packerlab.packer.versions import Version
    from packerlab.sandbox.base import Backend, PackerProgram

LIMITS = Limits(deadline_s=30, cpu_s=10, memory_mb=1024, disk_mb=64)  # to ask for a version
PREPARE = "packerlab sandbox build"
PLUGINS = {"amazon": "github.com/hashicorp/amazon", "docker": "github.com/hashicorp/docker"}
"""Where the components come from whose names begin so, since Packer has them no more itself."""

PROGRAMS = {
    "packer": {"bwrap": "bubblewrap", "packer": "packer"},
    "account": {"ip": "iproute2", "mmdebstrap": "mmdebstrap", "newuidmap": "uidmap"},
    "containers": {
        "podman": "podman",
        "crun": "crun",
        "mmdebstrap": "mmdebstrap",
        "newuidmap": "uidmap",
    },
    "tools": {"mmdebstrap": "mmdebstrap", "newuidmap": "uidmap"},
}
"""For each capability of bubblewrap: programs, and the packages of Debian and Ubuntu with them."""


class Missing(NamedTuple):
    """What a lab can't do without, why it is not there, and what brings it.

    `prepared` is the capability that only has to be made ready, where that is all.
    """

    what: str
    reason: str
    command: str
    prepared: str = ""


class HostPacker(NamedTuple):
    """The Packer of this machine, its version, and its plugins: their versions by their sources."""

    program: PackerProgram
    version: Version
    plugins: dict[str, str]

    @property
    def said(self) -> str:
        return ".".join(map(str, self.version))

    def lacks(self, plugin: str) -> bool:
        return self.version >= BUNDLES_NONE and plugin not in self.plugins


class Machine:
    """What this machine has; each thing is looked for once."""

    def __init__(self) -> None:
        self.backends = [make([]) for make in BACKENDS.values()]
        self._chosen: dict[frozenset[str], Backend | None] = {}

    @cached_property
    def packer(self) -> HostPacker | None:
        """The Packer that bubblewrap runs; None where none does, to be asked for its version."""
        backend = Bubblewrap([])
        try:
            program = backend.packer()
            with contextlib.closing(Sandbox(backend, LIMITS)) as sandbox:
                return HostPacker(program, packer_version(sandbox), _plugins(program))
        except PackerlabError:
            return None

    def missing(self, lab: Lab) -> Missing | None:
        """What the lab needs next on this machine; None where it can be done now."""
        backend = self._backend(lab.needs)
        if backend is None:
            return self._lacking(sorted(lab.needs - {"packer"}))
        return self._of_packer(lab) if backend.name == Bubblewrap.name else None

    def not_ready(self, labs: Iterable[Lab]) -> dict[Missing, list[Lab]]:
        """The labs that can't be done now, by what they need next."""
        by_missing = defaultdict(list)
        for lab in labs:
            if missing := self.missing(lab):
                by_missing[missing].append(lab)
        return by_missing

    def _backend(self, needs: frozenset[str]) -> Backend | None:
        if needs not in self._chosen:
            try:
                self._chosen[needs] = first_of(self.backends, set(needs), full_limits=False)
            except PackerlabError:
                self._chosen[needs] = None
        return self._chosen[needs]

    def _lacking(self, needs: list[str]) -> Missing:
        """Why no sandbox offers it; what bubblewrap would take is said, which needs no engine."""
        backend = Bubblewrap([])
        if reason := backend.unavailable():
            return Missing("a sandbox", reason, packages("packer") or "packerlab doctor")
        for need in needs:
            if reason := backend.lacks(need):
                to_install = packages(need)
                command = f"{to_install} && {PREPARE}" if to_install else PREPARE
                return Missing(CALLED.get(need, need), reason, command, "" if to_install else need)
        return Missing("a sandbox", "none can be used.", "packerlab doctor")

    def _of_packer(self, lab: Lab) -> Missing | None:
        packer, wanted = self.packer, lab.manifest.packer
        if packer is None:
            return None  # it says itself what is wrong with it
        if packer.version < version_of(wanted):
            reason = f"this machine has {packer.said}."
            return Missing(f"Packer {wanted}", reason, "packerlab read install")
        return _missing_plugin(packer, lab)


def missing_plugin(lab: Lab) -> Missing | None:
    """The first plugin that the lab needs and this machine's Packer lacks.

    Packer is only asked for its version where a plugin is not there.
    """
    wanted = plugins_of(lab)
    if not wanted or set(wanted) <= _plugins(host_packer()).keys():
        return None
    packer = Machine().packer
    return _missing_plugin(packer, lab) if packer else None


def _missing_plugin(packer: HostPacker, lab: Lab) -> Missing | None:
    for plugin in plugins_of(lab):
        if packer.lacks(plugin):
            reason = f"Packer {packer.said} comes without it."
            name = plugin.rpartition("/")[2]
            return Missing(f"the {name} plugin", reason, f"packer plugins install {plugin}")
    return None


def plugins_of(lab: Lab) -> list[str]:
    """The plugins that a lab's components come from."""
    kinds = {name.partition(".")[2].partition("-")[0] for name in lab.manifest.components}
    return sorted(PLUGINS[kind] for kind in kinds & PLUGINS.keys())


def packages(capability: str) -> str:
    """The command that installs what a capability lacks on Debian or Ubuntu; empty if nothing."""
    wanted = PROGRAMS.get(capability, {})
    lacking = [package for program, package in wanted.items() if not _is_there(program)]
    if not lacking:
        return ""
    return f"sudo apt-get install -y --no-install-recommends {' '.join(lacking)}"


def _is_there(program: str) -> bool:
    if program == "packer":
        return not is_missing()
    if program == "newuidmap" and os.getuid() == 0:
        return True  # root takes ids that are nobody's
    return bool(shutil.which(program, path=SYSTEM_PATH))


def _plugins(program: PackerProgram) -> dict[str, str]:
    """The plugins in a Packer's folder: the newest version of each, by its source."""
    found: dict[str, str] = {}
    for file in program.plugins.rglob("packer-plugin-*_v*") if program.plugins else ():
        if not file.name.endswith("_SHA256SUM"):
            source = file.parent.relative_to(program.plugins or file).as_posix()
            version = file.name.partition("_v")[2].partition("_")[0]
            found[source] = max(found.get(source, ""), version, key=_as_numbers)
    return dict(sorted(found.items()))


def _as_numbers(version: str) -> list[int]:
    return [int(part) if part.isdecimal() else 0 for part in version.split(".")]
