"""The hostile set, on every row: each ends with the verdict that is right, and harms nobody."""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from packerlab import state
from packerlab.batch import Batch
from packerlab.course import Course
from packerlab.gradebook import open_gradebook
from packerlab.report import decode, encode
from packerlab.sandbox import choose, docker
from packerlab.submissions import handed_in, learner_name
from packerlab.writers import WRITERS
from tests.hostile.cases import COURSE, all_cases
from tests.hostile.making import ANY_PROGRAM, MESSAGE, solution, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packerlab.report import Report
    from tests.hostile.cases import Case

ROWS = ("bubblewrap", "docker", "docker-plain")
CASES = {case.name: case for case in all_cases()}
NEIGHBOURS = (MESSAGE, ANY_PROGRAM)


class Class(NamedTuple):
    """A graded class: reports by learner, and every byte that grading and reporting wrote."""

    reports: dict[str, Report]
    written: bytes
    learners: dict[str, str]
    canaries: list[bytes]
    visitors: list[str]


class Listener:
    """A port of the host that nobody in a sandbox may reach; it notes who does."""

    def __init__(self) -> None:
        self.visitors: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection, address = self._socket.accept()
            except OSError:
                return
            self.visitors.append(str(address))
            connection.close()

    def close(self) -> None:
        self._socket.close()


class Staged(NamedTuple):
    """A class folder with the whole set and right answers among it, and what guards it."""

    folder: Path
    learners: dict[str, str]
    canaries: list[str]
    listener: Listener


def staged(folder: Path) -> Staged:
    canaries = [f"packerlab-canary-{secrets.token_hex(8)}" for _ in range(4)]
    shutil.copytree(COURSE, folder / "course", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "course" / "secret").write_text(canaries[0])
    (folder / "canary.txt").write_text(canaries[1])
    (Path.home() / "canary.txt").write_text(canaries[2])
    listener = Listener()
    (folder / "port").write_text(str(listener.port))
    crowd = folder / "class"
    learners = {name: learner_name(case.stage(crowd).name) for name, case in CASES.items()}
    for lab in NEIGHBOURS:
        neighbour = written(crowd / f"neighbour-{lab}", solution(lab))
        (neighbour / "notes.txt").write_text(canaries[3])
    return Staged(folder, learners, canaries, listener)


def graded(row: str, stage: Staged) -> Class:
    """One batch with the whole class, on one row."""
    course = stage.folder / "course"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_SECRET_ACCESS_KEY", stage.canaries[1])
        patch.setenv("PKR_VAR_canary", stage.canaries[1])
        backend = choose(row, {"packer"}, [course, stage.folder], full_limits=True)
        with open_gradebook(stage.folder / f"book-{row}", row) as book:
            batch = Batch(Course(course), book, backend, lambda _: None)
            batch.run(handed_in([stage.folder / "class"], any_template=False), None, jobs=2)
            pages = [b"".join(write(book.latest())) for write in WRITERS.values()]
    files = sorted((stage.folder / f"book-{row}" / "reports").rglob("*.json"))
    reports = [decode(path.read_bytes()) for path in files]
    return Class(
        {report.run.learner: report for report in reports},
        b"".join([*(path.read_bytes() for path in files), *pages]),
        stage.learners,
        [canary.encode() for canary in stage.canaries],
        list(stage.listener.visitors),
    )


@pytest.fixture(scope="session")
def classes(
    built_image: bytes, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Class]]:
    """The set graded on every row, once."""
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("hostile-home")
        patch.setenv("HOME", str(home))
        patch.setenv("PACKERLAB_STATE", str(home / "state"))
        state.write_atomically(state.state_folder() / docker.IMAGE_STATE, built_image)
        stage = staged(tmp_path_factory.mktemp("hostile"))
        yield {row: graded(row, stage) for row in ROWS}
        stage.listener.close()


def said(report: Report) -> str:
    """All that a learner would read of what went wrong."""
    parts = [report.reason]
    for check in report.checks:
        if check.outcome == "failed":
            place = f"{check.where.file}:{check.where.line}" if check.where else ""
            parts += [place, check.message, check.expected, check.found]
    return "\n".join(parts)


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("name", CASES)
def test_each_ends_as_it_should(classes: dict[str, Class], name: str, row: str) -> None:
    case: Case = CASES[name]
    report = classes[row].reports[classes[row].learners[name]]
    failed = [check.name for check in report.checks if check.outcome == "failed"]
    assert report.status == case.verdict.status, said(report)
    assert sorted(failed) == sorted(case.verdict.fails), said(report)
    passed = {check.name for check in report.checks if check.outcome == "passed"}
    assert passed.issuperset(case.verdict.passes)
    assert case.verdict.says in said(report)
    if report.status == "graded" and not case.verdict.fails:
        assert report.passed


@pytest.mark.parametrize("row", ROWS)
def test_neighbours_are_unharmed(classes: dict[str, Class], row: str) -> None:
    for lab in NEIGHBOURS:
        assert classes[row].reports[f"neighbour-{lab}"].passed


@pytest.mark.parametrize("row", ROWS)
def test_no_canary_is_in_any_byte_written(classes: dict[str, Class], row: str) -> None:
    for canary in classes[row].canaries:
        assert canary not in classes[row].written


@pytest.mark.parametrize("row", ROWS)
def test_nobody_got_out(classes: dict[str, Class], row: str) -> None:
    assert classes[row].visitors == []


def without_run(report: Report) -> Any:
    plain = json.loads(encode(report))
    del plain["run"]
    del plain["digests"]["packer"]  # the host's may have plugins that the image's has not
    return plain


@pytest.mark.parametrize("row", ROWS[1:])
def test_every_row_says_the_same(classes: dict[str, Class], row: str) -> None:
    for learner, report in classes[ROWS[0]].reports.items():
        assert without_run(classes[row].reports[learner]) == without_run(report), learner


@pytest.mark.parametrize("row", ROWS)
def test_nothing_is_left_behind(classes: dict[str, Class], row: str) -> None:
    assert classes[row].reports
    mine = state.run_name().rpartition("-")[0]
    assert [path.name for path in Path("/sys/fs/cgroup").glob(f"*/{mine}*")] == []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except OSError:
            continue
        assert str(state.cache_folder()).encode() not in line
    with contextlib.closing(docker.engine()) as client:
        labelled = client.api.containers(all=True, filters={"label": docker.LABEL})
        assert [one for one in labelled if one["Labels"][docker.LABEL].startswith(mine)] == []
