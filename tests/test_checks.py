"""How a check is declared, and how it says what it found."""

from __future__ import annotations

import pytest

from packerlab.checks import ATTRIBUTE, Failure, Spec, check, fail
from packerlab.report import Where

HINTS = ("One.", "Two.")


@pytest.mark.parametrize(
    ("needs", "expected"), [((), ()), ("test_a", ("test_a",)), (["test_a", "b"], ("test_a", "b"))]
)
def test_a_check_carries_what_it_was_declared_with(
    needs: str | list[str], expected: tuple[str, ...]
) -> None:
    @check(points=3, needs=needs, hints=HINTS, docs="beginner/101_lab#part")
    def test_it() -> None:
        """It does."""

    assert getattr(test_it, ATTRIBUTE) == Spec(3, expected, HINTS, "beginner/101_lab#part")
    assert test_it.__doc__ == "It does."
    test_it()


def test_fail_says_what_was_expected_found_and_where() -> None:
    with pytest.raises(Failure) as caught:
        fail("It does not.", expected=["a"], found="b", where=Where("main.pkr.hcl", 3))
    failure = caught.value
    assert (failure.message, failure.expected, failure.found) == ("It does not.", "['a']", "b")
    assert failure.where == Where("main.pkr.hcl", 3)
    assert isinstance(failure, AssertionError)


def test_what_is_not_given_is_not_shown() -> None:
    with pytest.raises(Failure) as caught:
        fail("It does not.")
    assert (caught.value.expected, caught.value.found, caught.value.where) == ("", "", None)


def test_none_and_zero_are_shown() -> None:
    with pytest.raises(Failure) as caught:
        fail("It does not.", expected=0, found=None)
    assert (caught.value.expected, caught.value.found) == ("0", "None")
