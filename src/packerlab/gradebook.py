"""A gradebook: a folder of reports, one file for each lab, learner and attempt (format 1).

- `gradebook.json`: the format, and the sandbox that it began with
- `reports/<slug>/<learner>/<attempt>.json`: one report
- `.lock`: held while grading; readers need no lock
"""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING, Self

import msgspec
from filelock import FileLock, Timeout

from packerlab.errors import BadInputError, MachineError
from packerlab.lab import SLUG
from packerlab.report import decode, encode
from packerlab.state import WRITABLE_BY_OTHERS, write_atomically
from packerlab.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from packerlab.report import Digests, Report

HEADER = "gradebook.json"
LOCK = ".lock"
UNKNOWN = "unknown"
"""The folder for reports whose lab can't be told."""

_LEARNER = re.compile(r"[A-Za-z0-9_%-][A-Za-z0-9._%-]*")
_LONGEST = 200
"""Characters of a learner's folder name; percent-encoded names outgrow what file systems take."""


class Header(msgspec.Struct, frozen=True):
    """`gradebook.json`; `sandbox` is empty until the first backend is known."""

    format: int
    sandbox: str


class Gradebook:
    """An open gradebook; as a context manager it gives its lock back at the end.

    Its reports are not signed. `doubt` is a sentence where somebody else could have written them.
    """

    def __init__(
        self, path: Path, sandbox: str, lock: FileLock | None = None, doubt: str = ""
    ) -> None:
        self.path = path
        self.sandbox = sandbox
        self.doubt = doubt
        self._lock = lock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock:
            self._lock.release()

    def settle_sandbox(self, sandbox: str) -> None:
        """Keep the backend that grading begins with; another one later is bad input."""
        if self.sandbox and self.sandbox != sandbox:
            raise BadInputError(
                f"{self.path} was graded with the sandbox {self.sandbox}, not {visible(sandbox)}: "
                f"use {self.sandbox}, or another folder."
            )
        self.sandbox = sandbox
        self._write(self.path / HEADER, msgspec.json.encode(Header(1, sandbox)) + b"\n")

    def save(self, report: Report, *, durable: bool = False) -> None:
        """Keep a report; one of the same lab, learner and attempt is replaced.

        `durable` where nothing else remembers what was graded: it survives a power cut.
        """
        folder = self._folder(report.lab, report.run.learner)
        self._write(folder / f"{report.run.attempt}.json", encode(report), durable=durable)

    def reports(self) -> Iterator[Report]:
        """All reports, one at a time, by lab, learner and attempt."""
        for folder in self._folders():
            for file in _saved(folder):
                yield _read(file)

    def latest(self) -> Iterator[Report]:
        """The last attempt for each lab and learner, one at a time, by lab and learner."""
        for folder in self._folders():
            for file in _saved(folder)[-1:]:
                yield _read(file)

    def attempts(self, slug: str, learner: str) -> list[Report]:
        """A learner's reports on one lab, the oldest first."""
        return [_read(file) for file in _saved(self._folder(slug, learner))]

    def done(
        self, slug: str, learner: str, digests: Digests, limits: dict[str, int]
    ) -> Report | None:
        """The complete report that was computed from these very inputs, if there is one."""
        for report in reversed(self._readable(slug, learner)):
            if report.complete and report.digests == digests and report.run.limits == limits:
                return report
        return None

    def attempt_number(
        self, slug: str, learner: str, digest: str, *, after: int = 0, final: bool = True
    ) -> int:
        """The number for a submission: the last saved one's if it is the same, else one more.

        Where a learner handed in several workspaces of a lab, only the last is `final`: the others
        keep the number under which they were saved before. `after` is the number of the one before.
        """
        saved = self._readable(slug, learner)
        for report in saved[-1:] if final else saved:
            if report.digests.submission == digest and report.run.attempt > after:
                return report.run.attempt
        return max([after, *(report.run.attempt for report in saved[-1:])]) + 1

    def _readable(self, slug: str, learner: str) -> list[Report]:
        """The attempts without corrupt files, so that grading again replaces these."""
        found = []
        for file in _saved(self._folder(slug, learner)):
            try:
                found.append(_read(file))
            except BadInputError:
                continue
        return found

    def _folders(self) -> list[Path]:
        return sorted((self.path / "reports").glob("*/*/"))

    def _folder(self, slug: str, learner: str) -> Path:
        if not _LEARNER.fullmatch(learner):
            raise BadInputError(f"`{visible(learner)}` is not a learner's name in a gradebook.")
        if len(learner) > _LONGEST:
            # No learner's name has a `~`, so this can't be another learner's folder.
            learner = f"{learner[:150]}~{hashlib.sha256(learner.encode()).hexdigest()[:32]}"
        return self.path / "reports" / (slug if SLUG.fullmatch(slug) else UNKNOWN) / learner

    def _write(self, path: Path, data: bytes, *, durable: bool = False) -> None:
        try:
            write_atomically(path, data, durable=durable)
        except OSError as error:
            raise MachineError(f"{path} can't be written: {error.strerror}.") from None


