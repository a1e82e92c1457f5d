"""Whether a text is HCL as Packer takes it, and if not, what was expected where.

It goes through the tokens by HCL's own rules, and hands on what python-hcl2's grammar needs to make
a tree: that grammar alone takes much that Packer refuses, and can't say what it expected. It
refuses nothing that is handed on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packerlab.hcl.cursor import Terminal
from packerlab.hcl.expressions import Expressions
from packerlab.hcl.scanner import Token, scan, scan_template
from packerlab.text import visible

if TYPE_CHECKING:
    from packerlab.source import Source, SourceError

_BRACE = re.compile(r"\s{0,200}\{")


def terminals(source: Source) -> list[Terminal]:
    """What a file consists of; raises SourceError, or RecursionError where it nests too deep."""
    parser = Bodies(source, scan(source))
    parser.body(None)
    return parser.out


def template_terminals(source: Source) -> list[Terminal]:
    """The same for a text that is a template as a whole: the value of an attribute."""
    parser = Bodies(source, scan_template(source))
    parser.out += [Terminal("NAME", 0, 0), Terminal("EQ", 0, 0)]
    parser.template(Token("heredoc", 0, 0))
    return parser.out


class Bodies(Expressions):
    """Arguments and blocks: what a file consists of."""

    def body(self, opened: Token | None) -> None:
        """The arguments and blocks of a file, or of the block that `opened` begins."""
        lines: dict[str, int] = {}
        while not self.at("}" if opened else "end"):
            if self.at("newline"):
                self.read()
            elif self.at("name"):
                self._item(lines)
            else:
                raise self._no_item(opened)

    def _item(self, lines: dict[str, int]) -> None:
        name = self.take()
        if self.at("="):
            self._check_twice(name, lines)
            self._argument()
            self._end_line("argument")
        elif self.at("string", "name", "{"):
            self._block(name)
            self._end_line("block")
        else:
            self._check_brace()
            raise self.expected(f"`=` and a value after `{self.shown(name)}`, or a block's `{{`")

    def _check_twice(self, name: Token, lines: dict[str, int]) -> None:
        text = self.text_of(name)
        if text in lines:
            sentence = f"`{visible(text)}` is set twice, the first time in line {lines[text]}."
            raise self.source.error(sentence, name.start)
        lines[text] = self.source.line(name.start)

    def _check_brace(self) -> None:
        """A block's `{` belongs on the line of its header."""
        if self.at("newline") and _BRACE.match(self.source.text, self.peek().end):
            raise self.expected("the block's `{` on the same line")

    def _argument(self) -> None:
        self.take()
        self.expression()

    def _block(self, name: Token) -> None:
        label = self.peek()
        while not self.at("{"):
            if self.at("string"):
                self._label()
            elif self.at("name"):
                self.take()
            elif self.at("="):
                raise self.wrong("a block has no `=` before its `{`.")
            else:
                self._check_brace()
                if self.at("newline", "end"):
                    wanted = f"`=` after `{self.shown(name)}`, or a block's `{{` behind this"
                    raise self.source.error(f"expected {wanted}.", label.start)
                raise self.expected("the block's `{` or a label in quotes")
        opened = self.take()
        with self.deeper(lines_end=True):
            if self.at("newline", "end", "}"):
                self.body(opened)
            else:
                self._single_argument()
            self.expect("}", opened, "`}`, for a block on one line has one argument")

    def _single_argument(self) -> None:
        """`a { b = 1 }`: one argument may stand on the line of its block."""
        if not self.at("name"):
            raise self.expected("an argument's name, `}` or a line break")
        name = self.take()
        if not self.at("="):
            raise self.expected(f"`=` after `{self.shown(name)}`")
        self._argument()

    def _label(self) -> None:
        self.take()
        if self.at("text"):
            self.literal()
        if not self.at("close"):
            sign = self.text_of(self.peek())[:2]
            raise self.wrong(f"a label can't contain `{sign}`: write `{sign[0]}{sign}` instead.")
        self.take()

    def _end_line(self, what: str) -> None:
        if self.at(","):
            raise self.wrong("no comma belongs here: arguments and blocks end with their line.")
        if not self.at("newline", "end"):
            raise self.expected(f"a line break after the {what}")
        if self.at("newline"):
            self.read()

    def _no_item(self, opened: Token | None) -> SourceError:
        if opened:
            self.check_open(opened, "`}`")
        if self.at("}"):
            return self.wrong("this `}` closes nothing: no `{` is open.")
        if self.at("string"):
            return self.wrong("write the names of arguments and blocks without quotes.")
        if self.at("{") and not opened:
            return self.wrong("HCL has no `{` here; if this is JSON, name the file `*.pkr.json`.")
        return self.expected("the name of an argument or a block")
