"""What differs between Packer's versions: which blocks there are, and where plugins come from."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from packerlab.checks import fail
from packerlab.errors import MachineError
from packerlab.hcl.scanner import scan
from packerlab.source import Source, SourceError
from packerlab.submissions.reader import TEMPLATE_SUFFIXES, File

if TYPE_CHECKING:
    from collections.abc import Callable

    from packerlab.hcl.template import Template
    from packerlab.submissions.reader import Files

Version = tuple[int, int, int]

DEBIANS: Version = (1, 6, 6)
"""What Debian 12 has; a lab that needs a newer one says so wherever it is offered."""

NATIVE_PLUGINS: Version = (1, 7, 0)
"""From here on Packer knows `required_plugins` and `init`; before, all plugins are built in."""

BUNDLES_NONE: Version = (1, 10, 0)
"""From here on HashiCorp's own plugins, such as Amazon's and Docker's, have to be installed."""

NEWER_BLOCKS = ("data", "error-cleanup-provisioner", "local")
"""Types of blocks that Packer has since 1.7; before, it calls them unsupported."""


def version_of(text: str) -> Version:
    """`Packer v1.16.0` or `>=1.7` as numbers; raises MachineError where there are none."""
    match = re.search(r"(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?", text)
    if not match:
        raise MachineError(f"Packer does not tell its version: {text[:80]!r}")
    major, minor, patch = match.groups()
    return int(major), int(minor), int(patch or 0)


def fail_newer_blocks(template: Template, version: Version) -> None:
    """Fail the check where a block is of a type that an old Packer does not know yet."""
    inner = [block for build in template.builds for block in build.blocks]
    for block in [*template.blocks, *inner]:
        if block.type in NEWER_BLOCKS and version < (1, 7, 0):
            here = ".".join(map(str, version))
            fail(f"A `{block.type}` block needs Packer 1.7 or newer; here it is {here}.",
                 where=block.where)  # fmt: skip


# --- required_plugins before 1.7 ------------------------------------------------------------------


def without_required_plugins(files: Files, *, readably: bool = False) -> Files:
    """The workspace with `packer { required_plugins { ... } }` blanked, every line in its place.

    In folders too: a learner's script may build what lies there. The lines are empty, so that
    `packer fmt -check` in such a script finds nothing to say of them. For a person to read,
    `readably` makes a comment of the block, which `with_required_plugins` takes back.
    """
    blanked = dict(files)
    blank = _as_comment if readably else _as_empty_lines
    for name, file in files.items():
        if not name.endswith(TEMPLATE_SUFFIXES):
            continue
        text = file.data.decode(errors="surrogateescape")
        try:
            text = _blank_json(text) if name.endswith(".json") else _blank_hcl(text, blank)
        except (SourceError, ValueError, RecursionError):
            continue  # Packer says what is wrong with it
        blanked[name] = File(text.encode(errors="surrogateescape"), file.executable)
    return blanked


def with_required_plugins(file: File) -> File:
    """A file of such a workspace, whatever people have changed in it, with its block again."""
    text = file.data.decode(errors="surrogateescape")
    text = _COMMENTED.sub(lambda found: found[1], text).replace(_JSON_COMMENT, _JSON_KEY)
    return File(text.encode(errors="surrogateescape"), file.executable)


_BEFORE_1_7 = "/* not before Packer 1.7: "
_COMMENTED = re.compile(re.escape(_BEFORE_1_7) + r"([^*]*)\*/")
_JSON_KEY = '"required_plugins"'
_JSON_COMMENT = '"//"'.ljust(len(_JSON_KEY))


class _Blanked(NamedTuple):
    """What stands in place of a text's part from `begin` to `end`."""

    begin: int
    end: int
    instead: str


def _as_empty_lines(text: str, begin: int, end: int) -> _Blanked:
    """Without the blanks before and after the block; a comment behind it keeps its indentation."""
    line = text.rfind("\n", 0, begin) + 1
    indent = text[line:begin]
    begin = begin if indent.strip() else line
    breaks = re.sub(r"[^\r\n]", "", text[begin:end])
    while text[end : end + 1] in {" ", "\t"}:
        end += 1
    is_last = text[end : end + 1] in {"", "\r", "\n"}
    return _Blanked(begin, end, breaks if is_last else breaks + indent)


def _as_comment(text: str, begin: int, end: int) -> _Blanked:
    """A block with an asterisk in it could end the comment."""
    block = text[begin:end]
    if "*" in block:
        return _as_empty_lines(text, begin, end)
    return _Blanked(begin, end, f"{_BEFORE_1_7}{block}*/")


def _blank_hcl(text: str, blank: Callable[[str, int, int], _Blanked]) -> str:
    depth = 0
    block = word = ""
    begin = named = 0
    pieces: list[str] = []
    done = 0
    for kind, start, end in scan(Source(text)):
        if kind == "{":
            block = word if depth == 0 else block
            if depth == 1 and (block, word) == ("packer", "required_plugins"):
                begin = named
            depth += 1
        elif kind == "}":
            depth -= 1
            if depth == 1 and begin:
                blanked = blank(text, begin, end)
                pieces += [text[done : blanked.begin], blanked.instead]
                done, begin = blanked.end, 0
        elif kind == "end":
            break
        word, named = (text[start:end], start) if kind == "name" else ("", 0)
    return "".join([*pieces, text[done:]])


def _blank_json(text: str) -> str:
    """JSON's comment key is `//`; the padding keeps every column."""
    json.loads(text, parse_int=str)  # in what is no JSON, strings may be looked for without end
    key = ""
    path: list[str] = []
    for token in re.finditer(r'"(?:\\.|[^"\\])*"(\s*:)?|[{}\[\]]', text):
        if token[0] in "{[":
            path.append(key)
            key = ""
        elif token[0] in "}]":
            path.pop()
            key = ""
        elif token[1]:
            key = json.loads(token[0].removesuffix(token[1]))
            if key == "required_plugins" and [step for step in path if step] == ["packer"]:
                length = token.start(1) - token.start()
                text = text[: token.start()] + '"//"'.ljust(length) + text[token.start(1) :]
    return text
