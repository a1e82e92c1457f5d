"""A place among HCL's tokens: what comes next, what is taken, and what was expected instead.

What is taken goes to `out`, by the names that python-hcl2's grammar has for it.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from packerlab.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packerlab.hcl.scanner import Token
    from packerlab.source import Source, SourceError

MAX_DEPTH = 60
"""Blocks, lists, objects and calls inside each other; Packer's own templates nest about ten."""


class Terminal(NamedTuple):
    """A token by the name that the grammar has for it."""

    name: str
    start: int
    end: int


OPERATORS = {
    "+": "PLUS", "-": "MINUS", "*": "ASTERISK", "/": "SLASH", "%": "PERCENT", "==": "DOUBLE_EQ",
    "!=": "NEQ", "<": "LT", ">": "GT", "<=": "LEQ", ">=": "GEQ", "&&": "DOUBLE_AMP",
    "||": "DOUBLE_PIPE",
}  # fmt: skip
TERMINALS = OPERATORS | {
    "!": "NOT", "?": "QMARK", ":": "COLON", ",": "COMMA", ".": "DOT", "=": "EQ", "=>":
    "FOR_OBJECT_ARROW", "...": "ELLIPSIS", "(": "LPAR", ")": "RPAR", "[": "LSQB", "]": "RSQB",
    "{": "LBRACE", "}": "RBRACE", "name": "NAME", "string": "DBLQUOTE",
    "heredoc": "DBLQUOTE", "close": "DBLQUOTE", "${": "INTERP_START", "%{": "DIRECTIVE_START",
    "sequence end": "RBRACE",
}  # fmt: skip
_TO_QUOTE = re.compile(r'[^"\n]{0,40}"?')


class Cursor:
    """One token ahead of what was read."""

    def __init__(self, source: Source, tokens: Iterator[Token]) -> None:
        self.source = source
        self.out: list[Terminal] = []
        self._tokens = tokens
        self._next: Token | None = None
        self.lines_end = [True]

    def peek(self) -> Token:
        """The next token; in brackets a line break is none."""
        while self._next is None or (self._next.kind == "newline" and not self.lines_end[-1]):
            self._next = next(self._tokens)
        return self._next

    def read(self) -> Token:
        token = self.peek()
        self._next = None
        return token

    def at(self, *kinds: str) -> bool:
        return self.peek().kind in kinds

    def at_word(self, word: str) -> bool:
        return self.at("name") and self.text_of(self.peek()) == word

    def text_of(self, token: Token) -> str:
        return self.source.text[token.start : token.end]

    def put(self, token: Token, name: str = "") -> None:
        self.out.append(Terminal(name or TERMINALS[token.kind], token.start, token.end))

    def take(self, name: str = "") -> Token:
        token = self.read()
        self.put(token, name)
        return token

    def expect(self, kind: str, opened: Token, wanted: str, closing: str = "") -> None:
        """Take what closes `opened`."""
        self.check_open(opened, closing or f"`{kind}`")
        if not self.at(kind):
            line = self.source.line(opened.start)
            if line != self.source.line(self.peek().start):
                wanted += f" (the `{self.shown(opened)}` of line {line} is open)"
            raise self.expected(wanted)
        self.take()

    def check_open(self, opened: Token, closing: str) -> None:
        """What has no end until the file's is wrong where it begins."""
        if self.at("end"):
            raise self.source.unclosed(opened.start, opened.end, closing)

    def expected(self, wanted: str, advice: str = "") -> SourceError:
        """The error for the next token, where something else was wanted."""
        token = self.peek()
        found = f"found `{self.shown(token)}`"
        if token.kind in ("newline", "end"):
            found = f"the {'line' if token.kind == 'newline' else 'file'} ends here"
        advice = f"; {advice}" if advice else ""
        return self.source.error(f"expected {wanted}, but {found}{advice}.", token.start)

    def wrong(self, sentence: str) -> SourceError:
        """The error for the next token in other words."""
        return self.source.error(sentence, self.peek().start)

    def shown(self, token: Token) -> str:
        text = self.text_of(token)
        if token.kind == "string":
            text += _TO_QUOTE.match(self.source.text, token.end)[0]  # type: ignore[index]
        return visible(text[:40].strip())

    @contextmanager
    def deeper(self, *, lines_end: bool) -> Iterator[None]:
        """Within brackets of any kind; `lines_end` says whether line breaks mean something."""
        if len(self.lines_end) > MAX_DEPTH:
            raise RecursionError
        self.lines_end.append(lines_end)
        yield
        self.lines_end.pop()
