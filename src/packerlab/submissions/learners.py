"""Learners' names: as people write them, and as a gradebook keeps them."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from urllib.parse import quote

from packerlab.submissions.archives import ARCHIVE_SUFFIXES
from packerlab.submissions.reader import TEMPLATE_SUFFIXES

LONGEST_NAME = 150
"""Characters of a key; that of a longer name is cut, and told apart by a hash."""


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
