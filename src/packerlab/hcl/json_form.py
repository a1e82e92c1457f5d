"""Packer's JSON as the blocks that HCL would have for it.

JSON has objects alone: which of them are blocks, and under how many labels, depends on where they
stand. Below its labels a list stands for several blocks; elsewhere for one object with all its
objects' keys.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

from packerlab.errors import RejectedError
from packerlab.hcl.blocks import json_expression
from packerlab.hcl.masking import HclError
from packerlab.hcl.template import Block
from packerlab.report import Where
from packerlab.text import visible

if TYPE_CHECKING:
    from packerlab.hcl.blocks import Body
    from packerlab.hcl.template import Expression

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


def json_body(file: str, text: str) -> Body:
    """The attributes and blocks of a JSON file; raises HclError where it is none."""
    try:
        json.loads(
            text,
            object_pairs_hook=lambda pairs: _no_twins(file, pairs),
            parse_constant=_no_constant,
            parse_int=str,
            parse_float=str,
        )
    except json.JSONDecodeError as error:
        raise HclError(f"not JSON: {error.msg}.", error.lineno, error.colno) from None
    whole = json_expression(file, text)
    if whole.kind not in ("object", "list"):
        raise HclError("a template in JSON is one object.", whole.line, 1)
    return _body("", whole, file)


def _no_twins(file: str, pairs: list[tuple[str, Any]]) -> None:
    """Packer would run both of two equal keys, most readers see the last."""
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            shown = json.dumps(visible(key), ensure_ascii=False)
            raise RejectedError(f"{visible(file)} gives the JSON key {shown} twice in one object.")
        seen.add(key)


def _no_constant(name: str) -> NoReturn:
    raise json.JSONDecodeError(f"{name} is no JSON value", name, 0)


def _body(kind: str, value: Expression, file: str) -> Body:
    attributes: dict[str, Expression] = {}
    blocks: list[Block] = []
    labels = LABELS.get(kind, {})
    for key, item in _pairs(value):
        if key in labels and item.kind in ("object", "list"):
            blocks += _blocks(key, [], labels[key], item, file)
        elif key != "//":
            attributes[key] = item
    return attributes, blocks


def _blocks(kind: str, labels: list[str], wanted: int, value: Expression, file: str) -> list[Block]:
    if len(labels) < wanted:
        return [
            block
            for label, inner in _pairs(value)
            for block in _blocks(kind, [*labels, label], wanted, inner, file)
        ]
    bodies = value.items if value.kind == "list" else [value]
    return [
        Block(kind, labels, *_body(kind, body, file), Where(file, body.line))
        for body in bodies
        if body.kind in ("object", "list")
    ]


def _pairs(value: Expression) -> list[tuple[str, Expression]]:
    """The keys and values of an object, or of a list of objects together."""
    objects = value.items if value.kind == "list" else [value]
    return [pair for each in objects if each.kind == "object"
            for pair in zip(each.keys, each.items, strict=True)]  # fmt: skip
