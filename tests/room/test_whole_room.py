"""Thirty learners in a room, hostile ones among them, and a server that is killed meanwhile."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx

from packerlab.gradebook import read_gradebook
from tests.room.rooms import ENDLESS, RIGHT, Learner, small_course
from tests.room.test_taking import HOSTILE
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


LEARNERS, HAND_INS, HOSTILE_ONES = 30, 5, 2
ATTACKS = ("bomb", "tar-bomb", "many", "escaping", "link", "plugin", "not-a-zip", "other-lab")


def test_thirty_learners_and_some_hostile_ones(tmp_path: Path) -> None:
    """Each hands in five times and waits for the verdict: none is lost, and none doubled."""

    def learn(number: int) -> list[int]:
        with room.learner(f"Learner {number:02}") as learner:
            return [handed_in(learner, number, turn) for turn in range(HAND_INS)]

    def attack(number: int) -> set[int]:
        with room.learner(f"Mallory {number}") as mallory:
            mallory.hand_in(ENDLESS, "102")
            hostile = [HOSTILE[case][:2] for case in ATTACKS]
            put = mallory.client.put
            return {put(f"/labs/101/{name}", content=data).status_code for name, data in hostile}

    book = tmp_path / "book"
    with opened(small_course(tmp_path / "course"), book, {}) as room:
        with ThreadPoolExecutor(LEARNERS + HOSTILE_ONES) as pool:
            attackers = [pool.submit(attack, number) for number in range(HOSTILE_ONES)]
            learners = [pool.submit(learn, number) for number in range(LEARNERS)]
            scores = [learner.result() for learner in learners]
            refusals = [attacker.result() for attacker in attackers]
        with room.learner("Learner 00") as learner:
            wall = learner.client.get("/wall").text
    assert scores == [[1, 1, 1, 1, 3]] * LEARNERS
    assert refusals == [{422}] * HOSTILE_ONES
    assert f"{LEARNERS} passed" in wall
    reports = [each for each in read_gradebook(book).reports() if each.lab == "101_static"]
    attempts = sorted((each.run.name, each.run.attempt) for each in reports)
    assert attempts == [
        (f"Learner {number:02}", turn + 1) for number in range(LEARNERS) for turn in range(HAND_INS)
    ]
    assert len({each.digests.submission for each in reports}) == LEARNERS * HAND_INS


def handed_in(learner: Learner, number: int, turn: int) -> int:
    """One attempt, the last of which is right; its score."""
    text = RIGHT if turn == HAND_INS - 1 else ""
    answer = learner.hand_in(f"# {number} {turn}\n{text}")
    assert answer.status_code == 201, answer.text
    report = learner.verdict(step_s=1)
    assert report["run"]["attempt"] == turn + 1
    return int(report["score"])


@contextlib.contextmanager
def opened(course: Path, out: Path, tokens: dict[str, str]) -> Iterator[Opened]:
    """The real command, which is killed at the end."""
    words = ["serve", "--course", course, "--out", out, "--port", "0", "--jobs", "2",
             "--sandbox", "bubblewrap", "--weak-limits"]  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "packerlab", *map(str, words)],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout
    said = ""
    while "Ctrl-C" not in said:
        line = process.stdout.readline()
        assert line, said
        said += line
    try:
        yield Opened(said, tokens)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


class Opened:
    """What a server's command says, and the learners whose tokens are known."""

    def __init__(self, said: str, tokens: dict[str, str]) -> None:
        self.url = found(r"open at (\S+)", said)
        self.code = found(r"code: +(\S+)", said)
        self._tokens = tokens

    @contextlib.contextmanager
    def learner(self, name: str) -> Iterator[Learner]:
        with httpx.Client(base_url=self.url, timeout=60) as client:
            if name in self._tokens:
                learner = object.__new__(Learner)
                learner.client, learner.name = client, name
                client.headers["authorization"] = f"Bearer {self._tokens[name]}"
            else:
                learner = Learner(client, name, self.code)
                self._tokens[name] = learner.token
            yield learner


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match, text
    return match[1]


def test_killed_at_any_moment_and_opened_again(tmp_path: Path) -> None:
    """Whatever was acknowledged before a SIGKILL is graded after it, once."""
    course, book = small_course(tmp_path / "course"), tmp_path / "book"
    tokens: dict[str, str] = {}
    reports = tmp_path / "book" / "reports"
    for turn, before_kill in enumerate((0, 2, 7)):
        with opened(course, book, tokens) as room:
            for name in (f"Learner {number}" for number in range(8)):
                with room.learner(name) as learner:
                    text = f"# {name} {turn}\n{RIGHT}"
                    assert learner.hand_in(text).status_code == 201
            graded = len(list(reports.glob("101*/*/*.json")))
            until(
                lambda: len(list(reports.glob("101*/*/*.json"))) >= graded + before_kill,  # noqa: B023
                "some are graded",
            )
    with opened(course, book, tokens) as room:
        for name in tokens:
            with room.learner(name) as learner:
                until(lambda: learner.standing()["place"] is None, "it is graded")
                last = learner.standing()["report"]
                assert last["score"] == 3
                assert last["run"]["name"] == name
    assert list((book / "room" / "waiting").iterdir()) == []
    saved = list(read_gradebook(book).reports())
    assert all(read_gradebook(book).work(each) for each in saved)
    digests = [each.digests.submission for each in saved]
    assert len(digests) == len(set(digests))
    assert len(tokens) == 8
