"""The images that containers start from, on this machine: made once, in an engine's own store.

Debian's is made by mmdebstrap, beside it a small one of busybox; both have the ids of a machine
(see `host_base`), which are those of a verb with an engine.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

from filelock import FileLock

from packerlab import state
from packerlab.course import default_root
from packerlab.errors import MachineError
from packerlab.inside import syscalls
from packerlab.inside.machines import SHIFT
from packerlab.inside.place import become_root, fork_into
from packerlab.sandbox.host_base import UNPRIVILEGED, id_maps, machine_maps, run_inside

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

THERE = "/tmp"  # noqa: S108  (in a mount namespace of its own)
PROGRAMS = ("podman", "crun", "conmon")
SEARCHED = "/usr/bin:/bin"
"""A box has only the system's own folders."""

MISSING = "podman is missing: `apt install --no-install-recommends podman crun`."
INSIDE = "/opt/containers"
HOOKS = (
    f'mkdir "$1{INSIDE}"',
    f"sync-in containers {INSIDE}",
    f'mkdir "$1{INSIDE}/packages"',
    f"sync-in instance/packages {INSIDE}/packages",
    f'chroot "$1" sh {INSIDE}/prepare.sh',
    f'rm -r "$1{INSIDE}"',
)
COMMAND = (
    "mmdebstrap", "--mode=auto", "--skip=output/dev", "--variant=minbase", "--quiet",
    "--include=busybox-static,usr-is-merged",
    "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr",
    *(f"--customize-hook={hook}" for hook in HOOKS),
)  # fmt: skip
SUITE = "bookworm"


def recipe_files() -> dict[str, Path]:
    """What the images are made of, by its name in the recipe."""
    recipe = default_root() / "sandbox"
    folders = (recipe / "containers", recipe / "instance" / "packages")
    found = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(recipe).as_posix(): path for path in found}


def recipe_digest() -> str:
    whole = hashlib.sha256("\0".join((*COMMAND, SUITE)).encode())
    for name, path in recipe_files().items():
        whole.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def folder() -> Path:
    """Where the store lies; it is there as a whole or not at all."""
    return state.cache_folder() / f"containers-{recipe_digest()[:16]}"


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
    whole = folder()
    with FileLock(state.cache_folder() / f"{whole.name}.lock"):
        if whole.is_dir():
            return whole
        trouble = id_maps()[1]
        if trouble or missing():
            raise MachineError(trouble or MISSING)
        if not shutil.which("mmdebstrap"):
            raise MachineError("The containers' images need mmdebstrap: `apt install mmdebstrap`.")
        beside = whole.with_name(f".{whole.name}.{os.getpid()}")
        try:
            _make(beside, say)
            (beside / "store").rename(whole)
        finally:
            _remove(beside)
    return whole


def _make(beside: Path, say: Callable[[str], None]) -> None:
    """Two tars, and a store made of them in the ids that will read it."""
    beside.mkdir()
    tars = [beside / "debian.tar", beside / "small.tar"]
    hook = f"--customize-hook=download /small.tar {tars[1]}"
    say(f"making a Debian {SUITE} root for containers")
    made = subprocess.run(
        [*COMMAND, hook, '--customize-hook=rm "$1/small.tar"', SUITE, str(tars[0])],
        cwd=default_root() / "sandbox", stdin=subprocess.DEVNULL,
        capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
    if made.returncode:
        raise MachineError(f"The images could not be made: {made.stderr.strip()[-400:]}")
    say("putting it into an engine's store")
    maps = id_maps()[0]
    (beside / "store").mkdir()
    if os.getuid() == 0:
        os.chown(beside, UNPRIVILEGED + SHIFT, UNPRIVILEGED + SHIFT)
        os.chown(beside / "store", UNPRIVILEGED + SHIFT, UNPRIVILEGED + SHIFT)
    else:
        run_inside(maps, ["chown", f"{SHIFT}:{SHIFT}", ".", "store"], beside)
    for tar in tars:
        tar.chmod(0o644)
    script = default_root() / "sandbox" / "containers" / "store.sh"
    namespaces = syscalls.CLONE_NEWUSER | syscalls.CLONE_NEWPID | syscalls.CLONE_NEWNS
    sys.stdout.flush()
    pid, _ = fork_into(namespaces, machine_maps(maps), partial(_become_store, beside, script))
    if os.waitpid(pid, 0)[1]:
        raise MachineError("The images could not be put into a store: see what podman says above.")


def _become_store(beside: Path, script: Path) -> None:
    """Run the script where the engine finds the folder: those above may not be looked into."""
    text = os.open(script, os.O_RDONLY)
    syscalls.private_mounts()
    syscalls.mount(str(beside), THERE, flags=syscalls.MS_BIND)
    os.dup2(text, 0)
    become_root()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.execvp("sh", ["sh", "-s", THERE, f"{THERE}/debian.tar", f"{THERE}/small.tar"])  # noqa: S606


def remove() -> list[str]:
    """Remove every store that was made; returns what was removed."""
    removed = []
    for path in state.cache_folder().glob("*containers-*"):
        if path.is_dir():
            _remove(path)
            removed.append(path.name)
        else:
            path.unlink()
    return removed


def _remove(path: Path) -> None:
    if path.is_dir():
        inside = machine_maps(id_maps()[0])
        run_inside(inside, ["rm", "-rf", "--one-file-system", "store", "overlay", "overlay-images",
                            "overlay-layers", "run", "tmp"], path, check=False)  # fmt: skip
        run_inside(inside, ["find", ".", "-mindepth", "1", "-delete"], path, check=False)
        shutil.rmtree(path)
        sys.stdout.flush()
