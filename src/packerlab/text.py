"""Make untrusted text safe to show: on a terminal, in a report, in a message of ours."""

from __future__ import annotations

import unicodedata

LONGEST = 4_000
"""Characters of one text in a report."""

KEPT = "\n\t"


def clean(text: str, longest: int = LONGEST, kept: str = KEPT) -> str:
    """Replace what could act on a terminal or reorder a line, and cut what is too long.

    `kept` are the control characters that stay.
    """
    shown = "".join(
        "\N{REPLACEMENT CHARACTER}" if _acts(char) and char not in kept else char
        for char in text[:longest]
    )
    return shown if len(text) <= longest else f"{shown} [...]"


def visible(text: str) -> str:
    """The same for a name that stands within a sentence: line breaks don't survive either."""
    return clean(text, 300).translate({ord(char): "\N{REPLACEMENT CHARACTER}" for char in KEPT})


def _acts(char: str) -> bool:
    """Control (C0, C1, DEL), format (bidi, zero width), surrogate and private characters."""
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co") or char in "\u2028\u2029"
