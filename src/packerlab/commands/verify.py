"""`packerlab verify [LAB...]`: the course's own proof."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Annotated

import typer

from packerlab.commands.options import (
    CourseOption,
    JobsOption,
    SandboxOption,
    completing,
    lab_names,
)

if TYPE_CHECKING:
    from packerlab.course import Course
    from packerlab.lab import Lab
    from packerlab.verify import Proof


def answer_names(context: typer.Context) -> list[str]:
    """What a shell completes after `--only`."""
    from packerlab.errors import BadInputError
    from packerlab.verify import answers

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
    record: Annotated[
        bool, typer.Option("--record", help="Note each lab that holds in the course's proof.json.")
    ] = False,
    jobs: JobsOption = 0,
    course: CourseOption = None,
) -> None:
    """Prove the labs: wrong answers fail as they should, right ones pass."""
    from packerlab import errors, terminal
    from packerlab.course import open_course
    from packerlab.outline import misplaced
    from packerlab.sandbox import choose
    from packerlab.verify import brief as fewest
    from packerlab.verify import verify as prove

    if only and len(labs or ()) != 1:
        raise errors.BadInputError("--only is about one lab: `packerlab verify LAB --only NAME`.")
    if record and (brief or only):
        raise errors.BadInputError("--record needs a whole proof, without --brief and --only.")
    whole = open_course(course)
    chosen = [whole.lab(name) for name in labs] if labs else whole.labs()
    out = terminal.console()
    wrong = 0
    with out.status("verifying") as status:
        for lab in chosen:
            if not labs and (reason := _not_offered(sandbox, lab.needs)):
                out.print(f"{lab.slug}: left out: {reason}")
                continue
            backend = choose(sandbox, set(lab.needs), [whole.root], full_limits=False)
            names = _named(lab, only) if only else fewest(lab) if brief else None
            started = time.monotonic()
            proof = prove(lab, backend, only=names, jobs=jobs or os.cpu_count() or 1,
                          on_graded=status.update)  # fmt: skip
            seconds = time.monotonic() - started
            proof.problems += misplaced(whole.outline, lab.slug, lab.manifest.after)
            wrong += bool(proof.problems)
            out.print(_verdict(proof, backend.name))
            for line in [*(_ends(proof) if only else ()), *proof.problems]:
                out.print(f"  {line}")
            if record:
                _record(whole, lab, proof, backend.name, seconds)
    raise typer.Exit(errors.NEGATIVE if wrong else errors.DONE)


def _named(lab: Lab, names: list[str]) -> list[str]:
    """The answers that `--only` names, by their full names."""
    from packerlab.variants import find

    return [name if name in ("starter", "solution") else find(lab, name).answer for name in names]


def _verdict(proof: Proof, sandbox: str) -> str:
    word = "WRONG" if proof.problems else "holds"
    gradings = f"{proof.graded} grading{'s' * (proof.graded != 1)} on {sandbox}"
    left = f", {proof.left_out} need a newer Packer" if proof.left_out else ""
    margins = ", ".join(f"{key} {value}x" for key, value in proof.margins.items())
    limits = f"; limits: {margins}" if margins else ""
    return f"{proof.slug}: {word} ({gradings}{left}{limits})"


def _ends(proof: Proof) -> list[str]:
    """How each answer ended."""
    return [f"{name}: {said}" for name, said in proof.said.items()]


def _record(course: Course, lab: Lab, proof: Proof, sandbox: str, seconds: float) -> None:
    from packerlab import proofs

    if proof.problems:
        proofs.forget(course, lab)
        return
    margin = int(min(proof.margins.values()))
    new = proofs.Proven(sandbox, proof.packer, proof.graded, max(round(seconds), 1), margin)
    proofs.note(course, lab, new)


def _not_offered(sandbox: str, needs: frozenset[str]) -> str:
    """Why a named sandbox, which is there, can't prove a lab; empty where it can."""
    from packerlab.sandbox import BACKENDS

    if sandbox not in BACKENDS or (backend := BACKENDS[sandbox]([])).unavailable():
        return ""
    return next(filter(None, map(backend.lacks, sorted(needs))), "")
