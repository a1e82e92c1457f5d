"""`packerlab reset [LAB|DIR]`: begin a lab anew, with the old work kept beside."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from packerlab.commands.options import CourseOption, FolderArgument


def reset(folder: FolderArgument = Path(), course: CourseOption = None) -> None:
    """Begin a workspace's lab anew; what was in it is kept in a folder beside."""
    from packerlab.commands.start import lay_out
    from packerlab.commands.workspace import located
    from packerlab.course import open_course
    from packerlab.errors import BadInputError, RejectedError
    from packerlab.learning import progress
    from packerlab.submissions.reader import entries_of
    from packerlab.submissions.workspaces import marker_of

    whole = open_course(course)
    folder = located(folder, whole)
    try:
        marker = marker_of(entries_of(folder)) if folder.is_dir() else None
    except RejectedError as error:
        raise BadInputError(f"{folder}: {error}") from None
    if marker is None:
        raise BadInputError(f"{folder} is not a workspace: `packerlab start LAB` makes one.")
    lab = whole.lab(marker.lab)
    here = folder.resolve()
    kept = next(
        path
        for number in count(1)
        if not (path := here.with_name(f"{here.name}.kept-{number}")).exists()
    )
    try:
        kept.mkdir()
        for entry in list(here.iterdir()):  # the folder stays: a shell may stand in it
            entry.rename(kept / entry.name)
    except OSError as error:
        raise BadInputError(f"{here} can't be moved to {kept}: {error.strerror}.") from None
    lay_out(lab, here)
    progress.begin(whole, lab, here)
    print(f"{lab.title}: started again in {folder}/")
    print(f"  your work until now:  {kept}/")
