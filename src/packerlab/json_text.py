"""JSON with the places of its values, and with messages of our own.

Python's decoder is not asked what is wrong: its words and its lines change between versions.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from packerlab.source import Source
from packerlab.text import visible

if TYPE_CHECKING:
    from packerlab.source import SourceError

MAX_DEPTH = 60
"""Objects and lists inside each other."""

MAX_DIGITS = 300
"""Characters of a number that is shown as Python's."""


class Json(NamedTuple):
    """A value of JSON: a string's text, a number's or word's letters, or the `items` inside.

    An object has as many `keys`, which may be equal.
    """

    kind: Literal["object", "list", "string", "number", "word"]
    start: int
    text: str = ""
    keys: list[str] = []  # noqa: RUF012  (never changed)
    items: list[Json] = []  # noqa: RUF012


def parse(source: Source) -> Json:
    """The value that a text is; raises SourceError, or RecursionError where it nests too deep."""
    return _Parser(source).whole()


def loads(data: bytes) -> Any:
    """A file's JSON as Python's values, however an editor marks its encoding.

    Raises SourceError where it is none, with the same message and place on every Python.
    """
    encoding = json.detect_encoding(data)
    source = Source(data.decode(encoding, "replace").removeprefix("\ufeff"))
    try:
        return _plain(source, parse(source))
    except RecursionError:
        raise source.error("it nests too deep to be read.", 0) from None


def _plain(source: Source, value: Json) -> Any:
    if value.kind == "object":
        found: dict[str, Any] = {}
        for key, item in zip(value.keys, value.items, strict=True):
            if key in found:  # a reader can't tell which one is meant
                raise source.error(
                    f"`{visible(key)[:60]}` appears twice in this object.", value.start
                )
            found[key] = _plain(source, item)
        return found
    if value.kind == "list":
        return [_plain(source, item) for item in value.items]
    if value.kind == "number":
        return _plain_number(source, value)
    return WORDS[value.text] if value.kind == "word" else value.text


def _plain_number(source: Source, value: Json) -> int | float:
    is_whole = value.text.lstrip("-").isdigit()
    if len(value.text) > MAX_DIGITS or math.isinf(float(value.text)):
        raise source.error("this number is too large to be read.", value.start)
    return int(value.text) if is_whole else float(value.text)


WORDS = {"true": True, "false": False, "null": None}
_BLANK = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\[^\x00-\x1f])*')
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}|(?P<wrong>u|[^\x00-\x1f]))')
_NUMBERS_LETTERS = re.compile(r"[-+.0-9][-+.0-9eE]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORD = re.compile(r"\w+")


class _Parser:
    """Recursive descent over the characters: a method for each thing of JSON's grammar."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self.at = 0
        self._open: list[int] = []

    def whole(self) -> Json:
        """The value, and nothing behind it."""
        value = self._value("a value")
        if self._next():
            raise self._error("the JSON value ends before this, and a file holds only one.")
        return value

    def _next(self) -> str:
        """The next character that is no space; none at the end."""
        self.at = _BLANK.match(self.text, self.at).end()  # type: ignore[union-attr]
        return self.text[self.at : self.at + 1]

    def _error(self, sentence: str, at: int | None = None) -> SourceError:
        return self.source.error(sentence, self.at if at is None else at)

    def _expected(self, wanted: str) -> SourceError:
        found = self._next()
        if not found and self._open:
            start = self._open[-1]
            return self.source.unclosed(start, start + 1, f"`{_CLOSE[self.text[start]]}`")
        if self.text.startswith(("//", "/*", "#"), self.at):
            return self._error("JSON has no comments.")
        if found == "'":
            return self._error("put strings in double quotes, not in single quotes.")
        if found == "\ufeff":
            return self._error("there is a byte order mark here: save as UTF-8 without it.")
        word = _WORD.match(self.text, self.at)
        shown = visible(word[0])[:40] if word else visible(found)
        what = f"found `{shown}`" if found else "the file ends here"
        return self._error(f"expected {wanted}, but {what}.")

    def _value(self, wanted: str) -> Json:
        begins = self._next()
        if begins == "{":
            return self._object()
        if begins == "[":
            return self._list()
        if begins == '"':
            return Json("string", self.at, self._string())
        if match := _NUMBERS_LETTERS.match(self.text, self.at):
            return self._number(match)
        match = _WORD.match(self.text, self.at)
        if match and match[0] in WORDS:
            self.at = match.end()
            return Json("word", match.start(), match[0])
        raise self._expected(wanted)

    def _number(self, match: re.Match[str]) -> Json:
        if not _NUMBER.fullmatch(match[0]):
            raise self._error(f"`{match[0][:40]}` is not a JSON number.")
        self.at = match.end()
        return Json("number", match.start(), match[0])

    def _string(self) -> str:
        match = _STRING.match(self.text, self.at)
        assert match  # noqa: S101  (it was seen to begin)
        for escape in _ESCAPE.finditer(self.text, self.at, match.end()):
            if escape["wrong"]:
                shown = visible(escape["wrong"])
                raise self._error(f"`\\{shown}` is not a JSON escape.", escape.start())
        end = match.end()
        if self.text[end : end + 1] != '"':
            if self.text[end : end + 1] in ("", "\n", "\r", "\\"):
                raise self._error("the string that begins here is not closed on its line.")
            named = f"U+{ord(self.text[end]):04X}"
            raise self._error(
                f"there is a control character ({named}) here: write it as an escape.", end
            )
        self.at = end + 1
        value: str = json.loads(f'{match[0]}"')
        return value

    def _object(self) -> Json:
        start = self._opened()
        keys: list[str] = []
        items: list[Json] = []
        while self._next() != "}":
            if self._next() != '"':
                raise self._expected("a name in double quotes or `}`")
            keys.append(self._string())
            if self._next() == "=":
                raise self._error("JSON puts a `:` between a name and its value, not a `=`.")
            if self._next() != ":":
                raise self._expected("`:` and a value after the name")
            self.at += 1
            items.append(self._value("a value"))
            if not self._comma("}"):
                break
        return self._closed("}", Json("object", start, keys=keys, items=items))

    def _list(self) -> Json:
        start = self._opened()
        items: list[Json] = []
        while self._next() != "]":
            items.append(self._value("a value or `]`"))
            if not self._comma("]"):
                break
        return self._closed("]", Json("list", start, items=items))

    def _opened(self) -> int:
        if len(self._open) == MAX_DEPTH:
            raise RecursionError
        self._open.append(self.at)
        self.at += 1
        return self._open[-1]

    def _comma(self, closing: str) -> bool:
        """Whether there is a comma; JSON has none behind the last item."""
        if self._next() != ",":
            return False
        comma = self.at
        self.at += 1
        if self._next() == closing:
            raise self._error(f"JSON allows no comma before `{closing}`.", comma)
        return True

    def _closed(self, closing: str, value: Json) -> Json:
        found = self._next()
        if found != closing:
            if found in _BEGINS:
                raise self._error("expected a comma before the next item.")
            raise self._expected(f"a comma or `{closing}`")
        self._open.pop()
        self.at += 1
        return value


_BEGINS = tuple('"{[-0123456789tfn')
_CLOSE = {"{": "}", "[": "]"}
