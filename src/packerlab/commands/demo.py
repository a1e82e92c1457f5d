"""`packerlab demo`: the tour. A check, a class with hostile submissions in it, its report."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from packerlab.commands.options import SandboxOption

if TYPE_CHECKING:
    from rich.console import Console

WRONG = "team-04"
"""The submission of the sample class that the tour looks at."""


def demo(
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where the gradebook goes.")
    ] = Path("packerlab-demo"),
    sandbox: SandboxOption = "auto",
) -> None:
    """Show the main job: check one submission, grade a class, report it."""
    from packerlab.commands.check import show_checked
    from packerlab.commands.grade import grade
    from packerlab.commands.report import report
    from packerlab.commands.workspace import open_workspace
    from packerlab.course import default_root
    from packerlab.display import terminal

    crowd = default_root() / "examples" / "class"
    screen = terminal.console()
    _say(screen, "A learner checks what they have so far", f"packerlab check {WRONG}")
    show_checked(screen, open_workspace(crowd / WRONG, None, None), sandbox)
    _say(screen, "An instructor grades the class", f"packerlab grade class --out {quote(str(out))}")
    grade([crowd], out, sandbox=sandbox)
    _say(screen, "How did it do?", f"packerlab report {quote(str(out))}")
    report(out, None, None)
    page = out / "report.html"
    words = f"packerlab report {quote(str(out))} --format html -o {quote(str(page))}"
    _say(screen, "And for every learner", words)
    report(out, "html", page)
    screen.print(f"Open {page} in a browser. Next: packerlab start 101")
    if shutil.which("packerlab") is None:
        activate = Path(sys.prefix, "bin", "activate")
        command = f". {quote(str(activate))}"
        screen.print(f"Before that, put packerlab on your PATH: {command}", soft_wrap=True)


def _say(screen: Console, title: str, command: str) -> None:
    screen.print(f"\n{title}", style="bold")
    screen.print(f"$ {command}\n", style="dim")
