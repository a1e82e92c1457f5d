"""`packerlab watch [LAB|DIR]`: feedback with every save, and the next steps at a key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from packerlab.commands.options import CourseOption, FolderArgument, LabOption, SandboxOption
from packerlab.errors import BadInputError

if TYPE_CHECKING:
    from packerlab.commands.workspace import Workspace


def watch(
    folder: FolderArgument = Path(),
    lab: LabOption = None,
    sandbox: SandboxOption = "auto",
    course: CourseOption = None,
) -> None:
    """Check a workspace whenever you save, until you quit."""
    import asyncio

    from packerlab.commands import live
    from packerlab.commands.workspace import located, open_workspace
    from packerlab.course import open_course

    path = located(folder, open_course(course))
    if not path.is_dir():
        raise BadInputError(f"{path} is no folder; `packerlab check` takes archives.")
    workspace: Workspace | None = open_workspace(path, lab, course)
    is_new = False
    while workspace:
        workspace = asyncio.run(live.watch(workspace, sandbox, show_task=is_new))
        is_new = True
