"""What a Packer verb answered: its messages, its complaint, and what it left.

What a verb says comes from a place where learners' code runs: it is data to show, and never proof.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from packerlab.checks import fail
from packerlab.evidence.account import AccountEvidence
from packerlab.evidence.containers import ContainersEvidence
from packerlab.evidence.files import Evidence
from packerlab.inside.kept import CRASHED
from packerlab.leaks import Leaks
from packerlab.report import Where

if TYPE_CHECKING:
    from collections.abc import Callable

EXIT_STATUS = re.compile(r"exit(?:ed with non-zero exit)? status", re.IGNORECASE)
MOST_LINES, LONGEST_LINE = 5, 200
"""By what Packer says that a script failed, and how much is shown of what the script said."""


class Message(NamedTuple):
    """A line of `-machine-readable` output: whose, of what type, with what data."""

    target: str
    type: str
    data: list[str]


@dataclass(frozen=True)
class Answer:
    """What a verb answered. `files` are the lab's outputs as the verb left them.

    `account` is the simulated account as it was then, where the lab has one, and `containers` the
    container engine. `leaks` is where secrets were found in all of that; see `places`.
    """

    verb: str
    exit: int
    output: str
    files: Evidence = field(default_factory=lambda: Evidence({}, {}))
    account: AccountEvidence = field(default_factory=AccountEvidence)
    containers: ContainersEvidence = field(default_factory=ContainersEvidence)
    leaks: Leaks = field(default_factory=Leaks)

    def places(self, secret: str, *kinds: str) -> list[str]:
        """Where a secret is, in any form, in what the verb said and left; see `leaks.Leak`."""
        return [leak.words for leak in self.leaks.of(secret, *kinds)]

    @cached_property
    def messages(self) -> list[Message]:
        """The machine-readable lines; what is not one of them is left out."""
        found = []
        for line in self.output.split("\n"):  # Packer escapes this line break alone
            stamp, _, rest = line.partition(",")
            words = rest.split(",")
            if stamp.isdigit() and len(words) >= 2:
                found.append(Message(words[0], words[1], [_unescape(word) for word in words[2:]]))
        return found

    @cached_property
    def text(self) -> str:
        """What a person would have seen."""
        said = _ui(self.messages)
        return "\n".join(said) if said else self.output

    @cached_property
    def error(self) -> tuple[str, Where | None]:
        """Packer's own complaint in one paragraph, without what differs from run to run.

        Where a script failed, what it said last follows: Packer tells no more than its exit code.
        """
        said = [
            message.data[0]
            for message in self.messages
            if message.type == "error" and message.target and message.data
        ]
        said = said or [
            message.data[1]
            for message in self.messages
            if message.type == "ui" and message.data[:1] == ["error"]
        ]
        rest = _LINE.sub("", self.output)
        if not said and self.exit == CRASHED:  # what it said last is why
            last = [
                message.data[1]
                for message in self.messages
                if message.type == "ui" and len(message.data) > 1
            ]
            said = [*last[-1:], rest]
        text = "\n".join(said) or rest
        complaints = re.split(r"^(?=Error: )", _COLOUR.sub("", text), flags=re.MULTILINE)
        text = "".join(sorted(complaints))  # of several, Packer has another one first each time
        text = text if said else text[-1000:]
        place = re.search(r"on (?:/workspace/)?(\S+) line (\d{1,6})\b", text)
        where = Where(place[1], int(place[2])) if place else None
        script = _last_words(self.messages) if EXIT_STATUS.search(text) else []
        return steady("\n".join([text, *script])), where

    def expect_success(self) -> None:
        """Fail the check with Packer's complaint, where the verb did not succeed."""
        if self.exit != 0:
            message, where = self.error
            found = message or f"exit code {self.exit}"
            fail(f"`{self.verb}` fails.", found=found, where=where)


def _ui(messages: list[Message]) -> list[str]:
    """What a person sees of the messages."""
    return [each.data[1] for each in messages if each.type == "ui" and len(each.data) > 1]


def _last_words(messages: list[Message]) -> list[str]:
    """The last lines of the scripts in builds that failed: of their errors, else of all they said.

    Packer shows a line of a script as the build's name and the line.
    """
    failed = {each.target for each in messages if each.type == "error" and each.target}
    errors: dict[str, list[str]] = {target: [] for target in sorted(failed)}
    others: dict[str, list[str]] = {target: [] for target in sorted(failed)}
    for each in messages:
        if each.type == "ui" and len(each.data) > 1:
            kind, text = each.data[:2]
            target, _, line = text.lstrip("=> ").partition(": ")
            if target in failed and line.strip() and (kind == "error" or text.startswith("    ")):
                (errors if kind == "error" else others)[target].append(line[:LONGEST_LINE])
    return [line for name in errors for line in (errors[name] or others[name])[-MOST_LINES:]]


def _unescape(word: str) -> str:
    return word.replace("%!(PACKER_COMMA)", ",").replace("\\n", "\n").replace("\\r", "\r")


def steady(text: str) -> str:
    """The text without what differs from run to run, and without the place that `where` tells."""
    for changing, fixed in _CHANGING:
        text = changing.sub(fixed, text)
    lines = [line.strip().removeprefix("Error: ") for line in text.split("\n")]
    return "\n".join(line for line in lines if line and not _PLACE.fullmatch(line))


def _in_order(match: re.Match[str]) -> str:
    """Packer before 1.7 lists the types that it knows in another order each time."""
    return f"{match[1]}{', '.join(sorted(match[2].split()))}."


_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_LINE = re.compile(r"^[0-9]+,.*\n?", re.MULTILINE)
"""A machine-readable line: where none complains, they only tell what was said when."""

_CHANGING: list[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = [
    (re.compile(r" after [0-9][^:.,]{0,40}?seconds?( [0-9]+ \w{0,9}seconds?)*"), ""),
    (re.compile(r"(/tmp/packer-\w*?)\d+"), r"\1"),
    (re.compile(r"(/tmp/script)_\d+(?=\.sh)"), r"\1"),
    (re.compile(r"\b(process|pid|PID) \d+"), r"\1 <id>"),
    (re.compile(r"\bip(-\d{1,3}){4}\b|\b(54|172)(\.\d{1,3}){3}\b"), "<machine>"),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<uuid>"),
    (re.compile(r"\b0x[0-9a-f]{6,}\b"), "<address>"),
    (re.compile(r"\b(ami|i|key|lt|sg|sir|snap|vol)-[0-9a-f]{8,17}\b"), r"<\1>"),
    (re.compile(r"(known [\w ]{1,40}: )\[([^\[\]]*)\]"), _in_order),
    (re.compile(r"(?i)(request ?id: ?)[\w<>-]+"), r"\1..."),
    (re.compile(r"(matching filters): .*"), r"\1"),
]
_PLACE = re.compile(r"on \S* ?line \d.*|\(source code not available\)|Error:")
