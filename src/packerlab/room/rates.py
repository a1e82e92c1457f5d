"""How often somebody may do something: a few times at once, then one more every so often."""

from __future__ import annotations

import ipaddress
import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_KEYS = 10_000
"""Whom we remember at most; who was quiet for long enough is forgotten first."""


class Rate:
    """A bucket of `burst` tokens for each key, which gains one every `every_s` seconds."""

    def __init__(
        self, burst: int, every_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst = burst
        self._every = every_s
        self._clock = clock
        self._full_at: dict[str, float] = {}

    def wait(self, key: str, *, count: bool = True) -> int:
        """Zero where the key may act now, which `count` counts; else the seconds until it may."""
        now = self._clock()
        full_at = max(self._full_at.get(key, now), now)
        missing = (full_at - now) / self._every
        if missing > self._burst - 1:
            return math.ceil((missing - (self._burst - 1)) * self._every)
        if count:
            if len(self._full_at) >= MOST_KEYS:
                self._forget(now)
            self._full_at[key] = full_at + self._every
        return 0

    def _forget(self, now: float) -> None:
        """Drop whose bucket is full; where nobody's is, the oldest half."""
        kept = {key: full for key, full in self._full_at.items() if full > now}
        excess = len(kept) - MOST_KEYS // 2 if len(kept) >= MOST_KEYS else 0
        self._full_at = dict(list(kept.items())[excess:])


def neighbourhood(address: str) -> str:
    """What one client is counted by: an IPv4 address, or the network that has an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped or ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
