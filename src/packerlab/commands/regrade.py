"""`packerlab regrade GRADEBOOK [LEARNER...]`: grade again what a change has made stale."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from packerlab.commands.options import (
    CourseOption,
    GradebookArgument,
    JobsOption,
    JsonOption,
    LabOption,
    SandboxOption,
)
from packerlab.report import person

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packerlab.appeals.regrading import Changes, Plan, Round, Shift, Stale
    from packerlab.course import Course
    from packerlab.gradebook import Gradebook
    from packerlab.report import Report
    from packerlab.sandbox.base import Backend

MOST_NAMED = 8
"""Learners who are named in a line; --json has all of them."""


def regrade(
    gradebook: GradebookArgument,
    learners: Annotated[
        list[str] | None,
        typer.Argument(metavar="[LEARNER]...", help="Names or keys; by default the whole class."),
    ] = None,
    lab: LabOption = None,
    jobs: JobsOption = 0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be graded again, and why.")
    ] = False,
    sandbox: SandboxOption = "auto",
    weak_limits: Annotated[
        bool, typer.Option("--weak-limits", help="Accept a sandbox whose bounds are weak.")
    ] = False,
    course: CourseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Grade a gradebook's submissions again after a change, and show what came out differently."""
    from packerlab import errors
    from packerlab.appeals.regrading import Round, plan
    from packerlab.appeals.staleness import Today
    from packerlab.classroom.batch import Batch
    from packerlab.classroom.opening import course_of
    from packerlab.commands.grade import ReportProgress
    from packerlab.course.signing import key_of
    from packerlab.executors.local import Local
    from packerlab.gradebook import open_gradebook, read_gradebook

    whole = course_of(gradebook, course)
    wanted = _Wanted(learners or [], whole.lab(lab).slug if lab else None)
    key = key_of(whole.root)
    book = read_gradebook(gradebook, key)
    if lab is None:
        _refuse_other_courses(book, whole)
    backend = _backend(book, whole, sandbox, full_limits=not weak_limits)
    today = Today(whole, backend.packer().digest)
    if dry_run:
        found = plan(book, today, wanted)
        wanted.refuse_unknown(book)
        _show_plan(found, as_json=as_json)
        return
    with open_gradebook(gradebook, None if sandbox == "auto" else sandbox, key) as book:
        if book.doubt:
            typer.echo(f"note: {book.doubt}", err=True)
        book.settle_sandbox(backend.name)
        found = plan(book, today, wanted)
        wanted.refuse_unknown(book)
        this = Round(book)
        with ReportProgress(len(found.all()), quiet=as_json) as on_report:
            machine = Local(backend, jobs or os.cpu_count() or 1)
            Batch(whole, this, machine, on_report).run_units(this.units(today, found))
        changes = this.changes()
        if not this.unjudged:
            this.end(changes)
    _show(this, changes, found, as_json=as_json)
    if this.unjudged or this.trouble or found.lost or found.unsigned:
        raise typer.Exit(errors.MACHINE)


class _Wanted:
    """Whether a report is of the learners and the lab that were asked for."""

    def __init__(self, learners: list[str], slug: str | None) -> None:
        self._learners = learners
        self._slug = slug
        self._met: set[str] = set()

    def __call__(self, report: Report) -> bool:
        from packerlab.appeals.explaining import of_learner

        if self._slug not in (None, report.lab):
            return False
        named = [name for name in self._learners if of_learner(report, name)]
        self._met.update(named)
        return bool(named or not self._learners)

    def refuse_unknown(self, book: Gradebook) -> None:
        """Raise BadInputError where a learner has no report."""
        from packerlab.errors import BadInputError
        from packerlab.text import visible

        for name in self._learners:
            if name not in self._met:
                of_it = f" on {self._slug}" if self._slug else ""
                raise BadInputError(
                    f"{book.path} has no report of a learner `{visible(name)}`{of_it}."
                )


def _refuse_other_courses(book: Gradebook, course: Course) -> None:
    """Raise BadInputError where a gradebook has reports on a lab that the course does not have."""
    from packerlab.errors import BadInputError

    unknown = [slug for slug in book.slugs() if slug not in course.slugs]
    if unknown:
        raise BadInputError(
            f"{book.path} has reports on {_listed(unknown)}, which this course does not have: "
            "name the course with --course."
        )


