"""Your first artifact: a `file` source, a build of it, and the text that it makes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packerlab.checks import check, fail

if TYPE_CHECKING:
    from collections.abc import Callable

    from packerlab.hcl.template import Block, Template
    from packerlab.packer.verbs import Answer
    from packerlab.report import Where

MOTD = "out/motd.txt"
GIVEN = ["Built by Packer.", "Do not edit by hand."]
WORD = re.compile(r"[\w:.+-]+")


@check(
    points=1,
    hints=[
        "Packer needs a description of the thing to make. Which kind of block describes?",
        "The block starts with `source`, then the type and a name of your choice, both in quotes.",
        'The type is `file`: `source "file" "..." {` on one line, its arguments below, then `}`.',
    ],
    docs="beginner/101_first_build#the-source-block",
)
def test_source(template: Template) -> None:
    """The template has a `source` block of type `file`."""
    types = [source.labels[0] for source in template.sources if source.labels]
    if "file" not in types:
        fail(
            "Packer finds no `source` block of type `file` in this folder's .pkr.hcl files.",
            expected='source "file" "a name of yours"',
            found=", ".join(f'source "{kind}"' for kind in types) or "no `source` block",
        )


@check(
    points=3,
    needs="test_source",
    hints=[
        "A source only describes. Which block makes Packer act on it, and what is the file called?",
        "Run `packer build .`, then `ls out`: is there a motd.txt, and does Packer complain?",
        'List `"source.file.NAME"` in the `sources` of a `build`; `target` is the path to make.',
    ],
    docs="beginner/101_first_build#the-build-block",
)
def test_artifact(template: Template, build: Callable[..., Answer]) -> None:
    """`packer build .` makes the file out/motd.txt."""
    answer = build()
    if not answer.files.names():
        explain_nothing(template)
    answer.expect_success()
    answer.files.bytes(MOTD, place(template, "target"))


@check(
    points=2,
    needs="test_artifact",
    hints=[
        "Compare the first two lines with the task sheet, character by character.",
        "In a quoted string `\\n` ends a line; in a heredoc (`<<-EOT`) a line simply ends.",
        "Spaces count: `<<-EOT` drops the indentation that its lines share, `<<EOT` keeps it.",
    ],
    docs="beginner/101_first_build#lines-of-text",
)
def test_given_lines(template: Template, build: Callable[..., Answer]) -> None:
    """The first two lines of out/motd.txt are the two given ones."""
    lines = lines_of(build())
    for number, given in enumerate(GIVEN):
        if lines[number : number + 1] != [given]:
            fail(
                f"Line {number + 1} of {MOTD} is not the given one.",
                expected=f'"{given}"',
                found=quoted(lines[number]) if number < len(lines) else "no such line",
                where=place(template, "content"),
            )


@check(
    points=2,
    needs="test_artifact",
    hints=[
        "Build with `-var owner=someone` and look at the third line.",
        "The name must not be typed into the text: the text asks the variable for it.",
        "Inside a string or a heredoc, `${var.NAME}` stands for the value of the variable NAME.",
    ],
    docs="beginner/101_first_build#a-value-from-outside",
)
def test_owner_line(
    template: Template, build: Callable[..., Answer], hidden: Callable[[str], str]
) -> None:
    """The third line names the owner that `-var owner=...` gives."""
    told = build({"owner": owner(hidden)})
    if told.exit != 0:
        message, where = told.error
        fail("A build with `-var owner=...` fails.", found=message, where=where)
    if third(told) == f"Owner: {owner(hidden)}":
        return
    found = quoted(third(told).replace(hidden("owner"), "<hidden>"))
    message = "The third line is not `Owner: ` and the name that was given."
    if not third(told):
        message = "There is no third line."
    elif found == quoted(third(build())):
        message = "The third line stays the same, whoever is named as the owner."
    expected = f'"Owner: {owner(hidden)}"'
    fail(message, expected=expected, found=found, where=place(template, "content"))


@check(
    points=1,
    needs="test_artifact",
    hints=[
        "Look into out/ after a build that began without it: what is there beside motd.txt?",
        "Each source that a build lists makes one artifact.",
        "Let the `sources` of your build list just the one source whose target is out/motd.txt.",
    ],
    docs="beginner/101_first_build#an-artifact-not-a-log-line",
)
def test_nothing_else(build: Callable[..., Answer]) -> None:
    """The build makes no other file in out/."""
    names = build().files.names()
    if names != [MOTD]:
        fail(f"The build leaves more than {MOTD}.", expected=MOTD, found=", ".join(names))


@check(
    points=1,
    needs=["test_given_lines", "test_owner_line"],
    hints=[
        "Build twice and compare what the two builds made. How many lines are there?",
        "A line that is not on the task sheet does not belong in the file, blank ones included.",
        "Remove what follows the line of the owner: no date, no number, no empty line.",
    ],
    docs="beginner/101_first_build#build-it-again",
)
def test_again(
    template: Template, build: Callable[..., Answer], hidden: Callable[[str], str]
) -> None:
    """Building again makes the same three lines, and no more."""
    again = build({"owner": owner(hidden)}, nth=2)
    again.expect_success()
    lines = lines_of(again)
    if lines != [*GIVEN, f"Owner: {owner(hidden)}"]:
        blank = ", the last one empty" if not lines[-1] else ""
        fail(
            f"Another build makes something else than the three lines in {MOTD}.",
            expected="3 lines",
            found=f"{len(lines)} lines{blank}",
            where=place(template, "content"),
        )


def explain_nothing(template: Template) -> None:
    """Why there is nothing at all in out/; old versions of Packer end well without a build."""
    if not template.builds:
        fail(
            "There is no `build` block, so nothing is made: a source is only a description.",
            expected="a `build` block that names the source",
            found="no `build` block",
        )
    if not any(names_a_source(template, block) for block in template.builds):
        fail(
            "The `build` block names no source, so nothing is made.",
            expected="a source in `sources`",
            found="no source",
            where=template.builds[0].place("sources"),
        )


def names_a_source(template: Template, build: Block) -> bool:
    listed = template.attribute(build, "sources") not in (None, [])
    return listed or bool(build.all("source") or build.all("dynamic"))


def place(template: Template, argument: str) -> Where | None:
    """Where the sources set an argument; nowhere, if not in exactly one place."""
    inner = [source for build in template.builds for source in build.all("source")]
    found = [block for block in [*template.sources, *inner] if argument in block.attributes]
    return found[0].place(argument) if len(found) == 1 else None


def owner(hidden: Callable[[str], str]) -> str:
    """An owner that the submission can't know: letters, digits and a hyphen."""
    return f"team-{hidden('owner')}"


def lines_of(answer: Answer) -> list[str]:
    """The lines; an editor's way to end a line, and whether the last one ends, do not matter."""
    text = answer.files.text(MOTD)
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n")


def third(answer: Answer) -> str:
    return "\n".join(lines_of(answer)[2:3])


def quoted(line: str) -> str:
    """A learner's line for a message, so that spaces show and what changes with time does not."""
    steady = WORD.sub(lambda word: "#" if re.search(r"\d", word[0]) else word[0], line)
    return f'"{steady}"'
