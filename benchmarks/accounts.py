"""Labs with a simulated account or a container engine: reports, a class, what an account costs.

A report is held against the sum of the same Packer verbs run bare in an account, or beside an
engine, that is there already; `bare_place` says what that is.
"""

from __future__ import annotations

import select
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import measure
from benchmarks.bare import recorded_verbs
from benchmarks.bare_place import BareEngine, BarePlace
from benchmarks.classes import BENCH_COURSE, RUNS, copies, graded
from packerlab.course import default_root, open_course

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from packerlab.lab import Lab

    Note = Callable[[str, float], None]
    Verbs = list[dict[str, Any]]

COPIES = 20
PARTIES = ("control", "instance", "packer", "supervisor")
OURS = str(default_root())


# --- reports against bare Packer ------------------------------------------------------------------


def ami(folder: Path, note: Note) -> None:
    """One build and one check, warm, against the build alone: without a login, and over ssh."""
    for name, number in (("ami", "103"), ("ami_ssh", "104")):
        lab = open_course(Path(BENCH_COURSE)).lab(number)
        verbs = recorded_verbs(lab, folder / f"{name}.jsonl")
        builds = [verb for verb in verbs if verb["argv"][1] == "build"]
        compare(f"{name}_vs_bare", (BENCH_COURSE, lab), builds, note, turns=3 * RUNS)


def containers(folder: Path, note: Note) -> None:
    """One build of a container and one check, warm, against the build alone."""
    lab = open_course(Path(BENCH_COURSE)).lab("105")
    verbs = recorded_verbs(lab, folder / "verbs.jsonl")
    builds = [verb for verb in verbs if verb["argv"][1] == "build"]
    compare("container_build", (BENCH_COURSE, lab), builds, note, turns=3 * RUNS)


def reports(folder: Path, note: Note) -> None:
    """A whole report of a real lab, warm, against all of its Packer verbs."""
    for number in ("104", "105"):
        lab = open_course(Path(OURS)).lab(number)
        verbs = recorded_verbs(lab, folder / f"{number}.jsonl")
        compare(f"report_{number}", (OURS, lab), verbs, note, turns=RUNS)


def compare(name: str, of: tuple[str, Lab], verbs: Verbs, note: Note, *, turns: int) -> None:
    """Turn by turn the verbs bare and the whole report; the first turn only warms both."""
    course, lab = of
    beside = BarePlace if "account" in lab.needs else BareEngine
    with closing(beside(lab.limits)) as place, closing(WarmGrader(course, lab.slug)) as grader:
        for turn in range(turns + 1):
            bare = sum(place.run(verb) for verb in verbs)
            whole = grader.grade()
            if turn:
                note(name, whole / bare)
                note(f"{name.removesuffix('_vs_bare')}_seconds", whole)
                note(f"{name.removesuffix('_vs_bare')}_bare_seconds", bare)


class WarmGrader:
    """`benchmarks.grader` as a process: reports in one open sandbox."""

    def __init__(self, course: str, slug: str) -> None:
        self.group = measure.Group()
        self._process = self.group.start(
            [sys.executable, "-m", "benchmarks.grader", course, slug],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1],
        )  # fmt: skip

    def grade(self) -> float:
        """Seconds of one report."""
        self.begin()
        return self.end()

    def begin(self) -> None:
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def busy(self) -> bool:
        """Whether the report that was begun is still to come."""
        assert self._process.stdout
        return not select.select([self._process.stdout], [], [], 0.01)[0]

    def end(self) -> float:
        assert self._process.stdout
        said = self._process.stdout.readline()
        if not said:
            raise RuntimeError("the warm grader ended")
        return float(said)

    def close(self) -> None:
        self._process.communicate()
        self.group.remove()


# --- a class --------------------------------------------------------------------------------------


def batch_105(folder: Path, note: Note) -> None:
    """20 copies of 105's solution, 2 jobs: `packerlab grade`, and the same verbs bare.

    The command's time has the start of its two control planes in it. Bare, two accounts are there
    already, and two workers take the copies in turn as `xargs -P 2` would; counted is what the
    verbs of the slower one took in all, so that fresh accounts between them cost nothing.
    """
    lab = open_course(Path(OURS)).lab("105")
    crowd = copies(lab.solution, folder / "class", COPIES)
    verbs = recorded_verbs(lab, folder / "verbs.jsonl")
    for turn in range(RUNS):
        bare = bare_class(lab, verbs)
        cost = graded(crowd, folder / str(turn), "--lab", "105", "--sandbox", "bubblewrap")
        note("batch_105", cost.wall / bare)
        note("batch_105_seconds", cost.wall)
        note("batch_105_bare_seconds", bare)


def bare_class(lab: Lab, verbs: Verbs) -> float:
    """Seconds of the busier one of two workers on COPIES times the verbs."""
    todo = iter([verbs] * COPIES)

    def work(place: BarePlace) -> float:
        return sum(place.run(verb) for taken in todo for verb in taken)

    with ExitStack() as stack:
        places = [stack.enter_context(closing(BarePlace(lab.limits))) for _ in range(2)]
        return max(stack.enter_context(ThreadPoolExecutor(2)).map(work, places))


# --- the account ----------------------------------------------------------------------------------


def account(folder: Path, note: Note) -> None:
    """A fresh account beside a loaded control plane; what loading it costs; memory."""
    lab = open_course(Path(OURS)).lab("105")
    state = next(
        verb["account"]["state"]
        for verb in recorded_verbs(lab, folder / "verbs.jsonl")
        if verb["account"]
    )
    for _ in range(RUNS):
        with closing(BarePlace(lab.limits)) as place:
            note("account_cpu_preload", place.load_cpu)
            for _ in range(RUNS):
                note("account_warm", place.open(state))
    with closing(WarmGrader(BENCH_COURSE, "104_ami_ssh")) as grader:
        for _ in range(RUNS):
            memory(grader, note)


def memory(grader: WarmGrader, note: Note) -> None:
    """The highest PSS of each party while a report is made, and of all of them together."""
    peaks: Counter[str] = Counter()
    grader.begin()
    while grader.busy():
        now: Counter[str] = Counter()
        for pid in sandboxed(grader.group):
            now[party(pid)] += measure.pss(pid)
        peaks |= now  # the larger one of each
        peaks["report"] = max(peaks["report"], now.total())
    grader.end()
    for name in ("report", *PARTIES):
        note(f"memory_{name}", peaks[name] / 1e6)


def sandboxed(group: measure.Group) -> Iterator[int]:
    """The processes in the control groups below: those of the sandbox, not of the grader."""
    for path in group.path.glob("*/cgroup.procs"):
        yield from map(int, path.read_text().split())


def party(pid: int) -> str:
    """Whose a process of a sandbox is; what is none of the others' runs on an instance."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return "instance"
    if b"supervisor.py" in words:  # its own words have those of the control plane in them
        return "supervisor"
    if b"packerlab.inside.control" in words:
        return "control"
    program = Path(measure.program_of(pid)).name
    if program.startswith("packer"):
        return "packer"
    if program == "bwrap":
        return "supervisor"
    return "instance"
