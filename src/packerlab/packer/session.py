"""What one report asks of Packer: each question once, and none before the template may be built."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from packerlab.checks import Incapable
from packerlab.packer.components import refuse_foreign_components
from packerlab.packer.versions import version_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from packerlab.hcl.template import Template
    from packerlab.lab import Lab
    from packerlab.packer.verbs import Answer, Packer


class Session:
    """`template` gives the parsed template, or raises why there is none."""

    def __init__(self, lab: Lab, packer: Packer | None, template: Callable[[], Template]) -> None:
        self._lab = lab
        self._packer = packer
        self._template = template
        self._answers: dict[object, Answer] = {}
        self._latest: tuple[object, ...] = ()

    def build(
        self, variables: Mapping[str, str] | None = None, args: Sequence[str] = (), nth: int = 1
    ) -> Answer:
        packer = self._checked_packer()
        key = ("build", tuple(sorted((variables or {}).items())), tuple(args))
        return self._nth(key, nth, partial(packer.build, variables or {}, args))

    def validate(
        self, variables: Mapping[str, str] | None = None, args: Sequence[str] = ()
    ) -> Answer:
        packer = self._checked_packer()
        key = ("validate", tuple(sorted((variables or {}).items())), tuple(args))
        return self._once(key, lambda: packer.validate(variables or {}, args))

    def fmt(self) -> Answer:
        return self._once("fmt", self._any_packer().fmt)

    def console(
        self, expressions: list[str], variables: Mapping[str, str] | None = None
    ) -> list[Any]:
        return self._checked_packer().console(expressions, variables or {})

    def run(self, argv: list[str], nth: int = 1) -> Answer:
        packer = self._checked_packer()
        return self._nth(("run", *argv), nth, partial(packer.script, argv))

    def _any_packer(self) -> Packer:
        if self._packer is None:
            raise Incapable("This check needs a sandbox with Packer.")
        wanted = self._lab.manifest.packer
        if self._packer.version < version_of(wanted):
            here = ".".join(map(str, self._packer.version))
            raise Incapable(f"This lab needs Packer {wanted}; here it is {here}.")
        return self._packer

    def _checked_packer(self) -> Packer:
        """Packer, once it is known that the template uses only what the lab allows."""
        packer = self._any_packer()
        inspected = self._once("inspect", packer.inspect)
        refuse_foreign_components(self._lab, self._template(), inspected, packer.version)
        return packer

    def _once(self, key: object, ask: Callable[[], Answer]) -> Answer:
        if key not in self._answers:
            self._answers[key] = ask()
        return self._answers[key]

    def _nth(self, key: tuple[object, ...], nth: int, ask: Callable[..., Answer]) -> Answer:
        """The answer to the nth of equal calls; each goes on from what the one before it left.

        Each is asked once. But where another call has had a fresh account since, the earlier ones
        are made again, for the account that they left is gone.
        """
        if (*key, nth) not in self._answers:
            goes_on = self._goes_on(key, nth)
            before = self._answers[(*key, nth - 1)] if goes_on else None
            for number in range(nth if goes_on else 1, nth + 1):
                before = ask(after=before)
                self._latest = (*key, number)
                self._answers.setdefault(self._latest, before)
        return self._answers[(*key, nth)]

    def _goes_on(self, key: tuple[object, ...], nth: int) -> bool:
        """Whether what the call before the nth left is still there."""
        earlier = (*key, nth - 1)
        return self._latest == earlier or (
            earlier in self._answers and "account" not in self._lab.needs
        )
