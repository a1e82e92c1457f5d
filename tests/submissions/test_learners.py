"""Learners' names, for people and for file systems."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packerlab.submissions.learners import LONGEST_NAME, learner_name, person


@pytest.mark.parametrize(
    ("name", "learner"),
    [
        ("ada", "ada"),
        ("ada.zip", "ada"),
        ("Ada.TAR.GZ", "Ada"),
        ("ada.tar.xz", "ada"),
        ("ada.tgz", "ada"),
        ("ada.pkr.hcl", "ada"),
        ("ada.pkr.json", "ada"),
        ("ada.v2.zip", "ada.v2"),
        ("a b", "a%20b"),
        ("a/b", "a%2Fb"),
        ("a~b", "a%7Eb"),
        ("a%20b", "a%2520b"),
        ("Gr\u00fc\u00dfe", "Gr%C3%BC%C3%9Fe"),
        ("Zoe\u0308.zip", "Zo%C3%AB"),
        ("\u5c71\u7530", "%E5%B1%B1%E7%94%B0"),
        ("\udcff", "%FF"),
        ("=1+1", "%3D1%2B1"),
        (".hidden", "%2Ehidden"),
        ("..", "%2E."),
        (".zip", "%2Ezip"),
        ("a\n\x1b[2J", "a%0A%1B%5B2J"),
    ],
)
def test_a_learner_s_name_is_safe_as_a_file_s(name: str, learner: str) -> None:
    assert learner_name(name) == learner


def test_long_names_stay_apart() -> None:
    one, other = (learner_name("\u4f60" * 80 + end) for end in "ab")
    assert one != other
    assert {len(one), len(other)} <= set(range(LONGEST_NAME + 1))
    assert learner_name("a" * LONGEST_NAME) == "a" * LONGEST_NAME


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_every_name_is_safe(name: str) -> None:
    learner = learner_name(name)
    assert learner
    assert not learner.startswith(".")
    assert set(learner) <= set(
        "%._-" + "".join(map(chr, (*range(48, 58), *range(65, 91), *range(97, 123))))
    )
    assert len(learner) <= LONGEST_NAME


def test_people_see_the_name_that_was_handed_in() -> None:
    assert person("Zoe\u0308 \u5c71\u7530.zip") == "Zo\u00eb \u5c71\u7530"
