"""Prove a course: every starter fails, every solution and accepted variant passes, every rejected
variant fails just where it should, and nothing is missing or left lying about.
"""

from __future__ import annotations

import queue
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import msgspec

from packerlab import forkserver
from packerlab.course import default_root
from packerlab.errors import BadInputError, RejectedError
from packerlab.grading.grade_one import grade, packer_version
from packerlab.hcl.template import SYNTAX_HINT
from packerlab.lab import load_toml
from packerlab.packer.versions import version_of
from packerlab.pages import headings
from packerlab.sandbox import Sandbox
from packerlab.submissions.reader import WORKSPACE as WORKSPACE_CAPS
from packerlab.submissions.reader import digest, entries_of, take
from packerlab.submissions.workspaces import Submission, refused, sifted, submission

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from packerlab.lab import Lab
    from packerlab.packer.versions import Version
    from packerlab.report import Report
    from packerlab.sandbox.base import Backend
    from packerlab.submissions.reader import Files

MARGIN = 4
"""How many times over what the solution needed a lab's limits must be."""

OWN_VARIANTS = 13
"""How many right and wrong answers a lab of our own course is proven with, at the least."""

HINTS = 3
LAB_ENTRIES = {"lab.toml", "README.md", "DEBRIEF.md", "starter", "solution", "variants"}


class Variant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`variant.toml`: a change of the solution, and what must come of it."""

    why: Annotated[str, msgspec.Meta(min_length=1)]
    delete: list[str] = []
    packer: str = ">=0.0"
    status: Literal["graded", "rejected", "timeout", "limit"] = "graded"
    fails: list[str] = []
    says: str = ""


@dataclass
class Proof:
    """What was found of one lab: `problems` is empty for a lab that holds."""

    slug: str
    graded: int = 0
    left_out: int = 0
    problems: list[str] = field(default_factory=list)
    checks: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    margins: dict[str, float] = field(default_factory=dict)

    def take(
        self, lab: Lab, trial: Trial, report: Report, on_graded: Callable[[str], None]
    ) -> None:
        """Note what a trial showed."""
        self.graded += 1
        self.checks |= {check.name for check in report.checks}
        self.failed |= {check.name for check in report.checks if check.outcome == "failed"}
        self.problems += [*trial.judge(report), *undocumented(lab, report)]
        on_graded(f"{lab.slug} {trial.name}")


class Trial(NamedTuple):
    """An answer to a lab, and what is wrong with a report of it."""

    name: str
    submission: Submission
    judge: Callable[[Report], list[str]]


def verify(
    lab: Lab,
    backend: Backend,
    *,
    brief: bool = False,
    jobs: int = 1,
    on_graded: Callable[[str], None],
) -> Proof:
    """Prove one lab on one backend. `brief` takes the starter, the solution and one reject only."""
    proof = Proof(lab.slug)
    proof.problems += missing_or_stray(lab)
    with closing(_Bench(lab, backend, jobs)) as bench:
        version = bench.version()
        rejects = list(_variants(lab, "reject"))
        accepts = [] if brief else list(_variants(lab, "accept"))
        trials = [
            *(_accept(lab, folder, version) for folder in accepts),
            *(_reject(lab, folder, version) for folder in (rejects[:1] if brief else rejects)),
        ]
        proof.left_out = trials.count(None)
        first = [_starter(lab), _solution(lab, proof), _solution(lab, proof)]
        for trial in first:  # alone, so that the solution's time is its own
            proof.take(lab, trial, bench.grade(trial), on_graded)
        rest = [trial for trial in trials if trial]
        for trial, report in zip(rest, bench.grade_all(rest), strict=True):
            proof.take(lab, trial, report, on_graded)
        for name in () if brief else sorted(proof.checks - proof.failed):
            proof.problems.append(f"no wrong answer fails {name}")
        _formatted(lab, proof, bench.sandbox, version)
    proof.problems = list(dict.fromkeys(proof.problems))
    return proof


class _Bench:
    """Open sandboxes, one for each job, and who has them."""

    def __init__(self, lab: Lab, backend: Backend, jobs: int) -> None:
        self._lab = lab
        self._jobs = jobs
        self._all = [Sandbox(backend, lab.limits, lab.needs) for _ in range(jobs)]
        self._free: queue.SimpleQueue[Sandbox] = queue.SimpleQueue()
        for sandbox in self._all:
            self._free.put(sandbox)

    @property
    def sandbox(self) -> Sandbox:
        return self._all[0]

    def version(self) -> Version:
        return packer_version(self.sandbox)

    def grade(self, trial: Trial) -> Report:
        sandbox = self._free.get()
        try:
            context = forkserver.context()
            return grade(self._lab, trial.submission, sandbox, self._lab.limits, context=context)
        finally:
            self._free.put(sandbox)

    def grade_all(self, trials: list[Trial]) -> Iterator[Report]:
        """The reports in the order of the trials; what has not begun is dropped on Ctrl-C."""
        pool = ThreadPoolExecutor(self._jobs)
        try:
            yield from pool.map(self.grade, trials)
        finally:
            pool.shutdown(cancel_futures=True)

    def close(self) -> None:
        for sandbox in self._all:
            sandbox.close()


def _starter(lab: Lab) -> Trial:
    def judge(report: Report) -> list[str]:
        if report.status == "graded" and not report.passed:
            return []
        return [f"the starter should fail its checks: {_said(report)}"]

    return Trial("starter", _read(lab.starter), judge)


def _solution(lab: Lab, proof: Proof) -> Trial:
    """Graded twice; the slower one tells how wide the lab's limits are."""

    def judge(report: Report) -> list[str]:
        problems = []
        if not report.passed:
            problems.append(f"the solution does not pass: {_said(report)}")
        cpu_seconds = max(report.run.cpu_seconds, report.run.grader_cpu_seconds)
        margins = {
            "deadline_s": lab.limits.deadline_s / max(report.run.seconds, 0.001),
            "cpu_s": lab.limits.cpu_s / max(cpu_seconds, 0.001),
        }
        for key, margin in margins.items():
            proof.margins[key] = round(min(margin, proof.margins.get(key, margin)), 1)
            if margin < MARGIN:
                problems.append(f"{key} is only {margin:.1f} times what the solution needed")
        return problems

    return Trial("solution", _read(lab.solution), judge)


