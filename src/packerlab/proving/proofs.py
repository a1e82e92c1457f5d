"""What of a course has been proven, and where: `proof.json` at its root, which is committed.

A record holds as long as the lab's answers and its grader are those that were graded. It says
nothing of the engine, which has tests of its own and changes more often.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from packerlab import state
from packerlab.errors import BadInputError
from packerlab.submissions.reader import File, digest

if TYPE_CHECKING:
    from pathlib import Path

    from packerlab.course import Course
    from packerlab.lab import Lab

REASONS = "variants/equivalent.toml"
BESIDE = ("README.md", "DEBRIEF.md", REASONS)
"""Files of a lab that no grading depends on: a better sentence needs no new proof."""


class Proven(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every answer to a lab ended as it must, in one sandbox with one Packer.

    `margin` is how many times what the solution needed the narrowest limit is.
    """

    sandbox: str
    packer: str
    gradings: int
    seconds: int
    margin: int


class Mutants(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many small changes of the solution there are, and how many the grader noticed.

    It rightly takes those that are `equivalent`, by the table of reasons with this digest.
    """

    made: int
    killed: int
    equivalent: int
    reasons: str = ""


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is proven of one lab, and the digests of its answers and its grader."""

    lab: str
    grader: str
    proven: list[Proven] = []
    mutants: Mutants | None = None


class Records(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole of `proof.json`."""

    format: Annotated[int, msgspec.Meta(ge=1, le=1)] = 1
    labs: dict[str, Record] = {}


def proven(course: Course, lab: Lab) -> list[Proven]:
    """Where today's lab is proven; empty where it has changed since."""
    return _current(_read(course), lab).proven


def mutants(course: Course, lab: Lab) -> Mutants | None:
    """What became of the mutants of today's lab; None where nobody has tried them."""
    found = _current(_read(course), lab).mutants
    return found if found and found.reasons == _reasons(lab) else None


def note_mutants(course: Course, lab: Lab, new: Mutants) -> None:
    """Write down what became of a lab's mutants."""
    records = _read(course)
    new = msgspec.structs.replace(new, reasons=_reasons(lab))
    records.labs[lab.slug] = msgspec.structs.replace(_current(records, lab), mutants=new)
    _write(course, records)


def note(course: Course, lab: Lab, new: Proven) -> None:
    """Write down that a lab holds. What was proven before it changed is dropped."""
    records = _read(course)
    record = _current(records, lab)
    by_place = {(each.sandbox, each.packer): each for each in record.proven}
    place = (new.sandbox, new.packer)
    by_place[place] = _settled(by_place.get(place, new), new)
    ordered = [by_place[place] for place in sorted(by_place)]
    records.labs[lab.slug] = msgspec.structs.replace(record, proven=ordered)
    _write(course, records)


def forget(course: Course, lab: Lab) -> None:
    """A lab that does not hold has no record."""
    records = _read(course)
    if records.labs.pop(lab.slug, None):
        _write(course, records)


def _settled(old: Proven, new: Proven) -> Proven:
    """Figures depend on the machine and its load: only one that has doubled or halved is news.

    So the record of a lab that did not change stays as it is, wherever it is proven again.
    """
    close = {
        key: before
        for key in ("seconds", "margin")
        if (before := getattr(old, key)) <= 2 * getattr(new, key) <= 4 * before
    }
    return msgspec.structs.replace(new, **close)


def _current(records: Records, lab: Lab) -> Record:
    """The record of today's lab, an empty one where there is none."""
    today = Record(_digest(lab), lab.grader_digest)
    record = records.labs.get(lab.slug, today)
    return record if (record.lab, record.grader) == (today.lab, today.grader) else today


def _digest(lab: Lab) -> str:
    """Over all of a lab that a grading depends on; a link counts as what it names."""
    files = {}
    for path in lab.path.rglob("*"):
        name = path.relative_to(lab.path).as_posix()
        if path.is_symlink():
            files[name] = File(str(path.readlink()).encode())
        elif path.is_file() and name not in BESIDE:
            files[name] = File(path.read_bytes(), bool(path.stat().st_mode & 0o100))
    return digest(files)


def _reasons(lab: Lab) -> str:
    """The digest of a lab's table of equivalent mutants; empty where it has none."""
    table = lab.path / REASONS
    return digest({REASONS: File(table.read_bytes())}) if table.is_file() else ""


# --- the file -------------------------------------------------------------------------------------


def file_of(course: Course) -> Path:
    """Where a course's proof is recorded."""
    return course.root / "proof.json"


def _read(course: Course) -> Records:
    path = file_of(course)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Records)
    except FileNotFoundError:
        return Records(labs={})
    except OSError as error:
        raise BadInputError(f"{path} can't be read: {error.strerror}.") from None
    except msgspec.DecodeError as error:
        raise BadInputError(f"{path} is no record of proofs: {error}. Remove it.") from None


def _write(course: Course, records: Records) -> None:
    """In the order of the course, without labs that are gone."""
    labs = {slug: records.labs[slug] for slug in course.slugs if slug in records.labs}
    text = msgspec.json.format(msgspec.json.encode(Records(labs=labs)), indent=2)
    try:
        state.write_atomically(file_of(course), text + b"\n")
    except OSError as error:
        raise BadInputError(f"{file_of(course)} can't be written: {error.strerror}.") from None
