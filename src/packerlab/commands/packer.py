"""`packerlab packer ARGS...`: Packer itself, in the lab's sandbox, on the workspace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packerlab.commands.options import CourseOption, LabOption, SandboxOption

if TYPE_CHECKING:
    from packerlab.commands.workspace import Workspace
    from packerlab.workbench import Workbench

ArgsArgument = Annotated[
    list[str], typer.Argument(metavar="ARGS...", help="What Packer is given: `build .`, say.")
]
DirOption = Annotated[
    Path, typer.Option("--dir", "-C", metavar="DIR", help="The workspace; by default this folder.")
]


def packer(
    args: ArgsArgument,
    folder: DirOption = Path(),
    lab: LabOption = None,
    sandbox: SandboxOption = "auto",
    course: CourseOption = None,
) -> None:
    """Run Packer in a lab's sandbox, beside the lab's account or container engine."""
    import os

    from packerlab.commands.workspace import open_workspace
    from packerlab.workbench import Attached

    bench = bench_of(open_workspace(folder, lab, course), sandbox)
    reads = args[0] == "console" or "-" in args
    at_terminal = args[0] == "console" and os.isatty(0) and os.isatty(1)
    raise typer.Exit(bench.packer(args, Attached(terminal=at_terminal, reads=reads)))


def bench_of(workspace: Workspace, sandbox: str) -> Workbench:
    """Where the lab of a workspace can be tried; raises BadInputError for one in an archive."""
    from packerlab.commands.workspace import backend_for
    from packerlab.errors import BadInputError
    from packerlab.workbench import Workbench

    submission = workspace.submission
    root = workspace.path / submission.inside
    if not root.is_dir():
        raise BadInputError(f"{workspace.path}: what runs here may change files: unpack it first.")
    return Workbench(workspace.lab, root, submission.files, backend_for(workspace, sandbox))
