"""JSON that a learner's programs wrote, taken only where it can be told on as JSON.

Python reads more than others do: NaN, numbers without bound, halves of a character. A grader
would have to read it again. Standard library only: it runs in the sandbox.
"""

from __future__ import annotations

import json
from typing import Any

MAX_DEPTH = 100


def read(data: bytes) -> Any:
    """The value; ValueError where there is none, or one that others could not read."""
    try:
        value = json.loads(data)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if _is_deeper(value, MAX_DEPTH):
        raise ValueError("nested too deep")
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    return value


def _is_deeper(value: object, than: int) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return False
    return than == 0 or any(_is_deeper(each, than - 1) for each in value)
