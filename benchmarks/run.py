"""`make bench`: every figure of the project, printed and written to bench.json.

Each is the median of interleaved runs; seconds stand beside every ratio. Run it on a quiet machine.
"""

from __future__ import annotations

import json
import os
import pty
import secrets
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

import msgspec

from benchmarks import measure
from benchmarks.accounts import account, ami, batch_105, containers, reports
from benchmarks.bare import bare_script, recorded_verbs
from benchmarks.classes import BENCH_COURSE, PACKERLAB, RUNS, copies, graded
from benchmarks.crowds import (
    SIZES,
    class_of_1000,
    cluster,
    cluster_kills,
    hostile_class,
    kills,
    sizes,
)
from benchmarks.rooms import room
from packerlab.course import open_course
from packerlab.gradebook import open_gradebook
from packerlab.packer.verbs import WRAPPED
from packerlab.report import Check, Run, conclude
from packerlab.sandbox import BACKENDS
from packerlab.sandbox.docker import LABEL, engine

if TYPE_CHECKING:
    from collections.abc import Callable

    from packerlab.lab import Lab
    from packerlab.report import Report

ROOT = Path(__file__).parent.parent
COPIES = 60
GROWN = 5_000


class Figure(NamedTuple):
    target: float | None
    unit: str
    better: str = "lower"


EXTRA_CPU = {"bubblewrap": 0.12, "docker": 0.15, "docker-plain": 0.5}


def suffix(row: str) -> str:
    """What a figure of a sandbox ends with; the first one's has the name alone."""
    return "" if row == next(iter(BACKENDS)) else f"_{row.replace('-', '_')}"


FIGURES = {
    "batch_vs_bare": Figure(1.20, "ratio"),
    **{f"batch_seconds{suffix(row)}": Figure(None, "s") for row in BACKENDS},
    **{
        f"batch_extra_cpu{suffix(row)}": Figure(EXTRA_CPU.get(row), "CPU s per submission")
        for row in BACKENDS
    },
    "bare_seconds": Figure(None, "s"),
    "bare_minded_seconds": Figure(None, "s"),
    "check_extra_cpu": Figure(0.65, "CPU s"),
    "check_seconds": Figure(None, "s"),
    "first_check": Figure(60, "s"),
    "start_up_help": Figure(0.25, "s"),
    "start_up_labs": Figure(0.25, "s"),
    "packer_verb_overhead": Figure(0.5, "s"),
    "shell_ready": Figure(1.5, "s"),
    "cancel": Figure(0.3, "s"),
    "killed": Figure(1.0, "s"),
    "killed_docker": Figure(1.0, "s"),
    "static_rate": Figure(15, "reports per second and core", "higher"),
    "memory_check": Figure(120, "MB"),
    "memory_growth": Figure(20, "MB"),
    "report_1000_seconds": Figure(5, "s"),
    "report_1000_bytes": Figure(5_000_000, "bytes"),
    "watch_static": Figure(0.15, "s"),
    "watch_total": Figure(0.15, "s"),
    "watch_seconds": Figure(None, "s"),
    "site_build": Figure(20, "s"),
    "ami_vs_bare": Figure(1.3, "ratio"),
    "ami_seconds": Figure(None, "s"),
    "ami_bare_seconds": Figure(None, "s"),
    "ami_ssh_vs_bare": Figure(1.3, "ratio"),
    "ami_ssh_seconds": Figure(None, "s"),
    "ami_ssh_bare_seconds": Figure(None, "s"),
    "report_104": Figure(1.3, "ratio"),
    "report_104_seconds": Figure(None, "s"),
    "report_104_bare_seconds": Figure(None, "s"),
    "report_105": Figure(1.3, "ratio"),
    "report_105_seconds": Figure(None, "s"),
    "report_105_bare_seconds": Figure(None, "s"),
    "batch_105": Figure(1.25, "ratio"),
    "batch_105_seconds": Figure(None, "s"),
    "batch_105_bare_seconds": Figure(None, "s"),
    "account_warm": Figure(0.06, "s"),
    "account_cpu_preload": Figure(1.0, "CPU s"),
    "memory_report": Figure(400, "MB"),
    "memory_control": Figure(None, "MB"),
    "memory_instance": Figure(None, "MB"),
    "memory_packer": Figure(None, "MB"),
    "memory_supervisor": Figure(None, "MB"),
    "container_build": Figure(1.3, "ratio"),
    "container_build_seconds": Figure(None, "s"),
    "container_build_bare_seconds": Figure(None, "s"),
    "class_vs_bare": Figure(1.25, "ratio"),
    "class_seconds": Figure(None, "s"),
    "class_bare_seconds": Figure(None, "s"),
    "class_growth": Figure(20, "MB"),
    "hostile_class_seconds": Figure(None, "s"),
    "hostile_class_growth": Figure(20, "MB"),
    "cluster_seconds": Figure(None, "s"),
    "cluster_growth": Figure(40, "MB"),
    **{f"static_{size}_per_1000": Figure(None, "s") for size in SIZES},
    **{f"static_{size}_growth": Figure(20, "MB") for size in SIZES},
    "kills_lost_or_doubled": Figure(0, "reports"),
    "cluster_kills_lost_or_doubled": Figure(0, "reports"),
    "room_verdict": Figure(2.0, "s"),
    "room_seconds": Figure(None, "s"),
}

