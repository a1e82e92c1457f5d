"""`packerlab shell [LAB|DIR]`: a terminal in a lab's sandbox, with Packer and what the lab has."""

from __future__ import annotations

from pathlib import Path

import typer

from packerlab.commands.options import CourseOption, FolderArgument, LabOption, SandboxOption


def shell(
    folder: FolderArgument = Path(),
    lab: LabOption = None,
    sandbox: SandboxOption = "auto",
    course: CourseOption = None,
) -> None:
    """Open a shell in a lab's sandbox; the lab's account lives as long as the shell."""
    import os

    from packerlab.commands.packer import bench_of
    from packerlab.commands.workspace import open_workspace
    from packerlab.workbench import Attached

    bench = bench_of(open_workspace(folder, lab, course), sandbox)
    terminal = os.isatty(0) and os.isatty(1)
    follower = Attached(terminal=terminal, reads=True)
    raise typer.Exit(bench.shell(follower, terminal=terminal))
