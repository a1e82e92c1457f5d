"""`packerlab packer [LAB] ARGS...`: Packer itself, in the lab's sandbox, on the workspace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packerlab.commands.options import (
    Completion,
    CourseOption,
    LabOption,
    SandboxOption,
    started_labs,
)

if TYPE_CHECKING:
    from packerlab.commands.workspace import Workspace
    from packerlab.workbench import Workbench

VERBS = ("build", "console", "fmt", "init", "inspect", "plugins", "validate", "version")
"""What a shell completes; whatever else Packer is given, it gets as it is."""


def first_words(context: typer.Context) -> list[Completion]:
    """What a shell completes first: the labs that have a workspace, and Packer's verbs."""
    verbs = [(verb, "") for verb in VERBS]
    before = context.params.get("args") or ()
    if not before:
        return [*started_labs(context), *verbs]
    return verbs if len(before) == 1 and names_lab(before[0]) else []


def names_lab(word: str) -> bool:
    """Whether a first word is a lab: its number begins it, which begins no verb of Packer's."""
    return word[:1].isdecimal()


ArgsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="[LAB] ARGS...",
        help="A lab that you have started, by its number; then what Packer is given: `build .`, "
        "say. Without a lab, the workspace is this folder.",
        autocompletion=first_words,
    ),
]
DirOption = Annotated[
    Path | None,
    typer.Option("--dir", "-C", metavar="DIR", help="The workspace's folder.", show_default=False),
]


def packer(
    args: ArgsArgument,
    folder: DirOption = None,
    lab: LabOption = None,
    sandbox: SandboxOption = "auto",
    course: CourseOption = None,
) -> None:
    """Run Packer in a lab's sandbox, beside the lab's account or container engine."""
    import os

    from packerlab.commands.workspace import open_workspace
    from packerlab.errors import BadInputError
    from packerlab.workbench import Attached

    named = args.pop(0) if names_lab(args[0]) else None
    if named and folder:
        raise BadInputError(f"Name the workspace once: by -C {folder}, or by its lab {named}.")
    if not args:
        raise BadInputError(f"What is Packer to do? For example: packerlab packer {named} build .")
    bench = bench_of(open_workspace(folder or Path(named or ""), lab, course), sandbox)
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
