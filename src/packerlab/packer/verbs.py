"""Packer's verbs, all of which run in the box."""

from __future__ import annotations

import contextlib
import json
import secrets
import shlex
import uuid
from typing import TYPE_CHECKING, Any

from packerlab.checks import Failure
from packerlab.evidence.account import AccountEvidence
from packerlab.evidence.containers import ContainersEvidence
from packerlab.evidence.files import Evidence
from packerlab.hcl.template import template_files
from packerlab.packer.answers import Answer
from packerlab.packer.environment import (
    NO_SETTINGS,
    OWN_PROGRAMS,
    environment,
    with_host_key,
)
from packerlab.packer.given import NOTHING, lay_over
from packerlab.packer.versions import NATIVE_PLUGINS, without_required_plugins
from packerlab.prepared_account import varied, with_policy
from packerlab.sandbox.base import PROGRAM
from packerlab.sandbox.box import Joining
from packerlab.submissions.reader import without

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from packerlab.packer.given import Given
    from packerlab.packer.versions import Version
    from packerlab.sandbox.box import Box, Ran
    from packerlab.submissions.reader import Files

WRAPPED = {"PACKER_WRAP_COOKIE": "49C22B1A-3A93-4C98-97FA-E07D18C787B5"}
"""Says that somebody else minds Packer's crashes: its log is then on standard error. Without it
Packer starts itself a second time to mind them, which is half of what a short verb takes (main.go,
the same in 1.6.6 and 1.16.0). `console` can't do without: it has its input from the first one."""

RUN_ID = "PACKER_RUN_UUID"
"""What tells Packer's runs apart, as a manifest does; the first of the two makes it up."""

UNTOLD = ("-machine-readable", "-color=false")
"""Options that change no more than how Packer speaks."""


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

    def inspect(self, variables: Mapping[str, str], args: Iterable[str]) -> Answer:
        """`packer inspect`: what Packer itself sees in the template. It runs no plugin."""
        return self._verb("inspect", ["-machine-readable", *_as_options(variables), *args])

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
