"""Values that a submission can't know: what a check builds with, and looks for afterwards."""

from __future__ import annotations

import hashlib
import hmac
import re

SHOWN = "<hidden>"
"""What stands in a message in place of such a value."""


class Hidden:
    """`hidden(name)`: 64 bits as hexadecimal digits, the same on every machine with the course.

    They come from a key and from `digest`, which is that of what a build gets: what changes nothing
    of a build must not give another value, or somebody tries until it is the one in the template.
    """

    def __init__(self, key: bytes, digest: str) -> None:
        self._key = key
        self._digest = digest
        self._values: set[str] = set()
        self.secrets: list[str] = []
        """The values that what a verb says and leaves is searched for, from the next one on."""

    def __call__(self, name: str) -> str:
        said = f"{self._digest}\0{name}".encode()
        value = hmac.new(self._key, said, hashlib.sha256).hexdigest()[:16]
        self._values.add(value)
        return value

    def secret(self, name: str) -> str:
        """The same value, and every verb that follows has its remains searched for it.

        `places` of an answer or an image then tells where it is, whatever it was made to look like.
        """
        value = self(name)
        if value not in self.secrets:
            self.secrets.append(value)
        return value

    def redacted(self, text: str) -> str:
        """A text without these values, in whichever case."""
        for value in self._values:
            text = re.sub(value, SHOWN, text, flags=re.IGNORECASE)
        return text
