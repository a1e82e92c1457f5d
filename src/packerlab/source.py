"""A learner's text, and the places in it that messages name."""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cached_property

from packerlab.text import visible


class SourceError(Exception):
    """Text that is not what it should be; `line` and `column` count from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


class Source:
    """A text and the places in it. Bytes that are no UTF-8 stand in it as lone surrogates."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.begin = 1 if text.startswith("\ufeff") else 0
        """Behind a byte order mark."""

    @cached_property
    def _breaks(self) -> list[int]:
        return [match.start() for match in re.finditer("\n", self.text)]

    def line(self, position: int) -> int:
        """The line of a character, counted from 1."""
        return bisect_left(self._breaks, position) + 1

    def error(self, message: str, position: int) -> SourceError:
        """An error that names the place of a character."""
        line = self.line(position)
        begin = self._breaks[line - 2] + 1 if line > 1 else self.begin
        return SourceError(message, line, max(position - begin, 0) + 1)

    def unclosed(self, start: int, end: int, closing: str) -> SourceError:
        """The error for what has no end: the place is where it begins."""
        shown = visible(self.text[start:end].strip())
        return self.error(f"the `{shown}` that begins here is not closed by {closing}.", start)
