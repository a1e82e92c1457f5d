"""The quizzes: each page's questions are well made, and work as forms in a real browser."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs" / "quizzes").glob("*.md"))
SEVERAL = "Choose all that are right."
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


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
    named = re.fullmatch(r"(.+) \{ #([a-z0-9-]+) \}", heading)
    assert named, f"no id: {heading}"
    body, *items = re.split(r"^- \[(?=[ x]\] )", rest, flags=re.MULTILINE)
    return Question(named[1], named[2], body.strip(), [option(item) for item in items])


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

SCRIPT = """
const told = []
const seen = (form, what) => [...form.querySelectorAll(what)].filter((it) => it.checkVisibility())
const state = (form) => ({
  status: document.querySelector(".quiz-status").textContent,
  ticked: form.querySelectorAll("input:checked").length,
  explained: seen(form, ".quiz-options li > div").length,
  described: form.querySelectorAll("[aria-describedby]").length,
  buttons: seen(form, "button").map((it) => it.innerText),
  focus: document.activeElement.innerText || document.activeElement.id,
})
for (const [number, form] of document.querySelectorAll(".quiz form").entries()) {
  const inputs = [...form.querySelectorAll("input")]
  const choose = (numbers) => { for (const each of numbers) inputs[each].click() }
  const press = (word) => seen(form, "button").find((it) => it.innerText === word).click()
  const question = {
    legend: form.querySelector("fieldset > legend > h2").innerText,
    kinds: [...new Set(inputs.map((it) => it.type))],
    labels: inputs.map((it) => it.labels[0].innerText),
    verdicts: [...form.querySelectorAll("strong")].map((it) => it.textContent),
    states: [state(form)],
  }
  const step = (act) => { act(); question.states.push(state(form)) }
  step(() => press("Check"))
  step(() => { choose(WRONG[number]); press("Check") })
  step(() => press("Try again"))
  step(() => { choose(RIGHT[number]); press("Check") })
  told.push(question)
}
const place = document.createElement("pre")
place.id = "told"
place.textContent = JSON.stringify(told)
document.body.append(place)
"""


@pytest.fixture(scope="session")
def browser() -> str:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if not found and not os.environ.get("CI"):
        pytest.skip("no Chromium")
    assert found
    return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    words = ["build", "--quiet", "--config-file", str(ROOT / "mkdocs.yml")]
    subprocess.run(
        [sys.executable, "-m", "mkdocs", *words, "--site-dir", str(folder)], cwd=ROOT, check=True
    )
    return folder


@pytest.fixture
def told(page: Path, site: Path, browser: str, tmp_path: Path) -> list[dict[str, Any]]:
    """What a browser shows of each question while somebody answers it, wrongly and then rightly."""
    built = site / "quizzes" / f"{page.stem}.html"
    asked = questions(page)
    right = [each.right for each in asked]
    wrong = [[n for n in range(len(each.options)) if n not in each.right][:1] for each in asked]
    script = f"const RIGHT = {json.dumps(right)}, WRONG = {json.dumps(wrong)}\n{SCRIPT}"
    copy = built.with_name(f"{page.stem}.answered.html")
    text = built.read_text(encoding="utf-8")
    copy.write_text(text.replace("</body>", f"<script>{script}</script></body>"), encoding="utf-8")
    words = ["--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}"]
    done = subprocess.run(
        [browser, *words, "--virtual-time-budget=5000", "--dump-dom", copy.as_uri()],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    found = re.search(r'<pre id="told">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found, done.stderr[-2000:]
    answers: list[dict[str, Any]] = json.loads(html.unescape(found[1]))
    return answers


def test_a_quiz_in_a_browser(page: Path, told: list[dict[str, Any]]) -> None:
    asked = questions(page)
    assert len(told) == len(asked)
    for number, (question, shown) in enumerate(zip(asked, told, strict=True)):
        options = question.options
        verdicts = ["Right answer." if each.right else "Wrong answer." for each in options]
        assert shown["legend"] == html.unescape(re.sub("[`*]", "", question.title))
        assert shown["kinds"] == ["checkbox" if len(question.right) > 1 else "radio"]
        assert len(shown["labels"]) == len(options)
        assert all(shown["labels"])
        assert [each for each in shown["verdicts"] if each.endswith("answer.")] == verdicts
        fresh, empty, wrong, again, right = shown["states"]
        open_form = {"ticked": 0, "explained": 0, "described": 0, "buttons": ["Check"]}
        assert open_form.items() <= fresh.items()
        assert open_form.items() <= empty.items()
        assert empty["status"].startswith("Choose an answer first.")
        closed = {"explained": len(options), "described": len(options), "buttons": ["Try again"]}
        assert closed.items() <= wrong.items()
        assert wrong["status"] == score("Not right.", number, number + 1, len(asked))
        assert wrong["focus"] == "Try again"
        assert open_form.items() <= again.items()
        assert again["focus"] == f"{question.anchor}-1"
        assert again["status"] == score("", number, number, len(asked))
        assert closed.items() <= right.items()
        assert right["status"] == score("Right.", number + 1, number + 1, len(asked))


def score(word: str, right: int, answered: int, questions: int) -> str:
    told = f"Score so far: {right} of {answered}, {questions - answered} to go."
    return f"{word} {told}".strip() if answered else word
