from __future__ import annotations

import msgspec
import pytest

from packerlab.inside import strict_json


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"NaN",
        b'{"a": [-Infinity]}',
        b"[1e999]",
        rb'"\ud800"',
        rb'{"\udfff": 1}',
        b"\xff",
        b"1" * 5_000,
        b"[" * 101 + b"]" * 101,
        b"[" * 100_000,
        b'{"a":' * 101 + b"1" + b"}" * 101,
    ],
)
def test_what_others_could_not_read_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        strict_json.read(data)


@pytest.mark.parametrize(
    "data",
    [b"null", rb'"\ud83d\ude00"', b"1" * 4_000, b"-1e308", b"[" * 100 + b"]" * 100, b'{"a": {}}'],
)
def test_what_is_taken_can_be_told_on(data: bytes) -> None:
    assert strict_json.read(data) == msgspec.json.decode(data)
