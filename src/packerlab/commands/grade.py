"""`packerlab grade PATH... --out DIR`: a class into a gradebook."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from packerlab.commands.options import (
    ClassOption,
    CourseOption,
    JobsOption,
    JsonOption,
    LabOption,
    SandboxOption,
    TlsAuthorityOption,
    TlsCertificateOption,
    TlsKeyOption,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from packerlab.classroom.batch import Tally
    from packerlab.classroom.intake import Intake
    from packerlab.classroom.opening import Classroom
    from packerlab.course import Course
    from packerlab.executors import Executor
    from packerlab.executors.address import Keys
    from packerlab.lab import Lab
    from packerlab.report import Report
    from packerlab.sandbox.base import Backend
    from packerlab.submissions.classes import Class


def grade(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", help="Submissions, or folders that hold them."),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="The gradebook's folder.", show_default=False)
    ] = None,
    lab: LabOption = None,
    jobs: JobsOption = 0,
    sandbox: SandboxOption = "auto",
    weak_limits: Annotated[
        bool, typer.Option("--weak-limits", help="Accept a sandbox whose bounds are weak.")
    ] = False,
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler",
            metavar="ADDRESS",
            help="Grade on the workers that have joined this scheduler of Dask's.",
            show_default=False,
        ),
    ] = None,
    tls_ca: TlsAuthorityOption = None,
    tls_cert: TlsCertificateOption = None,
    tls_key: TlsKeyOption = None,
    course: CourseOption = None,
    class_file: ClassOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what was handed in, and grade nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't show it first and ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Grade a class; what is in the gradebook already is not graded again."""
    import msgspec

    from packerlab import errors
    from packerlab.commands.classes import asked, show_intake
    from packerlab.executors.address import Keys

    if dry_run:
        show_intake(_taken_in(paths, out, lab, course, class_file), as_json=as_json)
        return
    if out is None:
        raise errors.BadInputError("There is no gradebook to grade into: name one with --out.")
    ask = sys.stdin.isatty() and not (yes or as_json)
    if ask and not asked(_taken_in(paths, out, lab, course, class_file)):
        return
    tally = graded(
        paths,
        out,
        lab=lab,
        course=course,
        class_file=class_file,
        quiet=as_json,
        machines=Machines(sandbox, jobs, weak_limits, scheduler, Keys(tls_ca, tls_cert, tls_key)),
    )
    if as_json:
        summary = {"graded": tally.graded, **tally.counts, "kept": tally.kept,
                   "seconds": round(tally.seconds, 2), "rejected_because": tally.rejected,
                   "passed_over": tally.passed_over}  # fmt: skip
        print(msgspec.json.encode(summary).decode())
    else:
        print(tally)
    if tally.counts["fault"] or tally.counts["incomplete"]:
        raise typer.Exit(errors.MACHINE)


class Machines(NamedTuple):
    """Where to grade, as it was asked for."""

    sandbox: str
    jobs: int
    weak_limits: bool
    scheduler: str | None
    keys: Keys


def graded(
    paths: list[Path],
    out: Path,
    *,
    lab: str | None,
    course: Path | None,
    class_file: Path | None = None,
    quiet: bool,
    machines: Machines,
) -> Tally:
    """Grade what lies at `paths` into the gradebook `out`, with progress on standard error."""
    from packerlab.classroom import opening
    from packerlab.classroom.batch import Batch
    from packerlab.classroom.intake import call_roll
    from packerlab.classroom.units import needs_of
    from packerlab.commands.classes import notes_on_roll
    from packerlab.course.signing import key_of
    from packerlab.gradebook import open_gradebook

    room, whole = open_class(paths, out, course, class_file)
    chosen = whole.lab(lab) if lab else None
    found = _handed_in(paths, chosen)
    handed = found.handed
    asked = None if machines.sandbox == "auto" else machines.sandbox
    with open_gradebook(out, asked, key_of(whole.root)) as book:
        if book.doubt:
            typer.echo(f"note: {book.doubt}", err=True)
        settled = machines._replace(sandbox=book.sandbox or machines.sandbox)
        with contextlib.ExitStack() as opened:
            if settled.scheduler:
                executor = opened.enter_context(_cluster(settled, whole))
            else:
                needs = set(chosen.needs) if chosen else needs_of(whole, handed)
                executor = _local(settled, needs, [whole.root, out.resolve()], fewer=not chosen)
            book.settle_sandbox(executor.sandbox)
            if room:
                opening.keep(room, book)
                notes = (f"rules: {room.path}", *notes_on_roll(call_roll(found, room)))
                for note in notes if not quiet else ():
                    typer.echo(f"note: {note}", err=True)
            on_report = opened.enter_context(ReportProgress(len(handed), quiet=quiet))
            tally = Batch(whole, book, executor, on_report).run(handed, chosen)
    tally.passed_over = found.passed_over
    return tally


