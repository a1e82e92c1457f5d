"""The workspace that a learner's verb is about: found, read, checked, and where it stands."""

from __future__ import annotations

import contextlib
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from packerlab.errors import BadInputError, MachineError, RejectedError
from packerlab.learning import progress
from packerlab.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable

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
            "note: the lab changed since you started: "
            f"`packerlab reset {shlex.quote(str(self.path))}` "
            "gives you the new one, and keeps your work beside it."
        )

    def hints_seen(self) -> dict[str, int]:
        """How many hints of each check the learner has seen."""
        return progress.read(progress.file_of(self.course)).of(self.lab).hints

    def next_step(self) -> str:
        """What to do next, in a sentence."""
        return progress.next_step(self.course, progress.read(progress.file_of(self.course)))


def located(named: Path, course: Course) -> Path:
    """The folder or archive `named`, or else the workspace of the lab that has this name.

    That is this folder where it is one of the lab's, else the one that was used last.
    """
    if named.exists():
        return named
    lab = course.find(str(named))
    if lab is None:
        raise BadInputError(
            f"{named}: there is no such folder, and no such lab (`packerlab labs` lists them)."
        )
    if _lab_of_this_folder() == lab.slug:
        return Path()
    folder = Path(progress.read(progress.file_of(course)).of(lab).folder)
    if folder == Path() or not folder.is_dir():
        raise BadInputError(
            f"You have no workspace of {lab.title}: `packerlab start {lab.number}` makes one."
        )
    return folder


def named_lab(name: str | None, course: Course) -> Lab:
    """The lab of this name; without one, the lab whose workspace this folder is."""
    wanted = name or _lab_of_this_folder()
    if not wanted:
        raise BadInputError("Name a lab: this folder is not a workspace of one.")
    return course.lab(wanted)


def _lab_of_this_folder() -> str:
    """The slug in this folder's marker; empty where it has none that can be read."""
    from packerlab.submissions.reader import entries_of
    from packerlab.submissions.workspaces import marker_of

    try:
        marker = marker_of(entries_of(Path()))
    except RejectedError:
        return ""
    return marker.lab if marker else ""


def open_workspace(wanted: Path, lab: str | None, course: Path | None) -> Workspace:
    """Read the workspace of that folder, archive or lab; raises BadInputError where it is none."""
    from packerlab.course import open_course
    from packerlab.submissions.workspaces import read_workspace

    whole = open_course(course)
    path = located(wanted, whole)
    called = "This folder" if path == Path() else str(path)
    if path.is_dir() and not any(path.iterdir()):
        raise BadInputError(f"{called} is empty: `packerlab start LAB` makes a workspace.")
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
    """The sandbox to check in; what is weak about it is said, and what is missing is offered."""
    from packerlab.learning.readiness import missing_plugin
    from packerlab.sandbox import choose

    lab, masked = workspace.lab, [workspace.course.root]
    while True:
        try:
            backend = choose(sandbox, set(lab.needs), masked, full_limits=False)
            break
        except MachineError:
            if not _made_what_is_missing(lab, sandbox):
                raise
    if backend.name == "bubblewrap" and (missing := missing_plugin(lab)):
        raise MachineError(
            f"{lab.title} needs {missing.what}: {missing.reason} Install it with "
            f"`{missing.command}`."
        )
    if backend.weak():
        print(f"note: {'; '.join(backend.weak())}", file=sys.stderr)
    return backend


def _made_what_is_missing(lab: Lab, sandbox: str) -> bool:
    """Offer to make what bubblewrap lacks for a lab; whether it was made."""
    from packerlab.commands.preparing import offer
    from packerlab.learning.readiness import Machine

    if sandbox not in ("auto", "bubblewrap"):
        return False
    missing = Machine().missing(lab)
    return bool(missing and offer(missing))


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
    from packerlab.learning import certificate

    folder = workspace.path / workspace.submission.inside
    if not folder.is_dir():
        return False
    if report.passed:
        certificate.keep(workspace.course, workspace.lab, workspace.submission, report)
    return progress.note(workspace.course, workspace.lab, folder, report)
