"""What goes wrong because the lab wants it: calls that are late, or end in an error of AWS's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packerlab.inside.policies import like

from .errors import DeniedError

if TYPE_CHECKING:
    from .account import Account

SERVERS = {
    "InsufficientInstanceCapacity": 500,
    "InternalError": 500,
    "RequestLimitExceeded": 503,
    "Unavailable": 503,
}
"""The errors of EC2's own side, with the status that an SDK tries again for; others have 400."""


@dataclass
class Planned:
    """A fault of the lab's; `met` counts the calls that it was there for."""

    about: dict[str, Any]
    met: int = 0

    def strikes(self, action: str, region: str) -> bool:
        """Whether this call is one of those that it is for."""
        if not like(self.about["action"].lower(), action.lower()):
            return False
        if self.about.get("region", region) != region:
            return False
        self.met += 1
        after, times = self.about.get("after", 0), self.about.get("times")
        return self.met > after and (times is None or self.met <= after + times)


class Faults:
    def __init__(self, account: Account) -> None:
        self._account = account
        self._faults = [Planned(about) for about in account.state.get("fault", [])]

    def meet(self, service: str, action: str, region: str) -> None:
        """Let a call be late, or fail, where one of the faults says so."""
        for fault in self._faults:
            if fault.strikes(f"{service}:{action}", region):
                self._account.wait(fault.about.get("delay_s", 0))
                if code := fault.about.get("code"):
                    text = fault.about.get("message", "")
                    raise DeniedError(code, text, SERVERS.get(code, 400))
