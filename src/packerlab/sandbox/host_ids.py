"""Host ids that no two sandboxes have at the same time.

The kernel counts much by user: watches, descriptors under way, the size of pipes. So what a
submission uses up is its own. Root takes ids by a lock, which ends with the process that holds it;
a container engine's sandboxes take theirs by the name of the container, of which there is one. An
ordinary user has only the own id to give.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from filelock import FileLock, Timeout

from packerlab.errors import MachineError

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCKS = Path("/run/packerlab/ids")
SLOTS, WIDTH = 1000, 1000
"""So many sandboxes, with so many ids each: a place has 500 that are its own."""

LOCKED, NAMED = 1_900_000_000, 1_910_000_000
"""Where the ranges of root and of an engine begin: systemd leaves these to nobody."""


class Lease(NamedTuple):
    """The first id of a range, and the lock on it."""

    first: int
    lock: FileLock

    def release(self) -> None:
        self.lock.release()


def lease() -> Lease:
    """A range that is nobody else's until it is released, or this process ends."""
    LOCKS.mkdir(mode=0o700, parents=True, exist_ok=True)
    for slot in _slots():
        lock = FileLock(LOCKS / f"{slot}.lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            continue
        return Lease(LOCKED + slot * WIDTH, lock)
    raise MachineError(f"All {SLOTS} ranges of host ids are in use: see {LOCKS}.")


def names() -> Iterator[tuple[str, int]]:
    """Names for a container, each with the first id of the range that it stands for."""
    return ((f"packerlab-ids-{slot}", NAMED + slot * WIDTH) for slot in _slots())


def _slots() -> list[int]:
    """All slots, from a different one each time: the first that is tried is nearly always free."""
    start = random.randrange(SLOTS)  # noqa: S311  (spreads; nothing depends on it)
    return [(start + number) % SLOTS for number in range(SLOTS)]
