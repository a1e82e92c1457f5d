"""A class on many machines: the same gradebook, whatever becomes of a worker."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from packerlab.course import open_course
from packerlab.executors import cluster
from packerlab.executors.address import Keys, address
from packerlab.gradebook import read_gradebook
from tests.classroom.test_batch import SLOW, STATIC, TEMPLATE, grade, reports_in, saved, workspace
from tests.executors.members import BESIDE_PYTHON, keys_in, member, options
from tests.toy import handed
from tests.waiting import sleepers, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.executors.members import Member

COURSE = ["--course", str(STATIC)]


def joined(worker: Member) -> bool:
    return " joined " in worker.log.read_text()


def address_of(scheduler: Member) -> str:
    """Where it listens, in a line of its log; empty as long as it does not."""
    listens = re.search(r"Scheduler at:\s+\w+://(\S+:\d+)\n", scheduler.log.read_text())
    return listens[1] if listens else ""


def building(workers: list[Member]) -> list[Member]:
    return [worker for worker in workers if sleepers(worker.process.pid, "50")]


def graded(crowd: Path, out: Path, *words: str | Path) -> list[str]:
    return [str(BESIDE_PYTHON / "packerlab"), "grade", *map(str, (crowd, "--out", out, *words))]


@contextmanager
def scheduling(folder: Path) -> Iterator[tuple[Member, str]]:
    """A scheduler that only this machine can reach, and its address."""
    words = ("dask", "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
    with member(folder, *words) as scheduler:
        yield scheduler, until(lambda: address_of(scheduler), "the scheduler listens")


@pytest.fixture
def loopback(tmp_path: Path) -> Iterator[str]:
    with scheduling(tmp_path / "scheduler") as (_, where):
        yield where


def test_work_is_done_once_more_and_then_a_fault(tmp_path: Path, loopback: str) -> None:
    crowd = tmp_path / "class"
    workspace(crowd / "ada", (SLOW / "main.pkr.hcl").read_text(), lab="102_slow")
    out = tmp_path / "book"
    with ExitStack() as stack:
        words = ("packerlab", "worker", loopback, "--jobs", "1", *COURSE)
        workers = [stack.enter_context(member(tmp_path / name, *words)) for name in ("a", "b")]
        until(lambda: all(map(joined, workers)), "both workers join")
        command = graded(crowd, out, *COURSE, "--scheduler", loopback)
        with subprocess.Popen(command) as grading:
            for _ in range(2):
                busy = until(lambda: building(workers), "a worker builds").pop()
                busy.kill()
                workers.remove(busy)
            assert grading.wait(60) == 3
    (report,) = read_gradebook(out).reports()
    assert (report.status, report.score) == ("fault", None)
    assert report.reason == "two workers were lost while they graded it."


def test_who_differs_is_given_nothing(tmp_path: Path, loopback: str) -> None:
    crowd = tmp_path / "class"
    workspace(crowd / "ada")
    shutil.copytree(STATIC, tmp_path / "other")
    (tmp_path / "other" / "secret").write_text("only here")
    with ExitStack() as stack:
        words = ("packerlab", "worker", loopback, "--course")
        workers = [
            stack.enter_context(member(tmp_path / f"with-{name}", *words, course))
            for name, course in (("another", tmp_path / "other"), ("right", STATIC))
        ]
        until(lambda: all(map(joined, workers)), "both workers join")
        bare = ("dask", "worker", loopback, "--no-nanny", "--no-dashboard", "--name", "bare")
        stack.enter_context(member(tmp_path / "bare", *bare))
        until(lambda: "Registered" in (tmp_path / "bare" / "log").read_text(), "it joins")
        command = graded(crowd, tmp_path / "book", *COURSE, "--scheduler", loopback)
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    said = [line.partition("gets nothing: ")[2] for line in done.stderr.splitlines()]
    assert sorted(filter(None, said)) == [
        "it has another course than this machine.",
        "it was not started by `packerlab worker`.",
    ]
    assert "passed 1" in done.stdout


def test_a_scheduler_that_is_lost_is_one_sentence(tmp_path: Path) -> None:
    crowd, out = tmp_path / "class", tmp_path / "book"
    workspace(crowd / "ada", (SLOW / "main.pkr.hcl").read_text(), lab="102_slow")
    with ExitStack() as stack:
        scheduler, where = stack.enter_context(scheduling(tmp_path / "scheduler"))
        run = member(tmp_path / "a", "packerlab", "worker", where, "--jobs", "1", *COURSE)
        worker = stack.enter_context(run)
        until(lambda: joined(worker), "the worker joins")
        command = graded(crowd, out, *COURSE, "--scheduler", where)
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as grading:
            until(lambda: building([worker]), "the worker builds")
            scheduler.kill()
            _, said = grading.communicate(timeout=120)
    assert grading.returncode == 3
    assert said.startswith(f"error: The scheduler at tcp://{where} is gone.")
    assert len(said.splitlines()) == 1


def test_what_breaks_on_a_worker_is_not_a_lost_scheduler(
    tmp_path: Path, loopback: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An OSError comes home as one, and is a mistake to find: the scheduler is well."""
    monkeypatch.setattr(cluster, "grade_parcel", os.stat)
    monkeypatch.setattr(cluster, "pack", lambda *_: b"/no/such")
    course, where = open_course(STATIC), address(loopback, Keys())
    with member(tmp_path / "a", "packerlab", "worker", loopback, *COURSE) as worker:
        until(lambda: joined(worker), "the worker joins")
        with closing(cluster.Cluster(where, Keys(), course, "auto", print)) as executor:
            lab = course.labs()[0]
            with pytest.raises(FileNotFoundError, match="/no/such"):
                executor.grade(lab, handed(TEMPLATE), frozenset())


