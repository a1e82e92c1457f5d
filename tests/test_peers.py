"""The forgeries that are tried on other graders gain nothing here, and the page has them all."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.peers.forgeries import ACCOMPLICE, FORGERIES, NEIGHBOUR
from benchmarks.peers.grader import ANSWER
from benchmarks.peers.ours import Packerlab

if TYPE_CHECKING:
    from benchmarks.peers.forgeries import Forgery

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "instructors" / "forgeries.md"


def test_every_forgery_is_of_a_row_of_the_threat_table() -> None:
    rows = re.findall(r"^\| (\d+) \|", (ROOT / "SECURITY.md").read_text(), re.MULTILINE)
    assert {str(forgery.row) for forgery in FORGERIES} <= set(rows)


@pytest.mark.parametrize("forgery", FORGERIES, ids=[forgery.name for forgery in FORGERIES])
def test_no_forgery_knows_the_words_of_the_greeting(forgery: Forgery) -> None:
    assert forgery.answers
    for grader in forgery.answers:
        assert not [text for text in forgery.files(grader).values() if "Hello" in text]


def test_the_page_has_every_forgery_and_none_gains_here() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+?) \| (.+?) \|", PAGE.read_text(), re.MULTILINE)
    assert rows == [(str(each.row), each.says, "held") for each in FORGERIES]


def test_no_forgery_gains_a_mark_here(tmp_path: Path) -> None:
    ours, place = Packerlab(), tmp_path / "place"
    place.mkdir()
    crowd = {each.name: each.files(ours.name) for each in FORGERIES}
    crowd |= {NEIGHBOUR: {ANSWER: ours.right}, ACCOMPLICE: {ANSWER: ours.wrong}}
    for make in (ours.prepare, lambda place: ours.hand_in(place, crowd)):
        argv = ours.inside(make(place), place, place)
        subprocess.run(argv, check=True, capture_output=True)
    assert {name for name in crowd if ours.passed(place, name)} == {NEIGHBOUR}
