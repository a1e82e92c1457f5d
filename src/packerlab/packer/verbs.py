"""Packer's verbs and what they answered.

Every verb runs in the box. What it says comes from a place where learners' code runs: it is data to
show, and never proof.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import shlex
import uuid
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from packerlab.checks import Failure, fail
from packerlab.evidence.account import AccountEvidence
from packerlab.evidence.containers import ContainersEvidence
from packerlab.evidence.files import Evidence
from packerlab.hcl.template import template_files
from packerlab.inside.kept import CRASHED
from packerlab.leaks import Leaks
from packerlab.packer.environment import (
    NO_SETTINGS,
    OWN_PROGRAMS,
    environment,
    with_host_key,
)
from packerlab.packer.given import NOTHING, lay_over
from packerlab.packer.versions import NATIVE_PLUGINS, without_required_plugins
from packerlab.prepared_account import varied, with_policy
from packerlab.report import Where
from packerlab.sandbox.base import PROGRAM, Joining
from packerlab.submissions.reader import without

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from packerlab.packer.given import Given
    from packerlab.packer.versions import Version
    from packerlab.sandbox.base import Box, Ran
    from packerlab.submissions.reader import Files

WRAPPED = {"PACKER_WRAP_COOKIE": "49C22B1A-3A93-4C98-97FA-E07D18C787B5"}
"""Says that somebody else minds Packer's crashes: its log is then on standard error. Without it
Packer starts itself a second time to mind them, which is half of what a short verb takes (main.go,
the same in 1.6.6 and 1.16.0). `console` can't do without: it has its input from the first one."""

RUN_ID = "PACKER_RUN_UUID"
"""What tells Packer's runs apart, as a manifest does; the first of the two makes it up."""

UNTOLD = ("-machine-readable", "-color=false")
"""Options that change no more than how Packer speaks."""
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