def open_gradebook(path: Path, sandbox: str | None) -> Gradebook:
    """Open a gradebook to grade into it, and lock it; a new or empty folder becomes one.

    `sandbox` is the backend that was asked for by name. None takes the gradebook's own, which is
    empty before its first report: `settle_sandbox` then says which it is.
    """
    doubt = _doubt(path)
    lock = _claim(path)
    try:
        own = _header(path).sandbox if (path / HEADER).exists() else ""
        _clear_half_written(path)
        # Without a report nothing holds it to a backend, which may have turned out not to run.
        book = Gradebook(path, own if any(path.glob("reports/*/*/*.json")) else "", lock, doubt)
        book.settle_sandbox(sandbox or book.sandbox)
    except BaseException:
        lock.release()
        raise
    return book


def read_gradebook(path: Path) -> Gradebook:
    """Open a gradebook to read it, also while another process is grading into it."""
    return Gradebook(path, _header(path).sandbox, doubt=_doubt(path))


def _claim(path: Path) -> FileLock:
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


def _doubt(path: Path) -> str:
    """Who else could have put reports there, in a sentence; empty where only this user could."""
    if not path.exists():
        return ""
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
        entry.name != LOCK and not entry.name.startswith(f".{HEADER}.") for entry in path.iterdir()
    )


def _clear_half_written(path: Path) -> None:
    """Remove what a killed process was writing; only the holder of the lock writes here."""
    for pattern in (f".{HEADER}.*", "reports/*/*/.*.json.*"):
        for file in path.glob(pattern):
            file.unlink()


def _header(path: Path) -> Header:
    file = path / HEADER
    try:
        header = msgspec.json.decode(file.read_bytes(), type=Header)
    except (FileNotFoundError, NotADirectoryError):
        raise BadInputError(
            f"{path} is not a gradebook: it has no {HEADER}; `packerlab grade --out` makes one."
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise BadInputError(f"{file} can't be read: {_why(error)}.") from None
    if header.format != 1:
        raise BadInputError(
            f"{file} has format {header.format}, this packerlab reads 1: update it."
        )
    return header


def _saved(folder: Path) -> list[Path]:
    """The report files of one learner on one lab, the oldest first."""
    files = [file for file in folder.glob("*.json") if re.fullmatch("[0-9]+", file.stem)]
    return sorted(files, key=lambda file: int(file.stem))


def _read(file: Path) -> Report:
    try:
        return decode(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise BadInputError(
            f"{file} is not a whole report ({_why(error)}): delete it, and grade again."
        ) from None


def _why(error: Exception) -> str:
    return str(error.strerror) if isinstance(error, OSError) else visible(str(error))
