"""Rounds of grading of one workspace: what they say, and what they let go."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from packerlab.learning import watching
from packerlab.learning.watching import Began, Broke, Finished, Rounds
from packerlab.sandbox import Sandbox
from tests.toy import COURSE, MESSAGE, Bench

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from packerlab.learning.watching import Event
    from packerlab.sandbox.channel import Channel


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "main.pkr.hcl").write_text(MESSAGE)
    return tmp_path


def told(workspace: Path, act: Callable[[Rounds], None] = lambda _: None) -> list[Event]:
    """What is said from the beginning of rounds to the end of the last one."""

    async def run() -> list[Event]:
        events: asyncio.Queue[Event] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        backend = Bench().backend()
        rounds = Rounds(workspace, COURSE.lab("101"), backend, loop, events.put_nowait)
        try:
            rounds.begin()
            act(rounds)
            heard = [await events.get()]
            while not isinstance(heard[-1], Finished | Broke):
                heard.append(await events.get())
            return heard
        finally:
            rounds.close()

    return asyncio.run(run())


def test_a_round_that_breaks_is_told(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a learner would wait for it, and we would never hear of the mistake."""
    mistake = ZeroDivisionError()

    def broken(*_: object, **__: object) -> None:
        raise mistake

    monkeypatch.setattr(watching, "grade", broken)
    assert told(workspace) == [Began(), Broke(mistake)]


def test_a_save_waits_for_no_sandbox(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The round that it ends may not even have its sandbox yet."""
    saved = threading.Event()
    opened: list[Sandbox] = []

    class Slow(Sandbox):
        def channel(self) -> Channel:
            opened.append(self)
            saved.wait()
            return super().channel()

    def save(rounds: Rounds) -> None:
        (workspace / "main.pkr.hcl").write_text(MESSAGE.replace("nobody", "anybody"))
        rounds.begin()
        saved.set()

    monkeypatch.setattr(watching, "Sandbox", Slow)
    heard = told(workspace, save)
    assert heard[:2] == [Began(), Began()]
    assert isinstance(heard[-1], Finished)
    assert len([event for event in heard if isinstance(event, Finished)]) == 1
    assert all(sandbox._running is None for sandbox in opened), "all are closed"
