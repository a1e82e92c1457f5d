"""HCL and JSON with their literals masked: the same length, in the part of HCL a grammar reads.

python-hcl2's grammar stumbles over much that Packer takes: comments within a line, line breaks
inside brackets, escapes, heredocs, letters beyond ASCII. So it is given a text in which comments
are spaces, what a string holds is `_`, and a heredoc is a string; templates' `${...}` stay. Every
character keeps its place, so that what was masked is read back from the original.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from packerlab.text import visible


class HclError(Exception):
    """Text that is no HCL; `line` and `column` count from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


@dataclass
class Masked:
    """A text and its mask.

    `before` counts what stands before the learner's text. `heredocs` has where one's string begins,
    and whether it is `<<-`.
    """

    original: str
    before: int = 0
    text: str = ""
    heredocs: dict[int, bool] = field(default_factory=dict)

    @cached_property
    def _breaks(self) -> list[int]:
        return [match.start() for match in re.finditer("\n", self.original)]

    def line(self, position: int) -> int:
        """The line of a character, counted from 1."""
        return bisect_left(self._breaks, position) + 1

    def error(self, message: str, position: int) -> HclError:
        """An error that names the place of a character."""
        line = self.line(position)
        begin = self._breaks[line - 2] + 1 if line > 1 else self.before
        return HclError(message, line, position - begin + 1)

    def unexpected(self, begin: int) -> HclError:
        """The error for what makes no sense where it stands."""
        text = self.text or self.original
        found = re.compile(r'[ \t]*("_*"|[\w.-]+|[^ \t])').match(text, begin)
        if found is None or not text[begin:].strip():
            return self.error("the file ends too early.", begin)
        if found[1] == "\n":
            return self.error("the line ends too early.", begin)
        shown = visible(self.original[found.start(1) : found.end(1)])[:40]
        return self.error(f"`{shown}` can't stand here.", found.start(1))


