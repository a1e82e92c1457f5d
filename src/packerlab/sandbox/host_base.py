"""The disk below all instances, on this machine: extracted once, owned by ids of its own.

The ids of a place, and of the machines in it, are a range that is no user's: root takes one, others
have theirs in /etc/subuid and /etc/subgid.
"""

from __future__ import annotations

import getpass
import os
import shutil
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from packerlab import state
from packerlab.cloud import base
from packerlab.errors import MachineError
from packerlab.inside import syscalls
from packerlab.inside.machines import IDS, NOBODY, SHIFT
from packerlab.inside.place import become_root, fork_into

if TYPE_CHECKING:
    from collections.abc import Callable

    from packerlab.inside.place import Maps

UNPRIVILEGED = 1_000_000
"""The host id that a root caller's sandbox has: no user's, and never 0."""


def id_maps() -> tuple[dict[str, list[list[int]]], str | None]:
    """The ids of a place, and why there can't be one.

    Root gives it a range that is nobody's; others have theirs in /etc/subuid and /etc/subgid.
    """
    if os.getuid() == 0:
        return {kind: [[0, UNPRIVILEGED, 65_536]] for kind in ("uid", "gid")}, None
    maps = {}
    for kind, own in (("uid", os.getuid()), ("gid", os.getgid())):
        start = _own_range(Path(f"/etc/sub{kind}"))
        if start is None or not shutil.which(f"new{kind}map"):
            return {}, (
                f"new{kind}map, or 65,536 ids for this user in /etc/sub{kind}, are missing: "
                "`apt install uidmap`, then `usermod --add-subuids` and `--add-subgids`."
            )
        maps[kind] = [[0, own, 1], [1, start, 65_535]]
    return maps, None


def _own_range(path: Path) -> int | None:
    """The first of this user's subordinate ids in `path`, where it has 65,535 of them."""
    names = {getpass.getuser(), str(os.getuid())}
    try:
        lines = [line.split(":") for line in path.read_text(encoding="utf-8").splitlines()]
    except OSError:
        return None
    ranges = (int(line[1]) for line in lines if line[0] in names and int(line[2]) >= 65_535)
    return next(ranges, None)


def folder() -> Path:
    """Where the base lies; it is there as a whole or not at all."""
    return state.cache_folder() / f"instances-{base.recipe_digest()[:16]}"


def prepare(say: Callable[[str], None]) -> Path:
    """Have the base: make it, where it is not there. Takes a minute, once."""
    whole = folder()
    if whole.is_dir():
        return whole
    maps, trouble = id_maps()
    if trouble:
        raise MachineError(trouble)
    archive = base.make_base(say)
    say("extracting the base")
    beside = whole.with_name(f".{whole.name}.{os.getpid()}")
    beside.mkdir()
    if os.getuid() == 0:
        os.chown(beside, UNPRIVILEGED + SHIFT, UNPRIVILEGED + SHIFT)
    else:
        run_inside(maps, ["chown", f"{SHIFT}:{SHIFT}", "."], beside)
    inside = machine_maps(maps)
    with archive.open("rb") as stream:
        run_inside(inside, ["tar", "-xp", "--exclude=./dev/*"], beside, stream.fileno())
    run_inside(inside, ["mkdir", "-p", "dev", "proc", "run", "sys"], beside)
    beside.rename(whole)
    archive.unlink()
    return whole


def remove() -> list[str]:
    """Remove every base that was extracted; returns what was removed."""
    removed = []
    for path in state.cache_folder().glob("*instances-*"):
        run_inside(
            machine_maps(id_maps()[0]), ["rm", "-rf", "--one-file-system", "."], path, check=False
        )
        shutil.rmtree(path)
        removed.append(path.name)
    return removed


def machine_maps(maps: Maps) -> Maps:
    """A machine's ids, as this machine sees them."""
    return {
        kind: [[0, _outside(extents, SHIFT), IDS], [NOBODY, _outside(extents, NOBODY), 1]]
        for kind, extents in maps.items()
    }


def _outside(extents: list[list[int]], inside: int) -> int:
    return next(
        outside + inside - first for first, outside, count in extents
        if first <= inside < first + count
    )  # fmt: skip


def run_inside(
    maps: Maps, argv: list[str], cwd: Path, stdin: int | None = None, *, check: bool = True
) -> None:
    """Run a program in `cwd` as the root of a user namespace of these ids."""
    sys.stdout.flush()
    pid, _ = fork_into(
        syscalls.CLONE_NEWUSER | syscalls.CLONE_NEWPID, maps, partial(_become, argv, cwd, stdin)
    )
    if os.waitpid(pid, 0)[1] and check:
        raise MachineError(f"`{' '.join(argv)}` fails in {cwd}: see what it says above.")


def _become(argv: list[str], cwd: Path, stdin: int | None) -> None:
    os.chdir(cwd)  # as who we are: others may not even look into the folders above
    if stdin is not None:
        os.dup2(stdin, 0)
    become_root()
    os.execvp(argv[0], argv)  # noqa: S606