def test_without_a_scheduler_one_sentence_says_so() -> None:
    with socket.socket() as held:  # bound, and it does not listen
        held.bind(("127.0.0.1", 0))
        where = f"127.0.0.1:{held.getsockname()[1]}"
        command = [str(BESIDE_PYTHON / "packerlab"), "worker", where, *COURSE]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 3
    assert f"There is no scheduler at tcp://{where}" in done.stderr


# --- machines of their own ------------------------------------------------------------------------


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


@contextmanager
def machines(*names: str) -> Iterator[list[list[str]]]:
    """Network namespaces, the first joined to each other by a cable; how to run programs in them.

    The first is 10.77.N.1 for its Nth neighbour, which is 10.77.N.2.
    """
    with ExitStack() as stack:
        for name in names:
            ip("netns", "add", name)
            stack.callback(ip, "netns", "delete", name)
            ip("-n", name, "link", "set", "lo", "up")
        for number, name in enumerate(names[1:], 1):
            first, here, there = names[0], f"cable{number}", "cable"
            ip("-n", first, "link", "add", here, "type", "veth", "peer", there, "netns", name)
            for where, cable, end in ((first, here, 1), (name, there, 2)):
                ip("-n", where, "addr", "add", f"10.77.{number}.{end}/24", "dev", cable)
                ip("-n", where, "link", "set", cable, "up")
        # Not `ip netns exec`, which has another /sys, and so no control groups.
        yield [["nsenter", f"--net=/run/netns/{name}"] for name in names]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes network namespaces with names")
def test_machines_apart_with_keys_one_of_them_lost(tmp_path: Path) -> None:
    """Scheduler and workers share no disk and no network but TLS; one worker dies in the middle."""
    crowd = tmp_path / "class"
    for number in range(30):
        workspace(crowd / f"learner-{number:02}", f"# {number}\n{TEMPLATE}")
    workspace(crowd / "broken", "source {")
    (workspace(crowd / "linked") / "link").symlink_to("/etc/passwd")
    keys = keys_in(tmp_path / "keys")
    out = tmp_path / "book"
    names = [f"packerlab-{os.getpid()}-{role}" for role in ("scheduler", "one", "two")]
    with ExitStack() as stack:
        first, *others = stack.enter_context(machines(*names))
        words = ["dask", "scheduler", "--protocol", "tls", "--port", "8786", "--no-dashboard"]
        run = member(tmp_path / "scheduler", *words, *options(keys), before=first)
        scheduler = stack.enter_context(run)
        until(lambda: address_of(scheduler), "the scheduler listens")
        workers = []
        for number, before in enumerate(others, 1):
            words = ["packerlab", "worker", f"tls://10.77.{number}.1:8786", "--jobs", "1"]
            folder = tmp_path / f"worker{number}"
            run = member(folder, *words, *COURSE, *options(keys), before=before)
            workers.append(stack.enter_context(run))
        until(lambda: all(map(joined, workers)), "both workers join")
        where = ["--scheduler", "tls://127.0.0.1:8786", *options(keys)]
        with subprocess.Popen([*first, *graded(crowd, out, *COURSE, *where)]) as grading:
            until(lambda: len(reports_in(out)) > 5, "some reports come home")
            workers[0].kill()
            assert grading.wait(120) == 0
    grade(STATIC, crowd, tmp_path / "here")
    assert saved(out) == saved(tmp_path / "here")
    assert len(saved(out)) == 32
