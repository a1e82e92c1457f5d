"""Nothing of a class leaves this machine unencrypted."""

from __future__ import annotations

from pathlib import Path

import pytest

from packerlab.errors import BadInputError
from packerlab.executors.address import Keys, address

NONE = Keys()
HERE = Path(__file__)
ALL = Keys(HERE, HERE, HERE)


@pytest.mark.parametrize(
    ("text", "keys", "read"),
    [
        ("127.0.0.1:8786", NONE, "tcp://127.0.0.1:8786"),
        ("tcp://127.9.9.9:1", NONE, "tcp://127.9.9.9:1"),
        ("[::1]:8786", NONE, "tcp://[::1]:8786"),
        ("localhost:8786", NONE, "tcp://localhost:8786"),
        ("big.example.com:8786", ALL, "tls://big.example.com:8786"),
        ("tls://10.0.0.1:8786", ALL, "tls://10.0.0.1:8786"),
    ],
)
def test_what_is_taken(text: str, keys: Keys, read: str) -> None:
    assert str(address(text, keys)) == read


@pytest.mark.parametrize(
    ("text", "keys", "reason"),
    [
        ("10.0.0.1:8786", NONE, "another machine"),
        ("0.0.0.0:8786", NONE, "another machine"),
        ("127.0.0.1.example.com:8786", NONE, "another machine"),
        ("tcp://10.0.0.1:8786", ALL, "another machine"),
        ("tls://127.0.0.1:8786", NONE, "--tls-ca-file"),
        ("127.0.0.1:8786", Keys(HERE), "all three"),
        ("127.0.0.1:8786", Keys(HERE, HERE, HERE / "no"), "no such file"),
        ("127.0.0.1", NONE, "no scheduler's address"),
        ("127.0.0.1:port", NONE, "no scheduler's address"),
        ("http://127.0.0.1:8786", NONE, "no scheduler's address"),
        ("tcp://127.0.0.1:8786/path", NONE, "no scheduler's address"),
        ("tcp://[::1", NONE, "no scheduler's address"),
        ("", NONE, "no scheduler's address"),
    ],
)
def test_what_is_refused(text: str, keys: Keys, reason: str) -> None:
    with pytest.raises(BadInputError, match=reason):
        address(text, keys)
