"""An output that lacks a character shows another one, and no verb ends for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.toy import cli

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("verb", "encoding"),
    [
        ("labs", "ascii"),
        ("progress", "latin-1"),
        ("doctor", "ascii"),
        ("check", "cp1252"),
        ("solution", "latin-1"),
        ("--help", "ascii"),
    ],
)
def test_every_output_takes_what_is_shown(tmp_path: Path, verb: str, encoding: str) -> None:
    ours = {"PYTHONIOENCODING": encoding, "PACKERLAB_COURSE": ""}
    cli("start", "101", tmp_path / "mine", env=ours)
    words = {"check": str(tmp_path / "mine"), "solution": "101 --give-up"}.get(verb, "")
    done = cli(verb, *words.split(), env=ours)
    assert done.stdout
    assert "Unicode" not in done.stderr
    assert "mistake of ours" not in done.stderr
    assert done.returncode in (0, 1)


def test_what_stands_for_a_sign_is_as_clear(tmp_path: Path) -> None:
    cli("start", "101", tmp_path / "mine")
    shown = cli("check", tmp_path / "mine", env={"PYTHONIOENCODING": "ascii"}).stdout
    assert "+ The template" in shown
    assert "?" not in shown


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    done = cli("check", tmp_path / "no\udce9", env={"PYTHONIOENCODING": "utf-8"})
    assert done.returncode == 2
    assert "there is no such folder" in done.stderr


@pytest.mark.parametrize("verb", ["start", "grade"])
def test_help_names_the_program(verb: str) -> None:
    shown = cli(verb, "--help").stdout
    assert f"Usage: packerlab {verb}" in shown
    assert "python" not in shown