Runs = dict[str, list[float]]


def main(folder: Path) -> int:
    """Measure everything in `folder`; the exit code says whether every target is met.

    What is measured alone takes the place of its own figures.
    """
    measured: Runs = {}
    only = set(sys.argv[1:])
    for part in PARTS:
        if not only or part.__name__ in only:
            print(f"... {part.__name__}", file=sys.stderr, flush=True)
            place = folder / part.__name__
            place.mkdir()
            part(place, lambda name, value: measured.setdefault(name, []).append(value))
    known = Path("bench.json")
    figures = json.loads(known.read_text())["figures"] if known.exists() and only else {}
    met = True
    for name, runs in measured.items():
        figure = FIGURES[name]
        value = statistics.median(runs)
        figures[name] = {
            "value": round(value, 4),
            "target": figure.target,
            "unit": figure.unit,
            "better": figure.better,
            "runs": [round(run, 4) for run in runs],
        }
        good = figure.target is None or (
            value >= figure.target if figure.better == "higher" else value <= figure.target
        )
        met &= good
        target = "" if figure.target is None else f"  (target {figure.target:g})"
        print(f"{'  ' if good else '! '}{name:30} {value:12.4g} {figure.unit}{target}")
    known.write_text(json.dumps({"figures": figures}, indent=1) + "\n")
    return 0 if met else 1


# --- a class against bare Packer ------------------------------------------------------------------


def batch(folder: Path, note: Callable[[str, float], None]) -> None:
    """60 copies of 106's solution, 2 jobs: `grade` on every row, and the same verbs bare.

    Once more bare with Packer told, as we tell it, that its crashes are minded.
    """
    lab = open_course(None).lab("106")
    crowd = copies(lab.solution, folder / "class", COPIES)
    verbs = recorded_verbs(lab, folder / "verbs.jsonl")
    script = bare_script(folder / "bare.sh", verbs, {})
    minded = bare_script(folder / "minded.sh", verbs, WRAPPED)
    for turn in range(RUNS):
        note("bare_minded_seconds", bare_copies(crowd, minded).wall)
        bare = bare_copies(crowd, script)
        note("bare_seconds", bare.wall)
        for row in BACKENDS:
            before = measure.containers_cpu()
            cost = graded(crowd, folder / f"{row}-{turn}", "--lab", "106", "--sandbox", row)
            cpu = cost.cpu + measure.containers_cpu() - before
            note(f"batch_seconds{suffix(row)}", cost.wall)
            note(f"batch_extra_cpu{suffix(row)}", (cpu - bare.cpu) / COPIES)
            if not suffix(row):
                note("batch_vs_bare", cost.wall / bare.wall)


def bare_copies(crowd: Path, script: Path) -> measure.Cost:
    """What the class costs without us, two at a time."""
    cost = measure.run(["sh", "-c", f"ls -d {crowd}/* | xargs -n 1 -P 2 sh {script}"])
    if cost.exit:
        raise RuntimeError(cost.output[-2000:])
    return cost


# --- one check ------------------------------------------------------------------------------------


def single(folder: Path, note: Callable[[str, float], None]) -> None:
    """A whole `packerlab check` of 101's solution beyond its Packer verbs, and its memory."""
    lab = open_course(None).lab("101")
    workspace = folder / "workspace"
    shutil.copytree(lab.solution, workspace)
    script = bare_script(folder / "bare.sh", recorded_verbs(lab, folder / "verbs.jsonl"), {})
    check = [PACKERLAB, "check", str(workspace), "--lab", "101", "--sandbox", "bubblewrap"]
    for _ in range(RUNS + 2):
        bare = measure.run(["sh", str(script), str(workspace)])
        whole = measure.run(check)
        note("check_extra_cpu", whole.cpu - bare.cpu)
        note("check_seconds", whole.wall)
    for _ in range(RUNS):
        note("memory_check", peak_memory(check) / 1e6)


def peak_memory(argv: list[str]) -> int:
    """The highest sum of PSS of a command's processes, Packer's own left out."""
    group = measure.Group()
    process = group.start(argv, stdout=subprocess.DEVNULL)
    peak = 0
    for pids in measure.samples(group, process, 0.01):
        ours = [pid for pid in pids if not measure.program_of(pid).endswith("/packer")]
        peak = max(peak, sum(measure.pss(pid) for pid in ours))
    group.remove()
    return peak


