"""How a check is declared, and how it says what it found."""

from __future__ import annotations

import pytest

from packerlab.checks import ATTRIBUTE, Failure, Spec, check, expect, fail
from packerlab.report import Where


@pytest.mark.parametrize(
    ("needs", "expected"), [((), ()), ("test_a", ("test_a",)), (["test_a", "b"], ("test_a", "b"))]
)
def test_a_check_carries_what_it_was_declared_with(
    needs: str | list[str], expected: tuple[str, ...]
) -> None:
    @check(points=3, needs=needs, docs="#part")
    def test_it() -> None:
        """It does
        what it should.

        - Does it?
        - A hint may go on
          in the next line - like this one.
        """

    hints = ("Does it?", "A hint may go on in the next line - like this one.")
    spec = Spec(3, expected, "It does what it should.", hints, "#part")
    assert getattr(test_it, ATTRIBUTE) == spec
    test_it()


def test_a_check_may_be_for_some_packers() -> None:
    @check(points=1, packer=">=1.7,<1.14")
    def test_it() -> None:
        pass

    assert getattr(test_it, ATTRIBUTE).packer == ">=1.7,<1.14"
    with pytest.raises(ValueError, match=r"packer='1\.7' is no range of versions, such as >=1\.7"):
        check(points=1, packer="1.7")


def test_a_check_without_a_sentence_is_called_by_its_name() -> None:
    @check(points=1)
    def test_it() -> None:
        pass

    assert getattr(test_it, ATTRIBUTE) == Spec(1, (), "test_it", (), "")


@pytest.mark.parametrize(
    ("found", "expected", "shown"),
    [
        (["b", "a"], ["a"], "b, a"),
        ({"b", "a"}, {"a"}, "a, b"),
        ([], ["a"], "no letter"),
        (None, "a", "no letter"),
        (0, 1, "0"),
        (True, 1, "True"),
        ([f"{n}" for n in range(20)], [], "0, 1, 2, 3, 4, 5, 6, 7"),
        (["a\nb"], [], "a\N{REPLACEMENT CHARACTER}b"),
    ],
)
def test_expect_fails_with_what_was_found(found: object, expected: object, shown: str) -> None:
    with pytest.raises(Failure, match="It is another") as caught:
        expect(found, expected, "It is another.", no="no letter", where=Where("main.pkr.hcl", 3))
    assert caught.value.found == shown
    assert caught.value.where == Where("main.pkr.hcl", 3)


def test_expect_lets_pass_what_is_as_expected() -> None:
    expect({"a": 1}, {"a": 1}, "It is another.")
    expect(1, 1.0, "It is another.")


def test_fail_says_what_was_expected_found_and_where() -> None:
    with pytest.raises(Failure) as caught:
        fail("It does not.", expected=["a"], found="b", where=Where("main.pkr.hcl", 3))
    failure = caught.value
    assert (failure.message, failure.expected, failure.found) == ("It does not.", "a", "b")
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
