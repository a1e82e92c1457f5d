"""`packerlab verify [LAB...]`: the course's own proof."""

from __future__ import annotations

import os
import sys
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from packerlab.commands.options import (
    CourseOption,
    JobsOption,
    SandboxOption,
    completing,
    lab_names,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from packerlab.course import Course
    from packerlab.lab import Lab
    from packerlab.proving.verify import Proof
    from packerlab.sandbox.base import Backend


def answer_names(context: typer.Context) -> list[str]:
    """What a shell completes after `--only`."""
    from packerlab.errors import BadInputError
    from packerlab.proving.verify import answers

    course = completing(context)
    named = context.params.get("labs") or context.args  # Click is not through with the line yet
    try:
        labs = [course.lab(name) for name in named] if course else []
        return [name for lab in labs for name in answers(lab)]
    except BadInputError:
        return []


def verify(
    labs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[LAB]...", help="By default every lab of the course.", autocompletion=lab_names
        ),
    ] = None,
    sandbox: SandboxOption = "auto",
    brief: Annotated[
        bool, typer.Option("--brief", help="The starter, the solution and one wrong answer only.")
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="NAME",
            help="One answer only: a variant, starter, or solution. May be repeated.",
            show_default=False,
            autocompletion=answer_names,
        ),
    ] = None,
    mutants: Annotated[
        bool,
        typer.Option(
            "--mutants",
            help="Change the solution in small ways instead, and list what the grader lets pass.",
        ),
    ] = False,
    rule: Annotated[
        list[str] | None,
        typer.Option(
            "--rule",
            metavar="RULE",
            help="Only mutants of this rule. May be repeated.",
            show_default=False,
        ),
    ] = None,
    only_mutant: Annotated[
        list[str] | None,
        typer.Option(
            "--only-mutant",
            metavar="NAME",
            help="One mutant only. May be repeated.",
            show_default=False,
        ),
    ] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Note each lab that holds in the course's proof.json.")
    ] = False,
    jobs: JobsOption = 0,
    course: CourseOption = None,
) -> None:
    """Prove the labs: wrong answers fail as they should, right ones pass."""
    from packerlab import errors
    from packerlab.course import open_course
    from packerlab.display import terminal
    from packerlab.sandbox import choose

    if only and len(labs or ()) != 1:
        raise errors.BadInputError("--only is about one lab: `packerlab verify LAB --only NAME`.")
    if only_mutant and len(labs or ()) != 1:
        raise errors.BadInputError(
            "--only-mutant is about one lab: `packerlab verify LAB --only-mutant NAME`."
        )
    mutants = mutants or bool(rule or only_mutant)
    if mutants and (brief or only):
        raise errors.BadInputError("--mutants tries no answers: leave out --brief and --only.")
    if record and (brief or only or rule or only_mutant):
        raise errors.BadInputError(
            "--record needs a whole proof, without --brief, --only, --rule and --only-mutant."
        )
    whole = open_course(course)
    chosen = [whole.lab(name) for name in labs] if labs else whole.labs()
    out = terminal.console()
    wrong = 0
    with _progress(out) as show:
        run = _Run(whole, out, show, jobs or os.cpu_count() or 1, record)
        for lab in chosen:
            if not labs and (reason := _not_offered(sandbox, lab.needs)):
                out.print(f"{lab.slug}: left out: {reason}")
                continue
            backend = choose(sandbox, set(lab.needs), [whole.root], full_limits=False)
            if not labs and (reason := _unfit(lab, backend)):
                out.print(f"{lab.slug}: left out: {reason}")
                continue
            if mutants:
                wrong += not run.mutants(lab, backend, rule or [], only_mutant or [])
            else:
                wrong += not run.answers(lab, backend, only or [], brief=brief)
    raise typer.Exit(errors.NEGATIVE if wrong else errors.DONE)


@contextmanager
def _progress(out: Console) -> Iterator[Callable[[str], None]]:
    """Shows each grading: on a terminal in a line that changes, elsewhere in one of its own."""
    if not out.is_terminal:
        yield lambda text: print(text, file=sys.stderr, flush=True)
        return
    with out.status("verifying") as status:
        yield status.update


