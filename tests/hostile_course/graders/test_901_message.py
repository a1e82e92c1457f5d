# packerlab-canary-grader-4b8e6f0a91d27c35: no byte that is written may hold this.
from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.grader import check, fail

if TYPE_CHECKING:
    from packerlab.grader import Build, Hidden, Template


@check(points=2)
def test_one_source(template: Template) -> None:
    """The template has one source."""
    if len(template.sources) != 1:
        fail("The template has not one source.", expected=1, found=len(template.sources))


@check(points=6)
def test_message(build: Build, hidden: Hidden) -> None:
    """The build writes the greeting to out/message.txt."""
    name = hidden("name")
    answer = build({"name": name})
    answer.expect_success()
    text = answer.files.text("out/message.txt")
    if text != f"Hello, {name}!\n":
        fail("out/message.txt holds something else.", expected=f"Hello, {name}!\n", found=text)


@check(points=2)
def test_nothing_else(build: Build, hidden: Hidden) -> None:
    """The build leaves nothing but out/message.txt."""
    files = build({"name": hidden("name")}).files
    found = [*files.names(), *files.irregular]
    if found != ["out/message.txt"]:
        fail("The build leaves other files.", expected="out/message.txt", found=" ".join(found))
