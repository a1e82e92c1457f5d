"""What the bytes of a file's name stand for, where an archive or a disk does not say.

Most programs write names in UTF-8. Older ones write the bytes of their system: a zip of a Japanese
Windows has Shift-JIS, whose second bytes may look like a backslash. The letters that come out say
which encoding it was: all names of an archive must be words in the one script of its users.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST = 300
"""Bytes of a name that are looked at: longer names are refused, whatever they say."""

_LATIN = (("cp437", "cp850", "cp1252"), r"LATIN")
_JAPANESE = (("cp932",), r"HIRAGANA|KATAKANA|CJK|IDEOGRAPHIC|FULLWIDTH|(LEFT|RIGHT) (CORNER|BLACK)")
_CYRILLIC = (("cp866",), r"CYRILLIC")
_CHINESE = (("gb2312",), r"CJK")
_TAIWANESE = (("big5",), r"CJK|FULLWIDTH")
_KOREAN = (("euc_kr",), r"HANGUL")

_NO_LATIN_WORD = re.compile(r"[a-z][À-ÖØ-Þ]|[^\0-\x7f]\\")
"""A capital within a word; or half of a Shift-JIS letter, since what writes backslashes in our time
writes UTF-8 beside them."""
_CAPITALS, _SMALL = r"\u0410-\u042f\u0401", r"\u0430-\u044f\u0451"
_NO_CYRILLIC_WORD = re.compile(
    f"[{_SMALL}][{_CAPITALS}]|[A-Za-z][{_CAPITALS}{_SMALL}]|[{_CAPITALS}{_SMALL}][A-Za-z]"
)
"""A capital within a word, or two scripts in one."""
_NO_JAPANESE_WORD = re.compile(
    r"[A-Za-z][^\0-\x7f](?![^\0-\x7f])|(?<![^\0-\x7f])[^\0-\x7f][A-Za-z]|"
    r"^[\0-\x7f]*[^\0-\x7f][\0-\x7f]*$"
)
"""One foreign letter among ASCII ones, or in all: that is an accent, if it can be one."""


def decoded(names: list[bytes]) -> list[str]:
    """The names, all in one encoding; bytes that no encoding explains become lone surrogates."""
    legacy = [name for name in names if len(name) <= LONGEST and not _is_utf8(name)]
    encoding = _encoding(b"/".join(legacy)) if legacy else "utf-8"
    return [
        name.decode(encoding if len(name) <= LONGEST and not _is_utf8(name) else "utf-8",
                    "surrogateescape")
        for name in names
    ]  # fmt: skip


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def _encoding(names: bytes) -> str:
    """The encoding in which all the names are words; UTF-8, which they are not, if none is sure."""
    latin = [each for each in _readings(names, *_LATIN) if not _holds(names, each, _NO_LATIN_WORD)]
    japanese = _readings(names, *_JAPANESE)
    if latin and japanese and _holds(names, japanese[0], _NO_JAPANESE_WORD):
        japanese = []
    cyrillic = [
        each for each in _readings(names, *_CYRILLIC) if not _holds(names, each, _NO_CYRILLIC_WORD)
    ]
    eastern = _readings(names, *_CHINESE) + _readings(names, *_KOREAN)
    eastern = eastern or _readings(names, *_TAIWANESE)  # has nearly all of theirs among its own
    found = japanese or latin or cyrillic
    return found[0] if found else eastern[0] if len(eastern) == 1 else "utf-8"


def _holds(names: bytes, encoding: str, pattern: re.Pattern[str]) -> bool:
    return bool(pattern.search(names.decode(encoding)))


def _readings(names: bytes, encodings: tuple[str, ...], script: str) -> list[str]:
    """The encodings in which every letter beyond ASCII is of the script."""
    found = []
    for encoding in encodings:
        try:
            foreign = {char for char in names.decode(encoding) if char > "\x7f"}
        except UnicodeDecodeError:
            continue
        if all(re.match(script, unicodedata.name(char, "")) for char in foreign):
            found.append(encoding)
    return found
