"""`packerlab override GRADEBOOK LEARNER CHECK`: points that an instructor gives by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from packerlab.commands.options import (
    CheckArgument,
    CourseOption,
    GradebookArgument,
    LabOption,
    LearnerArgument,
)

if TYPE_CHECKING:
    from packerlab.appeals.explaining import Case


def override(
    gradebook: GradebookArgument,
    learner: LearnerArgument,
    check: CheckArgument,
    points: Annotated[
        int | None, typer.Option("--points", min=0, help="How many points the check gets.")
    ] = None,
    note: Annotated[
        str | None, typer.Option("--note", help="Why, in a sentence that the learner may read.")
    ] = None,
    remove: Annotated[
        bool, typer.Option("--remove", help="Take back what was given for the check.")
    ] = False,
    lab: LabOption = None,
    course: CourseOption = None,
) -> None:
    """Give a check's points by hand, with a note; grading again leaves them alone."""
    from packerlab.appeals import explaining
    from packerlab.course import open_course
    from packerlab.course.signing import key_of
    from packerlab.errors import BadInputError
    from packerlab.gradebook import read_gradebook
    from packerlab.gradebook.overrides import Override, applied, in_force
    from packerlab.learning.progress import today
    from packerlab.report import person

    if remove == (points is not None or note is not None):
        raise BadInputError("Give --points and --note, or else --remove alone.")
    book = read_gradebook(gradebook, key_of(open_course(course).root))
    if book.doubt:
        typer.echo(f"note: {book.doubt}", err=True)
    case = explaining.find(book, learner, check, lab)
    report, name = case.report, case.check.name
    before = in_force(report, book.overrides(report)).get(name)
    if remove and before is None:
        raise BadInputError(f"Nothing was given by hand to {person(report)} for {name}.")
    said = before.note if before and remove else _note(note)
    given = None if remove else _points(case, points)
    digest = report.digests.submission
    book.override(report, Override(name, given, said, digest, today()))
    now = applied(report, book.overrides(report))
    points_now = now.checks[case.number - 1].points
    score = "no score" if now.score is None else f"{now.score} of {now.max_score}"
    print(f"{person(report)}, {report.lab}, attempt {report.run.attempt}: {name} has "
          f"{points_now} of {case.check.max_points} points; all in all: {score}")  # fmt: skip


def _note(note: str | None) -> str:
    """What was given as the note, if it says something."""
    from packerlab.errors import BadInputError
    from packerlab.gradebook.overrides import LONGEST_NOTE
    from packerlab.text import clean

    text = clean((note or "").strip())
    if not text:
        raise BadInputError("Say why with --note: it stands beside the score.")
    if len(text) > LONGEST_NOTE:
        raise BadInputError(f"The note has {len(text)} characters: at most {LONGEST_NOTE}.")
    return text


def _points(case: Case, points: int | None) -> int:
    """The points to give, if the check and its report can have them."""
    from packerlab.errors import BadInputError
    from packerlab.report import person

    if points is None:
        raise BadInputError("Say how many points with --points.")
    if case.report.status == "fault":
        raise BadInputError(
            f"The report of {person(case.report)} is a fault, which says nothing of the work: "
            "grade it again first."
        )
    if points > case.check.max_points:
        raise BadInputError(
            f"{case.check.name} is worth {case.check.max_points} points, not {points}."
        )
    return points
