"""A thousand submissions as a learning platform exports them, on one machine and on many."""

from __future__ import annotations

import contextlib
import io
import os
import random
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks import measure
from benchmarks.bare import bare_script, recorded_verbs
from benchmarks.classes import BENCH_COURSE, PACKERLAB, copies
from packerlab.course import open_course
from packerlab.gradebook import read_gradebook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from packerlab.lab import Lab

    Note = Callable[[str, float], None]

CLASS = 1_000
STARTERS = (1, 2)
BROKEN = 3
"""Of each ten learners, those who hand in the starter, and who hands in what can't be read."""
EXPECTED = {"passed": 700, "failed": 300}
SIZES = (1_000, 3_000, 10_000)
KILLS = 30
STATIC = open_course(Path(BENCH_COURSE)).lab("101")


def class_of_1000(folder: Path, note: Note) -> None:
    """One zip as Canvas exports it, two jobs, against bare Packer on what can be built."""
    lab = open_course(None).lab("101")
    crowd = exported(lab, folder / "submissions.zip")
    book = folder / "book"
    run = followed(_grade(crowd, book), book)
    expect(book)
    script = bare_script(folder / "bare.sh", recorded_verbs(lab, folder / "verbs.jsonl"), {})
    built = copies(lab.solution, folder / "built", CLASS * 9 // 10)
    bare = measure.run(["sh", "-c", f"ls -d {built}/* | xargs -n 1 -P 2 sh {script}"])
    note("class_seconds", run.seconds)
    note("class_bare_seconds", bare.wall)
    note("class_vs_bare", run.seconds / bare.wall)
    note("class_growth", run.growth)


def cluster(folder: Path, note: Note) -> None:
    """The same through two workers of one job each, one of them killed in the middle."""
    crowd = exported(open_course(None).lab("101"), folder / "submissions.zip")
    book = folder / "book"
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
    where = f"{host}:{port}"
    dask = str(Path(sys.executable).with_name("dask"))
    scheduler = [dask, "scheduler", "--host", host, "--port", str(port), "--no-dashboard"]
    with ExitStack() as stack:
        stack.enter_context(member(folder / "scheduler", scheduler))
        first, _ = [
            stack.enter_context(member(folder / name, [PACKERLAB, "worker", where, "--jobs", "1"]))
            for name in ("one", "two")
        ]
        argv = [*_grade(crowd, book), "--scheduler", where]
        run = followed(argv, book, lambda: os.killpg(first.pid, signal.SIGKILL))
    expect(book)
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
    crowd = copies(STATIC.solution, folder / "class", 300)
    book = folder / "book"
    argv = _grade(crowd, book, "--course", BENCH_COURSE, "--lab", "101")
    for _ in range(KILLS):
        process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(random.uniform(0.3, 2))  # noqa: S311  (a moment, no secret)
        process.kill()
        process.wait()
    measure.run(argv)
    learners = Counter(report.run.learner for report in read_gradebook(book).reports())
    note("kills_lost_or_doubled", abs(300 - len(learners)) + sum(learners.values()) - len(learners))


# --- the class ------------------------------------------------------------------------------------


def exported(lab: Lab, path: Path) -> Path:
    """The class as one zip, named as Canvas names what it exports."""
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(CLASS):
            name = f"learner{number:04}_{10_000 + number}_{50_000 + number}_{lab.slug}.zip"
            archive.writestr(name, handed_in(lab, number))
    return path


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


def expect(book: Path) -> None:
    verdicts = Counter(report.verdict for report in read_gradebook(book).latest())
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
def member(folder: Path, argv: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A scheduler or a worker, with folders of its own."""
    folder.mkdir()
    own = {"PACKERLAB_STATE": str(folder / "state"), "PACKERLAB_CACHE": str(folder / "cache")}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            argv, env={**os.environ, **own}, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()
