"""Hidden values: of what a build gets, never shown, and secrets that are looked for."""

from __future__ import annotations

from packerlab.hidden import SHOWN, Hidden


def test_values_are_their_own_and_have_64_bits() -> None:
    hidden = Hidden(b"key", "sha256:1")
    assert hidden("a") == Hidden(b"key", "sha256:1")("a")
    others = {
        hidden("a"),
        hidden("b"),
        Hidden(b"key", "sha256:2")("a"),
        Hidden(b"k", "sha256:1")("a"),
    }
    assert len(others) == 4
    assert all(int(value, 16) < 2**64 and len(value) == 16 for value in others)


def test_they_are_masked_in_any_case() -> None:
    hidden = Hidden(b"key", "")
    value = hidden("a")
    assert hidden.redacted(f"<{value}|{value.upper()}|other>") == f"<{SHOWN}|{SHOWN}|other>"


def test_a_secret_is_one_that_is_looked_for() -> None:
    hidden = Hidden(b"key", "")
    value = hidden("a")
    assert hidden.secrets == []
    assert hidden.secret("a") == hidden.secret("a") == value
    assert hidden.secrets == [value]