_WORD = r"(?:[A-Za-z_]|[^\x00-\x7f])(?:[\w-]|[^\x00-\x7f])*"
_CODE = re.compile(
    rf"""(?P<blank>[ \t\r\ufeff]+|\#[^\n]*|//[^\n]*|/\*.*?\*/)
    |(?P<newline>\n)
    |(?P<comment>/\*)
    |(?P<heredoc><<(?P<flush>-?)(?P<marker>{_WORD})\r?\n)
    |(?P<word>{_WORD}|[0-9][0-9.eE]*)
    |(?P<quote>")
    |(?P<splat>\[\s*\*\s*\]|\.[ \t]*\*)
    |(?P<open>[(\[{{])
    |(?P<close>~?\}}|[)\]])
    |(?P<sign>!(?!=)|-)
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_STRING = re.compile(
    r"""(?P<sequence>[$%]\{~?)
    |(?P<quote>")
    |(?P<literal>(?:\\.|[$]{2}\{|%%\{|[$%](?!\{)|[^"\\$%\n])+)""",
    re.VERBOSE,
)
_HEREDOC = re.compile(
    r"""(?P<sequence>[$%]\{~?)
    |(?P<literal>(?:[$]{2}\{|%%\{|[$%](?!\{)|[^$%\n])*\n?)""",
    re.VERBOSE,
)
_COMMENT = r"(?:\#|//)[^\n]*\n|/\*(?:[^*]|\*(?!/))*\*/"
"""A comment in which nothing matches in two ways: what follows may fail without looking again."""

_FOR = re.compile(rf"\{{(?:\s|{_COMMENT})*for\b(?!\s*[=:-])")
_SPACE = "[\t\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*"
"""What Go's TrimSpace takes from a heredoc's last line; Python's `\\s` is more."""

_OPENED_BY = {")": "(", "]": "[", "}": "{", "~}": "~"}


class _Frame(NamedTuple):
    """What is open: a bracket, `for` (its braces), `$` (a `${` or `%{`), `"`, or a heredoc."""

    kind: str
    start: int
    marker: str = ""


def mask(text: str) -> Masked:
    """Mask HCL; raises HclError where something that was opened is not closed."""
    masker = _Masker(text)
    masker.run()
    return masker.masked


def mask_template(text: str) -> Masked:
    """Mask a text that is a template as a whole, as JSON's strings are: `x = "..."`."""
    masker = _Masker(f'x = "{text}"')
    masker.masked.heredocs[4] = False
    masker.out.append('x = "')
    masker.at = 5
    masker.stack.append(_Frame("heredoc", 4, marker='"'))
    masker.run(until=len(text) + 5)
    if masker.stack != [_Frame("heredoc", 4, marker='"')]:
        raise masker.masked.error("a `${` or `%{` is not closed.", 0)
    masker.masked.text += '"'
    return masker.masked


def mask_json(text: str) -> Masked:
    """Mask JSON that was found valid, as an HCL object: `x = {...}`."""
    masked = Masked("x = " + text, before=4)
    masked.text = re.sub(
        r'"(?:\\.|[^"\\])*"|\s+',
        lambda match: (
            " " * len(match[0]) if match[0].isspace() else f'"{"_" * (len(match[0]) - 2)}"'
        ),
        masked.original,
    )
    return masked


class _Masker:
    """One pass over a text, a token at a time, with a stack of what is open."""

    def __init__(self, text: str) -> None:
        self.masked = Masked(text)
        self.text = text
        self.out: list[str] = []
        self.at = 0
        self.stack: list[_Frame] = []
        self.operand = False
        self.sign: int | None = None

    def run(self, until: int | None = None) -> None:
        end = len(self.text) if until is None else until
        while self.at < end:
            kind = self.stack[-1].kind if self.stack else ""
            if kind == '"':
                self._in_string()
            elif kind == "heredoc":
                self._in_heredoc(end)
            else:
                self._in_code()
        self.masked.text = "".join(self.out)
        if self.stack and until is None:
            raise self._unclosed()

    def _emit(self, text: str, end: int) -> None:
        self.out.append(text)
        self.at = end

    def _in_code(self) -> None:
        match = _CODE.match(self.text, self.at)
        assert match  # noqa: S101  (`other` takes any character)
        kind, found, end = str(match.lastgroup), match[0], match.end()
        if kind == "blank":
            self._emit(" " * len(found), end)
        elif kind == "newline":
            self._emit("\n" if not self.stack or self.stack[-1].kind == "{" else " ", end)
        elif kind == "comment":
            raise self.masked.error("the comment that begins here is not closed.", self.at)
        elif kind == "sign" and not self.operand:
            self._unary(found, end)
        else:
            self.sign = None
            self.operand = kind in ("word", "splat", "close")
            self._solid(kind, match)

    def _solid(self, kind: str, match: re.Match[str]) -> None:
        """A token that is no space: it decides what the next one may be."""
        found, end = match[0], match.end()
        if kind == "heredoc":
            self._open_heredoc(match)
        elif kind == "close":
            self._close(found, end)
        elif kind == "splat":
            self._emit("".join(found.split()).ljust(len(found)), end)
        else:
            if kind == "quote":
                self.stack.append(_Frame('"', self.at))
            elif kind == "open":
                opened = "for" if _FOR.match(self.text, self.at) else found
                self.stack.append(_Frame(opened, self.at))
            self._emit(re.sub(r"[^\x00-\x7f]", "_", found), end)

    def _unary(self, sign: str, end: int) -> None:
        """The grammar takes one sign before a term: of several the last stays, as `!`."""
        if self.sign is not None:
            self.out[self.sign] = " "
            sign = "!"
        self.sign = len(self.out)
        self._emit(sign, end)

    def _close(self, found: str, end: int) -> None:
        opened = self.stack[-1].kind if self.stack else ""
        wanted = _OPENED_BY[found]
        if opened != wanted and not (wanted in "{~" and opened in ("$", "for")):
            raise self.masked.unexpected(self.at)
        self.stack.pop()
        self._emit(found.replace("~", " "), end)

    def _in_string(self) -> None:
        match = _STRING.match(self.text, self.at)
        if match is None:
            raise self._unclosed()
        if match["literal"]:
            self._emit("_" * len(match[0]), match.end())
        elif match["sequence"]:
            self._open_sequence(match[0])
        else:
            self.stack.pop()
            self.operand = True
            self._emit('"', match.end())

    def _open_sequence(self, found: str) -> None:
        self.stack.append(_Frame("$", self.at))
        self.operand = False
        self._emit(found.replace("~", " "), self.at + len(found))

    def _open_heredoc(self, match: re.Match[str]) -> None:
        """Its string begins at the end of the line: `<<EOT` gives place to blanks."""
        self.stack.append(_Frame("heredoc", self.at, match["marker"]))
        self._emit(" " * (len(match[0]) - 1) + '"', match.end())
        self.masked.heredocs[match.end() - 1] = bool(match["flush"])

    def _in_heredoc(self, end: int) -> None:
        marker = self.stack[-1].marker
        if self.text[self.at - 1] == "\n" and marker != '"':
            closing = re.compile(rf"{_SPACE}{re.escape(marker)}{_SPACE}(?=\n|\Z)")
            if match := closing.match(self.text, self.at):
                self.stack.pop()
                self.operand = True
                self._emit('"' + " " * (len(match[0]) - 1), match.end())
                return
        match = _HEREDOC.match(self.text, self.at, end)
        assert match  # noqa: S101  (a character is a literal or begins a sequence)
        if match["sequence"]:
            self._open_sequence(match[0])
        else:
            self._emit("_" * len(match[0]), match.end())

    def _unclosed(self) -> HclError:
        frame = self.stack[-1]
        what = {
            '"': "the string that begins here is not closed on its line (a heredoc has several).",
            "heredoc": f"the heredoc that begins here has no line `{visible(frame.marker)}`.",
            "$": "the `${` or `%{` that begins here is not closed.",
        }
        opening = "{" if frame.kind == "for" else frame.kind
        sentence = what.get(frame.kind, f"the `{opening}` that opens here is not closed.")
        return self.masked.error(sentence, frame.start)
