"""Prove a course: every starter fails, every solution and accepted variant passes, every rejected
variant fails just where it should, and nothing is missing or left lying about.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from packerlab.course import default_root
from packerlab.course.pages import headings
from packerlab.course.version_range import within
from packerlab.errors import BadInputError, MachineError
from packerlab.hcl.template import SYNTAX_HINTS
from packerlab.mutation.equivalents import NAME as EQUIVALENTS
from packerlab.packer.versions import version_of
from packerlab.report import unjudged
from packerlab.sandbox_pool import SandboxPool
from packerlab.variants.rows import KINDS, answer, read_own, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from packerlab.lab import Lab
    from packerlab.packer.versions import Version
    from packerlab.report import Report
    from packerlab.sandbox.base import Backend
    from packerlab.submissions.workspaces import Submission
    from packerlab.variants.rows import Row

MARGIN = 4
"""How many times over what the solution needed a lab's limits must be."""

OWN_VARIANTS = 13
"""How many right and wrong answers a lab of our own course is proven with, at the least."""

HINTS = 3
LAB_ENTRIES = {"lab.toml", "README.md", "DEBRIEF.md", "starter", "solution", "variants"}


@dataclass
class Proof:
    """What was found of one lab: `problems` is empty for a lab that holds."""

    slug: str
    packer: str = ""
    graded: int = 0
    left_out: int = 0
    problems: list[str] = field(default_factory=list)
    unjudged: set[str] = field(default_factory=set)
    checks: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    margins: dict[str, float] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)

    def take(self, lab: Lab, trial: Trial, report: Report) -> None:
        """Note what a trial showed."""
        self.graded += 1
        self.unjudged |= unjudged(report)
        self.checks |= {check.name for check in report.checks}
        self.failed |= {check.name for check in report.checks if check.outcome == "failed"}
        self.said[trial.name] = _said(report)
        self.problems += [*trial.judge(report), *undocumented(lab, report)]


class Trial(NamedTuple):
    """An answer to a lab, and what is wrong with a report of it."""

    name: str
    submission: Submission
    judge: Callable[[Report], list[str]]
    packer: str = ""


def verify(
    lab: Lab,
    backend: Backend,
    *,
    only: Collection[str] | None = None,
    jobs: int = 1,
    on_graded: Callable[[str], None],
) -> Proof:
    """Prove one lab on one backend, by all of its answers or those that `only` names."""
    proof = Proof(lab.slug)
    proof.problems += missing_or_stray(lab)
    trials = _trials([row for row in _all_rows(lab) if only is None or row.answer in only])
    with closing(SandboxPool(lab, backend, jobs)) as pool:
        version = pool.version()
        proof.packer = ".".join(map(str, version))
        if reason := unfit(lab, version):
            raise MachineError(f"{lab.slug}: {reason}.")
        solution = _solution(lab, proof)
        again = [solution] if only is None else []  # the slower one tells how wide the limits are
        first = [trial for trial in (_starter(lab), solution, *again)
                 if only is None or trial.name in only]  # fmt: skip
        rest = [trial for trial in trials if within(version, trial.packer)]
        proof.left_out = len(trials) - len(rest)
        alone = (pool.grade(trial.submission) for trial in first)  # the solution's time is its own
        beside = pool.map(lambda trial: pool.grade(trial.submission), rest)
        graded = [*first, *rest]
        for trial, report in zip(graded, chain(alone, beside), strict=True):
            proof.take(lab, trial, report)
            on_graded(f"{lab.slug} {proof.graded}/{len(graded)} {trial.name}")
        if only is None:
            proof.problems += [*too_few(lab), *too_narrow(proof)]
            idle = sorted(proof.checks - proof.failed - proof.unjudged)
            proof.problems += [f"no wrong answer fails {name}" for name in idle]
        _formatted(lab, proof, pool)
    proof.problems = list(dict.fromkeys(proof.problems))
    return proof


def unfit(lab: Lab, version: Version) -> str:
    """Why a lab can't be proven with this Packer; empty where it can."""
    wanted, here = lab.manifest.packer, ".".join(map(str, version))
    return f"needs Packer {wanted}; here it is {here}" if version < version_of(wanted) else ""


def answers(lab: Lab) -> list[str]:
    """The names of all answers that prove a lab, in the order in which they are graded."""
    return ["starter", "solution", *(row.answer for row in _all_rows(lab))]


def brief(lab: Lab) -> list[str]:
    """The answers that show the most in the least time."""
    return [*answers(lab)[:2], *(row.answer for row in list(rows(lab, "reject"))[:1])]


def _all_rows(lab: Lab) -> list[Row]:
    return [row for kind in KINDS for row in rows(lab, kind)]


def _starter(lab: Lab) -> Trial:
    def judge(report: Report) -> list[str]:
        if report.status == "graded" and not report.passed:
            return []
        return [f"the starter should fail its checks: {_said(report)}"]

    return Trial("starter", read_own(lab.starter), judge)


def _solution(lab: Lab, proof: Proof) -> Trial:
    """It passes; what it needed tells how wide the lab's limits are."""

    def judge(report: Report) -> list[str]:
        problems = []
        if not _passes(report):
            problems.append(f"the solution does not pass: {_said(report)}")
        cpu_seconds = max(report.run.cpu_seconds, report.run.grader_cpu_seconds)
        margins = {
            "deadline_s": lab.limits.deadline_s / max(report.run.seconds, 0.001),
            "cpu_s": lab.limits.cpu_s / max(cpu_seconds, 0.001),
        }
        for key, margin in margins.items():
            proof.margins[key] = round(min(margin, proof.margins.get(key, margin)), 1)
        return problems

    return Trial("solution", read_own(lab.solution), judge)


