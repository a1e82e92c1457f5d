"""`packerlab serve`: what it says where it can't begin; tests/room has the room itself."""

from __future__ import annotations

import importlib.util
import socket
from typing import TYPE_CHECKING

import pytest

from packerlab.commands.serve import refuse_without_extra
from packerlab.errors import MachineError
from tests.toy import cli

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--host", "192.0.2.1"], "can't be served at 192.0.2.1, port 8443: "),
        (["--host", "nowhere.invalid"], "can't be served at nowhere.invalid"),
        (["--lab", "999"], "There is no lab `999`"),
        (["--class", "nowhere.toml"], "nowhere.toml"),
        (["--site", "."], "is no built site"),
        (["--course", "."], "is not a course"),
        (["--port", "70000"], "--port"),
    ],
)
def test_bad_input_is_one_sentence(tmp_path: Path, words: list[str], said: str) -> None:
    done = cli("serve", "--out", "book", "--weak-limits", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = cli("serve", "--out", tmp_path / "book", "--port", port, "--weak-limits")
    assert done.returncode == 2
    assert "Address already in use" in done.stderr
    assert "--port a port that is free" in done.stderr


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "uvicorn" else 1)
    with pytest.raises(MachineError, match=r"needs uvicorn: install .* 'packerlab\[room\]'"):
        refuse_without_extra()