def _backend(book: Gradebook, course: Course, sandbox: str, *, full_limits: bool) -> Backend:
    """The gradebook's own sandbox, with what its labs need."""
    from packerlab.commands.grade import backend_for

    slugs = book.slugs()
    needs = {"packer"}.union(*(lab.needs for lab in course.labs() if lab.slug in slugs))
    masked = [course.root, book.path.resolve()]
    name = book.sandbox if sandbox == "auto" and book.sandbox else sandbox
    return backend_for(name, needs, masked, full_limits=full_limits)


def _show_plan(found: Plan, *, as_json: bool) -> None:
    """What would be graded again, lab by lab."""
    if as_json:
        again = [{**_whose(report), "why": why} for report, why in found.all()]
        _print_json({"again": again, "refused": found.refused, "lost": found.lost,
                     "unsigned": found.unsigned})  # fmt: skip
        return
    labs: dict[str, list[Stale]] = {}
    for stale in found.all():
        labs.setdefault(stale.report.lab, []).append(stale)
    for slug, those in sorted(labs.items()):
        reasons = Counter(reason for stale in those for reason in stale.why)
        why = ", ".join(f"{_because(name)}: {count}" for name, count in reasons.items())
        print(f"{slug}: {len(those)} would be graded again ({why})")
        print(f"  {_listed(person(stale.report) for stale in those)}")
    if not labs:
        print("Nothing would be graded again.")
    _show_left(found)


def _because(reason: str) -> str:
    from packerlab.appeals.staleness import WORDS

    return f"{WORDS[reason]} changed" if reason in WORDS else reason


def _show(this: Round, changes: Changes, found: Plan, *, as_json: bool) -> None:
    """What a round changed, and what it could not."""
    from packerlab.appeals.regrading import shifts

    by_check = shifts(changes)
    by_hand = list(this.by_hand())
    if as_json:
        hands = [{**_whose(report), "check": check, "counts": counts}
                 for report, check, counts in by_hand]  # fmt: skip
        _print_json({"graded": changes.graded, "changed": changes.changed, "checks": by_check,
                     "by_hand": hands, "refused": found.refused, "lost": found.lost,
                     "unsigned": found.unsigned, "unjudged": this.unjudged,
                     "trouble": this.trouble})  # fmt: skip
        return
    if changes.graded or found.all():
        print(f"graded {changes.graded} again, {len(changes.changed)} changed")
    else:
        print("Nothing had to be graded again.")
    _show_changes(changes, by_check)
    for report, check, counts in by_hand:
        stay = "still counts" if counts else "no longer counts: the report has no such check"
        print(f"{person(report)} {report.lab}: what was given by hand for {check} {stay}")
    _show_left(found)
    if this.unjudged:
        print(f"{len(this.unjudged)} can't be judged on this machine, so their reports stay as "
              f"they were: {_listed(this.unjudged)}")  # fmt: skip
    for trouble in this.trouble:
        print(trouble)


def _show_changes(changes: Changes, by_check: list[Shift]) -> None:
    """Who gained and lost, by check; then what each report came to."""
    for shift in by_check:
        print(f"{shift.lab} {shift.check}: {shift.title}")
        for word, whom in (("gained", shift.gained), ("lost", shift.lost), ("other", shift.other)):
            if whom:
                named = _listed(f"{name} ({what})" for name, what in whom.items())
                print(f"  {word} {len(whom)}: {named}")
    for each in changes.changed:
        before = f"{each.verdict_before} {_score(each.score_before)}"
        after = f"{each.verdict_after} {_score(each.score_after)} of {each.max_score}"
        print(f"{each.name} {each.lab}: {before} -> {after}")


def _show_left(found: Plan) -> None:
    if found.refused:
        print(f"{len(found.refused)} stay rejected, because their files were never taken in: "
              f"{_listed(found.refused)}")  # fmt: skip
    if found.lost:
        print(f"{len(found.lost)} can't be graded again, because this gradebook has no files of "
              f"theirs: give `packerlab grade` the submissions: {_listed(found.lost)}")  # fmt: skip
    if found.unsigned:
        print(f"{len(found.unsigned)} are not signed, and so are not believed: give "
              f"`packerlab grade` the submissions: {_listed(found.unsigned)}")  # fmt: skip


def _whose(report: Report) -> dict[str, object]:
    run = report.run
    return {"lab": report.lab, "learner": run.learner, "name": person(report),
            "attempt": run.attempt}  # fmt: skip


def _score(score: int | None) -> str:
    return "-" if score is None else str(score)


def _listed(names: Iterable[str]) -> str:
    first = list(names)
    return ", ".join(first[:MOST_NAMED]) + (", ..." if len(first) > MOST_NAMED else "")


def _print_json(told: object) -> None:
    import msgspec

    print(msgspec.json.encode(told).decode())
