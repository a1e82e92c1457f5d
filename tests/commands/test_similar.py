"""`packerlab similar`, on a class that hands in work on a lab of the toy course."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from packerlab import errors
from packerlab.gradebook import open_gradebook
from packerlab.report import Digests, Run, conclude
from packerlab.submissions.workspaces import read_workspace
from tests.toy import MESSAGE, cli

if TYPE_CHECKING:
    from pathlib import Path

MARKER = 'format = 1\nlab = "101_message"\n'
OWN = """
variable "{name}" {{
  description = "Whom {name} greets in the morning."
  default     = "{name}"
}}

source "file" "of_{name}" {{
  content = "Good morning, ${{var.{name}}}, says {name}.\\n"
  target  = "out/morning-{name}.txt"
}}

build {{
  name    = "morning of {name}"
  sources = ["source.file.of_{name}"]
}}
"""


def hand_in(folder: Path, learner: str, text: str) -> None:
    (folder / learner).mkdir(parents=True)
    (folder / learner / ".packerlab.toml").write_text(MARKER)
    (folder / learner / "main.pkr.hcl").write_text(text)


@pytest.fixture
def crowd(tmp_path: Path) -> Path:
    """Three who worked alone, one who copied, two who only handed in what they were given."""
    folder = tmp_path / "class"
    for name in ("ada", "ben", "chris"):
        hand_in(folder, name, MESSAGE + OWN.format(name=name))
    copied = OWN.format(name="ada").replace('"ada" {', '"mine" {').replace("var.ada", "var.mine")
    hand_in(folder, "mallory", f"# All mine.\n{copied}\n{MESSAGE}")
    for name in ("eve", "fay"):
        hand_in(folder, name, MESSAGE)
    return folder


def test_a_copy_is_found_and_work_of_one_s_own_is_not(crowd: Path) -> None:
    done = cli("similar", crowd)
    assert (done.returncode, done.stderr) == (0, "")
    assert "ada, mallory  " in done.stdout
    assert "5 of 5" in done.stdout
    assert "a reason to talk, not a proof" in done.stdout
    last = done.stdout.splitlines()[-1]
    assert last == "compared 6, similar 1, too little to tell 2"


def test_the_page_shows_both_texts(crowd: Path, tmp_path: Path) -> None:
    file = tmp_path / "similar.html"
    done = cli("similar", crowd, "-o", file)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"Wrote {file}.\n")
    page = file.read_text()
    assert page.count('<ol class="code">') == 2
    assert page.count('<li class="same">') == 2 * 5
    assert "<li># All mine.</li>" in page
    assert "chris" not in page


def test_what_can_not_be_read_is_no_trouble(crowd: Path, tmp_path: Path) -> None:
    """A link, an empty folder, a template that is none, and a bomb of brackets."""
    (crowd / "link").symlink_to(tmp_path)
    (crowd / "empty").mkdir()
    hand_in(crowd, "broken", OWN.format(name="chris").replace("build {", "build {{ '"))
    hand_in(crowd, "brackets", "[" * 100_000)
    done = cli("similar", crowd)
    assert done.returncode == 0
    assert "broken, chris" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("compared 8, similar 2,")


def test_a_gradebook_is_compared_by_what_it_keeps(crowd: Path, tmp_path: Path) -> None:
    """Nothing is graded for this test: a report only says whose work it is about."""
    book = tmp_path / "book"
    with open_gradebook(book, "bubblewrap") as opened:
        for folder in sorted(crowd.iterdir()):
            work = read_workspace(folder)
            opened.keep("101_message", work)
            report = msgspec.structs.replace(
                conclude("101_message", []),
                digests=Digests(submission=work.digest),
                run=Run(learner=folder.name),
            )
            opened.save(report)
    done = cli("similar", book)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == cli("similar", crowd).stdout
    page = tmp_path / "similar.html"
    cli("similar", book, "-o", page)
    assert page.read_text().count('<ol class="code">') == 2


def test_what_is_not_there_is_bad_input(tmp_path: Path) -> None:
    assert cli("similar", tmp_path / "none").returncode == errors.BAD_INPUT
