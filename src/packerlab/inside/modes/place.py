"""`place`: as `nested`, in a namespace of many ids, with a simulated account beside the verb."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packerlab.inside.account import Account
from packerlab.inside.machines import SHIFT
from packerlab.inside.modes import nested
from packerlab.inside.processes import kill_children
from packerlab.inside.shortage import shortage

if TYPE_CHECKING:
    import selectors

    from packerlab.inside.search import Search

    Message = dict[str, Any]


class Mode(nested.Mode):
    """The account's control plane and its machines live in the verb's network, from verb to verb.

    `config["control"]` is the command of the control plane.
    """

    def __init__(self, config: Message, selector: selectors.BaseSelector) -> None:
        super().__init__(config, selector)
        self._account = Account(selector, config)

    def begin(self, request: Message) -> None:
        if request["account"]:
            self._account.begin(request["account"]["state"])

    @property
    def companions(self) -> set[int]:
        return self._account.companions

    def kill_verb(self) -> None:
        kill_children(spared=self.companions)

    def shortage(self) -> str:
        return shortage(SHIFT)

    def evidence(self, request: Message, search: Search, until: float) -> bytes:
        return self._account.evidence(search, until) if request["account"] else b""

    def base(self, request: Message) -> bytes:
        return self._account.read_base(request["base"])

    def close(self) -> None:
        self._account.close()
