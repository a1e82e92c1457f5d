"""What a learner has begun, passed, and been told: one plain file for each course.

It is a record for the learner alone, never a grade. The file is replaced as a whole; a later
version of packerlab may add keys, never change what is there.
"""

from __future__ import annotations

import contextlib
import hashlib
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from filelock import FileLock

from packerlab import state
from packerlab.course import default_root
from packerlab.errors import BadInputError
from packerlab.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packerlab.course import Course
    from packerlab.lab import Lab
    from packerlab.report import Check, Report


Day = Annotated[str, msgspec.Meta(pattern=r"^(\d{4}-\d\d-\d\d)?$")]


class Record(msgspec.Struct):
    """One lab. `begun` and `passed` are days (`2026-01-31`), empty where it was not yet.

    `folder` is the workspace that was last used, `score` its last one; `hints` counts by check how
    many the learner has seen.
    """

    folder: str = ""
    begun: Day = ""
    passed: Day = ""
    score: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    hints: dict[str, int] = {}


class Progress(msgspec.Struct):
    """A learner's way through a course, by slug."""

    format: Annotated[int, msgspec.Meta(ge=1, le=1)] = 1
    last: str = ""
    labs: dict[str, Record] = {}

    def of(self, lab: Lab) -> Record:
        """The lab's record, which changes may be made to."""
        return self.labs.setdefault(lab.slug, Record())

    def passed(self, slug: str) -> bool:
        return slug in self.labs and bool(self.labs[slug].passed)


def file_of(course: Course) -> Path:
    """Where the progress in a course is kept: our own by one name, any other by its place."""
    if course.root == default_root().resolve():
        return state.state_folder() / "progress.json"
    place = hashlib.sha256(str(course.root).encode()).hexdigest()[:8]
    return state.state_folder() / f"progress-{place}.json"


def read(path: Path) -> Progress:
    """The progress in a file; none where there is no file."""
    try:
        return decode(path.read_bytes())
    except FileNotFoundError:
        return Progress()
    except OSError as error:
        raise BadInputError(f"{path} can't be read: {error.strerror}.") from None
    except BadInputError as error:
        raise BadInputError(
            f"{path}: {error} Move it away, or take back an exported one with "
            "`packerlab progress --import FILE`."
        ) from None


def decode(data: bytes) -> Progress:
    """The progress in the bytes of a file; raises BadInputError where they are none."""
    try:
        return msgspec.json.decode(data, type=Progress)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise BadInputError(f"it is no record of progress ({visible(str(error))}).") from None


@contextlib.contextmanager
def changed(course: Course) -> Iterator[Progress]:
    """The progress in a course, to be changed; two commands at once lose nothing."""
    path = file_of(course)
    with FileLock(path.with_suffix(".lock")):
        progress = read(path)
        yield progress
        write(path, progress)


def write(path: Path, progress: Progress) -> None:
    """Replace a file of progress."""
    state.write_atomically(path, msgspec.json.format(msgspec.json.encode(progress), indent=1))


def begin(course: Course, lab: Lab, folder: Path) -> None:
    """Note that a lab was begun in a workspace."""
    with changed(course) as progress:
        record = progress.of(lab)
        record.folder = str(folder.resolve())
        record.begun = record.begun or today()
        progress.last = lab.slug


def note(course: Course, lab: Lab, folder: Path, report: Report) -> bool:
    """Note how far a workspace is; whether the lab is passed for the first time."""
    with changed(course) as progress:
        record = progress.of(lab)
        first = report.passed and not record.passed
        record.folder = str(folder.resolve())
        record.begun = record.begun or today()
        record.score = report.score or 0
        record.passed = record.passed or (today() if report.passed else "")
        progress.last = lab.slug
    return first


def next_hint(course: Course, lab: Lab, check: Check) -> int:
    """Let the learner see one hint more of a check; how many that are. The first is free."""
    with changed(course) as progress:
        hints = progress.of(lab).hints
        seen = hints.get(check.name, 1)
        hints[check.name] = max(seen, min(seen + 1, len(check.hints)))
    return hints[check.name]


def next_step(course: Course, progress: Progress) -> str:
    """What to do next, in a sentence: go on with the lab in hand, else begin the next one."""
    record = progress.labs.get(progress.last)
    if record and not record.passed and Path(record.folder).is_dir():
        return f"Next: packerlab watch {shlex.quote(record.folder)}"
    following = next_lab(course, progress)
    return f"Next: packerlab start {following.slug}" if following else "You have passed every lab."


def next_lab(course: Course, progress: Progress) -> Lab | None:
    """The lab to do next: the first open one after the last lab, or else from the beginning.

    A lab whose forerunners are passed comes before one that builds on labs still to be done.
    """
    slugs = list(course.slugs)
    here = slugs.index(progress.last) if progress.last in slugs else 0
    in_turn = map(course.lab, slugs[here:] + slugs[:here])
    open_ones = [lab for lab in in_turn if not progress.passed(lab.slug)]
    for lab in open_ones:
        if all(progress.passed(slug) for slug in lab.manifest.after):
            return lab
    return open_ones[0] if open_ones else None


def today() -> str:
    """As records have it: `2026-01-31`."""
    return time.strftime("%Y-%m-%d")
