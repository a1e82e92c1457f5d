"""A team's own rules for its images, which graders read: `[policy]` of a `class.toml`."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated, Literal

import msgspec

Pattern = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
"""A regular expression that the whole of a text must match."""
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Region = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]+$")]
Component = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(source|provisioner|post-processor|data|error-cleanup-provisioner)\.[a-z0-9-]+$"
    ),
]

Rule = Literal["name", "tags", "regions", "components"]


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a team asks of every image; a rule that is not given asks for nothing.

    `name` is the pattern of an image's name, `tags` the pattern of each required tag's value.
    """

    name: Pattern | None = None
    tags: dict[Text, Pattern] = {}
    regions: list[Region] = []
    components: list[Component] = []

    @property
    def digest(self) -> str:
        """sha256 of the rules; empty where there is none."""
        if self == Policy():
            return ""
        sorted_rules = msgspec.json.encode(self, order="deterministic")
        return f"sha256:{hashlib.sha256(sorted_rules).hexdigest()}"

    def only(self, *rules: Rule) -> Policy:
        """These of the rules alone, for a check that is about one of them."""
        return Policy(**{rule: getattr(self, rule) for rule in rules})

    def bad_pattern(self) -> tuple[tuple[str, ...], str] | None:
        """The key of the first pattern that is no regular expression, and why."""
        tags = [(("tags", name), pattern) for name, pattern in self.tags.items()]
        for key, pattern in [(("name",), self.name or ""), *tags]:
            try:
                re.compile(pattern)
            except (re.error, RecursionError, OverflowError) as error:
                return key, str(error)
        return None
