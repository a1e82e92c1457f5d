"""Learners' names: as people write them, as a gradebook keeps them, as platforms export them."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from urllib.parse import quote

from packerlab.submissions.archives import ARCHIVE_SUFFIXES
from packerlab.submissions.reader import TEMPLATE_SUFFIXES

LONGEST_NAME = 150
"""Characters of a key; that of a longer name is cut, and told apart by a hash."""

PLATFORMS = (
    re.compile(
        r"(?P<name>.{1,250})_(?P<id>[0-9]{1,20})_assignsubmission_[a-z]{1,20}_(?P<file>.{0,250})"
    ),
    re.compile(
        r"(?P<name>[^_]{1,250})_(?:LATE_)?(?P<id>[0-9]{1,20})_[0-9]{1,20}_(?P<file>.{1,250})"
    ),
)
"""How Moodle and Canvas name what they export. An id, unlike a name, is one learner's."""
_LONGEST_ENTRY = 255


def platform_of(names: list[str]) -> re.Pattern[str] | None:
    """The pattern that all names have, if there is one: a few could be anybody's."""
    if not names or max(map(len, names)) > _LONGEST_ENTRY:
        return None
    return next((each for each in PLATFORMS if all(map(each.fullmatch, names))), None)


def person(name: str) -> str:
    """Whom the name of what was handed in names, as people write it."""
    return unicodedata.normalize("NFC", without_suffix(name))


def learner_name(name: str) -> str:
    """A learner's key from the name of what was handed in, safe as a file name anywhere."""
    encoded = quote(os.fsencode(person(name)), safe="").replace("~", "%7E")
    if len(encoded) > LONGEST_NAME:
        encoded = f"{encoded[:100]}-{hashlib.sha256(encoded.encode()).hexdigest()[:32]}"
    return "%2E" + encoded[1:] if encoded.startswith(".") else encoded


def without_suffix(name: str) -> str:
    for suffix in (*sorted(ARCHIVE_SUFFIXES, key=len, reverse=True), *TEMPLATE_SUFFIXES):
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name