def _trials(chosen: list[Row]) -> list[Trial]:
    """Raises BadInputError with every row that no longer fits its solution."""
    trials, broken = [], []
    for row in chosen:
        try:
            judge = _accept(row) if row.kind == "accept" else _reject(row)
            trials.append(Trial(row.answer, answer(row), judge, row.variant.packer))
        except BadInputError as error:
            broken.append(str(error))
    if broken:
        raise BadInputError("\n".join(broken))
    return trials


def _accept(row: Row) -> Callable[[Report], list[str]]:
    def judge(report: Report) -> list[str]:
        return [] if _passes(report) else [f"{row.answer} does not pass: {_said(report)}"]

    return judge


def _reject(row: Row) -> Callable[[Report], list[str]]:
    variant = row.variant

    def judge(report: Report) -> list[str]:
        failed = {check.name for check in report.checks if check.outcome == "failed"}
        fails = set(variant.fails) - unjudged(report)
        if report.status != variant.status or failed != fails:
            expected = f"end as {variant.status} and fail {', '.join(variant.fails) or 'no check'}"
            return [f"{row.answer} should {expected}: {_said(report)}"]
        if len(fails) == len(variant.fails) and variant.says not in _words(report):
            return [f"{row.answer} does not say `{variant.says}`"]
        return []

    return judge


def _passes(report: Report) -> bool:
    """Whether all checks pass that can be judged with this Packer."""
    left_out = unjudged(report)
    outcomes = {check.outcome for check in report.checks if check.name not in left_out}
    return report.status == "graded" and outcomes == {"passed"}


def _said(report: Report) -> str:
    """What a report says, in one line for an author."""
    failed = [
        f"{check.name} {check.outcome}: {check.message} {check.found}".strip()
        for check in report.checks
        if check.outcome in ("failed", "incapable")
    ]
    blocked = ", ".join(check.name for check in report.checks if check.outcome == "blocked")
    score = "" if report.score is None else f"{report.score}/{report.max_score}"
    ended = " ".join(filter(None, [report.status, score, report.reason]))
    return "; ".join([ended, *failed, *([f"blocked: {blocked}"] if blocked else [])])


def _words(report: Report) -> str:
    parts = [report.reason]
    for check in report.checks:
        if check.outcome == "failed":
            parts += [check.message, check.expected, check.found]
    return "\n".join(parts)


def missing_or_stray(lab: Lab) -> Iterator[str]:
    """What a lab's files lack, or have too much."""
    needed = [lab.path / "README.md", lab.grader, lab.page, lab.starter, lab.solution]
    for path in [*needed, lab.account] if "account" in lab.needs else needed:
        if not path.exists():
            yield f"{path.name} is missing ({path})"
    expected = LAB_ENTRIES | ({lab.account.name} if "account" in lab.needs else set())
    strays = {entry.name for entry in lab.path.iterdir()} - expected
    for name in sorted(strays):
        yield f"{lab.path.name}/{name} does not belong there"
    yield from _stray_variants(lab)


def too_few(lab: Lab) -> Iterator[str]:
    """Whether a lab of our own course has fewer variants than such a lab needs."""
    count = sum(1 for kind in KINDS for _ in rows(lab, kind))
    if lab.path.parent.parent == default_root() and count < OWN_VARIANTS:
        yield f"a lab of this course has {OWN_VARIANTS} variants or more; this one has {count}"


def too_narrow(proof: Proof) -> Iterator[str]:
    """The limits that a slow machine would meet with the solution."""
    for key, margin in proof.margins.items():
        if margin < MARGIN:
            yield f"{key} is only {margin:.1f} times what the solution needed"


def _stray_variants(lab: Lab) -> Iterator[str]:
    """What lies in `variants/` and belongs to no row."""
    folder = lab.path / "variants"
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name not in {*KINDS, *(f"{kind}.toml" for kind in KINDS), EQUIVALENTS}:
            yield f"variants/{path.name} does not belong there"
    for kind in KINDS:
        names = {row.name for row in rows(lab, kind)}
        for path in sorted((folder / kind).glob("*")):
            if path.name not in names:
                yield f"variants/{kind}/{path.name} has no row in {kind}.toml"


def undocumented(lab: Lab, report: Report) -> Iterator[str]:
    """Checks whose link leads nowhere, or that help with too few hints."""
    page = lab.page.read_text(encoding="utf-8") if lab.page.is_file() else ""
    anchors = {heading.anchor for heading in headings(page)}
    for check in report.checks:
        if check.hints == list(SYNTAX_HINTS):  # says nothing of its own sentence
            continue
        target, _, anchor = check.docs.partition("#")
        if target != f"{lab.track}/{lab.slug}" or anchor not in anchors:
            yield f"{check.name}: docs `{check.docs}` is no heading of the lab's page"
        if check.outcome == "failed" and len(check.hints) != HINTS:
            yield f"{check.name} has {len(check.hints)} hints, not {HINTS}"


def _formatted(lab: Lab, proof: Proof, pool: SandboxPool) -> None:
    """Starter and solution are as `packer fmt` writes them, which can't read scripts alone."""
    for folder in (lab.starter, lab.solution):
        with pool.packer(read_own(folder).files) as packer:
            answer = packer.fmt() if packer.has_template else None
        if answer and answer.exit != 0:
            proof.problems.append(f"{folder.name}/ is not formatted: {answer.output.strip()[:200]}")
