"""`packerlab verify [LAB...]`: the course's own proof."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from packerlab.commands.options import CourseOption, JobsOption, SandboxOption


def verify(
    labs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[LAB]...", help="By default every lab of the course."),
    ] = None,
    sandbox: SandboxOption = "auto",
    brief: Annotated[
        bool, typer.Option("--brief", help="The starter, the solution and one wrong answer only.")
    ] = False,
    jobs: JobsOption = 0,
    course: CourseOption = None,
) -> None:
    """Prove the labs: wrong answers fail as they should, right ones pass."""
    from packerlab import errors, terminal
    from packerlab.course import open_course
    from packerlab.sandbox import choose
    from packerlab.verify import verify as prove

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
            proof = prove(lab, backend, brief=brief, jobs=jobs or os.cpu_count() or 1,
                          on_graded=status.update)  # fmt: skip
            wrong += bool(proof.problems)
            margins = ", ".join(f"{key} {value}x" for key, value in proof.margins.items())
            word = "WRONG" if proof.problems else "holds"
            left = f", {proof.left_out} need a newer Packer" if proof.left_out else ""
            out.print(f"{lab.slug}: {word} ({proof.graded} gradings on {backend.name}{left}; "
                      f"limits: {margins})")  # fmt: skip
            for problem in proof.problems:
                out.print(f"  {problem}")
    raise typer.Exit(errors.NEGATIVE if wrong else errors.DONE)


def _not_offered(sandbox: str, needs: frozenset[str]) -> str:
    """Why a named sandbox, which is there, can't prove a lab; empty where it can."""
    from packerlab.sandbox import BACKENDS

    if sandbox not in BACKENDS or (backend := BACKENDS[sandbox]([])).unavailable():
        return ""
    return next(filter(None, map(backend.lacks, sorted(needs))), "")
