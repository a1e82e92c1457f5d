"""Your first artifact: a `file` source, a build of it, and the text that it makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.grader import check, expect, fail, place_of, steady

if TYPE_CHECKING:
    from packerlab.grader import Answer, Block, Build, Files, Hidden, Template, Where

MOTD = "out/motd.txt"
GIVEN = ["Built by Packer.", "Do not edit by hand."]


@check(points=1, docs="#the-source-block")
def test_source(template: Template) -> None:
    """The template has a `source` block of type `file`.

    - Packer needs a description of what to make. Which kind of block is a description?
    - The block starts with `source`, then the type and a name of your choice, both in quotes.
    - The type is `file`: `source "file" "..." {` on one line, its arguments below, then `}`.
    """
    types = [source.labels[0] for source in template.sources if source.labels]
    if "file" not in types:
        fail(
            "Packer finds no `source` block of type `file` in this folder's .pkr.hcl files.",
            expected='source "file" "a name of yours"',
            found=[f'source "{kind}"' for kind in types] or "no `source` block",
        )


@check(points=3, needs="test_source", docs="#the-build-block")
def test_artifact(template: Template, build: Build) -> None:
    """`packer build .` makes the file out/motd.txt.

    - If Packer complains, it names the line. If it builds nothing: a source only describes. Which
      block makes Packer act on it, and what is the file called?
    - Run `packer build .`, then `ls out`: is there a motd.txt, and does Packer complain?
    - List `"source.file.NAME"` in the `sources` of a `build`; `target` is the path to make.
    """
    answer = build()
    if not answer.files.names():
        explain_nothing(template)
    answer.expect_success()
    answer.files.bytes(MOTD, place(template, "target"))


@check(points=2, needs="test_artifact", docs="#lines-of-text")
def test_given_lines(template: Template, submission: Files, build: Build) -> None:
    r"""The first two lines of out/motd.txt are the two given ones.

    - Compare the first two lines with the task sheet, character by character.
    - In a quoted string `\n` ends a line; in a heredoc (`<<-EOT`) a line simply ends.
    - Spaces count: `<<-EOT` drops the indentation that its lines share, `<<EOT` keeps it.
    """
    lines = lines_of(build())
    for number, given in enumerate(GIVEN):
        message = f"Line {number + 1} of {MOTD} is not the given one."
        expect_line(lines, number, given, message, place(template, "content"), submission)


@check(points=2, needs="test_artifact", docs="#a-value-from-outside")
def test_owner_line(template: Template, submission: Files, build: Build, hidden: Hidden) -> None:
    """The third line names the owner: the one that `-var owner=...` gives, or platform without it.

    - Build with `-var owner=someone` and look at the third line.
    - The name must not be typed into the text: the text asks the variable for it.
    - Inside a string or a heredoc, `${var.NAME}` stands for the value of the variable NAME.
    """
    owner = f"{hidden.person('owner')} Jr."
    told = build({"owner": owner})
    told.expect_success()
    given, default = lines_of(told), lines_of(build())
    message = "The third line is not `Owner: ` and the name that was given."
    if given[2:3] and given[2:3] == default[2:3]:
        message = "The third line stays the same when another owner is named."
    where = place(template, "content")
    expect_line(given, 2, f"Owner: {owner}", message, where, submission)
    message = "Without `-var` the third line does not name the owner of the starter."
    expect_line(default, 2, "Owner: platform", message, where, submission)


@check(points=1, needs="test_artifact", docs="#an-artifact-not-a-log-line")
def test_nothing_else(build: Build) -> None:
    """The build makes no other file in out/.

    - Look into out/ after a build that began without it: what is there beside motd.txt?
    - Each source that a build lists makes one artifact.
    - Let the `sources` of your build list just the one source whose target is out/motd.txt.
    """
    expect(build().files.names(), [MOTD], f"The build leaves more than {MOTD}.")


@check(points=1, needs=["test_given_lines", "test_owner_line"], docs="#build-it-again")
def test_again(template: Template, build: Build, hidden: Hidden) -> None:
    """Building again makes the same three lines, and no more.

    - Build twice and compare what the two builds made. How many lines are there?
    - A line that is not on the task sheet does not belong in the file, blank ones included.
    - Remove what follows the line of the owner: no date, no number, no empty line.
    """
    owner = f"{hidden.person('owner')} Jr."
    again = build({"owner": owner}, nth=2)
    again.expect_success()
    lines = lines_of(again)
    if lines != [*GIVEN, f"Owner: {owner}"]:
        blank = ", the last one empty" if not lines[-1] else ""
        which = "A second build" if len(lines_of(build())) == len(GIVEN) + 1 else "The build"
        fail(
            f"{which} makes something other than the three lines in {MOTD}.",
            expected="3 lines",
            found=f"{len(lines)} lines{blank}",
            where=place(template, "content"),
        )


# --- what the checks stand on ---------------------------------------------------------------------


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
    return place_of(found, argument) if len(found) == 1 else None


def lines_of(answer: Answer) -> list[str]:
    """The lines; an editor's way to end a line, and whether the last one ends, do not matter."""
    text = answer.files.text(MOTD)
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n")


def expect_line(
    lines: list[str],
    number: int,
    expected: str,
    message: str,
    where: Where | None,
    files: Files,
) -> None:
    """Fail where a line is another; in quotes, so that spaces show."""
    if lines[number : number + 1] != [expected]:
        there = len(lines) > number
        fail(
            message if there else f"There is no line {number + 1} in {MOTD}.",
            expected=f'"{expected}"',
            found=f'"{steady(lines[number], files, expected)}"' if there else "no such line",
            where=where,
        )
