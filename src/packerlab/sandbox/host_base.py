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

from filelock import FileLock

from packerlab import state
from packerlab.errors import MachineError
from packerlab.inside import syscalls
from packerlab.inside.machines import IDS, NOBODY, SHIFT
from packerlab.inside.place import become_root, fork_into
from packerlab.sandbox.debian import Root, bring_tars

if TYPE_CHECKING:
    from collections.abc import Callable

    from packerlab.inside.place import Maps

INSIDE = "/opt/instance"
TAR = "base.tar"
ROOT = Root(
    packages=(
        "openssh-server", "sudo", "procps", "ca-certificates", "systemd",
        "python3", "python3-apt",  # cloud images have both: Ansible's modules need them
        "apt-utils",  # writes the indexes of the local repository
        "usr-is-merged",  # else usrmerge is taken, and 50 MB of Perl with it
    ),
    hooks=(
        f'mkdir "$1{INSIDE}"',
        f"sync-in instance {INSIDE}",
        f'chroot "$1" sh {INSIDE}/prepare.sh',
        f'rm -r "$1{INSIDE}"',
    ),
    folders=("instance",),
)  # fmt: skip
UNPRIVILEGED = 1_000_000
"""The first of the host ids that own what root prepares: no user's, and never 0."""


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


def place_maps(first: int) -> Maps:
    """The ids of one place: those below a machine's are its own, the rest are the base's owners."""
    rest = [SHIFT, UNPRIVILEGED + SHIFT, 65_536 - SHIFT]
    return {kind: [[0, first, SHIFT], rest] for kind in ("uid", "gid")}


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
    return state.cache_folder() / f"instances-{ROOT.digest()}"


def prepare(say: Callable[[str], None]) -> Path:
    """Have the base: make it, where it is not there. Takes a minute, once."""
    return prepare_folder(folder(), partial(_extract_root, say))


def make_tars(folder: Path, say: Callable[[str], None]) -> None:
    """Make what the base is extracted from."""
    ROOT.make(folder / TAR, say)


def _extract_root(say: Callable[[str], None], half_made: Path, maps: Maps) -> None:
    bring_tars(ROOT, half_made, say, make_tars)
    say("extracting the base")
    extract(half_made / TAR, maps)
    run_inside(machine_maps(maps), ["mkdir", "-p", "dev", "proc", "run", "sys"], half_made)


def extract(tar: Path, maps: Maps) -> None:
    """Put the root in its place: a folder of the machine's ids, whose only file is this tar."""
    with tar.open("rb") as stream:
        tar.unlink()
        give_away(tar.parent, maps)
        words = ["tar", "-xp", "--exclude=./dev/*"]
        run_inside(machine_maps(maps), words, tar.parent, stream.fileno())


def remove() -> list[str]:
    """Remove every base that was extracted; returns what was removed."""
    return remove_folders("instances-")


def prepare_folder(whole: Path, make: Callable[[Path, Maps], None]) -> Path:
    """Have a folder of a machine's ids: as a whole, made by one process, or not at all.

    `make` fills a folder beside it, which it gives away, with the ids of a place.
    """
    with FileLock(state.cache_folder() / f"{whole.name}.lock"):
        if whole.is_dir():
            return whole
        maps, trouble = id_maps()
        if trouble:
            raise MachineError(trouble)
        half_made = whole.with_name(f".{whole.name}.{os.getpid()}")
        half_made.mkdir()
        try:
            make(half_made, maps)
            half_made.rename(whole)
        finally:
            if half_made.is_dir():
                _remove_folder(half_made, maps)
    return whole


def remove_folders(prefix: str) -> list[str]:
    """Remove the prepared folders, half made or whole, whose names begin so; returns the names."""
    removed = []
    for path in state.cache_folder().glob(f"*{prefix}*"):
        if path.is_dir() and not path.is_symlink():
            _remove_folder(path, id_maps()[0])
            removed.append(path.name)
        else:
            path.unlink()
    return removed


def _remove_folder(path: Path, maps: Maps) -> None:
    delete = ["find", ".", "-xdev", "-mindepth", "1", "-delete"]
    run_inside(machine_maps(maps), delete, path, check=False)
    shutil.rmtree(path)


def give_away(folder: Path, maps: Maps) -> None:
    """Make a folder of ours the property of a machine's root."""
    if os.getuid() == 0:
        os.chown(folder, UNPRIVILEGED + SHIFT, UNPRIVILEGED + SHIFT)
    else:
        run_inside(maps, ["chown", f"{SHIFT}:{SHIFT}", "."], folder)


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
