"""`packerlab solution [LAB]`: one right answer, for those who have passed or given up."""

from __future__ import annotations

from typing import Annotated

import typer

from packerlab.commands.options import CourseOption, LabInHandArgument


def solution(
    lab: LabInHandArgument = None,
    course: CourseOption = None,
    give_up: Annotated[
        bool, typer.Option("--give-up", help="Show it although the lab is not passed.")
    ] = False,
) -> None:
    """Show one right answer to a lab that you have passed."""
    from rich.rule import Rule
    from rich.syntax import Syntax

    from packerlab.commands.workspace import named_lab
    from packerlab.course import open_course
    from packerlab.display import terminal
    from packerlab.errors import BadInputError
    from packerlab.learning import progress

    whole = open_course(course)
    chosen = named_lab(lab, whole)
    if not give_up and not progress.read(progress.file_of(whole)).passed(chosen.slug):
        raise BadInputError(
            f"{chosen.title} is not passed yet. `packerlab hint` helps a step further; "
            "--give-up shows the solution all the same."
        )
    out = terminal.console()
    for file in sorted(path for path in chosen.solution.rglob("*") if path.is_file()):
        text = file.read_text(encoding="utf-8").rstrip("\n")
        name = str(file.relative_to(chosen.solution))
        out.print(Rule(name, align="left") if out.is_terminal else f"# {name}")
        lexer = Syntax.guess_lexer(str(file), code=text)
        out.print(Syntax(text, lexer, theme="ansi_dark") if out.is_terminal else text)
