"""A class with every hostile submission in it, graded by the real command on one row after another.

What guards it: canaries in each place where a secret lies, a listener on this machine, and a close
look at what grading wrote and left behind.
"""

from __future__ import annotations

import ctypes
import fnmatch
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from packerlab.errors import MachineError
from packerlab.gradebook import read_gradebook
from packerlab.sandbox import docker
from packerlab.submissions.learners import learner_name
from tests.hostile.cases import COURSE
from tests.hostile.making import (
    ACCOUNT,
    AND_AN_ENGINE,
    ANY_PROGRAM,
    BESIDE_AN_ACCOUNT,
    CONTAINER,
    MESSAGE,
    NOT_IN_PLAIN,
    solution,
    written,
)
from tests.sandbox.places import alive, descendants

if TYPE_CHECKING:
    from packerlab.report import Report
    from tests.hostile.cases import Case

ROOT = COURSE.parent.parent
NEIGHBOURS = {
    "00_good": MESSAGE,
    "row12_good": ANY_PROGRAM,
    "zz_good": MESSAGE,
    "00_account": ACCOUNT,
    "row28_good": BESIDE_AN_ACCOUNT,
    "zz_account": ACCOUNT,
    "zz_engine": AND_AN_ENGINE,
    "zz_container": CONTAINER,
}
"""Right answers before, among and after the attacks."""

PLAIN = "docker-plain"
"""The row that offers Packer alone: what needs more is not graded there."""

CANARY = "packerlab-canary-"
COMMAND = Path(sys.executable).with_name("packerlab")


class Crowd(NamedTuple):
    """A class folder, and what stands around it. `learners` has each case's name in a gradebook."""

    base: Path
    learners: dict[str, str]
    canaries: list[str]
    visitors: list[str]

    @property
    def folder(self) -> Path:
        return self.base / "class"

    @property
    def not_in_plain(self) -> Path:
        """What needs more than Packer is handed in beside the rest."""
        return self.base / "not_in_plain"

    def place(self, lab: str) -> Path:
        return self.not_in_plain if lab in NOT_IN_PLAIN else self.folder

    def tree(self) -> list[tuple[str, int, int, int]]:
        """What was handed in, to see that nobody changed it."""
        found = []
        for top in (self.folder, self.not_in_plain):
            for folder, names, files in os.walk(top):
                for name in (*names, *files):
                    status = os.lstat(os.path.join(folder, name))  # noqa: PTH118  (any bytes)
                    found.append((name, status.st_mode, status.st_size, status.st_mtime_ns))
        return found


class Graded(NamedTuple):
    """What came of the class on one row."""

    exit: int
    said: bytes
    book: Path
    own: Path
    reports: dict[str, Report]
    left: list[str]


def gather(base: Path, cases: list[Case], neighbours: dict[str, str]) -> Crowd:
    """Make a class of these, its course, and a home full of secrets.

    `neighbours` are right answers, each with its lab.
    """
    canaries = {place: f"{CANARY}{secrets.token_hex(8)}" for place in ("home", "base", "neighbour")}
    shutil.copytree(COURSE, base / "course", ignore=shutil.ignore_patterns("__pycache__"))
    for name in (".aws/credentials", ".ssh/id_ed25519", ".docker/config.json", ".netrc"):
        written(base / "home", {name: canaries["home"].encode()})
    (base / "canary.txt").write_text(canaries["base"])
    visitors: list[str] = []
    (base / "port").write_text(str(_listen(visitors)))
    _add_our_labs(base / "course", {case.verdict.lab for case in cases})
    crowd = Crowd(base, {}, [*canaries.values(), *_canaries_of_the_course()], visitors)
    for case in cases:
        staged = case.stage(crowd.place(case.verdict.lab))
        crowd.learners[case.name] = learner_name(staged.name)
    for name, lab in neighbours.items():
        notes = {"notes.txt": canaries["neighbour"].encode()}
        written(crowd.place(lab) / name, {**solution(lab), **notes})
    return crowd


def _add_our_labs(course: Path, slugs: set[str]) -> None:
    """Have the labs of our own course that a case is for beside those made for attacks."""
    for slug in slugs:
        if slug and not (course / "labs" / slug).exists():
            shutil.copytree(ROOT / "labs" / slug, course / "labs" / slug)
            shutil.copy(ROOT / "graders" / f"test_{slug}.py", course / "graders")


def _canaries_of_the_course() -> list[str]:
    texts = [path.read_text() for path in COURSE.rglob("*") if path.is_file()]
    words = {word.strip(":.") for text in texts for word in text.split() if CANARY in word}
    assert len(words) == 3, "the secret, the graders and the solutions have one each"
    return sorted(words)


