"""What an output shows that lacks a character, as where the locale is ASCII or Latin-1."""

from __future__ import annotations

import codecs
import sys
from io import TextIOWrapper

HANDLER = "packerlab"
ALIKE = {
    "\N{CHECK MARK}": "+",
    "\N{BALLOT X}": "x",
    "\N{MIDDLE DOT}": "-",
    "\N{BULLET}": "*",
    "\N{WHITE CIRCLE}": "o",
    "\N{HORIZONTAL ELLIPSIS}": "...",
    "\N{FULL BLOCK}": "#",
    "\N{LIGHT SHADE}": ".",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{RIGHTWARDS ARROW}": "->",
}
"""What stands for the characters that we show ourselves; all others become a question mark."""


def accept_every_character() -> None:
    """Let standard output and error show any text at all."""
    codecs.register_error(HANDLER, _alike)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=HANDLER)


def _alike(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    return "".join(ALIKE.get(char, "?") for char in lost), error.end