def _local(machines: Machines, needs: set[str], masked: list[Path], *, fewer: bool) -> Executor:
    """The machine that we are on; with `fewer`, also one that serves only some of the labs."""
    from packerlab.executors.local import Local
    from packerlab.sandbox import choose

    full_limits = not machines.weak_limits
    if fewer:
        backend = backend_for(machines.sandbox, needs, masked, full_limits=full_limits)
    else:
        backend = choose(machines.sandbox, needs, masked, full_limits=full_limits)
    return Local(backend, machines.jobs or os.cpu_count() or 1)


def _cluster(machines: Machines, course: Course) -> AbstractContextManager[Executor]:
    """The workers of a scheduler."""
    from packerlab.executors.address import address, need_dask

    where = address(machines.scheduler or "", machines.keys)
    need_dask()
    from packerlab.executors.cluster import Cluster

    def note(sentence: str) -> None:
        typer.echo(f"note: {sentence}", err=True)

    return contextlib.closing(Cluster(where, machines.keys, course, machines.sandbox, note))


def _taken_in(
    paths: list[Path],
    out: Path | None,
    lab: str | None,
    course: Path | None,
    class_file: Path | None,
) -> Intake:
    """What was handed in, by the class's rules if it has some."""
    from packerlab.classroom.intake import take_in

    room, whole = open_class(paths, out, course, class_file)
    chosen = whole.lab(lab) if lab else None
    return take_in(whole, _handed_in(paths, chosen), chosen, room)


def open_class(
    paths: list[Path], out: Path | None, course: Path | None, class_file: Path | None
) -> tuple[Classroom | None, Course]:
    """The class's rules, and the course under its policy."""
    from packerlab.classroom import opening
    from packerlab.course import open_course
    from packerlab.course.signing import key_of

    whole = open_course(course)
    rules = opening.find(class_file, paths, out, key_of(whole.root))
    if rules is None:
        return None, whole
    room = opening.open_classroom(rules)
    opening.refuse_unknown_labs(room, whole)
    return room, opening.under(whole, room)


def _handed_in(paths: list[Path], lab: Lab | None) -> Class:
    from packerlab.errors import BadInputError
    from packerlab.submissions.classes import handed_in
    from packerlab.text import visible

    found = handed_in(paths, lab)
    if not found.handed:
        nobodys = f" ({', '.join(found.passed_over)} is nobody's)" if found.passed_over else ""
        raise BadInputError(f"{visible(str(paths[0]))}: there is no submission in it{nobodys}.")
    return found


def backend_for(name: str, needs: set[str], masked: list[Path], *, full_limits: bool) -> Backend:
    """A sandbox for a class; where none serves all of its labs, one that serves the most."""
    from packerlab.errors import MachineError
    from packerlab.sandbox import choose

    fewer = [needs - {left_out} for left_out in sorted(needs - {"packer"})]
    for wanted in (needs, *fewer):
        with contextlib.suppress(MachineError):
            return choose(name, wanted, masked, full_limits=full_limits)
    return choose(name, {"packer"}, masked, full_limits=full_limits)


class ReportProgress:
    """A bar with the time left on a terminal, a line for each report elsewhere."""

    def __init__(self, total: int, *, quiet: bool) -> None:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        from packerlab.display import terminal

        self._console = terminal.console(stderr=True)
        self._quiet = quiet
        columns = [TextColumn("grading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
                   TextColumn("{task.description}", markup=False)]  # fmt: skip
        bar = self._console.is_terminal and not quiet
        self._bar = Progress(*columns, console=self._console, transient=True) if bar else None
        self._task = self._bar.add_task("", total=total) if self._bar else None

    def __enter__(self) -> Callable[[Report], None]:
        if self._bar:
            self._bar.start()
        return self._on_report

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def _on_report(self, report: Report) -> None:
        score = "-" if report.score is None else f"{report.score}/{report.max_score}"
        line = f"{_name(report)} {report.lab}: {report.verdict} {score}"
        if not self._quiet and (report.verdict in _EXPLAINED or not self._bar):
            self._console.print(line)
            for told in _told(report):
                self._console.print(f"  {told}")
        if self._bar and self._task is not None:
            self._bar.update(self._task, advance=1, description=line)


_EXPLAINED = ("rejected", "incomplete", "fault")
"""What is printed even beside a bar."""


def _told(report: Report) -> Iterator[str]:
    """What an instructor should know of a report that has more to it than its score."""
    if report.verdict in _EXPLAINED:
        yield f"reason: {report.reason}"
    if report.run.workspace and report.run.attempt > 1:
        yield f"attempt {report.run.attempt}: {report.run.workspace}"
    if report.run.passed_over:
        yield f"passed over: {', '.join(report.run.passed_over)}"


def _name(report: Report) -> str:
    """The learner's name, or its key where the name could be taken for a command to a workflow."""
    from packerlab.report import person

    name = person(report)
    return name if name[:1].isalnum() else report.run.learner
