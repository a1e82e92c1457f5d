"""Edits that an author writes by hand: found once, or refused with what is wrong."""

from __future__ import annotations

import pytest

from packerlab.errors import BadInputError
from packerlab.variants.edits import Edit, apply, parse_diff

TEXTS = {
    "a.txt": "one\n  two\n\nthree\nend\n",
    "b.txt": "four\nfive\nend\nno line end",
}


def diffed(diff: str) -> dict[str, str]:
    return apply(TEXTS, list(parse_diff(diff)))


def test_words_are_replaced_wherever_they_are() -> None:
    after = apply(TEXTS, [Edit("five", "5"), Edit("tw", "TW"), Edit("two", "2")][:2])
    assert after == {"a.txt": "one\n  TWo\n\nthree\nend\n", "b.txt": "four\n5\nend\nno line end"}


def test_edits_are_found_in_what_was_there_before_any_of_them() -> None:
    after = apply({"a": "one two"}, [Edit("one", "two"), Edit("two", "one")])
    assert after == {"a": "two one"}


def test_a_diff_adds_takes_out_and_replaces_lines() -> None:
    assert diffed(" one\n+more\n@@\n-\n-three\n+3\n")["a.txt"] == "one\nmore\n  two\n3\nend\n"
    assert diffed("@@ -1,3 +1,2 @@\n one\n-  two\n\n")["a.txt"] == "one\n\nthree\nend\n"
    assert diffed(" five\n-end")["b.txt"] == "four\nfive\nno line end"


def test_lines_beside_tell_which_one_is_meant() -> None:
    assert diffed(" five\n-end\n+END\n") == {
        "a.txt": TEXTS["a.txt"],
        "b.txt": "four\nfive\nEND\nno line end",
    }


def test_a_line_of_a_diff_is_a_whole_one() -> None:
    with pytest.raises(BadInputError, match="the solution has no `two`"):
        diffed("-two\n")
    with pytest.raises(BadInputError, match="the solution has no `thr`"):
        diffed("-thr\n")


@pytest.mark.parametrize(
    ("diff", "words"),
    [
        ("-one\n-  2\n", "the solution has no `  2`."),
        ("-end\n", "the solution has `end` 2 times, in a.txt:5, b.txt:3: give more."),
        ("-one\n-end\n", "the solution has `one`, but not with the 1 lines after it."),
        ("+new\n", "`diff` adds lines, but shows no line beside which they belong."),
        ("one\n", "a line of `diff` begins with +, - or a blank, not `one`."),
        ("-one\n@@\n one\n+more\n", "two edits change `one`."),
    ],
)
def test_what_is_not_found_once_is_refused(diff: str, words: str) -> None:
    with pytest.raises(BadInputError) as caught:
        diffed(diff)
    assert str(caught.value) == words


def test_overlapping_places_count_twice() -> None:
    with pytest.raises(BadInputError, match="2 times, in a:1, a:1"):
        apply({"a": "aaa"}, [Edit("aa", "b")])
