from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.grader import check, fail

if TYPE_CHECKING:
    from packerlab.grader import Build, Files, Hidden, Template


@check(points=3, needs="test_source")
def test_message(build: Build, hidden: Hidden) -> None:
    """The build greets by the name that it is given.

    - What is written?
    - Where to?
    - Look at `target`.
    """
    name = hidden("name")
    answer = build({"name": name})
    answer.expect_success()
    text = answer.files.text("out/message.txt")
    if text != f"Hello, {name}!\n":
        fail("out/message.txt holds something else.", expected=f"Hello, {name}!\n", found=text)


@check(points=1, docs="#source")
def test_source(template: Template) -> None:
    """The template has one source.

    - One.
    - Two.
    - Three.
    """
    if len(template.sources) != 1:
        found = len(template.sources)
        fail("There is not one source.", expected=1, found=found, where=template.blocks[0].where)


@check(points=2, needs=["test_message", "test_source"])
def test_default(build: Build) -> None:
    """The build greets nobody by default."""
    text = build().files.text("out/message.txt")
    assert text == "Hello, nobody!\n", "out/message.txt greets somebody."


@check(points=4)
def test_files(submission: Files, starter: Template) -> None:
    """The workspace has more than the starter."""
    if not submission or not starter.variables:
        fail("There is nothing in it.")
