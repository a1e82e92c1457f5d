"""`packerlab check [DIR]`: how far one's own work is."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packerlab.commands.options import CourseOption, JsonOption, LabOption, SandboxOption

if TYPE_CHECKING:
    from packerlab.report import Check, Report


def check(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="The workspace; by default this folder.")
    ] = Path(),
    lab: LabOption = None,
    sandbox: SandboxOption = "auto",
    course: CourseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a workspace by building it for real, in a sandbox."""
    from packerlab import errors, terminal
    from packerlab.report import encode

    out = terminal.console()
    titles: dict[str, str] = {}

    def show(ended: Check) -> None:
        titles[ended.name] = ended.title
        terminal.show_check(out, ended, titles)

    report = checked(
        folder,
        lab=lab,
        sandbox=sandbox,
        course=course,
        on_check=None if as_json else show,
    )
    if as_json:
        sys.stdout.buffer.write(encode(report))
    else:
        terminal.show_verdict(out, report)
    if report.status == "fault" or not report.complete:
        raise typer.Exit(errors.MACHINE)
    if report.status == "rejected":
        raise typer.Exit(errors.BAD_INPUT)
    raise typer.Exit(errors.DONE if report.passed else errors.NEGATIVE)


def checked(
    folder: Path,
    *,
    lab: str | None,
    sandbox: str,
    course: Path | None,
    on_check: object = None,
) -> Report:
    """The report of one workspace; raises BadInputError where it is none."""
    import contextlib

    import msgspec

    from packerlab.course import open_course
    from packerlab.errors import BadInputError, MachineError, RejectedError
    from packerlab.grading import grade
    from packerlab.learners import learner_name
    from packerlab.sandbox import Sandbox, choose
    from packerlab.submissions import read_workspace
    from packerlab.text import visible

    whole = open_course(course)
    if not folder.exists():
        raise BadInputError(f"{folder}: there is no such folder.")
    try:
        submission = read_workspace(folder)
    except RejectedError as error:
        raise BadInputError(f"{folder}: {error}") from None
    named = submission.marker.lab if submission.marker else ""
    if not (lab or named):
        raise BadInputError(
            f"{folder} is not a workspace: `packerlab start LAB` makes one, --lab names its lab."
        )
    if not lab and named not in whole.slugs:
        raise BadInputError(f"{folder} is a workspace of {visible(named)}, no lab of this course.")
    chosen = whole.lab(lab or named)
    if lab and named not in ("", chosen.slug):
        raise BadInputError(f"{folder} is a workspace of {visible(named)}, not of {chosen.slug}.")
    backend = choose(sandbox, set(chosen.manifest.needs), [whole.root], full_limits=False)
    if backend.weak():
        print(f"note: {'; '.join(backend.weak())}", file=sys.stderr)
    with contextlib.closing(Sandbox(backend, chosen.limits)) as opened:
        report = grade(chosen, submission, opened, chosen.limits, on_check)  # type: ignore[arg-type]
    if report.status == "fault" and not report.checks:
        raise MachineError(report.reason)
    run = msgspec.structs.replace(report.run, learner=learner_name(folder.resolve().name))
    return msgspec.structs.replace(report, run=run)
