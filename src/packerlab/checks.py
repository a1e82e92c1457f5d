"""A check: how it is declared, and how it says that the learner's work falls short.

    @check(points=2, docs="#sources")
    def test_message_of_the_day(build: Build) -> None:
        \"\"\"The build writes both lines to out/motd.txt.

        - Which block says what is made?
        - ...
        - ...
        \"\"\"
        text = build().files.text("out/motd.txt")
        expect(text, EXPECTED, "out/motd.txt does not have the two lines.")

The docstring is what the learner reads: the check's sentence, then its hints. No learner's code
ever runs in a check.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple, NoReturn, TypeVar

from packerlab.course.version_range import is_range
from packerlab.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from packerlab.report import Where

    Function = TypeVar("Function", bound=Callable[..., None])

ATTRIBUTE = "packerlab_check"

SHOWN = 8
"""How many of several things a message lists."""


class Spec(NamedTuple):
    """A check as it is declared."""

    points: int
    needs: tuple[str, ...]
    title: str
    hints: tuple[str, ...]
    docs: str
    packer: str = ""


def check(
    *, points: int, needs: str | Sequence[str] = (), docs: str = "", packer: str = ""
) -> Callable[[Function], Function]:
    """Declare a check. The list in its docstring is its hints, from a nudge to a near-answer.

    `needs` names the checks above it that must have passed before it makes sense; `docs` is a
    heading of the lab's page, such as `#names`. With a Packer that is not in the range `packer`,
    such as `>=1.7`, nobody can tell whether the check holds.
    """
    if not is_range(packer):
        raise ValueError(f"packer={packer!r} is no range of versions, such as >=1.7 or <1.7.")
    wanted = (needs,) if isinstance(needs, str) else tuple(needs)

    def declare(function: Function) -> Function:
        written = inspect.getdoc(function) or function.__name__
        title, *hints = (" ".join(part.split()) for part in _HINT.split(written))
        setattr(function, ATTRIBUTE, Spec(points, wanted, title, tuple(hints), docs, packer))
        return function

    return declare


_HINT = re.compile(r"^- ", re.MULTILINE)


class Failure(AssertionError):  # noqa: N818  (the learner's, not a program's)
    """The learner's work does not do what the check's sentence says."""

    def __init__(
        self, message: str, *, expected: str = "", found: str = "", where: Where | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.expected = expected
        self.found = found
        self.where = where


class Incapable(Exception):  # noqa: N818
    """A machine can't tell: it lacks a capability, or has another Packer."""


def fail(
    message: str, *, expected: object = "", found: object = "", where: Where | None = None
) -> NoReturn:
    """End the check as failed: one sentence, what was expected and found, and where to look."""
    raise Failure(message, expected=_shown(expected), found=_shown(found), where=where)


def expect(
    found: object,
    expected: object,
    message: str,
    *,
    no: str = "nothing",
    where: Where | None = None,
) -> None:
    """Fail where something else was found than was expected; `no` is what an empty find is called.

    Numbers are compared as numbers and texts as texts: `True` is not 1, and `"8"` is not 8.
    """
    same = found == expected and isinstance(found, bool) == isinstance(expected, bool)
    if not same:
        empty = found is None or (hasattr(found, "__len__") and not len(found))
        fail(message, expected=expected, found=no if empty else found, where=where)


def _shown(value: object) -> str:
    """A text as it is; several things as a list that is the same each time."""
    if isinstance(value, str):
        return value
    if not isinstance(value, Iterable):
        return str(value)
    texts = [visible(str(each)) for each in value]
    return ", ".join((texts if isinstance(value, list | tuple) else sorted(texts))[:SHOWN])
