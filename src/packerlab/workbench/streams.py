"""Untrusted text that is shown as it comes: lines of a program, or the screen of a terminal.

Both take bytes and give text that is safe to write to a terminal: no sequence of theirs sets a
title, reads the clipboard, or makes the terminal answer, for its answer would be typed into the
next program.
"""

from __future__ import annotations

import codecs
import re
from typing import Protocol

from packerlab.text import clean

SEQUENCE = re.compile(r"\x1b(?:\[[0-?]{0,40}[ -/]{0,4}[@-~]|[ -/]{1,4}[0-~]|[0-Z\\^-~])")
"""A control sequence, or a short escape; not the strings that `[`, `]`, `P`, `X`, `_` begin."""

BEGUN = re.compile(r"\x1b(?:\[[0-?]{0,40}[ -/]{0,4}|[ -/]{1,4})?\Z")
"""The beginning of one, at the end of what has come."""

COLOUR = re.compile(r"\x1b\[(?:0|[01];3[1-6])m")
"""What Packer's own lines begin and end with: plain colours, and nothing that could hide a word."""

ENOUGH = 64
"""Characters of a sequence that is not whole, after which it is none."""


class Shown(Protocol):
    """What makes bytes safe to show."""

    def feed(self, data: bytes) -> str:
        """What can be shown of all that has come."""

    def end(self) -> str:
        """The rest, and what leaves the terminal as it was."""


class Lines:
    """A program's lines: text alone and, with `colours`, Packer's colours."""

    def __init__(self, *, colours: bool) -> None:
        self._colours = colours
        self._rest = _Rest()

    def feed(self, data: bytes) -> str:
        return self._shown(self._rest.text(data, line_breaks=True))

    def end(self) -> str:
        return self._shown(self._rest.all()) + ("\x1b[0m" if self._colours else "")

    def _shown(self, text: str) -> str:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        pieces = []
        done = 0
        for found in COLOUR.finditer(text):
            pieces += [clean(text[done : found.start()], len(text)), found[0] * self._colours]
            done = found.end()
        return "".join([*pieces, clean(text[done:], len(text))])


CONTROLS = "\a\b\t\n\r\x0e\x0f"
"""What a program may send besides text: the bell, the steps of a typewriter, line drawing."""

SCREEN = re.compile(
    r"\x1b(?:\[[0-9;:]{0,40}[@A-HJ-MPXZ`abdefgmrsu]"  # the cursor's steps, what is cleared
    r"|\[[0-9]{0,4}[ST]"  # scrolling
    r"|\[4[hl]|\[\?(?:1|5|6|7|12|25|47|1047|1048|1049|2004)[hl]"  # keys, cursor, other screen
    r"|[()][0AB]|[78DEHM=>c])"  # character sets, the cursor's place
)
STRING = re.compile(r"\x1b[\]PX^_]")
"""What begins a string for the terminal itself: a title, the clipboard, a font, a picture."""

STRING_END = re.compile(r"\a|\x1b\\|\x9c|[\x18\x1a]")

MODE = re.compile(r"\x1b\[\?([0-9]+)([hl])")
REGION = re.compile(r"\x1b\[[0-9]+;[0-9]*r")
USUAL = {"7": "h", "25": "h"}
"""The modes that a terminal has set at the start: long lines go on below, the cursor is seen."""


class Screen:
    """A terminal's screen: what draws on it comes through, what speaks to the terminal does not."""

    def __init__(self) -> None:
        self._rest = _Rest()
        self._in_string = False
        self._modes: dict[str, str] = {}
        self._has_region = False

    def feed(self, data: bytes) -> str:
        return self._shown(self._rest.text(data))

    def end(self) -> str:
        """Take back what came through: modes, a region to scroll in, colours, character sets."""
        shown = self._shown(self._rest.all())
        for mode, state in self._modes.items():
            if state != USUAL.get(mode, "l"):
                shown += f"\x1b[?{mode}{USUAL.get(mode, 'l')}"
        shown += "\x1b7\x1b[r\x1b8" if self._has_region else ""
        return f"{shown}\x1b[4l\x1b>\x1b(B\x0f\x1b[0m"

    def _shown(self, text: str) -> str:
        pieces = []
        while text:
            if self._in_string:
                end = STRING_END.search(text)
                self._in_string = not end
                text = text[end.end() :] if end else ""
                continue
            start = STRING.search(text)
            pieces.append(self._drawn(text[: start.start()] if start else text))
            self._in_string = bool(start)
            text = text[start.end() :] if start else ""
        return "".join(pieces)

    def _drawn(self, text: str) -> str:
        pieces = []
        done = 0
        for found in SEQUENCE.finditer(text):
            pieces.append(clean(text[done : found.start()], len(text), CONTROLS))
            pieces.append(self._noted(found[0]) if SCREEN.fullmatch(found[0]) else "")
            done = found.end()
        return "".join([*pieces, clean(text[done:], len(text), CONTROLS)])

    def _noted(self, sequence: str) -> str:
        """A sequence that comes through, and has to be taken back."""
        if mode := MODE.fullmatch(sequence):
            self._modes[mode[1]] = mode[2]
        self._has_region |= bool(REGION.fullmatch(sequence))
        return sequence


class _Rest:
    """Text whose last characters, or last sequence, may be incomplete."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._kept = ""

    def text(self, data: bytes, *, line_breaks: bool = False) -> str:
        """All that is whole; a line break may be two characters."""
        text = self._kept + self._decoder.decode(data)
        begun = BEGUN.search(text, max(len(text) - ENOUGH, 0))
        whole = begun.start() if begun else len(text)
        if line_breaks and text[:whole].endswith("\r") and not begun:
            whole -= 1
        self._kept = text[whole:]
        return text[:whole]

    def all(self) -> str:
        """What was kept back."""
        text, self._kept = self._kept + self._decoder.decode(b"", final=True), ""
        return text