def _listen(visitors: list[str]) -> int:
    """Listen on every address of this machine as long as the tests run; returns the port."""
    server = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)

    def note() -> None:
        while True:
            connection, address = server.accept()
            visitors.append(str(address))
            connection.close()

    threading.Thread(target=note, daemon=True).start()
    port: int = server.getsockname()[1]
    return port


def grade(crowd: Crowd, row: str, image: bytes, prepared: list[Path]) -> Graded:
    """Grade the class on one row as a person would, from within the folder of the class.

    `image` is what is known of the container's image; `prepared` are the folders of the cache that
    have the disk below all instances, and the images that containers start from.
    """
    own = crowd.base / f"own-{row}"
    book = crowd.base / f"book-{row}"
    for name in ("state", "cache", "tmp"):
        (own / name).mkdir(parents=True)
    (own / "state" / docker.IMAGE_STATE).write_bytes(image)
    for folder in prepared:
        (own / "cache" / folder.name).symlink_to(folder)
    places = ["."] if row == PLAIN else [".", str(crowd.not_in_plain)]
    words = ["grade", *places, "--out", str(book), "--course", str(crowd.base / "course")]
    command = [str(COMMAND), *words, "--jobs", "2", "--sandbox", row]
    before = set(descendants(os.getpid()))
    with _RootsCanary(crowd.canaries), _Adopting():
        run = subprocess.run(
            command,
            cwd=crowd.folder,
            env=_environment(crowd, own),
            capture_output=True,
            check=False,
        )
        left = _left_behind(own, before)
    reports = {report.run.learner: report for report in read_gradebook(book).latest()}
    return Graded(run.returncode, run.stdout + run.stderr, book, own, reports, left)


def _environment(crowd: Crowd, own: Path) -> dict[str, str]:
    canary = f"{CANARY}{secrets.token_hex(8)}"
    crowd.canaries.append(canary)
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "PKR_VAR_name", "CANARY")
    return {
        **os.environ,
        **dict.fromkeys(names, canary),
        "HOME": str(crowd.base / "home"),
        "PACKERLAB_STATE": str(own / "state"),
        "PACKERLAB_CACHE": str(own / "cache"),
        "TMPDIR": str(own / "tmp"),
    }


class _RootsCanary:
    """Where the tests run as root: a secret in root's own home, for as long as they grade."""

    def __init__(self, canaries: list[str]) -> None:
        self._path: Path | None = None
        if os.getuid() == 0:
            canary = f"{CANARY}{secrets.token_hex(8)}"
            canaries.append(canary)
            self._path = Path(pwd.getpwuid(0).pw_dir, f".{canary}")

    def __enter__(self) -> None:
        if self._path:
            self._path.write_text(self._path.name)

    def __exit__(self, *_: object) -> None:
        if self._path:
            self._path.unlink()


class _Adopting:
    """Within it, a process whose parent ends becomes this one's child, so that none is missed."""

    def __enter__(self) -> None:
        self._set(1)

    def __exit__(self, *_: object) -> None:
        self._set(0)

    def _set(self, value: int) -> None:
        pr_set_child_subreaper = 36
        assert ctypes.CDLL(None).prctl(pr_set_child_subreaper, value, 0, 0, 0) == 0


def _left_behind(own: Path, before: set[int]) -> list[str]:
    """Processes, control groups, containers and temporary files that outlive the command."""
    deadline = time.monotonic() + 60  # multiprocessing's own servers end a moment after it
    while (left := _processes(before)) and time.monotonic() < deadline:
        time.sleep(0.05)
    (lock,) = (own / "cache" / "runs").glob("*.lock")
    groups = (
        f"{folder}/{name}" for folder, names, _ in os.walk("/sys/fs/cgroup") for name in names
    )
    left += fnmatch.filter(groups, f"*/packerlab-*{lock.stem}*")
    left += [label for label in _labels() if lock.stem in label]
    return left + [str(path) for path in (own / "tmp").rglob("*")]


def _processes(before: set[int]) -> list[str]:
    ours = [pid for pid in descendants(os.getpid()) if pid not in before]
    return [f"process {pid}" for pid in alive(ours)]


def _labels() -> list[str]:
    """The runs that a container of ours is there for, if there is an engine."""
    try:
        client = docker.engine()
    except MachineError:
        return []
    try:
        containers = client.api.containers(all=True, filters={"label": docker.LABEL})
    finally:
        client.close()
    return [container["Labels"][docker.LABEL] for container in containers]
