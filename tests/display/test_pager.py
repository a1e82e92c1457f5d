"""Long pages on a terminal are shown a screen at a time, by the pager that the user has chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.terminals import Terminal
from tests.toy import cli
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "beginner/105_first_ami"
OURS = {"PACKERLAB_COURSE": ""}


@pytest.fixture
def pager(tmp_path: Path) -> str:
    """A pager that says that it is one."""
    program = tmp_path / "my pager"
    program.write_text('#!/bin/sh\necho "shown by $1"\ncat\n')
    program.chmod(0o755)
    return f"'{program}' mine"


def test_the_user_s_own_pager_is_taken(pager: str) -> None:
    terminal = Terminal("read", PAGE, env={**OURS, "PAGER": pager})
    try:
        terminal.until("shown by mine")
        assert terminal.ended() == 0
    finally:
        terminal.close()


def test_less_waits_for_a_key_and_ends_with_q() -> None:
    terminal = Terminal("read", PAGE, env=OURS)
    try:
        terminal.until("105 ·")
        terminal.press("\x03")  # is for less, which drops what is typed meanwhile

        def is_at_the_end() -> bool:
            terminal.press("G")
            return "(END)" in terminal.read()

        until(is_at_the_end, "less goes on")
        terminal.press("q")
        assert terminal.ended() == 0
    finally:
        terminal.close()


@pytest.mark.parametrize("pager", ["", "/no/such/program"])
def test_without_a_pager_all_is_printed(pager: str) -> None:
    terminal = Terminal("read", PAGE, env={**OURS, "PAGER": pager})
    try:
        assert terminal.ended() == 0
        assert len(terminal.shown.splitlines()) > 100
    finally:
        terminal.close()


def test_a_pipe_has_no_pager(pager: str) -> None:
    done = cli("read", PAGE, env={**OURS, "PAGER": pager})
    assert done.returncode == 0
    assert "shown by" not in done.stdout
