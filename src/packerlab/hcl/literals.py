"""What the characters of a string or a heredoc stand for: escapes, and `<<-`'s indentation."""

from __future__ import annotations

import re

_ESCAPE = re.compile(r'\\(?:([nrt"\\])|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))|\$\$\{|%%\{')
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}


def unescape(text: str) -> str:
    """The value of a quoted string's characters."""

    def one(match: re.Match[str]) -> str:
        simple, short, long = match.groups()
        if simple:
            return _ESCAPED.get(simple, simple)
        if short or long:
            number = int(short or long, 16)
            return without_surrogates(chr(number)) if number < 0x110000 else _REPLACEMENT
        return match.group()[1:]

    return _ESCAPE.sub(one, text)


def unescape_heredoc(text: str) -> str:
    """The value of a heredoc's, in which a backslash is one."""
    return text.replace("$${", "${").replace("%%{", "%{")


_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def without_surrogates(text: str) -> str:
    """Half a pair is no character; Packer shows it as this too."""
    return re.sub("[\ud800-\udfff]", _REPLACEMENT, text)


_SEQUENCE = "\udfff"
"""Stands for a `${}`: no text that was UTF-8 has it."""


def flushed(parts: list[str | None]) -> list[str | None]:
    """A `<<-` heredoc's literal parts without the indentation that its lines share."""
    whole = "".join(_SEQUENCE if part is None else part for part in parts)
    lines = re.findall(r"[^\n]*\n|[^\n]+", whole)
    written = [line for line in lines if line.strip() or not line.endswith("\n")]
    margin = min((len(line) - len(line.lstrip()) for line in written), default=0)
    cut = "".join(line[margin:] if line.strip() else line for line in lines).split(_SEQUENCE)
    sequences = 0
    found: list[str | None] = []
    for part in parts:
        found.append(None if part is None else cut[sequences])
        sequences += part is None
    return found
