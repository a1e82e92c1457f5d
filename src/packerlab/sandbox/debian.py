"""A Debian root made of packages by mmdebstrap: what machines and containers start from."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packerlab import state
from packerlab.course import default_root
from packerlab.errors import MachineError
from packerlab.lab import digest_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Say = Callable[[str], None]

SUITE = "bookworm"
OWN_NAMESPACES = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
"""For root: others' mmdebstrap makes such itself. What it mounts ends with it, however it ends."""


@dataclass(frozen=True)
class Root:
    """What a root is made of; `folders` are those of the course's sandbox/ that `hooks` use."""

    packages: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()

    def digest(self) -> str:
        """Over what it is made of: a root of another recipe is another root. 16 hex digits."""
        recipe = default_root() / "sandbox"
        files = [file for name in self.folders for file in (recipe / name).rglob("*")]
        said = "\0".join([SUITE, *self._arguments(), digest_files(recipe, files)])
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def make(self, tar: Path, say: Callable[[str], None], *last_hooks: str) -> None:
        """Write the root to `tar`; `say` hears the progress.

        `MachineError`: mmdebstrap is missing, or fails.
        """
        if not shutil.which("mmdebstrap"):
            raise MachineError(
                "mmdebstrap is missing: install Debian's or Ubuntu's package of that name, "
                "and uidmap with it."
            )
        wanted = ", ".join(self.packages) or "nothing more"
        say(f"making a Debian {SUITE} root: the essential packages and {wanted}")
        heard: list[str] = []
        with subprocess.Popen(
            [
                *(OWN_NAMESPACES if os.getuid() == 0 else ()),
                "mmdebstrap", *self._arguments(), *map(_customize, last_hooks),
                "--format=tar", SUITE, str(tar),
            ],
            cwd=default_root() / "sandbox",
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True, errors="replace",
        ) as process:  # fmt: skip
            for line in process.stderr or ():
                heard.append(line.strip())
                if line.startswith("I: ") and line.rstrip().endswith("..."):
                    say(line.removeprefix("I: ").strip())
        if process.returncode:
            wrong = [line for line in heard if line.startswith(("E: ", "mmdebstrap: "))] or heard
            said = " ".join(wrong)[-400:]
            raise MachineError(f"The Debian root could not be made; mmdebstrap said: {said}")

    def _arguments(self) -> list[str]:
        return [
            "--mode=auto", "--variant=minbase",
            *(f"--include={package}" for package in self.packages),
            "--skip=output/dev",  # which no user namespace may make
            "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr",
            *map(_customize, self.hooks),
        ]  # fmt: skip


def bring_tars(
    root: Root,
    folder: Path,
    say: Callable[[str], None],
    make: Callable[[Path, Callable[[str], None]], None],
) -> None:
    """Have a root's tars in a folder: those that were carried to this machine, else new ones."""
    carried = carried_folder() / root.digest()
    if not carried.is_dir():
        make(folder, say)
        return
    say("taking the root that was carried to this machine")
    for tar in carried.iterdir():
        shutil.copy(tar, folder)


def carried_folder() -> Path:
    """Where the roots lie that another machine made for one without internet, by their digests."""
    return state.cache_folder() / "roots"


def _customize(hook: str) -> str:
    return f"--customize-hook={hook}"
