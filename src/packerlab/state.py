"""What packerlab keeps on this machine: one folder for state, one for what can be made again.

A *run* is one process of ours that opens sandboxes. It holds a lock as long as it lives, and names
what it makes after itself; what bears the name of a run that is no more is left behind, and reaped.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from functools import cache
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

RUN_PREFIX = "packerlab-"


def state_folder() -> Path:
    """Progress, the sandbox image in use, logs."""
    return _folder("PACKERLAB_STATE", platformdirs.user_state_path("packerlab"))


def cache_folder() -> Path:
    """What can be made again at any time."""
    return _folder("PACKERLAB_CACHE", platformdirs.user_cache_path("packerlab"))


def _folder(variable: str, default: Path) -> Path:
    folder = Path(os.environ.get(variable) or default)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def write_atomically(path: Path, data: bytes) -> None:
    """Replace `path` as a whole, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise


@cache
def _this_run() -> tuple[str, FileLock]:
    """The id and the lock of this process's run."""
    run = secrets.token_hex(4)
    lock = FileLock(_locks() / f"{run}.lock")
    lock.acquire()
    return run, lock


def _locks() -> Path:
    folder = cache_folder() / "runs"
    folder.mkdir(exist_ok=True)
    return folder


def run_name(suffix: str = "") -> str:
    """A name for a thing of this run, such as `packerlab-0123abcd-7f`."""
    return f"{RUN_PREFIX}{_this_run()[0]}-{suffix or secrets.token_hex(3)}"


def run_is_alive(name: str) -> bool:
    """Whether the run that made the thing `name` still lives; dead runs' locks are cleared."""
    run = name.removeprefix(RUN_PREFIX).partition("-")[0]
    if run == _this_run()[0]:
        return True
    path = _locks() / f"{run}.lock"
    if not path.exists():
        return False
    try:
        with FileLock(path, timeout=0):
            path.unlink(missing_ok=True)
    except Timeout:
        return True
    return False
