"""HCL's tokens, with their places: where words, strings and heredocs begin and end.

One pass in linear time. What can be no token of HCL is reported at once, in a sentence.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from packerlab.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from packerlab.source import Source, SourceError


class Token(NamedTuple):
    """A piece of HCL.

    Its kind is `name`, `number`, `newline` or `end`; `string` or `heredoc` for what begins one,
    then `text` and `close`; `${` or `%{`, and `sequence end`; for anything else its own characters.
    """

    kind: str
    start: int
    end: int


@dataclass
class _Open:
    """What the scanner is in: code, a `string`, a `heredoc`, or a `template` as a whole."""

    token: Token
    marker: str = ""
    braces: int = 0


_WORD = r"(?:[A-Za-z_]|[^\x00-\x7f])(?:[\w-]|[^\x00-\x7f])*"
_CODE = re.compile(
    rf"""(?P<blank>[ \t]+|(?:\#|//)[^\n]*|/\*[\s\S]*?\*/)
    |(?P<newline>\r?\n)
    |(?P<heredoc><<-?(?P<marker>{_WORD})\r?\n)
    |(?P<name>{_WORD})
    |(?P<number>[0-9](?:(?:[0-9.]|[eE][+-]?[0-9])*(?:[0-9]|[eE][+-]?[0-9]))?)
    |(?P<string>")
    |(?P<wrong>/\*|<<)
    |(?P<operator>==|!=|>=|<=|&&|\|\||::|\.\.\.|=>|~?\}}|[\[\]().,*/%+\-=<>!?:{{])""",
    re.VERBOSE,
)
_STRING = re.compile(
    r"""(?P<sequence>[$%]\{~?)
    |(?P<close>")
    |(?P<text>(?:\\[^\r\n]|[$]{2}\{|%%\{|[$%](?!\{)|[^"\\$%\r\n])+)""",
    re.VERBOSE,
)
_TEMPLATE = re.compile(
    r"""(?P<sequence>[$%]\{~?)
    |(?P<text>(?:[$]{2}\{|%%\{|[$%](?!\{)|[^$%\n])*\n?)""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(?:u(?P<short>[0-9a-fA-F]{4})|U(?P<long>[0-9a-fA-F]{8})|(?P<simple>.))")
_NOT_UTF_8 = re.compile("[\udc80-\udcff]")
_LONE_RETURN = re.compile(r"\r(?!\n)")
_SPACES = (
    "\t\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
    "\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""What may stand around a heredoc's marker, as Go has it; Python's `strip` takes more."""


def scan(source: Source) -> Iterator[Token]:
    """The tokens of a file, `end` at last; raises SourceError where there is none."""
    return _Scanner(source, [_Open(Token("", 0, 0))]).run()


def scan_template(source: Source) -> Iterator[Token]:
    """The tokens of a text that is a template as a whole, as JSON's strings are."""
    return _Scanner(source, [_Open(Token("", 0, 0)), _Open(Token("template", 0, 0))]).run()


class _Scanner:
    """`open` is what surrounds the place that is looked at, and is never empty."""

    def __init__(self, source: Source, opened: list[_Open]) -> None:
        self.source = source
        self.text = source.text
        self.at = source.begin
        self.open = opened

    def run(self) -> Iterator[Token]:
        modes: dict[str, Callable[[], Token | None]] = {
            "string": self._in_string,
            "heredoc": self._in_heredoc,
            "template": self._in_template,
        }
        while self.at < len(self.text):
            token = modes.get(self.open[-1].token.kind, self._in_code)()
            if token:
                self.at = token.end
                yield token
        last = self.open[-1]
        if last.token.kind in ("string", "heredoc"):
            raise self._unclosed()
        if last.token.kind == "template":
            yield Token("close", self.at, self.at)
        while True:
            yield Token("end", self.at, self.at)

    # --- code ---

    def _in_code(self) -> Token | None:
        match = _CODE.match(self.text, self.at)
        kind = str(match.lastgroup) if match else ""
        if match is None or kind == "wrong":
            raise self._no_token(match[0] if match else self.text[self.at])
        if kind == "blank":
            self.at = match.end()
            return None
        if kind == "operator":
            return self._operator(match[0])
        for word in ("name", "marker"):
            self._check_name(match[word] or "", match.start(word))
        return self._token(kind, match.end(), match["marker"])

    def _token(self, kind: str, end: int, marker: str | None = None) -> Token:
        token = Token(kind, self.at, end)
        if kind in ("string", "heredoc", "${", "%{"):
            self.open.append(_Open(token, marker or ""))
        return token

    def _operator(self, found: str) -> Token:
        """Braces are counted: a `}` ends a sequence only where no other is open."""
        here = self.open[-1]
        end = self.at + len(found)
        if found.endswith("}") and here.token.kind and not here.braces:
            self.open.pop()
            return Token("sequence end", self.at, end)
        here.braces += (found == "{") - found.endswith("}")
        return Token(found, self.at, end)

    def _check_name(self, name: str, start: int) -> None:
        if name.isascii():
            return
        for offset, char in enumerate(name):
            if not _in_name(char, first=offset == 0):
                self.at = start + offset
                raise self._no_token(char)

    def _no_token(self, found: str) -> SourceError:
        if found == "/*":
            return self.source.unclosed(self.at, self.at + 2, "`*/`")
        if _NOT_UTF_8.match(found):
            return self._not_utf_8(self.at)
        here = self.open[-1].token
        if found == "\\" and here.kind in ("${", "%{"):  # the text of the string goes on
            return self.source.unclosed(here.start, here.end, "`}`")
        if found == "$" and not self.text.startswith("{", self.at + 1):
            return self.source.error("HCL has no `$`: a variable is `var.` and its name.", self.at)
        shown, named = visible(found), f"U+{ord(found[0]):04X}"
        if found in _WRONG:
            sentence = _WRONG[found]
        elif unicodedata.category(found) in ("Zs", "Zl", "Zp"):
            sentence = f"HCL does not accept this kind of space ({named}): type a plain one."
        elif shown != found:
            sentence = f"there is an invisible character ({named}) here: delete it."
        else:
            sentence = f"HCL has no `{shown}`."
        return self.source.error(sentence, self.at)

    def _not_utf_8(self, position: int) -> SourceError:
        return self.source.error("this is not UTF-8 text.", position)

    # --- strings, heredocs, templates ---

    def _in_string(self) -> Token:
        match = _STRING.match(self.text, self.at)
        if match is None:
            raise self._unclosed()
        if match["close"]:
            self.open.pop()
            return Token("close", self.at, match.end())
        if match["text"]:
            self._check_escapes(match)
        return self._part(match)

    def _in_heredoc(self) -> Token:
        """Its end is looked for where a line begins, and is a line."""
        if self.text[self.at - 1] == "\n":
            line_end = self.text.find("\n", self.at)
            if wrong := _LONE_RETURN.search(self.text, self.at, line_end + 1):
                self.at = wrong.start()
                raise self._no_token("\r")
            line = self.text[self.at : line_end]
            if line_end >= 0 and line.strip(_SPACES) == self.open[-1].marker:
                self.open.pop()
                return Token("close", self.at, line_end - line.endswith("\r"))
        return self._in_template()

    def _in_template(self) -> Token:
        match = _TEMPLATE.match(self.text, self.at)
        assert match  # noqa: S101  (a character is text or begins a sequence)
        return self._part(match)

    def _part(self, match: re.Match[str]) -> Token:
        if match["sequence"]:
            return self._token(match["sequence"][:2], match.end())
        if wrong := _NOT_UTF_8.search(self.text, match.start(), match.end()):
            raise self._not_utf_8(wrong.start())
        return Token("text", self.at, match.end())

    def _check_escapes(self, text: re.Match[str]) -> None:
        for match in _ESCAPE.finditer(self.text, text.start(), text.end()):
            simple = match["simple"]
            if simple is None:
                number = int(match["short"] or match["long"], 16)
                if 0xD800 <= number < 0xE000 or number > 0x10FFFF:
                    sentence = f"`{match[0]}` is not a character."
                    raise self.source.error(sentence, match.start())
            elif simple in "uU":
                wanted = "four" if simple == "u" else "eight"
                sentence = f"`\\{simple}` needs {wanted} hexadecimal digits after it."
                raise self.source.error(sentence, match.start())
            elif simple not in 'nrt"\\':
                shown = visible(simple)
                sentence = f"HCL has no escape `\\{shown}`; a backslash is written `\\\\`."
                raise self.source.error(sentence, match.start())

    def _unclosed(self) -> SourceError:
        """A string has one line; where one in a `${` of another has no end, the `}` is missing."""
        opened = self.open[-1]
        if opened.token.kind == "heredoc":
            closing = f"a line with `{visible(opened.marker)}` alone"
            return self.source.unclosed(opened.token.start, opened.token.end, closing)
        if len(self.open) > 2 and self.open[-3].token.kind == "string":
            sequence = self.open[-2].token
            return self.source.unclosed(sequence.start, sequence.end, "`}`")
        sentence = 'the string that begins here is not closed by `"` on its line.'
        return self.source.error(sentence, opened.token.start)


_QUOTE = 'this is a typographic quote; use the plain double quote, `"`.'
_WRONG = {
    "'": 'put strings in double quotes, `"`, not in single quotes.',
    "`": 'put strings in double quotes, `"`; for several lines, use a heredoc, `<<EOT`.',
    ";": "HCL has no `;`: end the line here, or write a comma between the items of a list.",
    "<<": "expected a heredoc's marker as the last word of the line, such as `<<EOT`.",
    "&": "HCL has no `&`; do you mean `&&`?",
    "|": "HCL has no `|`; do you mean `||`?",
    "$": "`${` belongs inside a string; outside one, write the expression alone.",
    "~": "HCL has no `~`; do you mean `!`?",
    "\r": "a carriage return has no line feed after it: save the file with Unix line endings.",
} | dict.fromkeys("\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb", _QUOTE)


def _in_name(char: str, *, first: bool) -> bool:
    """Unicode's rule for identifiers, which HCL's names follow."""
    category = unicodedata.category(char)
    begins = category in ("Lu", "Ll", "Lt", "Lm", "Lo", "Nl")
    continues = category in ("Mn", "Mc", "Nd", "Pc") or char == "\u00b7"
    return begins or char.isascii() or (continues and not first)
