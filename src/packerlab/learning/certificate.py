"""A certificate: what a learner has passed, with the work itself, which anybody can check again.

Nothing in it has to be believed. The reader grades the work in it once more, in a sandbox,
with the course that they have. Who has the course's key may sign it after that, for readers who
can't. It can't say who did the work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec
from msgspec.structs import replace

from packerlab import state
from packerlab.course.signing import CERTIFICATE
from packerlab.errors import BadInputError, RejectedError
from packerlab.learning import progress
from packerlab.learning.progress import Day  # noqa: TC001  (msgspec reads it)
from packerlab.report import Digests  # noqa: TC001
from packerlab.submissions.archives import in_memory
from packerlab.submissions.workspaces import refused, submission
from packerlab.text import visible
from packerlab.writers.certificate_page import Page, Passed, certificate_html

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from packerlab.course import Course
    from packerlab.course.signing import Key
    from packerlab.lab import Lab
    from packerlab.report import Report
    from packerlab.submissions.workspaces import Submission

MAX_BYTES = 64_000_000
"""Of a certificate's file: more than the work for a hundred labs, as people write it."""


class Kept(msgspec.Struct, frozen=True):
    """One file of a workspace; as JSON, its bytes are Base64."""

    data: bytes
    executable: bool = False


class Work(msgspec.Struct, frozen=True):
    """One lab that was passed: when, with what, and the files that passed."""

    lab: str
    title: str
    passed: Day
    packer: str
    sandbox: str
    digests: Digests
    files: dict[str, Kept]

    def handed_in(self) -> Submission:
        """The work, read as anything that somebody hands in."""
        entries = [
            in_memory(name, kept.data, executable=kept.executable)
            for name, kept in self.files.items()
        ]
        try:
            return submission(entries)
        except RejectedError as error:
            return refused(str(error))


class Seal(msgspec.Struct, frozen=True):
    """Who has graded a certificate's work again and found it right: a key's fingerprint; when."""

    key: str
    day: Day
    signature: str = ""


class Certificate(msgspec.Struct, frozen=True):
    """Everything that one learner has passed in a course, in the course's order."""

    course: str
    made: Day
    work: list[Work]
    name: str = ""
    seal: Seal | None = None
    format: Annotated[int, msgspec.Meta(ge=1, le=1)] = 1


class Awarded(NamedTuple):
    """A certificate, and the titles of labs that were passed elsewhere, with no work here."""

    certificate: Certificate
    without_work: list[str]


def keep(course: Course, lab: Lab, handed_in: Submission, report: Report) -> None:
    """Keep a learner's latest work that passes a lab."""
    files = {name: Kept(file.data, file.executable) for name, file in handed_in.files.items()}
    run, day = report.run, progress.today()
    work = Work(lab.slug, lab.title, day, run.packer, run.sandbox, report.digests, files)
    state.write_atomically(_folder(course) / f"{lab.slug}.json", msgspec.json.encode(work))


def award(course: Course, name: str = "") -> Awarded:
    """The certificate of who learns on this machine. Raises BadInputError where none is due."""
    passed = progress.read(progress.file_of(course)).passed
    labs = [lab for lab in course.labs() if passed(lab.slug)]
    kept = {lab.slug: _kept(course, lab) for lab in labs}
    work = [each for each in kept.values() if each]
    if not work:
        raise BadInputError(
            "There is no work yet that passes a lab: `packerlab check` keeps it when it does."
        )
    without = [lab.title for lab in labs if not kept[lab.slug]]
    return Awarded(Certificate(course.outline.title, progress.today(), work, name), without)


def sign(certificate: Certificate, key: Key) -> Certificate:
    """The certificate with the seal of who has graded its work again."""
    seal = Seal(key.fingerprint, progress.today())
    signature = key.sign(CERTIFICATE, _facts(certificate, seal))
    return replace(certificate, seal=replace(seal, signature=signature))


def sealed_by(certificate: Certificate, key: Key) -> bool:
    """Whether its seal is of that key, and of just this work."""
    seal = certificate.seal
    return seal is not None and key.signed(CERTIFICATE, _facts(certificate, seal), seal.signature)


def _facts(certificate: Certificate, seal: Seal) -> bytes:
    """What a seal is about. The files are in it as they are, and not as a digest says."""
    facts = [certificate.course, certificate.name, certificate.made, seal.key, seal.day]
    for work in certificate.work:
        digests = work.digests
        facts += [work.lab, work.title, work.passed, work.packer, work.sandbox]
        facts += [digests.lab, digests.grader, work.handed_in().digest]
    return msgspec.json.encode(facts)


def page(certificate: Certificate, course: Course, file: str) -> bytes:
    """A certificate whose work is in `file`, for people."""
    chapters: dict[str, list[Passed]] = {}
    by_lab = {work.lab: work for work in certificate.work}
    for chapter in course.outline.chapter:
        here = [by_lab[slug] for slug in chapter.slugs if slug in by_lab]
        chapters[chapter.title] = [
            Passed(work.title, work.passed, work.packer, work.sandbox, work.digests)
            for work in here
        ]
    total, name, made = len(course.slugs), certificate.name, certificate.made
    sealed = (certificate.seal.day, certificate.seal.key) if certificate.seal else None
    return certificate_html(Page(certificate.course, name, made, total, file, chapters, sealed))


def encode(certificate: Certificate) -> bytes:
    return msgspec.json.format(msgspec.json.encode(certificate), indent=1) + b"\n"


def read(path: Path) -> Certificate:
    """The certificate in a file, by anybody at all. Raises BadInputError where it is none."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadInputError(f"{path} has more than {MAX_BYTES} bytes: that is no certificate.")
        return msgspec.json.decode(path.read_bytes(), type=Certificate)
    except OSError as error:
        raise BadInputError(f"{path} can't be read: {error.strerror}.") from None
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        reason = visible(str(error))
        raise BadInputError(
            f"{path} is no certificate, which `packerlab progress --report` writes ({reason})."
        ) from None


def known(certificate: Certificate, course: Course) -> Iterator[tuple[Work, Lab | None]]:
    """Each piece of work, once for each lab, with the lab if this course has it."""
    once = {work.lab: work for work in certificate.work}
    for slug, work in once.items():
        yield work, course.lab(slug) if slug in course.slugs else None


def _folder(course: Course) -> Path:
    return progress.file_of(course).with_suffix(".passed")


def _kept(course: Course, lab: Lab) -> Work | None:
    try:
        return msgspec.json.decode((_folder(course) / f"{lab.slug}.json").read_bytes(), type=Work)
    except (OSError, msgspec.DecodeError, ValueError):
        return None
