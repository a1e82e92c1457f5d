"""A thousand submissions as a learning platform exports them, on one machine and on many."""

from __future__ import annotations

import contextlib
import io
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from benchmarks import measure
from benchmarks.bare import bare_script, recorded_verbs
from benchmarks.classes import BENCH_COURSE, PACKERLAB, copies
from packerlab.course import open_course
from packerlab.gradebook import read_gradebook
from tests.hostile.cases import all_cases
from tests.hostile.crowd import gather
from tests.hostile.making import ANY_PROGRAM, MESSAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from packerlab.lab import Lab
    from packerlab.report import Report

    Note = Callable[[str, float], None]
    Running = subprocess.Popen[bytes]

CLASS = 1_000
STARTERS = (1, 2)
BROKEN = 3
"""Of each ten learners, those who hand in the starter, and who hands in what can't be read."""
EXPECTED = {"passed": 700, "failed": 300}
SIZES = (1_000, 3_000, 10_000)
KILLS, KILLED = 30, 1_000
HOSTILE = 30
STATIC = open_course(Path(BENCH_COURSE)).lab("101")


def class_of_1000(folder: Path, note: Note) -> None:
    """One zip as Canvas exports it, two jobs, against bare Packer on what can be built."""
    lab = open_course(None).lab("101")
    crowd = exported(lab, folder / "submissions.zip")
    book = folder / "book"
    run = followed(_grade(crowd, book), book)
    expect(read_gradebook(book).latest())
    script = bare_script(folder / "bare.sh", recorded_verbs(lab, folder / "verbs.jsonl"), {})
    built = copies(lab.solution, folder / "built", CLASS * 9 // 10)
    bare = measure.run(["sh", "-c", f"ls -d {built}/* | xargs -n 1 -P 2 sh {script}"])
    note("class_seconds", run.seconds)
    note("class_bare_seconds", bare.wall)
    note("class_vs_bare", run.seconds / bare.wall)
    note("class_growth", run.growth)


def hostile_class(folder: Path, note: Note) -> None:
    """The same from a folder, with thirty of the hostile set in it: each verdict as planted."""
    cases = [case for case in all_cases() if case.verdict.lab in {MESSAGE, ANY_PROGRAM}]
    planted = cases[:: len(cases) // HOSTILE][:HOSTILE]
    crowd = gather(folder, planted, {})
    lab = open_course(None).lab("101")
    shutil.copytree(lab.path, folder / "course" / "labs" / lab.slug, symlinks=True)
    shutil.copy(lab.grader, folder / "course" / "graders")
    for name, data in everybody(lab):
        (crowd.folder / name).write_bytes(data)
    book = folder / "book"
    run = followed(_grade(crowd.folder, book, "--course", str(folder / "course")), book)
    reports = {report.run.learner: report for report in read_gradebook(book).latest()}
    for case in planted:
        report = reports.pop(crowd.learners[case.name])
        fails = [check.name for check in report.checks if check.outcome == "failed"]
        if (report.status, fails) != (case.verdict.status, case.verdict.fails):
            raise RuntimeError(f"{case.name} ended as {report.status}, failing {fails}")
    expect(reports.values())
    note("hostile_class_seconds", run.seconds)
    note("hostile_class_growth", run.growth)


def cluster(folder: Path, note: Note) -> None:
    """The same through two workers of one job each, one of them killed in the middle."""
    crowd = exported(open_course(None).lab("101"), folder / "submissions.zip")
    book = folder / "book"
    with members(folder) as (where, running):
        argv = [*_grade(crowd, book), "--scheduler", where]
        run = followed(argv, book, lambda: kill(running["one"]))
    expect(read_gradebook(book).latest())
    note("cluster_seconds", run.seconds)
    note("cluster_growth", run.growth)


def sizes(folder: Path, note: Note) -> None:
    """Static classes of three sizes: seconds for each thousand, and what the parent grows by."""
    for size in SIZES:
        crowd = copies(STATIC.solution, folder / f"class-{size}", size)
        book = folder / f"book-{size}"
        run = followed(_grade(crowd, book, "--course", BENCH_COURSE, "--lab", "101"), book)
        note(f"static_{size}_per_1000", run.seconds * 1000 / size)
        note(f"static_{size}_growth", run.growth)


def kills(folder: Path, note: Note) -> None:
    """SIGKILL of the grader at thirty random moments: nothing is lost, nothing doubled."""
    crowd = copies(STATIC.solution, folder / "class", KILLED)
    book = folder / "book"
    argv = _grade(crowd, book, "--course", BENCH_COURSE, "--lab", "101")
    for _ in range(KILLS):
        process = started(folder / "grader", argv)
        at_random()
        kill(process)
    measure.run(argv)
    note("kills_lost_or_doubled", lost_or_doubled(book))


def cluster_kills(folder: Path, note: Note) -> None:
    """SIGKILL of the grader, a worker or the scheduler, thirty times, each then started again."""
    crowd = copies(STATIC.solution, folder / "class", KILLED)
    book = folder / "book"
    course = ["--course", BENCH_COURSE]
    with members(folder, *course) as (where, running):
        grade = [*_grade(crowd, book, *course, "--lab", "101"), "--scheduler", where]
        running["grader"] = started(folder / "grader", grade)
        for _ in range(KILLS):
            at_random()
            victim = running[random.choice(sorted(running))]  # noqa: S311
            kill(victim)
            revive(running, folder)
        running["grader"].wait()
        revive(running, folder)
        running["grader"].wait()
    note("cluster_kills_lost_or_doubled", lost_or_doubled(book))


def at_random() -> None:
    time.sleep(random.uniform(0.3, 3))  # noqa: S311  (a moment, no secret)


def lost_or_doubled(book: Path) -> int:
    """How many of the killed class have no verdict, or more than one."""
    verdicts = Counter(each.run.learner for each in read_gradebook(book).reports() if each.passed)
    return KILLED - len(verdicts) + verdicts.total() - len(verdicts)


# --- the class ------------------------------------------------------------------------------------


def exported(lab: Lab, path: Path) -> Path:
    """The class as one zip, named as Canvas names what it exports."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in everybody(lab):
            archive.writestr(name, data)
    return path


def everybody(lab: Lab) -> Iterator[tuple[str, bytes]]:
    for number in range(CLASS):
        name = f"learner{number:04}_{10_000 + number}_{50_000 + number}_{lab.slug}.zip"
        yield name, handed_in(lab, number)


def handed_in(lab: Lab, number: int) -> bytes:
    """What a learner hands in: seven of ten the solution, two the starter, one is broken."""
    folder = lab.starter if number % 10 in STARTERS else lab.solution
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(".packerlab.toml", f'format = 1\nlab = "{lab.slug}"\n')
        for file in sorted(folder.rglob("*")):
            text = file.read_text()
            if file.name.endswith(".pkr.hcl"):
                text = "source {\n" if number % 10 == BROKEN else f"# {number}\n{text}"
            archive.writestr(file.relative_to(folder).as_posix(), text)
    return packed.getvalue()


def expect(reports: Iterable[Report]) -> None:
    """Raise RuntimeError where the class was not graded as it should be."""
    verdicts = Counter(report.verdict for report in reports)
    if verdicts != EXPECTED:
        raise RuntimeError(f"the class was not graded as it should be: {verdicts}")


def _grade(crowd: Path, out: Path, *words: str) -> list[str]:
    return [PACKERLAB, "grade", str(crowd), "--out", str(out), "--jobs", "2", *words]


# --- running it -----------------------------------------------------------------------------------


class Followed(NamedTuple):
    """A run of `grade`: its seconds, and the MB by which its process grew after its first tenth."""

    seconds: float
    growth: float


def followed(argv: list[str], book: Path, at_half: Callable[[], object] = bool) -> Followed:
    """Run `grade` on a class, and look at its memory at each report that it prints."""
    started = time.monotonic()
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    early = last = reports = 0
    for line in process.stderr or ():
        reports += ": " in line
        if reports == CLASS // 10:
            early = measure.pss(process.pid)
        elif reports == CLASS // 2:
            at_half()
            at_half = bool
        if reports % 100 == 0:
            last = measure.pss(process.pid)
    said = process.communicate()[0]
    if process.returncode:
        raise RuntimeError(f"{book.name}: {said}")
    return Followed(time.monotonic() - started, (last - early) / 1e6)


@contextlib.contextmanager
def members(folder: Path, *course: str) -> Iterator[tuple[str, dict[str, Running]]]:
    """A scheduler on a free port and two workers, by name; where it is."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
    where = f"{host}:{port}"
    dask = str(Path(sys.executable).with_name("dask"))
    worker = [PACKERLAB, "worker", where, "--jobs", "1", *course]
    programs = {
        "scheduler": [dask, "scheduler", "--host", host, "--port", str(port), "--no-dashboard"],
        "one": worker,
        "two": worker,
    }
    running = {name: started(folder / name, argv) for name, argv in programs.items()}
    try:
        yield where, running
    finally:
        for process in running.values():
            process.terminate()
            process.wait()


def started(folder: Path, argv: list[str]) -> Running:
    """A program with folders of its own, perhaps for the second time."""
    folder.mkdir(exist_ok=True)
    own = {"PACKERLAB_STATE": str(folder / "state"), "PACKERLAB_CACHE": str(folder / "cache")}
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            argv, env={**os.environ, **own}, stdout=log, stderr=log, start_new_session=True
        )


def kill(process: Running) -> None:
    """As a machine goes that loses its power."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def revive(running: dict[str, Running], folder: Path) -> None:
    """Start again what has ended."""
    for name, process in running.items():
        if process.poll() is not None:
            running[name] = started(folder / name, cast("list[str]", process.args))
