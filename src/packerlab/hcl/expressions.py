"""The expressions of HCL, and the templates in its strings, as Packer takes them.

Recursive descent: a method for each thing of HCL's specification.
"""

from __future__ import annotations

import re

from packerlab.hcl.cursor import OPERATORS, Cursor, Terminal
from packerlab.hcl.scanner import Token

WORDS = {"true": "TRUE", "false": "FALSE", "null": "NULL"}
BEGINS_VALUE = ("name", "number", "string", "heredoc", "(", "[", "{", "-", "!")
_NUMBER = re.compile(r"[0-9]+(?P<fraction>\.[0-9]*)?(?P<exponent>[eE][+-]?[0-9]{1,9})?")


class Expressions(Cursor):
    """Reads an expression at a time; SourceError where there is none."""

    def expression(self) -> None:
        """Terms with operators between them; which of these bind closer is the grammar's."""
        while True:
            self._signs()
            self._term()
            self._steps()
            if self.at(*OPERATORS):
                self.take()
            elif self.at("?"):
                self.take()
                with self.deeper(lines_end=self.lines_end[-1]):
                    self.expression()
                if not self.at(":"):
                    raise self.expected("`:` and the other value of this condition")
                self.take()
            else:
                return

    def _signs(self) -> None:
        """The grammar takes one sign before a term: several are a single `!` to it."""
        signs = []
        while self.at("-", "!"):
            signs.append(self.read())
        if len(signs) == 1:
            self.put(signs[0])
        elif signs:
            self.out.append(Terminal("NOT", signs[0].start, signs[-1].end))

    def _term(self) -> None:
        token = self.peek()
        if token.kind == "name":
            self._name()
        elif token.kind == "number":
            self._number()
        elif token.kind in ("string", "heredoc"):
            self.template(self.read())
        elif token.kind == "(":
            opened = self.take()
            with self.deeper(lines_end=False):
                self.check_open(opened, "`)`")
                self.expression()
                self.expect(")", opened, "an operator or `)`")
        elif token.kind == "[":
            self._list()
        elif token.kind == "{":
            self._object()
        else:
            raise self.expected("a value")

    def _name(self) -> None:
        first = last = self.read()
        while self.at("::"):
            self.read()
            if not self.at("name"):
                raise self.expected("a function's name after `::`")
            last = self.read()
        name = Token("name", first.start, last.end)
        if self.at("("):
            self.put(name)
            self._call()
        elif first is not last:
            raise self.expected("`(` after a function's name")
        else:
            self.put(name, WORDS.get(self.text_of(name), ""))

    def _call(self) -> None:
        opened = self.take()
        with self.deeper(lines_end=False):
            self._items(opened, ")")

    def _number(self) -> None:
        token = self.read()
        match = _NUMBER.fullmatch(self.text_of(token))
        if not match:
            raise self.source.error(f"`{self.shown(token)}` is not a number.", token.start)
        self.put(
            token, "FLOAT_LITERAL" if match["fraction"] or match["exponent"] else "INT_LITERAL"
        )

    def _steps(self) -> None:
        """What leads from a value into it: `.name`, `.0`, `[0]`, `.*` and `[*]`."""
        while True:
            if self.at("."):
                self._step_by_dot()
            elif self.at("["):
                self._index()
            else:
                return

    def _step_by_dot(self) -> None:
        dot = self.read()
        if not self.at("*"):
            self._step_by_name(dot)
            return
        star = self.read()
        self.out.append(Terminal("ATTR_SPLAT", dot.start, star.end))
        while self.at("."):
            self._step_by_name(self.read())

    def _step_by_name(self, dot: Token) -> None:
        self.put(dot)
        if self.at("number") and "." not in self.text_of(self.peek()):
            self.take("INT_LITERAL")
        elif self.at("name"):
            self.take()
        else:
            raise self.expected("a name after the dot")

    def _index(self) -> None:
        opened = self.read()
        if self.at("*"):
            self.read()
            if not self.at("]"):
                raise self.expected("`]` after `[*`")
            self.out.append(Terminal("FULL_SPLAT_START", opened.start, self.read().end))
            return
        self.put(opened)
        with self.deeper(lines_end=False):
            self.expression()
            self.expect("]", opened, "`]` after the index")

    # --- lists, objects, and what `for` makes ---

    def _list(self) -> None:
        opened = self.take()
        with self.deeper(lines_end=False):
            if self.at_word("for"):
                self._for(opened, "]")
                return
            self._items(opened, "]")

    def _items(self, opened: Token, closing: str) -> None:
        """Values with commas between them, to their end; `...` may follow a call's last."""
        while not self.at(closing):
            self.check_open(opened, f"`{closing}`")
            self.expression()
            if closing == ")" and self.at("..."):
                self.take()
                self.expect(")", opened, "`)` after `...`")
                return
            if not self.at(","):
                break
            self.take()
        if self.at(*BEGINS_VALUE):
            raise self.wrong("expected a comma before the next item.")
        self.expect(closing, opened, f"a comma or `{closing}`")

    def _object(self) -> None:
        opened = self.take()
        with self.deeper(lines_end=False):
            if self.at_word("for"):
                self._for(opened, "}")
                return
        with self.deeper(lines_end=True):
            while not self.at("}"):
                if self.at("newline"):
                    self.read()
                    continue
                self._pair(opened)
                if not self.at(",", "newline"):
                    break
                separator = self.read()
                self.out.append(Terminal("COMMA", separator.start, separator.end))
            self.expect("}", opened, "a comma, a line break or `}` after this item")

    def _pair(self, opened: Token) -> None:
        self.check_open(opened, "`}`")
        self.expression()
        self.check_open(opened, "`}`")
        if not self.at("=", ":"):
            raise self.expected("`=` and a value after this key")
        self.take()
        self.expression()

    def _for(self, opened: Token, closing: str) -> None:
        self._for_names()
        self.expression()
        self.check_open(opened, f"`{closing}`")
        if not self.at(":"):
            raise self.expected("`:` after what the `for` goes through")
        self.take()
        self.expression()
        if closing == "}":
            self.check_open(opened, f"`{closing}`")
            if not self.at("=>"):
                raise self.expected("`=>` and a value after the key")
            self.take()
            self.expression()
            if self.at("..."):
                self.take()
        if self.at_word("if"):
            self.take("IF")
            self.expression()
        self.expect(closing, opened, f"`if` or the `{closing}` of this `for`")

    def _for_names(self) -> None:
        self.take("FOR")
        for sign in (",", ""):
            if not self.at("name"):
                raise self.expected("a name for the values of this `for`")
            self.take()
            if not sign or not self.at(sign):
                break
            self.take()
        if not self.at_word("in"):
            raise self.expected("`in` after the names of this `for`")
        self.take("IN")

    # --- strings and heredocs ---

    def template(self, opened: Token) -> None:
        """What a string or a heredoc holds, to its end."""
        self.put(opened)
        directives: list[tuple[str, Token]] = []
        while not self.at("close"):
            if self.at("text"):
                self.literal()
            else:
                self._sequence(directives)
        if directives:
            word, begun = directives[-1]
            closing = f"`%{{ end{_BEGIN.get(word, word)} }}`"
            raise self.source.unclosed(begun.start, begun.end, closing)
        self.take()

    def literal(self) -> None:
        """Text up to the next sequence, on however many lines."""
        first = last = self.read()
        while self.at("text"):
            last = self.read()
        self.out.append(Terminal("STRING_CHARS", first.start, last.end))

    def _sequence(self, directives: list[tuple[str, Token]]) -> None:
        opened = self.take()
        with self.deeper(lines_end=False):
            if opened.kind == "${":
                self.expression()
                if not self.at("sequence end", "end"):
                    raise self.expected("`}` after this value", "a plain `${` is written `$${`")
            else:
                self._directive(opened, directives)
            self.expect("sequence end", opened, "`}`", "`}`")

    def _directive(self, opened: Token, directives: list[tuple[str, Token]]) -> None:
        word = self.text_of(self.peek()) if self.at("name") else ""
        if word not in ("if", "for", "else", "endif", "endfor"):
            advice = "a value is written `${...}`, and a plain `%{` is `%%{`"
            raise self.expected("`if` or `for` after `%{`", advice)
        if word in ("if", "for"):
            directives.append((word, opened))
        elif directives and directives[-1][0] in _ENDS[word]:
            _, begun = directives.pop()
            if word == "else":
                directives.append((word, begun))
        else:
            raise self.wrong(f"this `{word}` belongs to no `%{{ {_BEGIN[word]} }}`.")
        if word == "for":
            self._for_names()
        else:
            self.take(word.upper())
        if word in ("if", "for"):
            self.expression()


_BEGIN = {"else": "if", "endif": "if", "endfor": "for"}
_ENDS = {"else": ("if",), "endif": ("if", "else"), "endfor": ("for",)}