def _accept(lab: Lab, folder: Path, version: Version) -> Trial | None:
    """None for a variant that needs a newer Packer than this."""
    variant = load_toml(folder / "variant.toml", Variant)
    if version < version_of(variant.packer):
        return None
    name = f"accept/{folder.name}"

    def judge(report: Report) -> list[str]:
        return [] if report.passed else [f"{name} does not pass: {_said(report)}"]

    return Trial(name, overlaid(lab, folder, variant), judge)


def _reject(lab: Lab, folder: Path, version: Version) -> Trial | None:
    """None for a variant that needs a newer Packer than this."""
    variant = load_toml(folder / "variant.toml", Variant)
    if version < version_of(variant.packer):
        return None
    name = f"reject/{folder.name}"

    def judge(report: Report) -> list[str]:
        failed = [check.name for check in report.checks if check.outcome == "failed"]
        if report.status != variant.status or sorted(failed) != sorted(variant.fails):
            expected = f"end as {variant.status} and fail {', '.join(variant.fails) or 'no check'}"
            return [f"{name} should {expected}: {_said(report)}"]
        if variant.says not in _words(report):
            return [f"{name} does not say `{variant.says}`"]
        return []

    return Trial(name, overlaid(lab, folder, variant), judge)


def overlaid(lab: Lab, folder: Path, variant: Variant) -> Submission:
    """The solution with a variant's files over it, read as a learner's submission is."""
    files: Files = dict(_read(lab.solution).files)
    for name in variant.delete:
        if files.pop(name, None) is None:
            raise BadInputError(f"{folder}/variant.toml: the solution has no {name} to delete.")
    entries = [entry for entry in entries_of(folder) if entry.name != "variant.toml"]
    try:
        files.update(take(sifted(entries)[0], WORKSPACE_CAPS))
    except RejectedError as error:
        return refused(str(error))
    return Submission(files, digest(files))


def _read(folder: Path) -> Submission:
    try:
        return submission(entries_of(folder))
    except RejectedError as error:
        raise BadInputError(f"{folder}: {error}") from None


def _variants(lab: Lab, kind: str) -> Iterator[Path]:
    folder = lab.path / "variants" / kind
    return (
        iter(sorted(path for path in folder.iterdir() if path.is_dir()))
        if folder.is_dir()
        else iter(())
    )


def _said(report: Report) -> str:
    """What a report says, in one line for an author."""
    failed = [
        f"{check.name} {check.outcome}: {check.message} {check.found}".strip()
        for check in report.checks
        if check.outcome in ("failed", "incapable")
    ]
    return "; ".join(
        [f"{report.status} {report.score}/{report.max_score} {report.reason}".strip(), *failed]
    )


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
    for kind in ("accept", "reject"):
        for folder in _variants(lab, kind):
            if not (folder / "variant.toml").is_file():
                yield f"variants/{kind}/{folder.name} has no variant.toml"
    count = sum(len(list(_variants(lab, kind))) for kind in ("accept", "reject"))
    if lab.path.parent.parent == default_root() and count < OWN_VARIANTS:
        yield f"a lab of this course has {OWN_VARIANTS} variants or more; this one has {count}"


def undocumented(lab: Lab, report: Report) -> Iterator[str]:
    """Checks whose link leads nowhere, or that help with too few hints."""
    page = lab.page.read_text(encoding="utf-8") if lab.page.is_file() else ""
    anchors = {heading.anchor for heading in headings(page)}
    for check in report.checks:
        if check.hints == [SYNTAX_HINT]:  # says nothing of its own sentence
            continue
        target, _, anchor = check.docs.partition("#")
        if target != f"{lab.track}/{lab.slug}" or anchor not in anchors:
            yield f"{check.name}: docs `{check.docs}` is no heading of the lab's page"
        if check.outcome == "failed" and len(check.hints) != HINTS:
            yield f"{check.name} has {len(check.hints)} hints, not {HINTS}"


def _formatted(lab: Lab, proof: Proof, sandbox: Sandbox, version: Version) -> None:
    """Starter and solution are as `packer fmt` writes them."""
    from packerlab.packer.verbs import Packer
    from packerlab.sandbox.base import Box

    for folder in (lab.starter, lab.solution):
        box = Box(sandbox.channel(), lab.limits)
        answer = Packer(box, _read(folder).files, version, lab.manifest.outputs).fmt()
        if answer.exit != 0:
            proof.problems.append(f"{folder.name}/ is not formatted: {answer.output.strip()[:200]}")
