"""How a report looks on a terminal. Its texts are data: never markup, never control characters."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from packerlab.course.pages import plain
from packerlab.report import unjudged
from packerlab.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packerlab.lab import Lab
    from packerlab.report import Check, Report

SYMBOLS = {
    "passed": ("\N{CHECK MARK}", "green"),
    "failed": ("\N{BALLOT X}", "red"),
    "blocked": ("\N{MIDDLE DOT}", "dim"),
    "incapable": ("?", "yellow"),
}


INDENT = "    "
UNBROKEN = 4096
"""Columns of what is no terminal: nothing is broken into lines there."""

PAGE_WIDTH = 100
"""But a page is: its paragraphs, lists and tables are laid out for somebody to read."""


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """A reader that is gone is for `cli.main` to know of; rich would exit with 1."""
        raise BrokenPipeError


def console(*, stderr: bool = False, file: IO[str] | None = None) -> Console:
    """A console that shows what it is given, as it is given; NO_COLOR and pipes are respected.

    What it writes to a `file` is plain text, in a notebook too, whose kernel asks all for colours.
    """
    out = _Console(
        stderr=stderr,
        file=file,
        force_terminal=False if file else None,
        markup=False,
        highlight=False,
        emoji=False,
        force_jupyter=False,
    )
    if not out.is_terminal:
        out.width = UNBROKEN
    return out


def show_check(out: Console, check: Check, titles: Mapping[str, str], hints: int = 1) -> None:
    """One line as a check ends; below it, for a failed one, what to do about it.

    `titles` has the sentences of the checks so far, by name; `hints` is how many are shown.
    """
    symbol, style = SYMBOLS[check.outcome]
    points = f" ({check.points}/{check.max_points})" if check.max_points else ""
    line = Text(f"{symbol} ", style)
    line.append(clean(check.title), "" if check.outcome != "blocked" else "dim")
    line.append(points, "dim")
    out.print(line)
    for label, text in _details(check, titles, hints):
        block = Text.assemble((label, "bold"), clean(text).replace("\n", "\n" + " " * len(label)))
        for part in block.wrap(out, out.width - len(INDENT)):
            part.rstrip()
            out.print(Text(INDENT).append_text(part))


def _details(check: Check, titles: Mapping[str, str], hints: int) -> list[tuple[str, str]]:
    if check.outcome == "blocked":
        waiting = titles.get(check.blocked_by, check.blocked_by)
        return [("after: ", waiting)] if waiting else []
    if check.outcome == "passed":
        return []
    where = f"{check.where}: " if check.where else ""
    details = [("", where + check.message)]
    if check.expected:
        details.append(("expected: ", check.expected))
    if check.found:
        details.append(("found:    ", check.found))
    details += [("hint:     ", hint) for hint in check.hints[:hints]]
    if check.docs and check.outcome == "failed":
        details.append(("read:     ", f"packerlab read {check.docs}"))
    return details


def show_verdict(out: Console, report: Report) -> None:
    """The last lines: the score, or why there is none."""
    if report.reason:
        out.print(Text(f"{report.status}: ", "bold red").append(clean(report.reason), "not bold"))
    words = (
        f"{_score(report)} in {report.run.seconds:.1f} s, "
        f"Packer {report.run.packer or 'unknown'}, {report.run.sandbox} sandbox"
    )
    style = "bold green" if report.passed else "bold"
    out.print(Text(words, style))


def _score(report: Report) -> str:
    """The points, also where some of them can't be given here, which is no score."""
    if report.score is not None:
        return f"{report.score} of {report.max_score} points"
    if report.status != "graded":
        return "no score"
    points = sum(check.points for check in report.checks)
    left = unjudged(report)
    unknown = sum(check.max_points for check in report.checks if check.name in left)
    known = report.max_score - unknown
    return f"no score ({points} of {known} points; {unknown} more can't be judged here)"


def show_page(out: Console, text: str) -> None:
    """Markdown of ours as text to read, without its signs; on a terminal, with colours."""
    from rich.markdown import Markdown

    page = Markdown(plain(text), code_theme="ansi_dark", hyperlinks=False)
    if out.is_terminal:
        out.print(page)
        return
    for line in out.render_lines(page, out.options.update(width=PAGE_WIDTH)):
        out.print("".join(segment.text for segment in line).rstrip())


def show_debrief(out: Console, lab: Lab, following: str) -> None:
    """What a passed lab was good for, and what comes next."""
    if lab.debrief.exists():
        out.print()
        show_page(out, lab.debrief.read_text(encoding="utf-8"))
    out.print(Text.assemble("\nPassed. ", (following, "bold")))
