"""Packer's JSON as the blocks that HCL would have for it.

JSON has objects alone: which of them are blocks, and under how many labels, depends on where they
stand. Below its labels a list stands for several blocks; elsewhere for one object with all its
objects' keys.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

from packerlab.errors import RejectedError
from packerlab.hcl.blocks import number, template_expression
from packerlab.hcl.literals import without_surrogates
from packerlab.hcl.template import Block, Expression
from packerlab.json_text import WORDS, parse
from packerlab.report import Where
from packerlab.source import Source, SourceError
from packerlab.text import visible

if TYPE_CHECKING:
    from packerlab.hcl.blocks import Body
    from packerlab.json_text import Json

_STEPS = {"provisioner": 1, "error-cleanup-provisioner": 1, "post-processor": 1,
          "post-processors": 0, "source": 1, "hcp_packer_registry": 0, "dynamic": 1}  # fmt: skip
LABELS = {
    "": {"source": 2, "data": 2, "build": 0, "variable": 1, "variables": 0, "local": 1,
         "locals": 0, "packer": 0, "dynamic": 1},
    "build": _STEPS,
    "post-processors": _STEPS,
    "source": {"dynamic": 1},
    "data": {"dynamic": 1},
    "post-processor": {"dynamic": 1},
    "dynamic": {"content": 0},
    "content": _STEPS,
    "variable": {"validation": 0},
    "packer": {"required_plugins": 0},
}  # fmt: skip
"""By parent block ("" is the file): the blocks that may stand in it, with their label counts."""

VALUES = ".pkrvars.json"
"""How the name of a file ends that gives variables their values."""


def json_body(file: str, text: str) -> Body:
    """The attributes and blocks of a JSON file; raises SourceError where it is none."""
    source = Source(text)
    whole = parse(source)
    if whole.kind not in ("object", "list"):
        raise source.error("a template in JSON is one object.", whole.start)
    if file.endswith(VALUES):
        return _Values(file, source).body("variables", whole)
    return _Reader(file, source).body("", whole)


class _Reader:
    """Turns the values of one file into blocks and expressions."""

    def __init__(self, file: str, source: Source) -> None:
        self.file = file
        self.source = source

    def body(self, kind: str, value: Json) -> Body:
        attributes: dict[str, Expression] = {}
        blocks: list[Block] = []
        labels = LABELS.get(kind, {})
        for key, item in self._pairs(value):
            if key in labels and item.kind in ("object", "list"):
                blocks += self._blocks(key, [], labels[key], item)
            elif key != "//":
                attributes[key] = self._expression(item)
        return attributes, blocks

    def _blocks(self, kind: str, labels: list[str], wanted: int, value: Json) -> list[Block]:
        if len(labels) < wanted:
            return [
                block
                for label, inner in self._pairs(value)
                for block in self._blocks(kind, [*labels, label], wanted, inner)
            ]
        bodies = value.items if value.kind == "list" else [value]
        return [
            Block(kind, labels, *self.body(kind, body), Where(self.file, self._line(body)))
            for body in bodies
            if body.kind in ("object", "list")
        ]

    def _pairs(self, value: Json) -> list[tuple[str, Json]]:
        """The keys and values of an object, or of a list of objects together."""
        objects = value.items if value.kind == "list" else [value]
        pairs: list[tuple[str, Json]] = []
        for each in objects:
            if each.kind == "object":
                self._check_twins(each.keys)
                pairs += zip(each.keys, each.items, strict=True)
        return pairs

    def _check_twins(self, keys: list[str]) -> None:
        """Packer would run both of two equal keys, most readers see the last."""
        twins = [key for key, times in Counter(keys).items() if times > 1]
        if twins:
            shown = json.dumps(visible(twins[0]), ensure_ascii=False)
            sentence = f"{visible(self.file)} gives the JSON key {shown} twice in one object."
            raise RejectedError(sentence)

    # --- expressions ---

    def _expression(self, value: Json) -> Expression:
        line = self._line(value)
        if value.kind == "string":
            return self._string(without_surrogates(value.text), value)
        if value.kind == "word":
            return Expression("literal", line, WORDS[value.text])
        if value.kind == "number":
            return number(value.text, line) or Expression("other", line)
        self._check_twins(value.keys)
        items = [self._expression(item) for item in value.items]
        paths = dict.fromkeys(path for item in items for path in item.references)
        keys = [without_surrogates(key) for key in value.keys]
        return Expression(value.kind, line, None, items, keys, list(paths))

    def _string(self, text: str, value: Json) -> Expression:
        """A string is a template, whose text has a place in the file as a whole.

        In a file of values for variables it is no more than its characters.
        """
        is_plain = "${" not in text and "%{" not in text
        if is_plain or self.file.endswith(".pkrvars.json"):
            return Expression("literal", self._line(value), unicodedata.normalize("NFC", text))
        try:
            return template_expression(self.file, text, self._line(value))
        except SourceError as error:
            raise self.source.error(f"in this string, {error}", value.start) from None

    def _line(self, value: Json) -> int:
        return self.source.line(value.start)


class _Values(_Reader):
    """For a file of values: in it Packer takes a string as it stands, and not as a template."""

    def _string(self, text: str, value: Json) -> Expression:
        return Expression("literal", self._line(value), unicodedata.normalize("NFC", text))
