from __future__ import annotations

import pytest

from packerlab.writers.similar_page import Line, Lookalikes, Pair, Side, Text, write_similar
from tests.writers.pages import HOSTILE, Page, assert_harmless


def make_pair(text: str) -> Pair:
    lines = [Line("variable {", shared=False), Line(text, shared=True)]
    sides = [Side(text, [Text(text, lines, 1)]), Side("ben", [Text("main.pkr.hcl", lines, 0)])]
    return Pair("101_first_build", [text, "ben", text], 7, 9, sides)


def page_of(found: Lookalikes) -> str:
    return b"".join(write_similar(found)).decode()


def test_it_says_what_is_shared_and_that_it_proves_nothing() -> None:
    page = page_of(Lookalikes([make_pair("ada")], 2, 30, 4))
    text = " ".join(Page(page).text.split())
    assert "a reason to talk, not a proof" in text
    assert "ada and ben" in text
    assert "of the 9 statements that the shorter work adds to the lab, the other has 7." in text
    assert "30 submissions compared. In 4 of them" in text
    assert "And 2 more that are less alike." in text
    assert page.count('<li class="same">ada</li>') == 2
    assert page.count("<li>variable {</li>") == 2


def test_nothing_alike_is_a_page_that_says_so() -> None:
    assert "No two submissions are alike" in page_of(Lookalikes([], 0, 3, 3))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_only_text(text: str) -> None:
    page = page_of(Lookalikes([make_pair(text)], 0, 2, 0))
    assert_harmless(page)
