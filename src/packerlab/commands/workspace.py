"""The workspace that a learner's verb is about: found, read, checked, and where it stands."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, NamedTuple

from packerlab import progress
from packerlab.errors import BadInputError, MachineError, RejectedError
from packerlab.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from packerlab.course import Course
    from packerlab.lab import Lab
    from packerlab.report import Check, Report
    from packerlab.sandbox.base import Backend
    from packerlab.submissions.workspaces import Submission


class Workspace(NamedTuple):
    """What was found at `path`, a folder or an archive of one."""

    path: Path
    course: Course
    lab: Lab
    submission: Submission

    @property
    def begun_otherwise(self) -> bool:
        """Whether the lab has changed since this workspace was started from it."""
        marker = self.submission.marker
        return bool(marker and marker.lab_digest and marker.lab_digest != self.lab.digest)

    def changed_note(self) -> str:
        return (
            f"note: the lab changed since you started: `packerlab reset {self.path}` "
            "gives you the new one, and keeps your work beside it."
        )

    def hints_seen(self) -> dict[str, int]:
        """How many hints of each check the learner has seen."""
        return progress.read(progress.file_of(self.course)).of(self.lab).hints

    def next_step(self) -> str:
        """What to do next, in a sentence."""
        return progress.next_step(self.course, progress.read(progress.file_of(self.course)))


def open_workspace(path: Path, lab: str | None, course: Path | None) -> Workspace:
    """Read the workspace at `path`; raises BadInputError where it is none."""
    from packerlab.course import open_course
    from packerlab.submissions.workspaces import read_workspace

    whole = open_course(course)
    if not path.exists():
        raise BadInputError(f"{path}: there is no such folder.")
    try:
        submission = read_workspace(path, any_template=lab is not None)
    except RejectedError as error:
        raise BadInputError(f"{path}: {error}") from None
    named = submission.marker.lab if submission.marker else ""
    if not (lab or named):
        raise BadInputError(
            f"{path} is not a workspace: `packerlab start LAB` makes one, --lab names its lab."
        )
    if not lab and named not in whole.slugs:
        raise BadInputError(f"{path} is a workspace of {visible(named)}, no lab of this course.")
    chosen = whole.lab(lab or named)
    if lab and named not in ("", chosen.slug):
        raise BadInputError(f"{path} is a workspace of {visible(named)}, not of {chosen.slug}.")
    return Workspace(path, whole, chosen, submission)


def backend_for(workspace: Workspace, sandbox: str) -> Backend:
    """The sandbox to check in; what is weak about it is said."""
    from packerlab.sandbox import choose

    needs = set(workspace.lab.manifest.needs)
    backend = choose(sandbox, needs, [workspace.course.root], full_limits=False)
    if backend.weak():
        print(f"note: {'; '.join(backend.weak())}", file=sys.stderr)
    return backend


def checked(
    workspace: Workspace, sandbox: str, on_check: Callable[[Check], None] | None = None
) -> Report:
    """The report of a workspace; `on_check` hears each check as it ends."""
    import msgspec

    from packerlab.grading.grade_one import grade
    from packerlab.sandbox import Sandbox
    from packerlab.submissions.learners import learner_name, person

    lab = workspace.lab
    backend = backend_for(workspace, sandbox)
    with contextlib.closing(Sandbox(backend, lab.limits, lab.needs)) as opened:
        report = grade(lab, workspace.submission, opened, lab.limits, on_check)
    if report.status == "fault" and not report.checks:
        raise MachineError(report.reason)
    handed = workspace.path.resolve().name
    run = msgspec.structs.replace(
        report.run,
        learner=learner_name(handed),
        name=visible(person(handed)),
        passed_over=list(workspace.submission.passed_over),
    )
    return msgspec.structs.replace(report, run=run)


def keep(workspace: Workspace, report: Report) -> bool:
    """Note how far the learner has come; whether the lab is passed for the first time."""
    if not workspace.path.is_dir():
        return False
    return progress.note(workspace.course, workspace.lab, workspace.path, report)
