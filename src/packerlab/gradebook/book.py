"""A gradebook: a folder of reports, one file for each lab, learner and attempt (format 1).

- `gradebook.json`: the format, and the sandbox that it began with
- `reports/<slug>/<learner>/<attempt>.json`: one report, as it was graded
- `submissions/<slug>/<digest>.tar`: the files that reports are about
- `overrides/<slug>/<learner>/<attempt>/<check>.json`: points given by hand
- `class/`: a copy of `class.toml`, and of the tables that it names
- `ledger.jsonl`: what was saved of these, signed; only where the course has a key
- `.lock`: held while grading; readers need no lock
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Self

import msgspec

from packerlab.errors import BadInputError, MachineError, RejectedError
from packerlab.gradebook import overrides
from packerlab.gradebook.files import (
    CLASS,
    OVERRIDES,
    REPORTS,
    UNKNOWN,
    learner_folder,
    override_file,
    read_override,
    read_report,
    saved,
    work_file,
)
from packerlab.gradebook.ledger import Ledger
from packerlab.gradebook.opening import (
    HEADER,
    Header,
    claim,
    clear_half_written,
    doubt_of,
    finish_half_written,
    header,
    refuse_signed,
)
from packerlab.report import encode
from packerlab.state import write_atomically
from packerlab.submissions import bundles
from packerlab.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from filelock import FileLock

    from packerlab.course.signing import Key
    from packerlab.gradebook.overrides import Override
    from packerlab.report import Digests, Report
    from packerlab.submissions.workspaces import Submission


class Gradebook:
    """An open gradebook; as a context manager it gives its lock back at the end.

    With a ledger, only what was entered there is believed. Without one, `doubt` is a sentence where
    somebody else could have written the reports.
    """

    def __init__(
        self,
        path: Path,
        sandbox: str,
        lock: FileLock | None = None,
        doubt: str = "",
        ledger: Ledger | None = None,
    ) -> None:
        self.path = path
        self.sandbox = sandbox
        self.doubt = doubt
        self.ledger = ledger
        self._lock = lock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock:
            self._lock.release()

    def settle_sandbox(self, sandbox: str) -> None:
        """Keep the backend that grading begins with; another one later is bad input."""
        if self.sandbox and self.sandbox != sandbox:
            raise BadInputError(
                f"{self.path} was graded with the sandbox {self.sandbox}, not {visible(sandbox)}: "
                f"use {self.sandbox}, or another folder."
            )
        self.sandbox = sandbox
        self._write(self.path / HEADER, msgspec.json.encode(Header(1, sandbox)) + b"\n")

    def save(self, report: Report, *, durable: bool = False) -> None:
        """Keep a report; one of the same lab, learner and attempt is replaced.

        `durable` where nothing else remembers what was graded: it survives a power cut.
        """
        work = work_file(report.lab, report.digests.submission)
        has_work = bool(work) and (self.path / work).is_file()
        self._enter(self.file_of(report), encode(report), work if has_work else "",
                    durable=durable)  # fmt: skip

    def keep(self, slug: str, submission: Submission, *, durable: bool = False) -> None:
        """Keep the files that a report is about, once for all who handed in the same.

        What the reader refused has none.
        """
        file = self.kept(slug, submission.digest)
        if submission.files and file:
            data = bundles.packed(submission.files, slug)
            if not (file.is_file() and file.read_bytes() == data):
                self._write(file, data, durable=durable)

    def kept(self, slug: str, digest: str) -> Path | None:
        """Where the files of that digest lie, if they are kept; None for what is no digest."""
        file = work_file(slug, digest)
        return self.path / file if file else None

    def work(self, report: Report) -> Submission | None:
        """What a report is about, as it was handed in; None where its files are not kept.

        Raises BadInputError where the file is not what its name says.
        """
        file = self.kept(report.lab, report.digests.submission)
        if file is None or not file.exists():
            return None
        try:
            found = bundles.unpacked(file)
        except RejectedError as error:
            raise BadInputError(f"{file} can't be read: {error}") from None
        if found.digest != report.digests.submission:
            raise BadInputError(f"{file} was changed: its files are not those that were graded.")
        return found

    def override(self, report: Report, given: Override) -> None:
        """Keep the points that were given by hand for a check of a report."""
        self._enter(self._overrides_of(report) / override_file(given.check),
                    overrides.encode(given))  # fmt: skip

    def keep_class(self, files: dict[str, bytes]) -> None:
        """Keep a copy of the class's rules, and of the tables that they name."""
        for name, data in files.items():
            self._enter(self.path / CLASS / name, data)

    def overrides(self, report: Report) -> list[Override]:
        """What was given by hand for a report's checks, and taken back."""
        if not (self.path / OVERRIDES).is_dir():  # a whole class is read faster without
            return []
        files = sorted(self._overrides_of(report).glob("*.json"))
        return [read_override(file) for file in files if self._is_believed(file)]

    def graded(self) -> Iterator[Report]:
        """All reports as they were graded, one at a time, by lab, learner and attempt."""
        for folder in self._folders():
            yield from map(read_report, self._believed(folder))

    def last_graded(self) -> Iterator[Report]:
        """The last attempt for each lab and learner as it was graded, one at a time."""
        for folder in self._folders():
            yield from map(read_report, self._believed(folder)[-1:])

    def reports(self) -> Iterator[Report]:
        """All reports, one at a time, with the points that were given by hand."""
        yield from map(self._with_overrides, self.graded())

    def latest(self) -> Iterator[Report]:
        """The last attempt for each lab and learner, one at a time, with points given by hand."""
        yield from map(self._with_overrides, self.last_graded())

    def unsigned(self) -> list[Path]:
        """The report files that are there and are not believed."""
        files = (file for folder in self._folders() for file in saved(folder))
        return [file for file in files if not self._is_believed(file)]

    def slugs(self) -> list[str]:
        """The labs that there are reports on."""
        return sorted({folder.parent.name for folder in self._folders()} - {UNKNOWN})

    def attempts(self, slug: str, learner: str) -> list[Report]:
        """A learner's reports on one lab as they were graded, the oldest first."""
        return [read_report(file) for file in saved(self._folder(slug, learner))]

    def file_of(self, report: Report, within: str = REPORTS) -> Path:
        """The file of a report, in a folder of the gradebook that is built like `reports`."""
        folder = self._folder(report.lab, report.run.learner, within)
        return folder / f"{report.run.attempt}.json"

    def done(
        self, slug: str, learner: str, digests: Digests, limits: dict[str, int]
    ) -> Report | None:
        """The complete report that was computed from these very inputs, if one is believed."""
        for file, report in reversed(self._readable(slug, learner)):
            same = report.digests == digests and report.run.limits == limits
            if same and report.complete and self._is_believed(file):
                return report
        return None

    def attempt_number(
        self, slug: str, learner: str, digest: str, *, after: int = 0, final: bool = True
    ) -> int:
        """The number for a submission: the last saved one's if it is the same, else one more.

        Where a learner handed in several workspaces of a lab, only the last is `final`: the others
        keep the number under which they were saved before. `after` is the number of the one before.
        What isn't believed counts as well, so that nothing which was planted is ever the newest.
        """
        attempts = [(int(file.stem), report) for file, report in self._readable(slug, learner)]
        for number, report in attempts[-1:] if final else attempts:
            if report.digests.submission == digest and number > after:
                return number
        return max([after, *(number for number, _ in attempts)]) + 1

    def _readable(self, slug: str, learner: str) -> list[tuple[Path, Report]]:
        """The attempts without corrupt files, so that grading again replaces these."""
        found = []
        for file in saved(self._folder(slug, learner)):
            try:
                found.append((file, read_report(file)))
            except BadInputError:
                continue
        return found

    def _with_overrides(self, report: Report) -> Report:
        return overrides.applied(report, self.overrides(report))

    def _overrides_of(self, report: Report) -> Path:
        return self.file_of(report, OVERRIDES).with_suffix("")

    def _believed(self, folder: Path) -> list[Path]:
        return [file for file in saved(folder) if self._is_believed(file)]

    def _is_believed(self, file: Path) -> bool:
        name = file.relative_to(self.path).as_posix()
        return self.ledger is None or self.ledger.holds(name, file.read_bytes())

    def _folders(self) -> list[Path]:
        return sorted((self.path / REPORTS).glob("*/*/"))

    def _folder(self, slug: str, learner: str, within: str = REPORTS) -> Path:
        return self.path / within / learner_folder(slug, learner)

    def _enter(self, path: Path, data: bytes, work: str = "", *, durable: bool = False) -> None:
        """Save a file of which the ledger, where there is one, is to know."""
        if self.ledger is None:
            refuse_signed(self.path)
            self._write(path, data, durable=durable)
            return
        name = path.relative_to(self.path).as_posix()
        with self.ledger.alone():
            self._write(path, data, partial(self.ledger.enter, name, data, work),
                        durable=durable)  # fmt: skip

    def _write(
        self,
        path: Path,
        data: bytes,
        before: Callable[[], None] | None = None,
        *,
        durable: bool = False,
    ) -> None:
        try:
            write_atomically(path, data, before=before, durable=durable)
        except OSError as error:
            raise MachineError(f"{path} can't be written: {error.strerror}.") from None


