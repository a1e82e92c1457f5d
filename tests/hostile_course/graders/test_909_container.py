# packerlab-canary-grader-4b8e6f0a91d27c35: no byte that is written may hold this.
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from packerlab.grader import check, fail

if TYPE_CHECKING:
    from packerlab.grader import Answer, Build, Hidden


@pytest.fixture
def made(build: Build, hidden: Hidden) -> Answer:
    """The build, with a word that no submission can know."""
    return build({"word": hidden("word")})


@check(points=1)
def test_it_builds(made: Answer) -> None:
    """`packer build` succeeds."""
    made.expect_success()


@check(points=5)
def test_word(made: Answer, hidden: Hidden) -> None:
    """The image's /etc/word holds the word."""
    text = made.containers.image("lab/word:1").disk.text("/etc/word")
    if text != f"{hidden('word')}\n":
        fail("/etc/word holds something else.", expected=hidden("word"), found=text)


@check(points=2)
def test_no_loot(made: Answer) -> None:
    """No program of the template's choice runs in the box."""
    if "out/loot.txt" in made.files:
        fail("The build came out of its container.", found=made.files.text("out/loot.txt"))
