"""Ranges of Packer's versions, as checks and variants name them: `>=1.7`, `<1.7`, `>=1.7,!=1.9.0`.

An empty one has every version in it. That is the usual one, and takes no import.
"""

from __future__ import annotations


def is_range(text: str) -> bool:
    """Whether it can be read."""
    if not text:
        return True
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        return False
    return True


def within(version: tuple[int, int, int], wanted: str) -> bool:
    """Whether a version is in a range."""
    if not wanted:
        return True
    from packaging.specifiers import SpecifierSet

    return SpecifierSet(wanted).contains(".".join(map(str, version)))
