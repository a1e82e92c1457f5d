"""A small course for a room, a room served in this process, and a learner who uses it."""

from __future__ import annotations

import contextlib
import io
import shutil
import threading
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import httpx

from packerlab.course import Course
from packerlab.executors.local import Local
from packerlab.gradebook import open_gradebook
from packerlab.grading.grade_one import GRACE_S
from packerlab.room.room import Room
from packerlab.room.serving import Server
from packerlab.sandbox import choose
from packerlab.sandbox.channel import ANSWER_GRACE_S
from tests.toy import LAB_TOML, SHELL
from tests.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from collections.abc import Iterator

BENCH = Path(__file__).parents[2] / "benchmarks" / "course"
RIGHT = (BENCH / "labs" / "101_static" / "solution" / "main.pkr.hcl").read_text()
ENDLESS = SHELL.replace('["mkdir -p out", "PROGRAM"]', '["sleep 50"]')
DEADLINE_S = 2

SLOW_GRADER = '''
from packerlab.grader import check


@check(points=1)
def test_ends(build):
    """The build ends.

    Does your program end?
    """
    build().expect_success()
'''


def small_course(root: Path) -> Path:
    """101 has static checks alone; 102 builds whatever it is given, and gives it two seconds."""
    for slug in ("101_static", "102_slow"):
        starter = root / "labs" / slug / "starter"
        starter.mkdir(parents=True)
        (starter / "main.pkr.hcl").write_text("# yours\n")
        (starter.parent / "README.md").write_text(f"# {slug}\n\nMake it **green**.\n")
        toml = LAB_TOML.replace("deadline_s = 60", f"deadline_s = {DEADLINE_S}")
        parts = '["source.null", "provisioner.shell-local"]'
        toml = toml.replace('["source.file"]', parts) if slug == "102_slow" else LAB_TOML
        (starter.parent / "lab.toml").write_text(toml.replace("A lab", slug[4:].title()))
    (root / "graders").mkdir()
    shutil.copy(BENCH / "graders" / "test_101_static.py", root / "graders")
    (root / "graders" / "test_102_slow.py").write_text(SLOW_GRADER)
    return root


def packed(files: dict[str, str | bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return data.getvalue()


class Served:
    """A room, its server in a thread, and how many jobs grade."""

    def __init__(
        self,
        course: Path,
        out: Path,
        *,
        host: str = "127.0.0.1",
        jobs: int = 1,
        site: Path | None = None,
    ) -> None:
        self.out = out
        self.tokens: dict[str, str] = {}
        self._book = open_gradebook(out, "bubblewrap")
        whole = Course(course)
        backend = choose("bubblewrap", {"packer"}, [course, out], full_limits=False)
        self.room = Room("A workshop", whole.labs(), self._book)
        self.server = Server(self.room, host, 0, site)
        self._thread = threading.Thread(target=self.server.run, args=(Local(backend, jobs),))

    def __enter__(self) -> Self:
        self._thread.start()
        until(lambda: self.server.is_ready, "the server listens")
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()
        self._thread.join()
        self._book.__exit__()

    @property
    def url(self) -> str:
        return self.server.address.url

    @property
    def handlers(self) -> Any:
        """What keeps the rates."""
        return self.server.handlers

    def open_connections(self) -> int:
        return self.server.listener.open.total()

    @staticmethod
    def longest_turn(deadline_s: int) -> float:
        """Seconds that one turn may take: the deadline, and our own patience beside it."""
        return deadline_s + ANSWER_GRACE_S + GRACE_S + PATIENCE_S / 10

    def client(self, **options: Any) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=60, verify=False, **options)  # noqa: S501

    @contextlib.contextmanager
    def learner(self, name: str) -> Iterator[Learner]:
        with self.client() as client:
            yield Learner(client, name, self.room.code)


class Learner:
    """Somebody who has joined, and works from a command line."""

    def __init__(self, client: httpx.Client, name: str, code: str) -> None:
        self.client = client
        self.name = name
        joined = client.post("/join", data={"name": name, "code": code})
        assert joined.status_code == 201, joined.text
        self.token = joined.text.strip()
        client.headers["authorization"] = f"Bearer {self.token}"

    def hand_in(self, text: str, lab: str = "101") -> httpx.Response:
        return self.client.put(f"/labs/{lab}/work.zip", content=packed({"main.pkr.hcl": text}))

    def standing(self, lab: str = "101") -> Any:
        answer = self.client.get(f"/labs/{lab}/standing")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def verdict(self, lab: str = "101", step_s: float = 0.02) -> Any:
        """The report of the newest hand-in, which is waited for."""
        until(lambda: self.standing(lab)["place"] is None, "it is graded", step_s)
        return self.standing(lab)["report"]
