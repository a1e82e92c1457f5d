"""What a learner has written: arguments as Packer takes them, sources, and where words stand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from packerlab.checks import Failure
from packerlab.hcl.template import Unknown, literal, written
from packerlab.report import Where

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from packerlab.grader.verbs import Console
    from packerlab.hcl.template import Block, Expression, Template
    from packerlab.submissions.reader import File, Files


def found_in(files: Files, pattern: bytes) -> Where | None:
    """The first place in the submitted files where a pattern matches."""
    for name, file in sorted(files.items()):
        if match := re.search(pattern, file.data):
            return Where(name, _line(file, match.start()))
    return None


def access_key_in(files: Files) -> Where | None:
    """Where an access key of AWS, or the secret of one, stands in the submitted files.

    The keys of AWS's own documentation have EXAMPLE in them, and are none.
    """
    return found_in(files, _KEY_ID) or found_in(files, _SECRET)


_KEY_ID = rb"\b(AKIA|ASIA)(?![A-Z0-9]*EXAMPLE)[A-Z0-9]{16}\b"
_SECRET = (
    rb"(?<![\w/+.-])(?=[^/])(?!\S*EXAMPLE)"
    rb"(?=(?:\S*[A-Z]){4})(?=(?:\S*[a-z]){4})(?=(?:\S*[0-9]){2})(?!(?:[^/\s]*/){5})"
    rb"[A-Za-z0-9/+]{40}(?![\w/+.-])"
)
"""40 characters of base64 that are no path: of both cases, with digits and few slashes."""


def _line(file: File, position: int) -> int:
    return file.data.count(b"\n", 0, position) + 1


def sources_in_use(template: Template, kind: str = "") -> list[list[Block]]:
    """For each source that a build uses: the blocks that describe it, the build's own first."""
    return [
        [block for block in (inner, top) if block]
        for build in template.builds
        for name, top, inner in template.source_of(build)
        if name.startswith(f"{kind}.") or not kind
    ]


def number_of_sources(template: Template, build: Block) -> int | None:
    """How many sources a build starts; None where the template computes them."""
    listed = template.listed_sources(build)
    if listed is None or any(block.labels == ["source"] for block in build.all("dynamic")):
        return None
    return len(listed) + len(build.all("source"))


def place_of(blocks: list[Block], argument: str) -> Where | None:
    """Where an argument stands; else the first of the blocks."""
    having = [block for block in blocks if argument in block.attributes]
    return (having or blocks)[0].place(argument) if blocks else None


def reachable(template: Template, within: Iterable[Expression]) -> Iterator[Expression]:
    """Some expressions with all that is in them, and in the locals that they ask."""
    waiting = list(within)
    seen: set[str] = set()
    while waiting:
        expression = waiting.pop()
        yield expression
        waiting += expression.items
        for root, *steps in expression.references:
            if root == "local" and steps and steps[0] not in seen and steps[0] in template.locals:
                seen.add(steps[0])
                waiting.append(template.locals[steps[0]][0])


def time_formats(template: Template, within: Iterable[Expression]) -> list[str]:
    """The formats that `formatdate` has in some expressions, and in the locals that they ask."""
    found = [
        template.value(each.items[0])
        for each in reachable(template, within)
        if each.kind == "call" and each.value == "formatdate" and each.items
    ]
    return sorted({words for words in found if isinstance(words, str)})


def comes_again(console: Console, formats: list[str]) -> str:
    """After which time some formats give the same text again: `hour`, ...; empty for never."""
    times = [_BEGIN, *_LATER.values()]
    asked = [
        f"formatdate({literal(words)}, {literal(time)})" for time in times for words in formats
    ]
    answers = console(asked)
    size = len(formats)
    begin, *later = [answers[place : place + size] for place in range(0, len(answers), size)]
    return next((name for name, words in zip(_LATER, later, strict=True) if words == begin), "")


_BEGIN = "2024-01-29T09:30:07Z"
_LATER = {
    "minute": "2024-01-29T09:31:07Z",
    "hour": "2024-01-29T10:30:07Z",
    "half day": "2024-01-29T21:30:07Z",
    "day": "2024-01-30T09:30:07Z",
    "month": "2024-02-29T09:30:07Z",
}


def argument(
    template: Template,
    console: Console,
    blocks: list[Block],
    name: str,
    given: Mapping[str, str] | None = None,
) -> Any:
    """The value of an argument of the first block that sets it, as Packer has it for these `-var`.

    None where none sets it. What our reader can't evaluate is asked of `packer console`. What that
    can't tell either, such as the value of a data source, is `Unknown`: a learner is not failed for
    it.
    """
    for block in blocks:
        if name in block.attributes:
            value = template.attribute(block, name)
            return _asked(block, name, console, given) if isinstance(value, Unknown) else value
    return None


def _asked(block: Block, name: str, console: Console, given: Mapping[str, str] | None) -> Any:
    words = written(block.attributes[name])
    if words is None:
        return Unknown()
    try:
        return console([words], given)[0]
    except (Failure, IndexError):
        return Unknown()
