"""What programs said and templates wrote, for a message: without what differs from run to run."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from packerlab.checks import fail
from packerlab.packer.answers import steady as packers_own

if TYPE_CHECKING:
    from packerlab.packer.answers import Answer
    from packerlab.submissions.reader import Files


def steady(text: str, files: Files, *given: str) -> str:
    """A text that the learner's build made, with a `#` for each number that only this run has.

    Numbers that the learner's files have, or that the build was `given`, are the same each time and
    are shown. Another one may be a time or an id, so all numbers of its word are hidden.
    """
    known = _numbers("\n".join([*given, *(_decoded(file.data) for file in files.values())]))

    def shown(word: re.Match[str]) -> str:
        return word[0] if _numbers(word[0]) <= known else _LETTERS.sub(masked, word[0])

    def masked(word: re.Match[str]) -> str:
        return "#" if _DIGIT.search(word[0]) else word[0]

    return _WORD.sub(shown, _UUID.sub("#", text))


def _numbers(text: str) -> set[str]:
    return {word.lower() for word in _LETTERS.findall(text) if _DIGIT.search(word)}


def _decoded(data: bytes) -> str:
    return data.decode(errors="replace")


_DIGIT = re.compile("[0-9]")
_LETTERS = re.compile(r"[^\W_]+")
_UUID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)
_WORD = re.compile(r"[\w:.+-]+")


def expect_exit(answer: Answer, told: str) -> None:
    """Fail the check where a script did not end well; `told` says what was run."""
    if answer.exit != 0:
        message = f"{told} ends with exit code {answer.exit}."
        fail(message, expected="exit code 0", found=complaint(answer))


def complaint(answer: Answer) -> str:
    """What went wrong in a script's run: the errors that Packer told, else the last words.

    They are in an order of ours, since Packer's own changes from run to run.
    """
    text = _COLOUR.sub("", answer.text).replace("/workspace/", "")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = {
        f"{line} ({after.rstrip(':')})" if _PLACE.match(after) else line
        for line, after in pairwise([*lines, ""])
        if _ERROR.search(line)
    }
    chosen = sorted(map(packers_own, errors))[:4] or list(map(packers_own, lines[-3:]))
    return "\n".join(_TIME.sub("...", line)[:300] for line in chosen) or "no output"


_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_PLACE = re.compile(r"on \S+ line [0-9]")
_TIME = re.compile(r"[0-9]{6,}")
_ERROR = re.compile(r"errored( after [^:]{1,80})?: |^Error|^Usage|^\* ")
