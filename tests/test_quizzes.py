"""The quizzes: each page's questions are well made, and work as forms in a real browser."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import pytest

from tests.looking import look_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs" / "quizzes").glob("*.md"))
SEVERAL = "Choose all that are right."


class Option(NamedTuple):
    """An answer that can be chosen, and why it is right or wrong."""

    right: bool
    text: str
    why: str


class Question(NamedTuple):
    """What stands below a heading of a quiz."""

    title: str
    anchor: str
    body: str
    options: list[Option]
    reread: str

    @property
    def right(self) -> list[int]:
        return [number for number, option in enumerate(self.options) if option.right]


def questions(page: Path) -> list[Question]:
    text = page.read_text(encoding="utf-8")
    quiz = re.search(
        r'^<div class="quiz" markdown>\n\n(.+)\n</div>\n*\Z', text, re.MULTILINE | re.DOTALL
    )
    assert quiz, "the questions stand in one div, which ends the page"
    return [question(part) for part in re.split(r"^## ", quiz[1], flags=re.MULTILINE)[1:]]


def question(text: str) -> Question:
    heading, _, rest = text.partition("\n")
    rest, _, reread = rest.partition("\nRead again: ")
    named = re.fullmatch(r"(.+) \{ #([a-z0-9-]+) \}", heading)
    assert named, f"no id: {heading}"
    body, *items = re.split(r"^- \[(?=[ x]\] )", rest, flags=re.MULTILINE)
    options = [option(item) for item in items]
    return Question(named[1], named[2], body.strip(), options, reread.strip())


def option(text: str) -> Option:
    first, _, why = text.partition("\n\n")
    lines = [line for line in why.splitlines() if line]
    assert all(line.startswith("    ") for line in lines), f"not indented: {why}"
    return Option(first[0] == "x", " ".join(first[2:].split()), " ".join(why.split()))


@pytest.fixture(params=PAGES, ids=[page.stem for page in PAGES])
def page(request: pytest.FixtureRequest) -> Path:
    chosen: Path = request.param
    return chosen


def test_there_are_quizzes() -> None:
    assert PAGES


def test_a_page_has_its_questions(page: Path) -> None:
    found = questions(page)
    assert 5 <= len(found) <= 12
    assert len({each.anchor for each in found}) == len(found)
    for each in found:
        assert each.title.endswith("?"), each.title
        assert re.fullmatch(r"\[.+\]\(\.\./.+\.md#[\w-]+\)", each.reread), each.title


def test_each_question_makes_one_think(page: Path) -> None:
    for each in questions(page):
        texts = [option.text for option in each.options]
        assert 3 <= len(texts) <= 6, each.title
        assert 1 <= len(each.right) <= len(texts) - 2, f"two wrong options at least: {each.title}"
        assert (len(each.right) > 1) == (SEVERAL in each.body), each.title
        assert len(set(texts)) == len(texts), each.title
        assert not re.search(
            r"(all|none|both) of the (above|these)", " ".join(texts), re.IGNORECASE
        )


def test_each_option_has_an_explanation_of_its_own(page: Path) -> None:
    reasons = [option.why for each in questions(page) for option in each.options]
    assert [why for why in reasons if len(why) < 20] == []
    assert len(set(reasons)) == len(reasons)


def test_the_right_option_is_not_given_away(page: Path) -> None:
    """Neither by its place nor by its length."""
    single = [each for each in questions(page) if len(each.right) == 1]
    places = [each.right[0] for each in single]
    longest = [each for each in single if each.options[each.right[0]].text == widest(each)]
    assert max(places.count(place) for place in places) <= len(single) * 0.6
    assert len(longest) <= len(single) * 0.5, [each.title for each in longest]


def widest(each: Question) -> str:
    return max((option.text for option in each.options), key=len)


# --- in a browser ---------------------------------------------------------------------------------


@pytest.fixture
def shown(page: Path, site: Path, browser: Browser) -> Iterator[Page]:
    tab = browser.new_page()
    tab.goto((site / "quizzes" / f"{page.stem}.html").as_uri())
    yield tab
    tab.close()


def explained(form: Locator) -> list[int]:
    """The numbers of the options whose explanations are shown."""
    notes = form.locator(".quiz-options li > div")
    return [n for n in range(notes.count()) if notes.nth(n).is_visible()]


def buttons(form: Locator) -> list[str]:
    return form.locator("button:visible").all_inner_texts()


def choose(form: Locator, numbers: list[int]) -> None:
    """With the keyboard alone, as far as the button."""
    for number in numbers:
        form.locator("input").nth(number).focus()
        form.page.keyboard.press("Space")
    form.get_by_role("button", name="Check").press("Enter")


def score(right: int, answered: int, questions: int) -> str:
    open_ = questions - answered
    return f"{right} of {answered} right at the first attempt, {open_} to go." if open_ else ""


def test_each_question_is_a_form(page: Path, shown: Page) -> None:
    for each in questions(page):
        form = shown.locator(".quiz-question", has=shown.locator(f"#{each.anchor}"))
        legend = form.locator("fieldset > legend > h2").inner_text()
        assert legend == html.unescape(each.title.replace("`", ""))
        assert explained(form) == []
        assert buttons(form) == ["Check"]
        assert not form.get_by_text("Read again:").is_visible()
        kind = "checkbox" if len(each.right) > 1 else "radio"
        assert form.locator(f"input[type={kind}]").count() == len(each.options)
        labels = form.locator("label").all_inner_texts()
        assert all(labels)
        verdicts = form.locator(".quiz-options strong:first-child").all_text_contents()
        right = [said.startswith("Right") for said in verdicts if said.endswith("answer.")]
        assert right == [option.right for option in each.options]


def test_only_what_was_chosen_is_explained_first(page: Path, shown: Page) -> None:
    asked = questions(page)
    status = shown.locator(".quiz-status")
    for number, each in enumerate(asked):
        form = shown.locator(".quiz-question").nth(number)
        form.get_by_role("button", name="Check").click()
        assert status.inner_text().startswith("Choose an answer first.")
        wrong = next(n for n in range(len(each.options)) if n not in each.right)
        choose(form, [wrong])
        assert explained(form) == [wrong]
        assert (
            form.locator(".quiz-options li > div")
            .nth(wrong)
            .evaluate("(note) => note === document.activeElement")
        )
        assert form.get_by_text("Read again:").is_visible()
        assert buttons(form) == ["Try again", "Show the answer"]
        assert status.inner_text() == f"Not right. {score(0, number + 1, len(asked))}".strip()
        form.get_by_role("button", name="Try again").press("Enter")
        assert explained(form) == []
        assert form.locator("input").first.evaluate("(it) => it === document.activeElement")
        choose(form, each.right)
        assert explained(form) == each.right
        assert status.inner_text().startswith("Right.")
        form.get_by_role("button", name="Explain the others").press("Enter")
        assert explained(form) == list(range(len(each.options)))
        assert buttons(form) == []


def test_the_end_says_what_to_read_again_and_what_comes_next(page: Path, shown: Page) -> None:
    asked = questions(page)
    end = shown.locator(".quiz-end")
    for number, each in enumerate(asked):
        assert not end.is_visible()
        wrong = [next(n for n in range(len(each.options)) if n not in each.right)]
        choose(shown.locator(".quiz-question").nth(number), wrong if number == 1 else each.right)
    right = len(asked) - 1
    assert f"You had {right} of {len(asked)} right at the first attempt." in end.inner_text()
    (link,) = re.findall(r"\((.+)\.md(#.+)\)", asked[1].reread)
    assert end.locator("li a").evaluate_all("all => all.map((a) => a.getAttribute('href'))") == [
        f"{link[0]}.html{link[1]}"
    ]
    following = shown.locator(".md-footer__link--next .md-ellipsis").inner_text()
    assert end.locator("p a").inner_text() == following

    shown.reload()
    assert f"You had {right} of {len(asked)}" in end.inner_text(), "the browser keeps the answers"
    assert explained(shown.locator(".quiz-question").first) == asked[0].right

    ticks = shown.goto(shown.url.rpartition("/quizzes/")[0] + "/index.html")
    assert ticks
    assert shown.locator(f".map li:has(a[href='quizzes/{page.stem}.html']) input").is_checked()

    shown.go_back()
    end.get_by_role("button", name="Start again").click()
    assert not end.is_visible()
    assert buttons(shown.locator(".quiz-question").first) == ["Check"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_answered_quiz_can_be_read_by_everybody(
    site: Path, browser: Browser, scheme: Literal["light", "dark"]
) -> None:
    tab = browser.new_page(viewport={"width": 360, "height": 740}, color_scheme=scheme)
    tab.goto((site / "quizzes" / "values.html").as_uri())
    for number, form in enumerate(tab.locator(".quiz-question").all()):
        choose(form, [number % 2])  # some are right
    assert tab.locator(".quiz-end").is_visible()
    look_at(tab)
    tab.close()
