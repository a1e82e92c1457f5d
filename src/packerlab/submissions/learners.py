"""Who handed in what: learners' names, and the entries of a class's folder."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from packerlab.errors import BadInputError
from packerlab.submissions.archives import ARCHIVE_SUFFIXES
from packerlab.submissions.reader import MARKER, PASSED_OVER, TEMPLATE_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

LONGEST_NAME = 150
"""Characters; a longer name is cut, and told apart by a hash."""


class Handed(NamedTuple):
    """What one learner handed in, not yet read. `refusal` is set where it can't be told apart."""

    learner: str
    path: Path
    refusal: str = ""


def handed_in(paths: Iterable[Path], *, any_template: bool) -> list[Handed]:
    """Who handed in what, in order: each PATH is one submission or a folder of them."""
    found = [handed for path in paths for handed in _handed_under(path, any_template=any_template)]
    by_name: dict[str, list[Handed]] = {}
    for handed in found:
        by_name.setdefault(handed.learner.casefold(), []).append(handed)
    return [
        handed
        if len(by_name[handed.learner.casefold()]) == 1
        else handed._replace(refusal="another entry has the same learner's name.")
        for handed in found
    ]


def _handed_under(path: Path, *, any_template: bool) -> Iterator[Handed]:
    if not path.exists():
        raise BadInputError(f"{path}: there is no such file or folder.")
    try:
        names = sorted(entry.name for entry in path.iterdir()) if path.is_dir() else []
    except OSError as error:
        raise BadInputError(f"{path} can't be read: {error.strerror}.") from None
    template = any_template and any(name.endswith(TEMPLATE_SUFFIXES) for name in names)
    if not path.is_dir() or MARKER in names or template:
        yield Handed(learner_name(path.resolve().name), path)
        return
    for name in names:
        if name not in PASSED_OVER:
            yield Handed(learner_name(name), path / name)


def learner_name(name: str) -> str:
    """A learner's identity from the name of what was handed in, safe as a file name anywhere."""
    for suffix in (*sorted(ARCHIVE_SUFFIXES, key=len, reverse=True), *TEMPLATE_SUFFIXES):
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            name = name[: -len(suffix)]
            break
    encoded = quote(os.fsencode(name), safe="").replace("~", "%7E")
    if len(encoded) > LONGEST_NAME:
        encoded = f"{encoded[:100]}-{hashlib.sha256(encoded.encode()).hexdigest()[:32]}"
    return "%2E" + encoded[1:] if encoded.startswith(".") else encoded