def watch(folder: Path, note: Callable[[str, float], None]) -> None:
    """From a save to what needs no build, and to the last result beyond its bare Packer verbs."""
    lab = open_course(None).lab("101")
    workspace = folder / "workspace"
    shutil.copytree(lab.solution, workspace)
    script = bare_script(folder / "bare.sh", recorded_verbs(lab, folder / "verbs.jsonl"), {})
    watching = [PACKERLAB, "watch", str(workspace), "--lab", "101", "--sandbox", "bubblewrap"]
    process = subprocess.Popen(watching, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    template = workspace / "main.pkr.hcl"
    text = template.read_text()
    seconds_until(process.stdout, "points in")
    for turn in range(3 * RUNS):
        time.sleep(0.3)
        template.write_text(f"# {turn}\n{text}")
        static = seconds_until(process.stdout, "\N{CHECK MARK}")
        whole = static + seconds_until(process.stdout, "points in")
        note("watch_static", static)
        note("watch_seconds", whole)
        note("watch_total", whole - measure.run(["sh", str(script), str(workspace)]).wall)
    process.send_signal(signal.SIGINT)
    process.communicate()


def seconds_until(stream: IO[str], words: str) -> float:
    started = time.monotonic()
    while words not in (line := stream.readline()):
        if not line:
            raise RuntimeError(f"it ended before {words!r}")
    return time.monotonic() - started


def first_check(folder: Path, note: Callable[[str, float], None]) -> None:
    """From nothing to the first red and the first green check; pip's cache is warm."""
    clone = folder / "packerlab"
    solution = clone / "labs" / "101_first_build" / "solution"
    red = ["check", str(clone / "examples" / "class" / "team-04")]
    green = ["check", str(solution), "--lab", "101"]
    begun = time.monotonic()
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    subprocess.run(["make", "setup"], cwd=clone, check=True, stdout=subprocess.DEVNULL)
    for words, code in ((red, 1), (green, 0)):
        program = str(clone / ".venv" / "bin" / "packerlab")
        done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
    note("first_check", time.monotonic() - begun)


def start_up(_folder: Path, note: Callable[[str, float], None]) -> None:
    for _turn in range(RUNS + 4):
        note("start_up_help", measure.run([PACKERLAB, "--help"]).wall)
        note("start_up_labs", measure.run([PACKERLAB, "labs"]).wall)


def trying(folder: Path, note: Callable[[str, float], None]) -> None:
    """`packerlab packer version` beyond bare Packer, and until a shell with an account is ready."""
    plain, account = (copied(open_course(None).lab(name), folder) for name in ("101", "105"))
    verb = [PACKERLAB, "packer", "--lab", "101", "-C", str(plain), "version"]
    shell = [PACKERLAB, "shell", "--lab", "105", str(account)]
    for _turn in range(RUNS + 4):
        bare = measure.run(["packer", "version"]).wall
        note("packer_verb_overhead", measure.run(verb).wall - bare)
        note("shell_ready", seconds_to_prompt(shell))


def copied(lab: Lab, folder: Path) -> Path:
    return Path(shutil.copytree(lab.solution, folder / lab.slug))


def seconds_to_prompt(argv: list[str]) -> float:
    """Seconds until a shell on a terminal of its own asks for a command."""
    started = time.monotonic()
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(argv[0], argv)  # noqa: S606
    said = b""
    while b"$ " not in said:
        said += os.read(terminal, 4096)
    seconds = time.monotonic() - started
    os.write(terminal, b"exit\r")
    os.waitpid(pid, 0)
    os.close(terminal)
    return seconds


# --- how it ends ----------------------------------------------------------------------------------


def ends(folder: Path, note: Callable[[str, float], None]) -> None:
    """Ctrl-C in a build, and SIGKILL of the grader: how long until nothing is left."""
    slow = open_course(Path(BENCH_COURSE)).lab("102").solution
    check = [PACKERLAB, "check", str(slow), "--course", BENCH_COURSE, "--lab", "102",
             "--sandbox", "bubblewrap"]  # fmt: skip
    crowd = copies(slow, folder / "class", 2)
    for turn in range(RUNS):
        note("cancel", time_to_nothing(check, signal.SIGINT))
        for row, name in (("bubblewrap", "killed"), ("docker", "killed_docker")):
            out = str(folder / f"{row}-{turn}")
            grade = [PACKERLAB, "grade", str(crowd), "--out", out, "--course", BENCH_COURSE,
                     "--lab", "102", "--jobs", "2", "--sandbox", row]  # fmt: skip
            note(name, time_to_nothing(grade, signal.SIGKILL))


def time_to_nothing(argv: list[str], sign: signal.Signals) -> float:
    """Seconds from a signal in the middle of a build until no process and no container is left."""
    group = measure.Group()
    quiet = subprocess.DEVNULL
    process = group.start(argv, stdout=quiet, stderr=quiet, start_new_session=True)
    measure.wait_until(a_build_sleeps, 30)
    time.sleep(0.3)
    if sign == signal.SIGINT:
        os.killpg(process.pid, sign)
    else:
        process.send_signal(sign)
    seconds = measure.wait_until(
        lambda: not (set(group.pids()) - {process.pid}) and not a_build_sleeps()
        and process.poll() is not None, 20,
    )  # fmt: skip
    containers = engine().api.containers(all=True, filters={"label": LABEL})
    if containers:
        seconds += measure.wait_until(lambda: not engine_has_ours(), 20)
    group.remove()
    return seconds


def a_build_sleeps() -> bool:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes() == b"sleep\x0050\0":
                return True
        except OSError:
            continue
    return False


def engine_has_ours() -> bool:
    return bool(engine().api.containers(all=True, filters={"label": LABEL}))


# --- many -----------------------------------------------------------------------------------------


def static(folder: Path, note: Callable[[str, float], None]) -> None:
    """Reports per second and core, where a lab has static checks alone."""
    crowd = copies(open_course(Path(BENCH_COURSE)).lab("101").solution, folder / "class", 300)
    for turn in range(RUNS):
        cost = graded(crowd, folder / f"book-{turn}", "--course", BENCH_COURSE, "--lab", "101")
        note("static_rate", 300 / cost.wall / 2)


def growth(folder: Path, note: Callable[[str, float], None]) -> None:
    """How much the batch's parent grows from its 100th to its 5,000th report."""
    crowd = copies(open_course(Path(BENCH_COURSE)).lab("101").solution, folder / "class", GROWN)
    group = measure.Group()
    argv = [PACKERLAB, "grade", str(crowd), "--out", str(folder / "book"), "--jobs", "2",
            "--course", BENCH_COURSE, "--lab", "101", "--sandbox", "bubblewrap"]  # fmt: skip
    process = group.start(argv, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    early = last = 0
    for number, _ in enumerate(process.stderr or (), 1):
        if number == 100:
            early = measure.pss(process.pid)
        elif number % 500 == 0:
            last = measure.pss(process.pid)
    process.wait()
    group.remove()
    note("memory_growth", (last - early) / 1e6)


def big_report(folder: Path, note: Callable[[str, float], None]) -> None:
    """The HTML report of a class of 1,000."""
    with open_gradebook(folder / "book", "bubblewrap") as book:
        for number in range(1000):
            checks = [a_check(number, each) for each in range(8)]
            report = conclude("106_artifact_chain", checks)
            book.save(with_run(report, number))
    page = folder / "report.html"
    argv = [PACKERLAB, "report", str(folder / "book"), "--format", "html", "-o", str(page)]
    for _ in range(RUNS):
        note("report_1000_seconds", measure.run(argv).wall)
    note("report_1000_bytes", page.stat().st_size)


def site(folder: Path, note: Callable[[str, float], None]) -> None:
    for turn in range(3):
        words = ["build", "--strict", "--quiet", "--site-dir", str(folder / str(turn))]
        cost = measure.run([sys.executable, "-m", "mkdocs", *words], cwd=ROOT)
        if cost.exit:
            raise RuntimeError(cost.output)
        note("site_build", cost.wall)


def a_check(number: int, each: int) -> Check:
    failed = (number + each) % 3 == 0
    title = f"The archive number {each} holds what the build wrote."
    if not failed:
        return Check(f"test_{each}", title, "passed", 2, 2)
    return Check(
        f"test_{each}", title, "failed", 0, 2,
        message="The checksum is another file's.",
        expected=secrets.token_hex(32),
        found=f"{secrets.token_hex(32)} dist/rootfs.txt",
        hints=["Which step comes first?", "Order decides.", "Compress, then checksum."],
    )  # fmt: skip


def with_run(report: Report, number: int) -> Report:
    run = Run(learner=f"learner-{number:04}", sandbox="bubblewrap", seconds=1.5)
    return msgspec.structs.replace(report, run=run)


PARTS = (
    first_check, batch, single, watch, start_up, trying, ends, static, growth, big_report, site,
    ami, containers, reports, batch_105, account,
    class_of_1000, hostile_class, cluster, sizes, kills, cluster_kills, room,
)  # fmt: skip
"""Each may be named on the command line, to be measured alone."""


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="packerlab-bench-", dir="/dev/shm") as scratch:
        code = main(Path(scratch))
    sys.exit(code)
