"""`packerlab check [LAB|DIR]`: how far one's own work is."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

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


def check(
    folder: FolderArgument = Path(),
    lab: LabOption = None,
    sandbox: SandboxOption = "auto",
    course: CourseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a workspace by building it for real, in a sandbox."""
    from packerlab import terminal
    from packerlab.commands.workspace import checked, keep, open_workspace
    from packerlab.report import encode

    workspace = open_workspace(folder, lab, course)
    if as_json:
        report = checked(workspace, sandbox)
        keep(workspace, report)
        sys.stdout.buffer.write(encode(report))
    else:
        out = terminal.console()
        report = show_checked(out, workspace, sandbox)
        if keep(workspace, report):
            terminal.show_debrief(out, workspace.lab, workspace.next_step())
    raise typer.Exit(exit_code(report))


def show_checked(out: Console, workspace: Workspace, sandbox: str) -> Report:
    """Check a workspace; each check is shown as it ends."""
    from packerlab import terminal
    from packerlab.commands.workspace import checked

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
