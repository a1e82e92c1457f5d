"""A gradebook's folder before its use: whose it is, who has it open, what a killed process left."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec
from filelock import FileLock, Timeout

from packerlab.errors import BadInputError
from packerlab.gradebook.files import OVERRIDES, REPORTS, WORK, why
from packerlab.gradebook.ledger import LEDGER, LEDGER_LOCK
from packerlab.state import WRITABLE_BY_OTHERS
from packerlab.submissions.bundles import SUFFIX

if TYPE_CHECKING:
    from pathlib import Path

    from packerlab.course.signing import Key
    from packerlab.gradebook.ledger import Ledger

HEADER = "gradebook.json"
LOCK = ".lock"


class Header(msgspec.Struct, frozen=True):
    """`gradebook.json`; `sandbox` is empty until the first backend is known."""

    format: int
    sandbox: str


def refuse_signed(path: Path) -> None:
    """Nothing is saved without a signature among what is signed."""
    if (path / LEDGER).exists():
        raise BadInputError(
            f"{path} is signed, and this course has no key: name the course that has it."
        )


def claim(path: Path) -> FileLock:
    """Lock the folder, if it is a gradebook's or may become one."""
    lock = FileLock(path / LOCK, timeout=0)
    try:
        if _is_taken(path):
            raise BadInputError(
                f"{path} is neither a gradebook nor an empty folder: name another folder."
            )
        path.mkdir(parents=True, exist_ok=True)
        _make_private(path)
        lock.acquire()
    except Timeout:
        raise BadInputError(
            f"{path} is in use: another `packerlab` is grading into it; wait until it is done."
        ) from None
    except OSError as error:
        raise BadInputError(f"{path} can't be a gradebook: {error.strerror}.") from None
    return lock


def doubt_of(path: Path, key: Key | None) -> str:
    """Why reports may not be what they seem, in a sentence; empty where there is no reason."""
    if key or not path.exists():
        return ""
    if (path / LEDGER).exists():
        return f"{path} is signed, but this course has no key: nothing of it is checked."
    status = path.stat()
    if status.st_uid != os.geteuid():
        return f"{path} is another user's: its reports are believed as they stand."
    if status.st_mode & WRITABLE_BY_OTHERS:
        return f"Other users could write to {path}: its reports are believed as they stand."
    return ""


def _make_private(path: Path) -> None:
    """Nobody else reads marks, holds the lock, or has put reports there that would be believed."""
    if path.stat().st_uid != os.geteuid():
        raise BadInputError(f"{path} belongs to another user: name a folder of your own.")
    path.chmod(0o700)


def _is_taken(path: Path) -> bool:
    """Whether something else lies there; what a killed `_claim` left is ours."""
    if not path.exists() or (path / HEADER).is_file():
        return False
    return not path.is_dir() or any(
        entry.name not in (LOCK, LEDGER_LOCK) and not entry.name.startswith(f".{HEADER}.")
        for entry in path.iterdir()
    )


def finish_half_written(path: Path, ledger: Ledger) -> str:
    """Put in place what a killed process had entered in the ledger; what to say of the ledger."""
    with ledger.alone():
        damage, aside = ledger.broken, ledger.repair()
        for pattern in (f"{REPORTS}/*/*/.*.json.*", f"{OVERRIDES}/*/*/*/.*.json.*"):
            for file in path.glob(pattern):
                target = file.with_name(file.name[1:].rpartition(".")[0])
                if ledger.holds(target.relative_to(path).as_posix(), file.read_bytes()):
                    file.replace(target)
                else:
                    file.unlink()
    return (
        f"{damage}: what is not signed was moved to {aside} and is not believed." if aside else ""
    )


def clear_half_written(path: Path) -> None:
    """Remove what a killed process was writing; only the holder of the lock writes here."""
    for pattern in (f".{HEADER}.*", f"{REPORTS}/*/*/.*.json.*", f"{WORK}/*/.*{SUFFIX}.*"):
        for file in path.glob(pattern):
            file.unlink()


def header(path: Path) -> Header:
    file = path / HEADER
    try:
        header = msgspec.json.decode(file.read_bytes(), type=Header)
    except (FileNotFoundError, NotADirectoryError):
        raise BadInputError(
            f"{path} is not a gradebook: it has no {HEADER}; `packerlab grade --out` makes one."
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise BadInputError(f"{file} can't be read: {why(error)}.") from None
    if header.format != 1:
        raise BadInputError(
            f"{file} has format {header.format}, this packerlab reads 1: update it."
        )
    return header
