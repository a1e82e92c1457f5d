"""Waiting for a condition: no test sleeps for a time in which something should have happened."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from tests.sandbox.places import alive, descendants, processes_with

if TYPE_CHECKING:
    from collections.abc import Callable

    T = TypeVar("T")

PATIENCE_S = 60.0
"""Long enough for a busy machine; only a test that fails waits for so long."""


def until(condition: Callable[[], T], what: str, step_s: float = 0.02) -> T:
    """The first true value of `condition`; the test fails where it has none in a minute."""
    end = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < end, f"waited for {PATIENCE_S:.0f} s: {what}"
        time.sleep(step_s)
    return found


def sleepers(root: int, seconds: str) -> list[int]:
    """The processes below `root` that run `sleep` for so many seconds."""
    named = processes_with(f"sleep\0{seconds}\0")
    return [pid for pid in descendants(root) if pid in named]


def until_gone(pids: list[int]) -> None:
    until(lambda: not alive(pids), f"some of these should end: {pids}")
