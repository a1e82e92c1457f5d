"""One account: its state as the lab gave it, its addresses, what it asks of the supervisor."""

from __future__ import annotations

import random
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from packerlab.inside.aws import ACCOUNT_ID, CANONICAL

if TYPE_CHECKING:
    from collections.abc import Iterator

LEARNER = "learner"
LISTENS_S = 10
"""How long a call that starts a machine waits for its sshd, which most builds want next. It runs
all the same where none comes, as with EC2, which never waits for a guest."""

MOST_LIVE = 20
MOST_EVER = 200
MOST_IMAGES = 100


class AskError(Exception):
    """The supervisor could not do what a call needs; the text is `Code: message`, or a message."""


class Ask(Protocol):
    def __call__(self, do: str, at_most_s: float | None = None, **what: Any) -> dict[str, Any]: ...


class Account:
    """What is known of an account beside moto's own state."""

    def __init__(self, state: dict[str, Any], ask: Ask) -> None:
        self.state = state
        self.access_key: str = state["access_key"]
        self.secret_key: str = state["secret_key"]
        self.launched = 0
        self.opened = datetime.now(UTC).replace(microsecond=0)
        self.regions: dict[tuple[str, str], Any] = {}
        """Every region that was made, by its account and its name."""
        self.without_machine: set[str] = set()
        """The instances that the lab prepared, which nobody can log in to."""
        self._ask = ask
        self._lock = threading.Lock()
        self._addresses: set[str] = set()
        self._random = random.Random()  # noqa: S311  addresses are no secrets

    @contextmanager
    def one_at_a_time(self) -> Iterator[None]:
        """Moto's state is no place for two threads: calls take turns."""
        with self._lock:
            yield

    def ask(self, do: str, at_most_s: float | None = None, **what: Any) -> dict[str, Any]:
        """Ask the supervisor; other calls have their turn while this one waits."""
        with self._others_turn():
            return self._ask(do, at_most_s, **what)

    def wait(self, seconds: float) -> None:
        """Have a call take so long."""
        with self._others_turn():
            time.sleep(seconds)

    @contextmanager
    def _others_turn(self) -> Iterator[None]:
        self._lock.release()
        try:
            yield
        finally:
            self._lock.acquire()

    def public_address(self) -> str:
        """An address that no instance of this account has had."""
        while True:
            low = self._random.randrange(1 << 20)
            address = f"54.{144 + (low >> 16)}.{low >> 8 & 255}.{low & 255}"
            if low & 255 not in {0, 255} and self.claim(address):
                return address

    def claim(self, address: str) -> bool:
        """Whether the address was free; now it is not."""
        if address in self._addresses:
            return False
        self._addresses.add(address)
        return True

    @property
    def numbers(self) -> list[str]:
        """The accounts that act here: the learner's, and the second where there is one."""
        second = self.state.get("second_account")
        return [ACCOUNT_ID, second["id"]] if second else [ACCOUNT_ID]

    def keeper(self, owner: str) -> str:
        """In whose state an owner's images are: those of strangers stand beside the learner's."""
        return owner if owner in self.numbers else ACCOUNT_ID

    def images(self) -> list[dict[str, Any]]:
        """The images that the lab prepared, each with its owner."""
        second = self.state.get("second_account", {})
        return [
            *({"owner": CANONICAL, **image} for image in self.state.get("image", [])),
            *({**image, "owner": ACCOUNT_ID, "public": False}
              for image in self.state.get("team_image", [])),
            *({**image, "owner": second["id"]} for image in second.get("image", [])),
        ]  # fmt: skip

    def quota(self, of: str, most: int) -> int:
        """How many of something a region may have: the lab's number, and never more than `most`."""
        asked: int = self.state.get("quota", {}).get(of, most)
        return min(asked, most)
