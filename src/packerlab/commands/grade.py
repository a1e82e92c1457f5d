"""`packerlab grade PATH... --out DIR`: a class into a gradebook."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packerlab.commands.options import (
    CourseOption,
    JobsOption,
    JsonOption,
    LabOption,
    SandboxOption,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from packerlab.batch import Tally
    from packerlab.report import Report


def grade(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", help="Submissions, or folders that hold them."),
    ],
    out: Annotated[Path, typer.Option("--out", help="The gradebook's folder.")],
    lab: LabOption = None,
    jobs: JobsOption = 0,
    sandbox: SandboxOption = "auto",
    weak_limits: Annotated[
        bool, typer.Option("--weak-limits", help="Accept a sandbox whose bounds are weak.")
    ] = False,
    course: CourseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Grade a class; what is in the gradebook already is not graded again."""
    import msgspec

    from packerlab import errors

    tally = graded(
        paths,
        out,
        lab=lab,
        jobs=jobs or os.cpu_count() or 1,
        sandbox=sandbox,
        weak_limits=weak_limits,
        course=course,
        quiet=as_json,
    )
    if as_json:
        summary = {"graded": tally.graded, **tally.counts, "kept": tally.kept,
                   "seconds": round(tally.seconds, 2)}  # fmt: skip
        print(msgspec.json.encode(summary).decode())
    else:
        print(tally)
    if tally.counts["fault"] or tally.counts["incomplete"]:
        raise typer.Exit(errors.MACHINE)


def graded(
    paths: list[Path],
    out: Path,
    *,
    lab: str | None,
    jobs: int,
    sandbox: str,
    weak_limits: bool,
    course: Path | None,
    quiet: bool,
) -> Tally:
    """Grade what lies at `paths` into the gradebook `out`, with progress on standard error."""
    from packerlab.batch import Batch, needs_of
    from packerlab.course import open_course
    from packerlab.gradebook import open_gradebook
    from packerlab.sandbox import choose
    from packerlab.submissions.learners import handed_in

    whole = open_course(course)
    chosen = whole.lab(lab) if lab else None
    handed = handed_in(paths, any_template=chosen is not None)
    needs = set(chosen.needs) if chosen else needs_of(whole, handed)
    with open_gradebook(out, None if sandbox == "auto" else sandbox) as book:
        name = book.sandbox or sandbox
        backend = choose(name, needs, [whole.root, out.resolve()], full_limits=not weak_limits)
        book.settle_sandbox(backend.name)
        with _Progress(len(handed), quiet=quiet) as on_report:
            return Batch(whole, book, backend, on_report).run(handed, chosen, jobs)


class _Progress:
    """A bar with the time left on a terminal, a line for each report elsewhere."""

    def __init__(self, total: int, *, quiet: bool) -> None:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        from packerlab import terminal

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
        line = f"{report.run.learner} {report.lab}: {report.verdict} {score}"
        if self._bar and self._task is not None:
            self._bar.update(self._task, advance=1, description=line)
        elif not self._quiet:
            self._console.print(line)
