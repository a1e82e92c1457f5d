"""Grade the mutants of a lab's solution: one that keeps full marks has fooled the grader."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from packerlab.checks import Failure
from packerlab.errors import BadInputError, LimitError, PackerlabError, RejectedError
from packerlab.hcl.blocks import hcl_body
from packerlab.hcl.parsing import parse_trusted
from packerlab.hcl.template import assignment_files, literal
from packerlab.mutation.equivalents import NAME, equivalents
from packerlab.mutation.hcl_rules import FIXED_TIME, Known
from packerlab.mutation.mutants import computed, mutants
from packerlab.prepared_account import account_of
from packerlab.sandbox_pool import SandboxPool
from packerlab.variants.rows import handed_in, read_own

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from packerlab.hcl.template import Expression
    from packerlab.lab import Lab, Limits
    from packerlab.mutation.equivalents import Row
    from packerlab.mutation.mutants import Mutant
    from packerlab.report import Report
    from packerlab.sandbox.base import Backend
    from packerlab.submissions.reader import Files

SLOWER = 8
"""How many times as long as the solution a mutant may take: one that hangs is noticed."""

SHORTEST_S = 20
"""How long any mutant may take."""


@dataclass
class Mutants:
    """What became of a lab's mutants: `survivors` have no reason for that.

    `left_out` are those that Packer does not take as a template: every grader notices them.
    """

    slug: str
    made: int = 0
    killed: int = 0
    equivalent: int = 0
    left_out: int = 0
    survivors: list[Mutant] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether the grader notices every mutant that is not as good as the solution."""
        return not self.survivors and not self.problems

    @property
    def said(self) -> str:
        """The figures, in words."""
        counts = f"{self.made} mutants: {self.killed} killed, {self.equivalent} equivalent"
        number = len(self.survivors)
        alive = f", {number} survive{'s' * (number == 1)}" if number else ""
        return f"{counts}{alive}; {self.left_out} more are no template"

    def lines(self) -> Iterator[str]:
        """What is wrong: each survivor with what it changes, then all else."""
        for mutant in self.survivors:
            yield mutant.name
            yield from (f"  - {line.strip()}" for line in mutant.old.splitlines())
            yield from (f"  + {line.strip()}" for line in mutant.new.splitlines())
        yield from self.problems


def try_mutants(
    lab: Lab,
    backend: Backend,
    *,
    rules: Collection[str] = (),
    names: Collection[str] = (),
    jobs: int = 1,
    on_graded: Callable[[str], None],
) -> Mutants:
    """Grade all mutants of a lab's solution, or those of some rules or names."""
    reasons = list(equivalents(lab))
    found = Mutants(lab.slug)
    files = dict(read_own(lab.solution).files)
    survived: list[Mutant] = []
    with closing(SandboxPool(lab, backend, jobs)) as pool:
        limits = _limits(lab, pool.grade(read_own(lab.solution)))
        everyone = list(mutants(files, _known(lab, pool, files)))
        chosen = _chosen(everyone, rules, names)
        trial = _Trial(pool, limits, files)
        for number, (mutant, report) in enumerate(
            zip(chosen, pool.map(trial, chosen), strict=True), 1
        ):
            on_graded(f"{lab.slug} {number}/{len(chosen)} {mutant.name}")
            if report is None:
                found.left_out += 1
                continue
            found.made += 1
            if report.status == "fault" or not report.complete:
                found.problems.append(f"{mutant.name}: no grade: {report.reason}")
            elif report.passed:
                survived.append(mutant)
            else:
                found.killed += 1
    _explain(reasons, found, survived, whole=len(chosen) == len(everyone))
    return found


class _Trial:
    """Grades a mutant, if Packer takes it as a template at all."""

    def __init__(self, pool: SandboxPool, limits: Limits, solution: Files) -> None:
        self._bench = pool
        self._limits = limits
        self._given = _given(solution)
        self._told = self._validates(solution)

    def __call__(self, mutant: Mutant) -> Report | None:
        report = self._bench.grade(handed_in(mutant.files), self._limits, until_failed=True)
        if not report.passed and self._told and not self._validates(mutant.files):
            return None
        return report

    def _validates(self, files: Files) -> bool:
        with self._bench.packer(files) as packer:
            try:
                return packer.validate(self._given, ()).exit == 0
            except (PackerlabError, LimitError, RejectedError):
                return False


def _given(files: Files) -> dict[str, str]:
    """A value for each variable of a solution that no file gives by itself.

    It is that of the first other file of values, or the default, or just any.
    """
    template = parse_trusted(files)
    by_themselves = assignment_files(files)
    named = [name for name in sorted(files)
             if name.endswith(".pkrvars.hcl") and name not in by_themselves]  # fmt: skip
    told: dict[str, Expression] = {}
    for name in named[:1]:
        told, _ = hcl_body(name, files[name].data.decode())
    found = {}
    for name, block in template.variables.items():
        value = template.value(told.get(name) or block.attributes.get("default"))
        if name not in template.assigned:
            found[name] = _as_option(value)
    return found


def _as_option(value: object) -> str:
    """A value as `-var` takes it; `1` is a string, a number and a boolean."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else "1"


def _limits(lab: Lab, solution: Report) -> Limits:
    """The lab's, and less time where the solution needs little."""
    if not solution.passed:
        raise BadInputError(f"{lab.slug}: the solution does not pass: `packerlab verify` says why.")
    enough = max(int(solution.run.seconds * SLOWER), SHORTEST_S)
    return msgspec.structs.replace(lab.limits, deadline_s=min(lab.limits.deadline_s, enough))


def _known(lab: Lab, pool: SandboxPool, files: Files) -> Known:
    """The values of the solution's expressions, and the images of the lab's account."""
    account = account_of(lab) or {}
    images = [image["name"] for image in account.get("image", ())]
    return Known(dict(_values(pool, files)), images)


def _values(pool: SandboxPool, files: Files) -> Iterator[tuple[str, str]]:
    """Each expression that Packer can tell, and its value; `timestamp()` has a fixed one."""
    with pool.packer(files) as packer:
        for text in computed(files):
            asked = text.replace("timestamp()", FIXED_TIME)
            try:
                (value,) = packer.console([asked], _given(files))
            except (Failure, ValueError):
                continue
            yield text, literal(value)


def _chosen(every: list[Mutant], rules: Collection[str], names: Collection[str]) -> list[Mutant]:
    """Those of some rules or names; raises BadInputError where there is none."""
    for name in names:
        if not any(mutant.name == name for mutant in every):
            raise BadInputError(f"no mutant is called `{name}`.")
    for rule in rules:
        if not any(mutant.rule == rule for mutant in every):
            known = ", ".join(sorted({mutant.rule for mutant in every}))
            raise BadInputError(f"no mutant is made by a rule `{rule}`; there are {known}.")
    return [
        mutant
        for mutant in every
        if (not rules or mutant.rule in rules) and (not names or mutant.name in names)
    ]


def _explain(rows: list[Row], found: Mutants, survived: list[Mutant], *, whole: bool) -> None:
    """Sort the survivors into those that have a reason and those that have none."""
    for mutant in survived:
        if any(row.reason.covers(mutant) for row in rows):
            found.equivalent += 1
        else:
            found.survivors.append(mutant)
    for row in rows if whole else ():
        if not any(row.reason.covers(mutant) for mutant in survived):
            found.problems.append(f"{NAME} [{row.name}]: no mutant that it is about survives")