class _Run(NamedTuple):
    """What one command needs for each lab; each of its methods says whether the lab holds."""

    course: Course
    out: Console
    on_graded: Callable[[str], None]
    jobs: int
    record: bool

    def answers(self, lab: Lab, backend: Backend, only: list[str], *, brief: bool) -> bool:
        from packerlab.course.outline import misplaced
        from packerlab.proving.verify import brief as fewest
        from packerlab.proving.verify import verify as prove

        names = _named(lab, only) if only else fewest(lab) if brief else None
        started = time.monotonic()
        proof = prove(lab, backend, only=names, jobs=self.jobs, on_graded=self.on_graded)
        seconds = time.monotonic() - started
        proof.problems += misplaced(self.course.outline, lab.slug, lab.manifest.after)
        self.out.print(_verdict(proof, backend.name))
        for line in [*(_ends(proof) if only else ()), *proof.problems]:
            self.out.print(f"  {line}")
        if self.record:
            _record(self.course, lab, proof, backend.name, seconds)
        return not proof.problems

    def mutants(self, lab: Lab, backend: Backend, rules: list[str], names: list[str]) -> bool:
        from packerlab.mutation.survivors import try_mutants
        from packerlab.proving import proofs

        found = try_mutants(lab, backend, rules=rules, names=names, jobs=self.jobs,
                            on_graded=self.on_graded)  # fmt: skip
        word = "holds" if found.holds else "WRONG"
        self.out.print(f"{lab.slug}: {word} ({found.said})")
        for line in found.lines():
            self.out.print(f"  {line}")
        if self.record and found.holds:
            shares = proofs.Mutants(found.made, found.killed, found.equivalent)
            proofs.note_mutants(self.course, lab, shares)
        return found.holds


def _named(lab: Lab, names: list[str]) -> list[str]:
    """The answers that `--only` names, by their full names."""
    from packerlab.variants.rows import find

    return [name if name in ("starter", "solution") else find(lab, name).answer for name in names]


def _verdict(proof: Proof, sandbox: str) -> str:
    word = "WRONG" if proof.problems else "holds"
    gradings = f"{proof.graded} grading{'s' * (proof.graded != 1)} on {sandbox}"
    left = f", {proof.left_out} need another Packer" if proof.left_out else ""
    unjudged = ", ".join(sorted(proof.unjudged))
    left += f", not judged with this Packer: {unjudged}" if unjudged else ""
    margins = ", ".join(f"{key} {value}x" for key, value in proof.margins.items())
    limits = f"; limits: {margins}" if margins else ""
    return f"{proof.slug}: {word} ({gradings}{left}{limits})"


def _ends(proof: Proof) -> list[str]:
    """How each answer ended."""
    return [f"{name}: {said}" for name, said in proof.said.items()]


def _record(course: Course, lab: Lab, proof: Proof, sandbox: str, seconds: float) -> None:
    from packerlab.proving import proofs

    if proof.problems:
        proofs.forget(course, lab)
        return
    margin = int(min(proof.margins.values()))
    new = proofs.Proven(sandbox, proof.packer, proof.graded, max(round(seconds), 1), margin)
    proofs.note(course, lab, new)


def _unfit(lab: Lab, backend: Backend) -> str:
    """Why a backend's Packer can't prove a lab; empty where it can."""
    from packerlab.proving.verify import unfit
    from packerlab.sandbox_pool import SandboxPool

    with closing(SandboxPool(lab, backend, 1)) as pool:
        return unfit(lab, pool.version())


def _not_offered(sandbox: str, needs: frozenset[str]) -> str:
    """Why a named sandbox, which is there, can't prove a lab; empty where it can."""
    from packerlab.sandbox import BACKENDS

    if sandbox not in BACKENDS or (backend := BACKENDS[sandbox]([])).unavailable():
        return ""
    return next(filter(None, map(backend.lacks, sorted(needs))), "")
