"""The journal of an account: every call, within bounds."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from packerlab.inside.endpoint import HttpResponse

    from .reading import Understood

MOST_CALLS = 5_000
PARAMETER_BYTES = 4_096
MOST_DEPTH = 20
JOURNAL_BYTES = 6_000_000
CODE = re.compile(rb"<Code>([^<]*)</Code>|\"(?:__type|code)\": ?\"([^\"]*)\"")


class Journal:
    """`calls` are the first of them, `left_out` is how many came after; see `account_state`."""

    def __init__(self, began: float) -> None:
        self.calls: list[dict[str, Any]] = []
        self.left_out = 0
        self._began = began
        self._bytes = 0

    def note(self, understood: Understood, answer: HttpResponse) -> None:
        """Write a call down, as long as there is room."""
        code = CODE.search(answer.body) if answer.status >= 400 else None
        entry = {
            "service": understood.service,
            "action": understood.action,
            "region": understood.region,
            "principal": understood.principal,
            "status": answer.status,
            "error": (code[1] or code[2]).decode("utf-8", "replace") if code else "",
            "parameters": _cut(understood.parameters),
            "seconds": round(time.monotonic() - self._began, 3),
        }
        self._bytes += len(json.dumps(entry))
        if len(self.calls) < MOST_CALLS and self._bytes < JOURNAL_BYTES:
            self.calls.append(entry)
        else:
            self.left_out += 1


def _cut(parameters: Any, depth: int = 0) -> Any:
    """Long texts shortened, and what is nested too deep left out."""
    match parameters:
        case str():
            return parameters[:PARAMETER_BYTES]
        case dict() if depth < MOST_DEPTH:
            return {key: _cut(value, depth + 1) for key, value in parameters.items()}
        case list() if depth < MOST_DEPTH:
            return [_cut(value, depth + 1) for value in parameters]
        case int() | float() | bool() | None:
            return parameters
        case _:
            return "..."
