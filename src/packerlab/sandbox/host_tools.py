"""The system of labs with tools, on this machine: made once, of Debian's packages and some wheels.

It has what scripts at work call, such as `aws`, `jq` and `git`, and is in a verb's box what the
machine's own /usr would be. So a script finds the same programs everywhere, and no others.
"""

from __future__ import annotations

import platform
from functools import partial
from typing import TYPE_CHECKING

from packerlab import state
from packerlab.course import default_root
from packerlab.sandbox.debian import Root, bring_tars
from packerlab.sandbox.host_base import extract, prepare_folder, remove_folders
from packerlab.sandbox.wheels import download_wheels

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from packerlab.inside.place import Maps

INSIDE = "/opt/tools"
TAR = "tools.tar"
LOCK = "tools/requirements.lock"
ROOT = Root(
    packages=(
        "ansible-core", "ca-certificates", "curl", "git", "jq", "less", "make", "openssh-client",
        "python3",
    ),
    hooks=(f'mkdir "$1{INSIDE}"', f"sync-in tools {INSIDE}", f'mkdir "$1{INSIDE}/wheels"'),
    folders=("tools",),
)  # fmt: skip


def folder() -> Path:
    """Where the system lies; it is there as a whole or not at all."""
    return state.cache_folder() / f"tools-{ROOT.digest()}"


def lacking() -> str | None:
    """None, or one sentence: what the tools need on this machine and how to get it."""
    if not folder().is_dir():
        return "the tools for scripts are not there: `packerlab sandbox build` makes them."
    return None


def prepare(say: Callable[[str], None]) -> Path:
    """Have the system: make it, where it is not there. Takes a minute, once."""
    return prepare_folder(folder(), partial(_extract_root, say))


def make_tars(folder: Path, say: Callable[[str], None]) -> None:
    """Make what the system is extracted from."""
    lock = default_root() / "sandbox" / LOCK
    wheels = download_wheels(lock, platform.machine(), say)
    ROOT.make(
        folder / TAR,
        say,
        f"sync-in {wheels} {INSIDE}/wheels",
        f'chroot "$1" sh {INSIDE}/prepare.sh',
        f'rm -r "$1{INSIDE}"',
    )


def _extract_root(say: Callable[[str], None], half_made: Path, maps: Maps) -> None:
    bring_tars(ROOT, half_made, say, make_tars)
    say("extracting the tools")
    extract(half_made / TAR, maps)


def remove() -> list[str]:
    """Remove every such system that was extracted; returns what was removed."""
    return remove_folders("tools-")
