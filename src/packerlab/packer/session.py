"""What one report asks of Packer: each question once, and none before the template may be built."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Unpack

from packerlab.checks import Incapable
from packerlab.inside.kept import CRASHED
from packerlab.packer.components import refuse_foreign_components
from packerlab.packer.given import Own, given
from packerlab.packer.versions import version_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from packerlab.hcl.template import Template
    from packerlab.lab import Lab
    from packerlab.packer.answers import Answer
    from packerlab.packer.given import Given
    from packerlab.packer.verbs import Packer


class Varied(Own, total=False):
    """What a grader may vary in one call, which goes on from what the answer `after` left."""

    after: Answer


@dataclass(frozen=True)
class Call:
    """A question, what it is given, and the call that it goes on from; equal ones are one."""

    words: tuple[object, ...]
    given: Given
    after: Call | None
    ask: Callable[..., Any] = field(compare=False, repr=False)


class Session:
    """`template` gives the parsed template, or raises why there is none."""

    def __init__(self, lab: Lab, packer: Packer | None, template: Callable[[], Template]) -> None:
        self._lab = lab
        self._packer = packer
        self._template = template
        self._answers: dict[Call, Answer] = {}
        self._validated: dict[Call, Answer] = {}
        self._inspections: dict[object, Answer] = {}
        self._latest: tuple[Call, Answer] | None = None

    def build(
        self,
        variables: Mapping[str, str] | None = None,
        args: Sequence[str] = (),
        nth: int = 1,
        **varied: Unpack[Varied],
    ) -> Answer:
        ask = partial(self._checked_packer(variables, args).build, variables or {}, args)
        return self._nth(self._call("build", variables or {}, args, ask, **varied), nth)

    def validate(
        self,
        variables: Mapping[str, str] | None = None,
        args: Sequence[str] = (),
        **varied: Unpack[Varied],
    ) -> Answer:
        ask = partial(self._checked_packer(variables, args).validate, variables or {}, args)
        call = self._call("validate", variables or {}, args, ask, **varied)
        if call not in self._validated:
            self._validated[call] = self._look(call)
        return self._validated[call]

    def fmt(self) -> Answer:
        return self._formatted

    def console(
        self,
        expressions: list[str],
        variables: Mapping[str, str] | None = None,
        **varied: Unpack[Varied],
    ) -> list[Any]:
        ask = partial(self._checked_packer(variables).console, expressions, variables or {})
        values: list[Any] = self._look(
            self._call("console", variables or {}, expressions, ask, **varied)
        )
        return values

    def run(self, argv: list[str], nth: int = 1, **varied: Unpack[Varied]) -> Answer:
        ask = partial(self._checked_packer().script, argv)
        return self._nth(self._call("run", {}, argv, ask, **varied), nth)

    # --- before the first question ---

    def _any_packer(self) -> Packer:
        if self._packer is None:
            raise Incapable("This check needs a sandbox with Packer.")
        wanted = self._lab.manifest.packer
        if self._packer.version < version_of(wanted):
            here = ".".join(map(str, self._packer.version))
            raise Incapable(f"This lab needs Packer {wanted}; here it is {here}.")
        return self._packer

    def _checked_packer(
        self, variables: Mapping[str, str] | None = None, args: Sequence[str] = ()
    ) -> Packer:
        """Packer, once it is known that the template uses only what the lab allows.

        A workspace may have none, and be nothing but scripts.
        """
        packer = self._any_packer()
        if packer.has_template:
            inspected = self._inspected((), ())
            if inspected.exit == CRASHED:
                values = tuple(word for word in args if word.startswith("-var"))
                inspected = self._inspected(tuple((variables or {}).items()), values)
            refuse_foreign_components(self._lab, self._template(), inspected, packer.version)
        return packer

    def _inspected(self, variables: tuple[tuple[str, str], ...], values: tuple[str, ...]) -> Answer:
        """What Packer sees in the template, where need be with the variables of a call.

        Packer 1.6.6 crashes where a local calls a function on a variable that has no value yet.
        Which components there are, no variable changes.
        """
        asked = (variables, values)
        if asked not in self._inspections:
            self._inspections[asked] = self._any_packer().inspect(dict(variables), values)
        return self._inspections[asked]

    @cached_property
    def _formatted(self) -> Answer:
        return self._any_packer().fmt()

    # --- calls, and the account that each goes on in ---

    def _call(
        self,
        verb: str,
        variables: Mapping[str, str],
        args: Sequence[str],
        ask: Callable[..., Any],
        after: Answer | None = None,
        **own: Unpack[Own],
    ) -> Call:
        """Raises ValueError or TypeError where a grader may not vary what it does."""
        words = (verb, *sorted(variables.items()), *args)
        its = given(**own)
        if after is None:
            return Call(words, its, None, ask)
        if its.account:
            raise ValueError("account= is of a fresh account, and after= goes on in another.")
        before = next((call for call, known in self._answers.items() if known is after), None)
        if before is None:
            raise ValueError("after= takes what `build` or `run` has answered in this report.")
        return Call(words, replace(its, account=before.given.account), before, ask)

    def _nth(self, call: Call, nth: int) -> Answer:
        """The answer to the nth of equal calls; each goes on from what the one before it left."""
        for _ in range(nth - 1):
            call = replace(call, after=call)
        if call not in self._answers:
            self._make(call)
        return self._answers[call]

    def _make(self, call: Call) -> Answer:
        """Ask, for the first time or once more; the first answer is the one that graders get."""
        answer: Answer = call.ask(given=call.given, after=self._before(call))
        self._latest = call, answer
        self._answers.setdefault(call, answer)
        return answer

    def _look(self, call: Call) -> Any:
        """What a verb answers that changes nothing in the account, be it a fresh or an old one."""
        before = self._before(call)
        if call.given.account and not before:
            self._latest = None
        return call.ask(given=call.given, after=before)

    def _before(self, call: Call) -> Answer | None:
        """What the call goes on from, as it is now.

        Where the lab has an account and another call has had a fresh one since, what made it is
        asked again. What has another id or name then can't be what the call names.
        """
        if call.after is None:
            return None
        if self._latest and self._latest[0] == call.after:
            left = self._latest[1]
        elif call.after in self._answers and "account" not in self._lab.needs:
            left = self._answers[call.after]
        else:
            left = self._make(call.after)
        gone = self._answers[call.after].account.ids - left.account.ids
        if named := next((each for each in sorted(gone) if each in repr(call)), ""):
            raise ValueError(
                f"after=: {named} is gone, because another call has had a fresh account since. "
                "Make both calls one after the other."
            )
        return left
