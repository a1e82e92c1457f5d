"""Learners' texts, read as what they are: JSON, and files of settings. A text is read as a whole.

What can't be read ends the check as failed, in words that are the same with every Python.
"""

from __future__ import annotations

from typing import Any

from packerlab import json_text
from packerlab.checks import fail
from packerlab.report import Where
from packerlab.source import SourceError
from packerlab.text import visible

MAX_JSON = 1_000_000
"""Bytes of a JSON file; what Packer itself writes is far smaller."""


def json_of(name: str, data: bytes) -> Any:
    """The value of a JSON file, in whichever Unicode encoding its editor has written it."""
    if len(data) > MAX_JSON:
        fail(f"{name} is larger than {MAX_JSON} bytes.")
    try:
        return json_text.loads(data)
    except SourceError as error:
        fail(f"{name} is not JSON: {error}", where=Where(name, error.line, error.column))


def settings(text: str, separator: str = "=") -> dict[str, list[str]]:
    """A file of `name = value` lines: each name's values, in their order.

    Blank lines and comments (`#`, `;`) say nothing; a line of another form is a setting of the name
    that it is, without a value. So a whole file can be compared: a second value is seen.
    """
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.strip() and line.lstrip()[0] not in "#;":
            name, _, value = line.partition(separator)
            found.setdefault(name.strip(), []).append(value.strip())
    return found


def described(found: dict[str, list[str]]) -> str:
    """Settings for a message, one to a line."""
    return "\n".join(
        visible(f"{name} = {value}") for name, values in found.items() for value in values
    )
