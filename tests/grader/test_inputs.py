"""What checks give to learners' work has the shape of real values, and hides in every message."""

from __future__ import annotations

import pytest

from packerlab.grader import Hidden, near

SHAPES = ["word", "mixed", "person", "version", "text"]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_holds_the_hidden_part_in_both_cases(shape: str) -> None:
    hidden = Hidden(b"key", "digest")
    made = getattr(hidden, shape)("release")
    assert hidden("release") in made.lower()
    assert made != made.lower()
    assert made != made.upper()
    assert made == made.strip()
    assert "\n" not in made
    assert getattr(hidden, shape)("release") == made
    assert getattr(hidden, shape)("other") != made


def test_a_number_lies_between_its_bounds() -> None:
    hidden = Hidden(b"key", "digest")
    numbers = {hidden.number(f"n{count}", 3, 5) for count in range(50)}
    assert numbers == {3, 4, 5}


def test_what_is_near_is_never_right() -> None:
    assert near("dev") == ["", "Dev", " dev", "devil"]


def test_a_text_has_what_a_shell_json_and_sed_would_change() -> None:
    assert set("'\"$&%`\\/") <= set(Hidden(b"key", "digest").text("greeting"))
