"""Reports as one JSON array, for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.report import encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packerlab.report import Report


def write_json(reports: Iterable[Report]) -> Iterator[bytes]:
    """The reports as they are saved, one after the other."""
    before = b"[\n"
    for report in reports:
        yield before + encode(report).rstrip()
        before = b",\n"
    yield b"\n]\n" if before == b",\n" else b"[]\n"
