"""Where a secret was found in what a verb said and left: see `packerlab.inside.search`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from packerlab.text import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

PLACES = {"output": "the output", "log": "the log", "image": "its settings"}


class Leak(msgspec.Struct, frozen=True, array_like=True):
    """One place of one secret.

    `kind` is what it was found in: `output` and `log` are what Packer said; `workspace` the folder
    that the verb ran in; `image` a container image, `disk` the disk of an AMI or a host; `account`
    what an account tells; `console` what a machine said. `of` is which one of these, such as an
    image's id; `path` the file in it, empty for settings; `form` how the secret stands there.
    """

    secret: int
    kind: str
    of: str
    path: str
    form: str

    @property
    def words(self) -> str:
        """The place for a message."""
        where = visible(self.path) or PLACES.get(self.kind, visible(self.of))
        return f"{where} ({self.form})" if self.form else where


class Leaks:
    """What was found of the secrets that a verb's remains were searched for."""

    def __init__(self, secrets: Sequence[str] = (), found: Sequence[Leak] = ()) -> None:
        self._secrets = list(secrets)
        self._found = list(found)

    def of(self, secret: str, *kinds: str, thing: str | None = None) -> list[Leak]:
        """The places of a secret; of some kinds alone, or in one thing.

        A secret that nobody looked for is a mistake of the grader's: it was not made by
        `hidden.secret` before the verb ran.
        """
        number = self._secrets.index(secret)
        return [
            leak
            for leak in self._found
            if leak.secret == number
            and (not kinds or leak.kind in kinds)
            and thing in (None, leak.of)
        ]
