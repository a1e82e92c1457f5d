"""`packerlab hint [LAB|DIR]`: the next step, for the first check that fails."""

from __future__ import annotations

from pathlib import Path

import typer

from packerlab.commands.options import CourseOption, FolderArgument, LabOption, SandboxOption


def hint(
    folder: FolderArgument = Path(),
    lab: LabOption = None,
    sandbox: SandboxOption = "auto",
    course: CourseOption = None,
) -> None:
    """Give one hint more for the first check that fails."""
    from packerlab.commands.check import exit_code
    from packerlab.commands.workspace import checked, keep, open_workspace
    from packerlab.display import terminal
    from packerlab.learning import progress

    out = terminal.console()
    workspace = open_workspace(folder, lab, course)
    report = checked(workspace, sandbox)
    keep(workspace, report)
    failed = next((check for check in report.checks if check.outcome == "failed"), None)
    if failed is None:
        terminal.show_verdict(out, report)
        raise typer.Exit(exit_code(report))
    terminal.show_check(
        out, failed, {}, progress.next_hint(workspace.course, workspace.lab, failed)
    )
