"""Whose hand-in is graded next: learners take turns, so that nobody waits for one's many builds.

One hand-in of a learner is graded at a time. Of each learner and lab at most one waits: a newer one
takes its place. A hand-in that is to be tried again goes to the end of the line.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import NamedTuple


class HandIn(NamedTuple):
    """One acknowledged hand-in; `again` once its wall clock ran out."""

    number: int
    slug: str
    learner: str
    again: bool = False


class Turns:
    """The line; `take` is for the threads that grade."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[HandIn]] = {}
        """By learner, in the order of their turns."""
        self._grading: dict[str, HandIn] = {}
        self._changed = threading.Condition()
        self._closed = False

    def put(self, handed: HandIn) -> HandIn | None:
        """Add a hand-in to the line; returns the one whose place it takes."""
        with self._changed:
            own = self._waiting.setdefault(handed.learner, deque())
            self._changed.notify()
            for place, other in enumerate(own):
                if other.slug == handed.slug:
                    own[place] = handed
                    return other
            own.append(handed)
            return None

    def take(self) -> HandIn | None:
        """The next hand-in, which is then being graded; None once the line is closed."""
        with self._changed:
            while not self._closed:
                for learner, own in self._waiting.items():
                    if learner not in self._grading:
                        handed = own.popleft()
                        del self._waiting[learner]
                        if own:
                            self._waiting[learner] = own  # behind everybody else
                        self._grading[learner] = handed
                        return handed
                self._changed.wait()
            return None

    def done(self, handed: HandIn) -> None:
        """It is graded: its learner may be next."""
        with self._changed:
            self._end(handed)

    def retry(self, handed: HandIn) -> bool:
        """Put it at the end of the line, unless a newer one of its learner's and lab waits."""
        with self._changed:
            own = self._waiting.pop(handed.learner, deque())
            newer = any(other.slug == handed.slug for other in own)
            if not newer:
                own.append(handed._replace(again=True))
                self._end(handed)
            self._waiting[handed.learner] = own
            return not newer

    def _end(self, handed: HandIn) -> None:
        self._grading.pop(handed.learner, None)
        self._changed.notify()

    def place(self, learner: str, slug: str) -> int | None:
        """How many turns come before it: 0 while it is graded, None where there is none."""
        with self._changed:
            graded = self._grading.get(learner)
            own = [each.slug for each in self._waiting.get(learner, ())]
            if slug not in own:
                return 0 if graded and graded.slug == slug else None
            round_ = own.index(slug)
            before = list(self._waiting).index(learner)
            ahead = sum(
                min(len(line), round_ + (rank < before))
                for rank, (other, line) in enumerate(self._waiting.items())
                if other != learner
            )
            return 1 + ahead + round_

    def count(self, learner: str) -> int:
        """How many hand-ins of a learner wait."""
        with self._changed:
            return len(self._waiting.get(learner, ()))

    def learners(self) -> set[str]:
        """Who waits, or is graded."""
        with self._changed:
            return {*self._waiting, *self._grading}

    def __len__(self) -> int:
        with self._changed:
            return sum(map(len, self._waiting.values())) + len(self._grading)

    @property
    def closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        """Let nobody take any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