class Packer:
    """One report's Packer: verbs on one workspace, in one box.

    `state` is that of a fresh simulated account, where the lab has one: what builds joins it. What
    a call is `given` is there for that call alone. One that comes `after` another goes on in the
    folder and in the account as that one left them.
    """

    def __init__(
        self,
        box: Box,
        files: Files,
        version: Version,
        outputs: list[str],
        state: dict[str, Any] | None = None,
    ) -> None:
        self._box = box
        self._states = {"": state}
        self._original = files
        self.version = version
        self._files = self._readable(files)
        self._outputs = outputs
        self.has_template = bool(template_files(files))
        """Whether there is anything that Packer would load."""
        self.secrets: list[str] = []
        """What every verb's remains are searched for."""

    def inspect(self) -> Answer:
        """`packer inspect`: what Packer itself sees in the template. It runs no plugin."""
        return self._verb("inspect", ["-machine-readable"])

    def fmt(self) -> Answer:
        """`packer fmt -check -diff` on the bytes as they were submitted."""
        return self._verb("fmt", ["-check", "-diff"], files=self._original)

    def validate(
        self,
        variables: Mapping[str, str],
        args: Iterable[str],
        *,
        given: Given = NOTHING,
        after: Answer | None = None,
    ) -> Answer:
        """`packer validate`; beside an account only where the call says which."""
        words = ["-machine-readable", *_as_options(variables), *args]
        return self._verb("validate", words, given=given, account=self._named(given, after),
                          left=self._left(after))  # fmt: skip

    def build(
        self,
        variables: Mapping[str, str],
        args: Iterable[str],
        *,
        given: Given = NOTHING,
        after: Answer | None = None,
    ) -> Answer:
        """`packer build`, from the submitted bytes without the lab's outputs, in a fresh account.

        Or `after` an earlier verb: in the folder and in the account as that one left them.
        """
        words = ["-machine-readable", "-color=false", *_as_options(variables), *args]
        return self._verb("build", words, outputs=self._outputs, given=given,
                          account=self._account(given, after), left=self._left(after))  # fmt: skip

    def console(
        self,
        expressions: list[str],
        variables: Mapping[str, str],
        *,
        given: Given = NOTHING,
        after: Answer | None = None,
    ) -> list[Any]:
        """The values of HCL expressions, all in one batch.

        A word that no template can know tells Packer's answer from what a template has it say: it
        is read from a file that a blind verb can't find.
        """
        word = secrets.token_hex(8)
        asked = f'jsonencode(["{word}", {", ".join(expressions)}])'
        answer = self._verb("console", _as_options(variables), stdin=asked + "\n", given=given,
                            account=self._named(given, after), left=self._left(after))  # fmt: skip
        for line in answer.output.split("\n"):
            if word in line:
                with contextlib.suppress(ValueError, RecursionError):
                    values = json.loads(line.removeprefix("> "))
                    if isinstance(values, list) and values[:1] == [word]:
                        return values[1:]
        message, where = answer.error
        raise Failure(
            "Packer can't tell the values that this check asks for.",
            found=message.replace(word, ""),
            where=where,
        )

    def script(
        self, argv: list[str], *, given: Given = NOTHING, after: Answer | None = None
    ) -> Answer:
        """A learner's own program, in the workspace, with Packer on its PATH."""
        account = self._account(given, after)
        ran = self._box.run(
            argv,
            self._workspace(self._files, given, self._left(after)),
            env={**self._environment(given, account), **OWN_PROGRAMS, **dict(given.env)},
            outputs=self._outputs,
            account=account,
            secrets=tuple(self.secrets),
        )
        return self._answer(shlex.join(argv), ran)

    def leave(self) -> None:
        """Have nothing of the account live on."""
        if self._states[""] is not None:
            self._box.leave()

    # --- what a verb has around it ---

    def _state(self, given: Given) -> dict[str, Any] | None:
        """The state of a fresh account, as this call wants it: made once, for it may have keys."""
        if given.account not in self._states:
            lab = self._states[""]
            if lab is None:
                raise ValueError("account=: this lab has no account.")
            self._states[given.account] = varied(lab, json.loads(given.account))
        state = self._states[given.account]
        return state and with_policy(state, self._files | dict(given.files))

    def _account(self, given: Given, after: Answer | None) -> Joining | None:
        """A fresh account, or the one in which an earlier verb ran."""
        state = self._state(given)
        return None if state is None else Joining(None if after else state)

    def _named(self, given: Given, after: Answer | None) -> Joining | None:
        """The same for a verb that joins an account only where its call names one."""
        return self._account(given, after) if given.account or after else None

    def _environment(self, given: Given, account: Joining | None) -> dict[str, str]:
        """What a verb finds in its environment: beside an account, its keys and its authority."""
        return environment(self._state(given) if account else None)

    def _readable(self, files: Files) -> Files:
        """Files as this Packer can read them."""
        return files if self.version >= NATIVE_PLUGINS else without_required_plugins(files)

    def _left(self, after: Answer | None) -> Files:
        """The lab's outputs as an earlier verb left them."""
        return after.files.regular if after else {}

    def _workspace(self, files: Files, given: Given, left: Files) -> Files:
        """What a verb starts from, without the lab's outputs, which only a verb may make."""
        fresh = with_host_key(without(files, self._outputs), self._state(given))
        return lay_over(fresh | left, self._readable(dict(given.files)))

    def _answer(self, verb: str, ran: Ran) -> Answer:
        files = Evidence(ran.files, ran.irregular)
        account = AccountEvidence(ran.account, self._box.base, ran.leaks)
        containers = ContainersEvidence(ran.engine, self._box.prepared, ran.leaks)
        return Answer(verb, ran.exit, ran.output, files, account, containers, ran.leaks)

    def _verb(
        self,
        verb: str,
        words: list[str],
        *,
        files: Files | None = None,
        outputs: Iterable[str] = (),
        stdin: str = "",
        given: Given = NOTHING,
        account: Joining | None = None,
        left: Files | None = None,
    ) -> Answer:
        variables = self._environment(given, account) | NO_SETTINGS
        wrapped = verb != "console"
        if wrapped:
            variables |= {**WRAPPED, RUN_ID: str(uuid.uuid4())}
        ran = self._box.run(
            [PROGRAM, verb, *words, "."],
            self._workspace(files or self._files, given, left or {}),
            env={**variables, **dict(given.env)},
            outputs=outputs,
            stdin=stdin,
            log=wrapped,
            account=account,
            secrets=tuple(self.secrets),
            blind=verb == "console",
        )
        told = [word for word in words if word not in UNTOLD]
        return self._answer(shlex.join(["packer", verb, *told, "."]), ran)


def _as_options(variables: Mapping[str, str]) -> list[str]:
    return [word for name, value in variables.items() for word in ("-var", f"{name}={value}")]
