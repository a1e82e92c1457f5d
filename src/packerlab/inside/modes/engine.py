"""`engine`: as `nested`, in a namespace of many ids, with a container engine in the verb's box."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packerlab.inside import containers, image_store
from packerlab.inside.machines import SHIFT
from packerlab.inside.modes import nested
from packerlab.inside.shortage import shortage

if TYPE_CHECKING:
    import selectors

    from packerlab.inside.search import Search

    Message = dict[str, Any]


class Mode(nested.Mode):
    """All that the engine keeps lies in the box, and is reported as evidence, archives too."""

    evidence_name = "engine"
    keeps_archives = False
    words = staticmethod(containers.words)
    become = staticmethod(containers.enter_ids)

    def __init__(self, config: Message, selector: selectors.BaseSelector) -> None:
        super().__init__(config, selector)
        containers.prepare(config)

    def unpack(self, request: Message, files: nested.Files) -> Message:
        return containers.unpack(request, files)

    def shortage(self) -> str:
        return shortage(SHIFT)

    def evidence(self, request: Message, search: Search, until: float) -> bytes:
        return image_store.evidence(request["outputs"], search, self.config["disk"], until)

    def base(self, request: Message) -> bytes:
        return image_store.read_prepared(request["prepared"], request["base"])
