"""What `account.toml` leaves to the account: ids of images by their names, ages and moments."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

REFERENCE = re.compile(r"\{image:([^{}]*)\}")
MOMENT = re.compile(r"\{now([+-][0-9]{1,4})([dhm])\}")
MADE = "2024-05-01T00:00:00Z"
"""When a prepared image was made that says nothing of it."""
UNITS = {"d": "days", "h": "hours", "m": "minutes"}


def filled(text: str, images: Mapping[str, str]) -> str:
    """The text with the ids of the images that it names; KeyError where one is not known."""
    return REFERENCE.sub(lambda found: images[found[1]], text)


def dated(text: str, now: datetime) -> str:
    """The text with the moments that it names: `{now+2h}` as `2026-01-31T09:30:00Z`."""

    def written(found: re.Match[str]) -> str:
        return f"{now + timedelta(**{UNITS[found[2]]: int(found[1])}):%Y-%m-%dT%H:%M:%SZ}"

    return MOMENT.sub(written, text)


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