def open_gradebook(path: Path, sandbox: str | None, key: Key | None = None) -> Gradebook:
    """Open a gradebook to grade into it, and lock it; a new or empty folder becomes one.

    With the course's key, all that is saved is signed, and what isn't signed by it is not believed.

    `sandbox` is the backend that was asked for by name. None takes the gradebook's own, which is
    empty before its first report: `settle_sandbox` then says which it is.
    """
    if key and key.private is None:
        raise BadInputError("This course has only the public half of its key: it can't sign.")
    if key is None:
        refuse_signed(path)
    doubt = doubt_of(path, key)
    lock = claim(path)
    try:
        own = header(path).sandbox if (path / HEADER).exists() else ""
        ledger = Ledger(path, key) if key else None
        if ledger:
            doubt = finish_half_written(path, ledger)
        clear_half_written(path)
        # Without a report nothing holds it to a backend, which may have turned out not to run.
        book = Gradebook(path, own if any(path.glob("reports/*/*/*.json")) else "", lock, doubt,
                         ledger)  # fmt: skip
        book.settle_sandbox(sandbox or book.sandbox)
    except BaseException:
        lock.release()
        raise
    return book


def read_gradebook(path: Path, key: Key | None = None) -> Gradebook:
    """Open a gradebook to read it, also while another process is grading into it.

    With the course's key, only what is signed by it is believed.
    """
    sandbox = header(path).sandbox
    ledger = Ledger(path, key) if key else None
    return Gradebook(path, sandbox, doubt=doubt_of(path, key), ledger=ledger)
