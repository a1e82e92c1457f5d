"""How a class did, on a terminal: a row for each lab, and what stands out in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from packerlab.display.terminal import console
from packerlab.report import VERDICTS
from packerlab.text import visible
from packerlab.writers.summary import summarise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packerlab.report import Report
    from packerlab.writers.summary import LabSummary


def show(reports: Iterable[Report]) -> None:
    """Print the summary of one report for each learner and lab."""
    labs = summarise(reports)
    if not labs:
        typer.echo("There are no reports in this gradebook yet.")
        return
    table = Table("lab", "submissions", "median", "failed most", box=box.SIMPLE_HEAD)
    for lab in labs:
        table.add_row(*_cells(lab))
    out = console()
    out.print(table, soft_wrap=False)
    for lab in labs:
        for remark in _remarks(lab):
            out.print(f"{visible(lab.short)}: {visible(remark)}")


def _cells(lab: LabSummary) -> tuple[Text, ...]:
    counts = [f"{lab.verdicts[name]} {name}" for name in VERDICTS if lab.verdicts[name]]
    median = "no score" if lab.median_percent is None else f"{lab.median_percent} %"
    worst = lab.hardest
    return (
        Text(visible(lab.slug or "unknown")),
        Text(f"{lab.submissions}: {', '.join(counts)}"),
        Text(median, no_wrap=True),
        Text(f"{visible(worst.text.title)} ({worst.failing_percent} %)" if worst else "nothing"),
    )


def _remarks(lab: LabSummary) -> Iterator[str]:
    for check in lab.passed_by_nobody:
        yield f"nobody passes: {check.text.title}"
    if everybody := len(lab.passed_by_everybody):
        yield f"everybody passes {everybody} of {len(lab.checks)} checks"
    wrong = [(count, value, check) for check in lab.checks.values()
             for value, count in check.commonest[:1] if count > 1]  # fmt: skip
    if wrong:
        count, value, check = max(wrong, key=lambda each: each[0])
        yield f"the commonest wrong answer, {count} times, is `{value}` to: {check.text.title}"
