"""A room: its labs, its members, their hand-ins and the line, put together from what is on disk."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, NamedTuple

from packerlab.exports.starters import workspace_zip
from packerlab.room.members import Members, new_code
from packerlab.room.news import Listeners
from packerlab.room.shelf import Shelf
from packerlab.room.turns import Turns
from packerlab.room.wall import Wall

if TYPE_CHECKING:
    from packerlab.gradebook import Gradebook
    from packerlab.lab import Lab
    from packerlab.report import Report
    from packerlab.room.members import Member
    from packerlab.room.turns import HandIn
    from packerlab.submissions.workspaces import Submission

FOLDER = "room"
"""In the gradebook: who has joined, and what waits."""
MOST_WAITING = 3
"""Labs of which one learner may have a hand-in in the line."""


class NotNowError(Exception):
    """A hand-in can't be taken in at the moment, in a sentence that says why."""


class Standing(NamedTuple):
    """How far a learner is with a lab: the place in the line, and the last report."""

    lab: Lab
    place: int | None
    report: Report | None


class Room:
    """Everything that the pages show and the graders work on."""

    def __init__(
        self, title: str, labs: list[Lab], book: Gradebook, *, scores: bool = False
    ) -> None:
        self.title = title
        self.labs = {lab.slug: lab for lab in labs}
        self.book = book
        self.code = new_code()
        self.desk = secrets.token_urlsafe(18)
        """What the instructor's own link has in it."""
        self.members = Members(book.path / FOLDER / "members")
        self.shelf = Shelf(book.path / FOLDER)
        self.turns = Turns()
        self.listeners = Listeners()
        self.wall = Wall(labs, self.members.has, scores=scores)
        for report in book.reports():
            self.wall.add(report, new=False)
        for handed in self.shelf.waiting():
            if handed.slug in self.labs and not self._has_report(handed):
                self.turns.put(handed)

    def _has_report(self, handed: HandIn) -> bool:
        """Whether we were killed after a report was saved: then the hand-in waits no longer."""
        for last in self.book.attempts(handed.slug, handed.learner)[-1:]:
            if last.complete and last.digests.submission == self.shelf.read(handed).digest:
                self.shelf.drop(handed)
                return True
        return False

    def standing(self, member: Member, lab: Lab) -> Standing:
        """What a learner's own page says of a lab."""
        place = self.turns.place(member.key, lab.slug)
        reports = self.book.attempts(lab.slug, member.key)
        return Standing(lab, place, reports[-1] if reports else None)

    def take_in(self, member: Member, lab: Lab, work: Submission) -> bool:
        """Put work in the line: it is on disk when this returns. Whether it replaces another.

        Raises NotNowError where the learner, or the disk, has enough of it.
        """
        if self.shelf.is_full():
            raise NotNowError("the instructor's disk is nearly full: tell the instructor.")
        in_line = self.turns.place(member.key, lab.slug)
        if not in_line and self.turns.count(member.key) >= MOST_WAITING:
            raise NotNowError(f"{MOST_WAITING} of your labs wait already: let one be graded first.")
        handed = self.shelf.put(member.key, lab.slug, workspace_zip(lab, work.files))
        older = self.turns.put(handed)
        if older:
            self.shelf.drop(older)
        self.listeners.tell(self.turns.learners())
        return older is not None

    def on_graded(self, report: Report | None) -> None:
        """A turn has begun, or ended with a report: all whom that concerns hear of it."""
        concerned = self.turns.learners()
        if report:
            self.wall.add(report)
            concerned.add(report.run.learner)
        self.listeners.tell(concerned)
