"""The images that containers start from, on this machine: made once, in an engine's own store.

Debian's, and beside it a small one of busybox; both have the ids of a machine (see `host_base`),
which are those of a verb with an engine.
"""

from __future__ import annotations

import os
import shutil
import sys
from functools import partial
from typing import TYPE_CHECKING

from packerlab import state
from packerlab.course import default_root
from packerlab.errors import MachineError
from packerlab.inside import syscalls
from packerlab.inside.place import become_root, fork_into
from packerlab.sandbox.debian import Root, bring_tars
from packerlab.sandbox.host_base import (
    give_away,
    id_maps,
    machine_maps,
    prepare_folder,
    remove_folders,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from packerlab.inside.place import Maps

THERE = "/tmp"  # noqa: S108  (in a mount namespace of its own)
LOCKS = "/dev/shm"  # noqa: S108
"""Where podman leaves its locks, by a name that it shares with every other user's."""

PROGRAMS = ("podman", "crun", "conmon")
SEARCHED = "/usr/bin:/bin"
"""A box has only the system's own folders."""

MISSING = "podman is missing: `apt install --no-install-recommends podman crun`."
INSIDE = "/opt/containers"
TARS = ("debian.tar", "small.tar")
ROOT = Root(
    packages=("busybox-static", "usr-is-merged"),
    hooks=(
        f'mkdir "$1{INSIDE}"',
        f"sync-in containers {INSIDE}",
        f'mkdir "$1{INSIDE}/packages"',
        f"sync-in instance/packages {INSIDE}/packages",
        f'chroot "$1" sh {INSIDE}/prepare.sh',
        f'rm -r "$1{INSIDE}"',
    ),
    folders=("containers", "instance/packages"),
)  # fmt: skip


def folder() -> Path:
    """Where the store lies; it is there as a whole or not at all."""
    return _whole() / "store"


def _whole() -> Path:
    return state.cache_folder() / f"containers-{ROOT.digest()}"


def missing() -> list[str]:
    """The engine's programs that are not where a box would find them."""
    return [name for name in PROGRAMS if not shutil.which(name, path=SEARCHED)]


def lacking() -> str | None:
    """None, or one sentence: what containers need on this machine and how to get it."""
    if missing():
        return MISSING
    if not folder().is_dir():
        return "the containers' images are not there: `packerlab sandbox build` makes them."
    return id_maps()[1]


def prepare(say: Callable[[str], None]) -> Path:
    """Have the store: make it, where it is not there. Takes a minute, once."""
    if missing():
        raise MachineError(MISSING)
    prepare_folder(_whole(), partial(_make_store, say))
    return folder()


def make_tars(folder: Path, say: Callable[[str], None]) -> None:
    """Make what the store is made of: the two images."""
    debian, small = (folder / name for name in TARS)
    ROOT.make(debian, say, f"download /small.tar {small}", 'rm "$1/small.tar"')


def _make_store(say: Callable[[str], None], half_made: Path, maps: Maps) -> None:
    """Two tars, and a store made of them in the ids that will read it."""
    bring_tars(ROOT, half_made, say, make_tars)
    for name in TARS:
        (half_made / name).chmod(0o644)
    give_away(half_made, maps)
    say("putting it into an engine's store")
    script = default_root() / "sandbox" / "containers" / "store.sh"
    namespaces = syscalls.CLONE_NEWUSER | syscalls.CLONE_NEWPID | syscalls.CLONE_NEWNS
    sys.stdout.flush()
    pid, _ = fork_into(namespaces, machine_maps(maps), partial(_become_store, half_made, script))
    if os.waitpid(pid, 0)[1]:
        raise MachineError("The images could not be put into a store: see what podman says above.")


def _become_store(half_made: Path, script: Path) -> None:
    """Run the script where the engine finds the folder: those above may not be looked into."""
    text = os.open(script, os.O_RDONLY)
    syscalls.private_mounts()
    syscalls.mount(str(half_made), THERE, flags=syscalls.MS_BIND)
    syscalls.mount("shm", LOCKS, "tmpfs")
    os.dup2(text, 0)
    become_root()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.execvp("sh", ["sh", "-s", THERE, *(f"{THERE}/{name}" for name in TARS)])  # noqa: S606


def remove() -> list[str]:
    """Remove every store that was made; returns what was removed."""
    return remove_folders("containers-")
