"""Learners' texts, read as what they are: JSON, and files of settings. A text is read as a whole.

What can't be read ends the check as failed, in words that are the same with every Python.
"""

from __future__ import annotations

import json
import re
from typing import Any

from packerlab.checks import fail
from packerlab.report import Where
from packerlab.text import visible

MAX_JSON = 1_000_000
"""Bytes of a JSON file; what Packer itself writes is far smaller."""


def json_of(name: str, data: bytes) -> Any:
    """The value of a JSON file, in whichever Unicode encoding its editor has written it."""
    if len(data) > MAX_JSON:
        fail(f"{name} is larger than {MAX_JSON} bytes.")
    try:
        return json.loads(
            data.decode(json.detect_encoding(data)), object_pairs_hook=_object, **_NUMBERS
        )
    except json.JSONDecodeError as error:
        fail(
            f"{name} is not JSON: something is missing or too much on this line, or just before.",
            where=Where(name, error.lineno),
        )
    except _Refused as error:
        fail(f"{name} is not JSON: {error}.")
    except UnicodeDecodeError:
        fail(f"{name} is not JSON: its bytes are no text.")
    except RecursionError:
        fail(f"{name} is not JSON that Packer writes: it is nested too deep.")


class _Refused(Exception):  # noqa: N818
    """What Python's decoder takes, and JSON or a reader of it does not."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object with each key once: of two, a reader can't tell which one is meant."""
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _Refused(f"an object has the key `{visible(twice)}` more than once")
    return found


def _no_constant(name: str) -> Any:
    raise _Refused(f"{name} is no JSON number")


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise _Refused(f"a number has more than {MAX_DIGITS} digits")
    return int(digits)


MAX_DIGITS = 300
_NUMBERS: dict[str, Any] = {"parse_int": _integer, "parse_constant": _no_constant}


def settings(text: str, separator: str = "=") -> dict[str, list[str]]:
    """A file of `name = value` lines: each name's values, in their order.

    Blank lines and comments (`#`, `;`) say nothing; a line of another form is a setting of the name
    that it is, without a value. So a whole file can be compared: a second value is seen.
    """
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if not re.match(r"\s*([#;]|$)", line):
            name, _, value = line.partition(separator)
            found.setdefault(name.strip(), []).append(value.strip())
    return found


def described(found: dict[str, list[str]]) -> str:
    """Settings for a message, one to a line."""
    return "\n".join(
        visible(f"{name} = {value}") for name, values in found.items() for value in values
    )
