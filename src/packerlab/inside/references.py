"""What `account.toml` leaves to the account: ids of images by their names, and ages."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

REFERENCE = re.compile(r"\{image:([^{}]*)\}")
MADE = "2024-05-01T00:00:00Z"
"""When a prepared image was made that says nothing of it."""
UNITS = {"d": "days", "h": "hours", "m": "minutes"}


def filled(text: str, images: Mapping[str, str]) -> str:
    """The text with the ids of the images that it names; KeyError where one is not known."""
    return REFERENCE.sub(lambda found: images[found[1]], text)


def image_id(region: str, owner: str, name: str, created: str = MADE) -> str:
    """The id of a prepared image, which is the same in every account that prepares it."""
    made = created if created.startswith("-") else datetime.fromisoformat(created)
    words = f"{region} {owner} {name} {made}"
    return f"ami-0{hashlib.sha256(words.encode()).hexdigest()[:16]}"


def moment(written: str, now: datetime) -> datetime:
    """A moment, or the one that was so long ago: `-95d`."""
    if not written.startswith("-"):
        return datetime.fromisoformat(written)
    return now - timedelta(**{UNITS[written[-1]]: int(written[1:-1])})
