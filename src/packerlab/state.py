"""What packerlab keeps on this machine: one folder for state, one for what can be made again.

A *run* is one process of ours that opens sandboxes. It holds a lock as long as it lives, and names
what it makes after itself; what bears the name of a run that is no more is left behind, and reaped.
A name also says whose locks can tell: other users, and other machines at the same container
engine, have their own.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import socket
import threading
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
from filelock import FileLock, Timeout

from packerlab.errors import MachineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

WRITABLE_BY_OTHERS = 0o022
RUN_PREFIX = "packerlab-"
STALE_S = 60
"""Age of a lock at which a new run removes it unless it is held: its maker has taken it by then."""


def state_folder() -> Path:
    """Progress, the sandbox image in use, logs."""
    return _folder("PACKERLAB_STATE", platformdirs.user_state_path("packerlab"))


def cache_folder() -> Path:
    """What can be made again at any time."""
    return _folder("PACKERLAB_CACHE", platformdirs.user_cache_path("packerlab"))


def _folder(variable: str, default: Path) -> Path:
    folder = Path(os.environ.get(variable) or default)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.stat()
    if status.st_uid != os.geteuid():
        raise MachineError(
            f"{folder} belongs to another user, who could change what packerlab reads there. "
            f"Set {variable} to a folder of your own."
        )
    if status.st_mode & WRITABLE_BY_OTHERS:
        folder.chmod(0o700)
    return folder


def write_atomically(
    path: Path,
    data: bytes,
    *,
    before: Callable[[], None] | None = None,
    durable: bool = False,
    private: bool = False,
) -> None:
    """Replace `path` as a whole, or not at all; its folder is made.

    `durable` where it must survive a power cut, `private` where nobody else may read it. `before`
    is called when the bytes are on the disk, and before they are at `path`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, [data], before=before, durable=durable, private=private)


def replace(
    path: Path,
    parts: Iterable[bytes],
    *,
    before: Callable[[], None] | None = None,
    durable: bool = False,
    private: bool = False,
) -> None:
    """The same with what comes in parts, which may fail; the folder must be there."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        beside.touch(0o600 if private else 0o666)
        with beside.open("wb") as stream:
            stream.writelines(parts)
        if durable:
            _sync(beside)
        if before:
            before()
        beside.replace(path)
        if durable:
            _sync(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise


def _sync(path: Path) -> None:
    """Have the disk take a file's bytes, or a folder's names."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _this_run() -> tuple[str, str, FileLock]:
    """The owner, the id and the lock of this process's run: one for all of its threads."""
    with _ONE_AT_A_TIME:
        return _begun_run()


_ONE_AT_A_TIME = threading.Lock()
"""Without it two threads begin two runs, and what is named after one looks like a dead run's."""


@cache
def _begun_run() -> tuple[str, str, FileLock]:
    locks = _locks()
    owner = owner_of(locks)
    run = secrets.token_hex(4)
    lock = FileLock(locks / f"{run}.lock")
    lock.acquire()
    for path in locks.glob("*.lock"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > STALE_S:
                _is_held(path)
    return owner, run, lock


def owner_of(folder: Path) -> str:
    """Eight digits for a folder of this machine's, in the names of what an engine keeps for it."""
    whose = f"{socket.gethostname()}\0{folder.resolve()}"
    return hashlib.sha256(whose.encode()).hexdigest()[:8]


def _locks() -> Path:
    folder = cache_folder() / "runs"
    folder.mkdir(exist_ok=True)
    return folder


def run_name(suffix: str = "") -> str:
    """A name for a thing of this run, such as `packerlab-0123abcd-89abcdef-7f`."""
    owner, run, _ = _this_run()
    return f"{RUN_PREFIX}{owner}-{run}-{suffix or secrets.token_hex(3)}"


def run_is_alive(name: str) -> bool:
    """Whether the run that made the thing `name` still lives, for all that we can know."""
    own, this, _ = _this_run()
    owner, _, rest = name.removeprefix(RUN_PREFIX).partition("-")
    run = rest.partition("-")[0]
    return owner != own or run == this or _is_held(_locks() / f"{run}.lock")


def _is_held(path: Path) -> bool:
    """Whether a living process holds the lock; one that no process holds is removed."""
    if not path.exists():
        return False
    try:
        with FileLock(path, timeout=0):
            path.unlink(missing_ok=True)
    except Timeout:
        return True
    return False
