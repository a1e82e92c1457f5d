"""Where handed-in work lies: on disk before it is acknowledged, and until its report is there too.

A hand-in is `waiting/<number>~<lab>~<learner>.zip`. packerlab makes these zips, of files that the
reader of submissions took in, so that they are small and nobody has to fear to open one.
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
import threading
from typing import TYPE_CHECKING

from packerlab import state
from packerlab.errors import RejectedError
from packerlab.room.turns import HandIn
from packerlab.submissions.archives import archive_entries
from packerlab.submissions.workspaces import refused, submission

if TYPE_CHECKING:
    from pathlib import Path

    from packerlab.submissions.workspaces import Submission

MIN_FREE = 500_000_000
"""Bytes that a disk must have left, so that one learner can't fill it for all."""
_WAITING = re.compile(r"(?P<number>[0-9]+)~(?P<slug>[0-9]{3}_[a-z0-9_]+)~(?P<learner>[^~]+)\.zip")


class Shelf:
    """The hand-ins of one room."""

    def __init__(self, folder: Path) -> None:
        self._waiting = folder / "waiting"
        self._waiting.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in self._waiting.glob(".*.zip.*"):  # what a killed process was writing
            left.unlink()
        self._lock = threading.Lock()
        self._last = max((each.number for each in self.waiting()), default=0)

    def is_full(self) -> bool:
        return shutil.disk_usage(self._waiting).free < MIN_FREE

    def put(self, learner: str, slug: str, data: bytes) -> HandIn:
        """Keep a workspace's zip; it is on disk when this returns."""
        with self._lock:
            self._last += 1
            handed = HandIn(self._last, slug, learner)
        state.write_atomically(self._file(handed), data, durable=True)
        return handed

    def drop(self, handed: HandIn) -> None:
        """Forget a hand-in that was graded, or whose place a newer one took."""
        self._file(handed).unlink(missing_ok=True)

    def read(self, handed: HandIn) -> Submission:
        """What was handed in, as the reader of submissions takes it."""
        file = self._file(handed)
        try:
            return submission(archive_entries(file.name, file.read_bytes()))
        except RejectedError as error:  # somebody changed what we put there
            return refused(str(error))

    def handed_in(self, handed: HandIn) -> str:
        """When it was acknowledged."""
        at = dt.datetime.fromtimestamp(self._file(handed).stat().st_mtime, dt.UTC)
        return at.astimezone().isoformat(timespec="seconds")

    def waiting(self) -> list[HandIn]:
        """All that wait, the oldest first; of one learner and lab, the newest alone."""
        found: dict[tuple[str, str], HandIn] = {}
        names = (_WAITING.fullmatch(file.name) for file in self._waiting.iterdir())
        named = [
            HandIn(int(name["number"]), name["slug"], name["learner"]) for name in names if name
        ]
        for handed in sorted(named):
            if older := found.pop((handed.learner, handed.slug), None):
                self.drop(older)
            found[handed.learner, handed.slug] = handed
        return list(found.values())

    def _file(self, handed: HandIn) -> Path:
        return self._waiting / f"{handed.number:08}~{handed.slug}~{handed.learner}.zip"
