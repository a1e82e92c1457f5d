"""Learners' files are read as a whole, by their format."""

from __future__ import annotations

import pytest

from packerlab.checks import Failure
from packerlab.formats import described, json_of, settings


def test_json_may_begin_with_a_byte_order_mark() -> None:
    assert json_of("a.json", b'\xef\xbb\xbf{"a": [1, 2.5]}') == {"a": [1, 2.5]}


@pytest.mark.parametrize(
    ("data", "says", "line"),
    [
        (b'{\n"a": 1,\n}', "no comma before `}`", 2),
        (b'{"a": 1, "a": 2}', "`a` appears twice in this object", 1),
        (b"[NaN]", "expected a value", 1),
        (b"1" * 6_000, "too large to be read", 1),
        (b"\xff", "expected a value", 1),
        (b"[" * 100_000, "nests too deep", 1),
        (b" " * 1_000_001, "is larger than", 0),
    ],
)
def test_what_is_no_json_fails_in_words_of_ours(data: bytes, says: str, line: int) -> None:
    with pytest.raises(Failure) as caught:
        json_of("a.json", data)
    assert says in caught.value.message
    assert "a.json" in caught.value.message
    assert caught.value.found == ""
    assert (caught.value.where.line if caught.value.where else 0) == line


def test_settings_are_all_lines_but_comments() -> None:
    text = "# port = 1\n; x\n\nport = 8080\r\n  greeting =a = b \nport=9\nnonsense\n"
    read = settings(text)
    assert read == {"port": ["8080", "9"], "greeting": ["a = b"], "nonsense": [""]}
    assert described(read) == "port = 8080\nport = 9\ngreeting = a = b\nnonsense = "
