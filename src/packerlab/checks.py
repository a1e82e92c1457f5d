"""What a grader is written with: the `check` decorator, and how a check says what it found.

    @check(points=2, hints=["...", "...", "..."], docs="beginner/101_first_build#sources")
    def test_message_of_the_day(build):
        \"\"\"The build writes both lines to out/motd.txt.\"\"\"
        text = build().files.text("out/motd.txt")
        if text != EXPECTED:
            fail("out/motd.txt holds something else.", expected=EXPECTED, found=text)

The docstring is the sentence that the learner reads. No learner's code ever runs in a check.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, NoReturn, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from packerlab.report import Where

    Function = TypeVar("Function", bound=Callable[..., None])

ATTRIBUTE = "packerlab_check"


class Spec(NamedTuple):
    """A check as it is declared."""

    points: int
    needs: tuple[str, ...]
    hints: tuple[str, ...]
    docs: str


def check(
    *, points: int, needs: str | Sequence[str] = (), hints: Sequence[str] = (), docs: str = ""
) -> Callable[[Function], Function]:
    """Declare a check.

    `needs` names the checks that must have passed before this one makes sense; `hints` go from a
    nudge to a near-answer; `docs` is a page and an anchor below docs/.
    """
    wanted = (needs,) if isinstance(needs, str) else tuple(needs)

    def declare(function: Function) -> Function:
        setattr(function, ATTRIBUTE, Spec(points, wanted, tuple(hints), docs))
        return function

    return declare


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


def _shown(value: object) -> str:
    return value if isinstance(value, str) else repr(value)
