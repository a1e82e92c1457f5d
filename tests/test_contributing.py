"""What CONTRIBUTING says of adding to packerlab is done here, in a copy of the project."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from packerlab.proving.verify import OWN_VARIANTS

if TYPE_CHECKING:
    from packerlab.sandbox.base import Backend

ROOT = Path(__file__).parent.parent
COPIED = ("src", "labs", "graders", "docs", "tests", "course.toml", "mkdocs.yml", "pyproject.toml")
LINKED = ("sandbox", "examples", "scripts", "benchmarks", "requirements.lock", "README.md")

BACKEND = '''\
"""A backend of a contributor's: the walls of another by its own name."""

from __future__ import annotations

from packerlab.sandbox.bubblewrap import Bubblewrap


class Mine(Bubblewrap):
    """It names itself."""

    name = "mine"
'''
WRITER = '''\
"""Reports as the names of the learners."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packerlab.report import Report


def write_names(reports: Iterable[Report]) -> Iterator[bytes]:
    """A line for each report."""
    for report in reports:
        yield f"{report.run.learner}\\n".encode()
'''
VERB = '''\
"""`packerlab hello`: a word of welcome."""


def hello() -> None:
    """Say hello."""
    print("Hello.")
'''


class Clone:
    """A copy of the project that a test may change."""

    def __init__(self, root: Path) -> None:
        self.root = root
        skipped = shutil.ignore_patterns("__pycache__", "hostile", "hostile_course")
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, root / name, symlinks=True, ignore=skipped)
            else:
                shutil.copy(ROOT / name, root / name)
        for name in LINKED:
            (root / name).symlink_to(ROOT / name)

    def add(self, name: str, text: str) -> None:
        (self.root / name).write_text(text)

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.root / name).read_text()
        assert text.count(old) == 1, f"{name} has {old!r} {text.count(old)} times"
        (self.root / name).write_text(text.replace(old, new))

    def python(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """Run Python with the copy's packerlab, and in its folder."""
        env = {**os.environ, "PYTHONPATH": str(self.root / "src"), "COLUMNS": "200"}
        return subprocess.run(
            [sys.executable, *words],
            cwd=self.root,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def packerlab(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        return self.python("-m", "packerlab", *words)

    def passes(self, *tests: str) -> int:
        """Run some of the copy's tests, which must pass; how many there were."""
        done = self.python("-m", "pytest", "-q", "-p", "no:cacheprovider", *tests)
        assert done.returncode == 0, done.stdout + done.stderr
        return sum(map(int, re.findall(r"(\d+) passed", done.stdout)))


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def bubblewrap() -> Backend:
    from packerlab.sandbox.bubblewrap import Bubblewrap

    backend = Bubblewrap([])
    if reason := backend.unavailable():
        pytest.skip(f"bubblewrap: {reason}")
    return backend


def test_a_sandbox(clone: Clone) -> None:
    """A file and a row: every command knows it, and the contract test runs it as it is."""
    bubblewrap()
    clone.add("src/packerlab/sandbox/mine.py", BACKEND)
    table = "src/packerlab/sandbox/__init__.py"
    clone.edit(table, "import Docker\n", "import Docker\nfrom packerlab.sandbox.mine import Mine\n")
    clone.edit(table, '    "docker-plain"', '    "mine": Mine,\n    "docker-plain"')
    assert "mine sandbox: offers packer" in clone.packerlab("doctor").stdout
    assert "\nmine: " in clone.packerlab("sandbox", "status").stdout
    solution = clone.root / "labs" / "101_first_build" / "solution"
    done = clone.packerlab("check", solution, "--lab", "101", "--sandbox", "mine")
    assert (done.returncode, "10 of 10 points" in done.stdout) == (0, True), done.stderr
    assert "mine" in clone.packerlab("check", solution, "--lab", "101", "--sandbox", "x").stderr
    assert clone.passes("tests/sandbox/test_contract.py", "-k", "mine") > 40
    names = "every_row_has_its_name or status_tells_of_each"
    tests = ("tests/sandbox/test_backends.py", "tests/commands/test_sandbox.py")
    assert clone.passes(*tests, "-k", names) == 2


def test_a_sandbox_that_can_t_be_used_says_why(clone: Clone) -> None:
    """Doctor has no word of its own for it, and needs none."""
    refusing = f'{BACKEND}\n    def unavailable(self) -> str:\n        return "ask Jo for a key."\n'
    clone.add("src/packerlab/sandbox/mine.py", refusing)
    table = "src/packerlab/sandbox/__init__.py"
    clone.edit(table, "import Docker\n", "import Docker\nfrom packerlab.sandbox.mine import Mine\n")
    clone.edit(table, '    "docker-plain"', '    "mine": Mine,\n    "docker-plain"')
    done = clone.packerlab("doctor")
    (line,) = [line for line in done.stdout.splitlines() if "mine sandbox: " in line]
    assert (done.returncode, line.endswith("; ask Jo for a key.")) == (0, True)


def test_a_form_of_the_report(clone: Clone, tmp_path: Path) -> None:
    """A function and a row: `report` writes it, and names it among its forms."""
    clone.add("src/packerlab/writers/names.py", WRITER)
    table = "src/packerlab/writers/__init__.py"
    imported = "import write_json\n"
    clone.edit(table, imported, f"{imported}from packerlab.writers.names import write_names\n")
    clone.edit(
        table, '    "json": write_json,\n', '    "json": write_json,\n    "n": write_names,\n'
    )
    book = tmp_path / "book"
    crowd = clone.root / "examples" / "class"
    assert clone.packerlab("grade", crowd, "--out", book).returncode == 0
    names = clone.packerlab("report", book, "-f", "n").stdout.split()
    assert names
    assert names == [path.name for path in sorted(book.glob("reports/*/*"))]
    refused = clone.packerlab("report", book, "-f", "pdf")
    assert refused.stderr.startswith("error: There is no format `pdf`: it is html, csv, json, n, ")
    assert clone.passes("tests/commands/test_report.py") > 20


def test_a_verb(clone: Clone) -> None:
    """A file, a row and a section of the page that a test compares with the commands."""
    clone.add("src/packerlab/commands/hello.py", VERB)
    clone.edit("src/packerlab/cli.py", "    grade,\n    hint,", "    grade,\n    hello,\n    hint,")
    clone.edit(
        "src/packerlab/cli.py", "    (demo.demo,", "    (hello.hello, EVERYONE),\n    (demo.demo,"
    )
    assert clone.packerlab("hello").stdout == "Hello.\n"
    page = clone.root / "docs" / "reference" / "commands.md"
    page.write_text(f"{page.read_text()}\n### `hello`\n\nSays hello.\n")
    assert clone.passes("tests/test_docs.py", "-k", "every_verb_and_option_is_on_the_page") == 1


def test_a_course(clone: Clone, tmp_path: Path) -> None:
    """A folder with `labs/` is a course; what `new` says to do next can be done."""
    bubblewrap()
    course = tmp_path / "a course of ours"
    (course / "labs").mkdir(parents=True)
    said = clone.packerlab("new", "120_release_note", "--course", course).stdout
    program, *words = shlex.split(said.rpartition("Next: ")[2])
    assert program == "packerlab"
    done = clone.packerlab(*words)
    assert (done.returncode, "120_release_note: holds" in done.stdout) == (0, True), done.stderr
    assert "Release note" in clone.packerlab("labs", "--course", course).stdout


def test_a_lab_of_our_own_course(clone: Clone) -> None:
    """`verify` says itself what a lab of ours has beyond what any course's lab needs."""
    bubblewrap()
    said = clone.packerlab("new", "190_release_note").stdout
    done = clone.packerlab(*shlex.split(said.rpartition("Next: ")[2])[1:])
    assert done.returncode == 1
    wanted = f"  a lab of this course has {OWN_VARIANTS} variants or more; this one has 0\n"
    assert wanted in done.stdout
