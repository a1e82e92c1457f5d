"""`packerlab check [LAB|DIR]`: how far one's own work is."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packerlab.commands.options import (
    CourseOption,
    FolderArgument,
    JsonOption,
    LabOption,
    SandboxOption,
)

if TYPE_CHECKING:
    from rich.console import Console

    from packerlab.commands.workspace import Workspace
    from packerlab.report import Check, Report


def _forms() -> list[str]:
    """The names in the table of writers, which is imported only when it is needed."""
    from packerlab.writers import WRITERS

    return list(WRITERS)


def check(
    folder: FolderArgument = Path(),
    lab: LabOption = None,
    sandbox: SandboxOption = "auto",
    course: CourseOption = None,
    as_json: JsonOption = False,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            "-f",
            metavar="NAME",
            help="Print it for another system: junit, gradescope, classroom50 and so on.",
            autocompletion=_forms,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="With --format: write that there."),
    ] = None,
) -> None:
    """Check a workspace by building it for real, in a sandbox."""
    from packerlab.commands.workspace import checked, keep, open_workspace
    from packerlab.display import terminal

    _refuse_unfit(form, output, as_json=as_json)
    workspace = open_workspace(folder, lab, course)
    if as_json or (form and not output):
        report = checked(workspace, sandbox)
        keep(workspace, report)
        sys.stdout.buffer.write(_in_form(report, form))
    else:
        out = terminal.console()
        report = show_checked(out, workspace, sandbox)
        if keep(workspace, report):
            terminal.show_debrief(out, workspace.lab, workspace.next_step())
        if output:
            _write(output, _in_form(report, form))
    raise typer.Exit(exit_code(report))


def _refuse_unfit(form: str | None, output: Path | None, *, as_json: bool) -> None:
    """Raise BadInputError for a form that there is not, and for options that go without one."""
    from packerlab.errors import BadInputError

    if form is not None and form not in _forms():
        raise BadInputError(f"There is no format `{form}`: it is {', '.join(_forms())}.")
    if form is not None and as_json:
        raise BadInputError("--json and --format are two forms: choose one.")
    if output and form is None:
        raise BadInputError(f"-o needs a format: add --format {', '.join(_forms())}.")


def _in_form(report: Report, form: str | None) -> bytes:
    """A report in the form of that name, else as it is."""
    from packerlab.report import encode
    from packerlab.writers import WRITERS

    return b"".join(WRITERS[form]([report])) if form else encode(report)


def _write(output: Path, data: bytes) -> None:
    from packerlab.errors import BadInputError

    try:
        output.write_bytes(data)
    except OSError as error:
        raise BadInputError(f"{output} can't be written: {error.strerror}.") from None


def show_checked(out: Console, workspace: Workspace, sandbox: str) -> Report:
    """Check a workspace; each check is shown as it ends."""
    from packerlab.commands.workspace import checked
    from packerlab.display import terminal

    if workspace.begun_otherwise:
        out.print(workspace.changed_note())
    titles: dict[str, str] = {}
    hints = workspace.hints_seen()

    def show(ended: Check) -> None:
        titles[ended.name] = ended.title
        terminal.show_check(out, ended, titles, hints.get(ended.name, 1))

    report = checked(workspace, sandbox, show)
    terminal.show_verdict(out, report)
    return report


def exit_code(report: Report) -> int:
    """What a command ends with that has checked one workspace."""
    from packerlab import errors

    if report.status == "fault" or not report.complete:
        return errors.MACHINE
    if report.status == "rejected":
        return errors.BAD_INPUT
    return errors.DONE if report.passed else errors.NEGATIVE
