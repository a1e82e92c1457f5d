"""How much is read of what a verb left, and the one boundary around all such reading.

Everything that a verb left is hostile, down to the names. Each reader takes what it reads out of a
`Room`, and anything that still goes wrong counts as a bound that was hit. It runs in the
supervisor, so it needs the standard library alone.
"""

from __future__ import annotations

import errno
import sys
import time
import traceback
from typing import TYPE_CHECKING, Any

from packerlab.inside.errors import AccountError, TooMuch

if TYPE_CHECKING:
    from collections.abc import Callable

    Message = dict[str, Any]

MAX_ENTRIES = 20_000
MAX_NAMES = 4_000_000
"""Files and folders of one disk or archive, and characters of their names and links' targets."""

MAX_CONTENTS = 16_000_000
"""Characters, as base64, of the contents that are reported of one disk or archive."""

MAX_TOLD = 64_000_000
"""Characters that are reported of everything together, as JSON."""

OURS = {errno.ENOMEM, errno.ENFILE, errno.EMFILE}
"""The errors by which a machine fails, whatever lies on a disk."""


class Room:
    """What may still be read of one disk, one archive, or one folder; TooMuch where it is used up.

    `size` is that of the disk: only sparse files can be larger together. `until` is the end of the
    verb's time.
    """

    def __init__(self, size: int, until: float, told: int = 0) -> None:
        self._left = {"entries": MAX_ENTRIES, "names": MAX_NAMES, "bytes": size, "unpacked": size}
        self._until = until
        self.told = min(MAX_CONTENTS, (MAX_TOLD - told) // 2)
        """How much content may still be told, after `told` was reported of other disks."""

    def take(self, what: str, amount: int) -> None:
        """Use up `amount` of what there is of `what`."""
        self._left[what] -= amount
        if self._left[what] < 0:
            raise TooMuch(what)
        if time.monotonic() > self._until:
            raise TooMuch("deadline")


def bounded(read: Callable[[], Message]) -> Message:
    """What `read` gives, or which bound it hit: `limit`, empty where it hit none.

    The one boundary around all reading: what no reader thought of is no fault of ours, for it only
    reads, and what it reads was made by a learner's programs. It is written to standard error.
    """
    try:
        return {"limit": "", **read()}
    except AccountError:
        raise
    except TooMuch as bound:
        return {"limit": str(bound)}
    except Exception as error:
        if isinstance(error, MemoryError) or getattr(error, "errno", None) in OURS:
            raise
        if getattr(error, "errno", None) == errno.ENAMETOOLONG:
            return {"limit": "depth"}
        traceback.print_exception(error, file=sys.stderr)
        return {"limit": "unreadable"}
