from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packerlab.text import LONGEST, clean, visible

GONE = "\N{REPLACEMENT CHARACTER}"
CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))]


@pytest.mark.parametrize("char", CONTROLS, ids=lambda char: f"U+{ord(char):04X}")
def test_controls_are_replaced(char: str) -> None:
    assert clean(f"a{char}b") == (f"a{char}b" if char in "\n\t" else f"a{GONE}b")
    assert visible(f"a{char}b") == f"a{GONE}b"


@pytest.mark.parametrize(
    "char",
    [
        "\N{RIGHT-TO-LEFT OVERRIDE}",
        "\N{LEFT-TO-RIGHT ISOLATE}",
        "\N{ARABIC LETTER MARK}",
        "\N{ZERO WIDTH SPACE}",
        "\N{ZERO WIDTH JOINER}",
        "\N{ZERO WIDTH NO-BREAK SPACE}",
        "\N{SOFT HYPHEN}",
        "\N{LINE SEPARATOR}",
        "\N{PARAGRAPH SEPARATOR}",
        "\N{TAG LATIN SMALL LETTER A}",
        "\udc80",
        "\ue000",
    ],
    ids=lambda char: f"U+{ord(char):04X}",
)
def test_what_is_invisible_or_reorders_is_replaced(char: str) -> None:
    assert clean(f"a{char}b") == f"a{GONE}b"


def test_words_of_any_language_stay() -> None:
    words = "Gr\u00fc\u00dfe, \u4f60\u597d, \u0645\u0631\u062d\u0628\u0627, e\u0301, [bold]<b>"
    assert clean(words) == words


def test_what_is_too_long_is_cut() -> None:
    assert clean("a" * LONGEST) == "a" * LONGEST
    assert clean("a" * (LONGEST + 1)) == "a" * LONGEST + " [...]"
    assert clean("abc", longest=2) == "ab [...]"
    assert visible("a" * 301) == "a" * 300 + " [...]"


@given(st.text(st.characters()))
def test_nothing_that_acts_is_left(text: str) -> None:
    shown = visible(text)
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert visible(shown) == shown
    shown.encode()
