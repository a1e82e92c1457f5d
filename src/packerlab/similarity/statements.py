"""A text's statements, so that a copy is known after its names, order or layout were changed.

A template's tokens make a tree of blocks, lists and objects, whose leaves are the statements. They
know nothing of what stood before them, comments and spaces are gone, and a name that a learner
chose is a placeholder. Other texts, and the rest of a template from where it is no HCL, are taken
line by line.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from packerlab.hcl.scanner import scan
from packerlab.source import Source, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packerlab.hcl.scanner import Token
    from packerlab.submissions.reader import Files

LARGEST = 128_000
"""Bytes of a file that is looked at: one that is larger was made by a program."""
MOST = 2_000
"""Statements of one submission."""
MEANING = 3
"""Letters and digits of the shortest statement that says anything."""

ANY = "§"
"""What stands for a name that the learner chose."""
_REFERENCE = re.compile(r"\b(var|local)\.[\w-]+")
_SOURCE = re.compile(r"\b((?:source|data)\.[\w-]+)\.[\w-]+")
_COMMENT = re.compile(r"\s*(?:#|//)")


class Statement(NamedTuple):
    """A digest of what a statement says, and its lines, from 1."""

    said: int
    first: int
    last: int


def statements(files: Files) -> dict[str, list[Statement]]:
    """The statements of each file that is text."""
    found: dict[str, list[Statement]] = {}
    left = MOST
    for name, file in sorted(files.items()):
        if len(file.data) <= LARGEST and b"\0" not in file.data:
            text = file.data.decode(errors="surrogateescape")
            found[name] = _some(of_hcl(text) if _is_hcl(name) else of_lines(text), left)
            left -= len(found[name])
    return found


def _is_hcl(name: str) -> bool:
    """Packer's JSON has the tokens of HCL, too."""
    return name.endswith((".hcl", ".pkr.json", ".pkrvars.json"))


def _some(found: Iterable[Statement], most: int) -> list[Statement]:
    return [each for each, _ in zip(found, range(most), strict=False)]


def of_lines(text: str, begin: int = 1) -> Iterator[Statement]:
    """The lines from `begin` on, without comments that have a line of their own."""
    for number, line in enumerate(text.split("\n"), 1):
        if number >= begin and not _COMMENT.match(line):
            yield from _statement(_REFERENCE.sub(rf"\1.{ANY}", line), number, number)


def of_hcl(text: str) -> Iterator[Statement]:
    """The leaves of a template's tree, as far as it has tokens; then its lines."""
    source = Source(text)
    walk = _Walk(source)
    try:
        for token in scan(source):
            if token.kind == "end":
                break
            yield from walk.take(token)
    except SourceError:
        yield from of_lines(text, walk.first)
    else:
        yield from of_lines(text, walk.first) if walk.brackets else walk.take(token)


class _Walk:
    """Takes tokens, and gives a statement whenever one ends."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.above = [""]
        """The first words of the blocks, lists and objects around the place."""
        self.words: list[str] = []
        self.line = self.first = 1
        self.strings: list[str] = []
        """The kinds of the strings, heredocs and sequences around the place."""
        self.brackets = 0
        """Those that are open around the place within one statement: a call's, an index's."""

    def take(self, token: Token) -> Iterator[Statement]:
        self.line = self.source.line(token.start)
        if not self.words:
            self.first = self.line
        if self.strings:
            yield from self._in_string(token)
        elif token.kind in ("string", "heredoc"):
            self._open(token)
        elif self.brackets or token.kind == "(" or (token.kind == "[" and self._is_index()):
            self._in_brackets(token)
        elif token.kind in ("{", "["):
            self._down()
        elif token.kind in ("}", "]", ",", "newline", "end"):
            yield from self._ended()
            if token.kind in ("}", "]") and len(self.above) > 1:
                self.above.pop()
        else:
            self._word(token)

    def _in_string(self, token: Token) -> Iterator[Statement]:
        leaf = self.strings == ["heredoc"] and not self.brackets
        if token.kind in ("string", "heredoc", "${", "%{"):
            self._open(token)
        elif token.kind not in ("close", "sequence end"):
            self._word(token)
            if leaf and self.words[-1].endswith("\n"):
                yield from self._ended()
        else:
            self.strings.pop()
            if leaf:
                yield from self._ended()
                self.above.pop()
            else:
                self._word(token)

    def _open(self, token: Token) -> None:
        """A heredoc's lines are statements, so what it is given to is above them."""
        if token.kind == "heredoc" and not self.strings and not self.brackets:
            self._down()
        else:
            self._word(token)
        self.strings.append(token.kind)

    def _is_index(self) -> bool:
        """Whether a `[` stands behind what it picks from."""
        return bool(self.words) and (
            self.words[-1][-1].isalnum() or self.words[-1][-1] in ")]_" + ANY
        )

    def _in_brackets(self, token: Token) -> None:
        self.brackets += (token.kind in ("(", "[", "{")) - (token.kind in (")", "]", "}"))
        if token.kind != "newline":
            self._word(token)

    def _word(self, token: Token) -> None:
        text = self.source.text[token.start : token.end]
        if token.kind == "name" and self._is_chosen():
            text = ANY
        self.words.append("=" if token.kind == ":" else text)

    def _is_chosen(self) -> bool:
        """Whether a learner chose the name that comes now: it stands behind `var.` or the like."""
        words = self.words
        if words[-1:] != ["."]:
            return False
        return words[-2:-1] in (["var"], ["local"]) or words[-4:-3] in (["data"], ["source"])

    def _down(self) -> None:
        """What was said so far is what the next statements are in."""
        self.above.append(self.words[0] if self.words else "")
        self.words = []

    def _ended(self) -> Iterator[Statement]:
        if self.above[-1] == "locals" and self.words[1:2] == ["="]:
            self.words[0] = ANY
        said = "".join(self.words)
        self.words = []
        return _statement(said, self.first, self.line)


def _statement(said: str, first: int, last: int) -> Iterator[Statement]:
    said = "".join(_SOURCE.sub(rf"\1.{ANY}", said).split())
    if sum(map(str.isalnum, said[:200])) >= MEANING:
        digest = blake2b(said.encode(errors="surrogatepass"), digest_size=8).digest()
        yield Statement(int.from_bytes(digest), first, last)
