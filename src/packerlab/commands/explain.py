"""`packerlab explain GRADEBOOK LEARNER CHECK`: why a check ended as it did."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packerlab.commands.options import (
    CheckArgument,
    CourseOption,
    GradebookArgument,
    JsonOption,
    LabOption,
    LearnerArgument,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packerlab.appeals.explaining import Case, Explanation
    from packerlab.course import Course
    from packerlab.gradebook import Gradebook


def explain(
    gradebook: GradebookArgument,
    learner: LearnerArgument,
    check: CheckArgument,
    lab: LabOption = None,
    lay_out: Annotated[
        Path | None,
        typer.Option("--lay-out", metavar="DIR", help="Write the work there, as a workspace."),
    ] = None,
    course: CourseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show why a check ended as it did, and the command that does it again."""
    import msgspec

    from packerlab.appeals import explaining
    from packerlab.appeals.staleness import Today
    from packerlab.classroom.opening import course_of
    from packerlab.course.signing import key_of
    from packerlab.gradebook import read_gradebook

    whole = course_of(gradebook, course)
    book = read_gradebook(gradebook, key_of(whole.root))
    case = explaining.find(book, learner, check, lab)
    options = ["--course", str(course)] if course else []
    today = Today(whole, _packer(case.report.run.sandbox, whole))
    found = explaining.explain(book, case, today, options)
    if lay_out:
        _lay_out(book, case, lay_out)
    if as_json:
        print(msgspec.json.encode(found).decode())
    else:
        _show(found)
        if lay_out:
            print(f"The work is in {lay_out}: packerlab check {shlex.quote(str(lay_out))}")


def _packer(sandbox: str, course: Course) -> str:
    """The digest of the Packer in a sandbox; empty where that can't be used here."""
    from packerlab.errors import BadInputError, MachineError
    from packerlab.sandbox import choose

    try:
        backend = choose(sandbox, {"packer"}, [course.root], full_limits=False)
        return backend.packer().digest
    except (BadInputError, MachineError):
        return ""


def _lay_out(book: Gradebook, case: Case, target: Path) -> None:
    """Write what was handed in as a workspace, in a folder that is new or empty."""
    from packerlab.commands.start import refuse_used
    from packerlab.errors import BadInputError
    from packerlab.submissions.bundles import laid_out

    work = book.work(case.report)
    if work is None:
        raise BadInputError(f"{book.path} has no files of this submission.")
    refuse_used(target)
    try:
        for name, file in laid_out(work.files, case.report.lab).items():
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.data)
            path.chmod(file.mode)
    except OSError as error:
        raise BadInputError(f"{target} can't be written: {error.strerror}.") from None


def _show(found: Explanation) -> None:
    """On a terminal; the texts were written by others, and are shown as they are."""
    from packerlab.display import terminal
    from packerlab.text import visible

    out = terminal.console()
    out.print(f"{found.name}: {found.title}, attempt {found.attempt}, check {found.number}")
    terminal.show_check(out, found.check, {}, hints=len(found.check.hints))
    if found.lines and found.check.where:
        out.print(f"\n{visible(found.check.where.file)}")
        for line in found.lines:
            out.print(f"{'>' if line.here else ' '} {line.line:>4} | {line.text}", soft_wrap=True)
    out.print()
    for label, text in _facts(found):
        out.print(f"{label + ':':<12} {text}", soft_wrap=True)


def _facts(found: Explanation) -> Iterator[tuple[str, str]]:
    """What else there is to know, each with its label."""
    from packerlab.text import visible

    score = "no score" if found.score is None else f"{found.score} of {found.max_score} points"
    yield "report", f"{found.verdict}, {score}"
    if found.reason:
        yield "reason", visible(found.reason)
    if given := found.by_hand:
        yield "by hand", f"{given.points} points, {given.made}: {visible(given.note)}"
    bounds = ", ".join(f"{visible(name)} {number}" for name, number in found.limits.items())
    yield "graded", f"in {visible(found.sandbox)}, on Packer {visible(found.packer)}, with {bounds}"
    for name in found.digests.__struct_fields__:
        yield name, visible(getattr(found.digests, name))
    yield "since then", _since(found)
    yield "do it again", found.reproduce or "the gradebook has no files of this submission"


def _since(found: Explanation) -> str:
    from packerlab.appeals.staleness import WORDS

    if found.changed is None:
        return "this course has no such lab; name the other one with --course"
    what = " and ".join(WORDS[name] for name in found.changed)
    said = f"{what} changed: `packerlab regrade` grades it again" if what else "nothing changed"
    return said if found.packer_compared else f"{said}, but Packer can't be compared here"
