"""A learner's template as data: blocks, attributes and references, each with `file:line`.

It loads what Packer loads of a folder: `*.pkr.hcl` and `*.pkr.json`. It is no evaluator: literals,
variables with literal defaults and locals made of those have a value, all else is `Unknown` and is
asked of Packer. Untrusted text is parsed in a process of its own, with bounds on time and memory.

The only importer of python-hcl2, whose grammar it uses; its own tree keeps the places.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from packerlab.report import Where
from packerlab.submissions import TEMPLATE_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str, ...]
"""A reference's steps, such as ("source", "file", "motd")."""

MAX_STEPS = 40
"""How many references in a row are followed to a value."""


class SyntaxProblem(msgspec.Struct, frozen=True):
    """The first thing in a workspace that is no HCL, in one sentence."""

    message: str
    where: Where


class Expression(msgspec.Struct, frozen=True, array_like=True):
    """An attribute's right-hand side.

    A literal has its Python `value`; a template (a string with `${}`), a list and an object have
    `items`, an object also as many `keys`; a call has its function's name as `value` and the
    arguments as `items`; a reference is its path, the only one in `references`, which else lists
    all that occur anywhere in the expression.
    """

    kind: Literal["literal", "template", "list", "object", "reference", "call", "other"]
    line: int
    value: str | int | float | bool | None = None
    items: list[Expression] = []
    keys: list[str] = []
    references: list[Path] = []


class Block(msgspec.Struct, frozen=True):
    """`type "label" "label" { ... }`; in JSON, what Packer reads as that."""

    type: str
    labels: list[str]
    attributes: dict[str, Expression]
    blocks: list[Block]
    where: Where

    def all(self, kind: str) -> list[Block]:
        """The blocks of one type directly inside."""
        return [block for block in self.blocks if block.type == kind]

    def place(self, attribute: str = "") -> Where:
        """Where an attribute stands, else the block."""
        expression = self.attributes.get(attribute)
        return Where(self.where.file, expression.line) if expression else self.where


class Unknown(msgspec.Struct, frozen=True):
    """A value that only Packer can tell."""

    references: list[Path] = []


class Component(msgspec.Struct, frozen=True):
    """A builder, provisioner, post-processor or data source in use, such as `source.file`."""

    name: str
    where: Where


class Template:
    """All template files of one folder together, as Packer merges them."""

    def __init__(self, blocks: list[Block]) -> None:
        self.blocks = blocks

    def all(self, kind: str) -> list[Block]:
        """The top-level blocks of one type, in the order of files and lines."""
        return [block for block in self.blocks if block.type == kind]

    @cached_property
    def variables(self) -> dict[str, Block]:
        return {block.labels[0]: block for block in self.all("variable") if block.labels}

    @cached_property
    def locals(self) -> dict[str, tuple[Expression, Where]]:
        found = {
            name: (expression, block.place(name))
            for block in self.all("locals")
            for name, expression in block.attributes.items()
        }
        for block in self.all("local"):
            if block.labels and "expression" in block.attributes:
                name = block.labels[0]
                found[name] = (block.attributes["expression"], block.place("expression"))
        return found

    @property
    def sources(self) -> list[Block]:
        """The top-level sources, whose labels are type and name."""
        return self.all("source")

    @property
    def builds(self) -> list[Block]:
        return self.all("build")

    def provisioners(self, build: Block) -> list[Block]:
        """The provisioners of a build, as they stand in it; their label is the type."""
        return build.all("provisioner")

    def chains(self, build: Block) -> list[list[Block]]:
        """A build's sequences of post-processors; a lone one is a sequence by itself."""
        sequences = []
        for block in build.blocks:
            if block.type == "post-processor":
                sequences.append([block])
            elif block.type == "post-processors":
                sequences.append(block.all("post-processor"))
        return sequences

    def source_of(self, build: Block) -> list[tuple[str, Block | None, Block | None]]:
        """What a build builds: (`type.name`, the top-level block, the block inside the build)."""
        known = {".".join(block.labels): block for block in self.sources}
        found: list[tuple[str, Block | None, Block | None]] = []
        for name in self._listed(build):
            found.append((name, known.get(name), None))
        for inner in build.all("source"):
            name = ".".join(inner.labels).removeprefix("source.")
            found.append((name, known.get(name), inner))
        return found

    def _listed(self, build: Block) -> Iterator[str]:
        expression = build.attributes.get("sources")
        for item in expression.items if expression and expression.kind == "list" else []:
            reference = item.kind == "reference"
            name = ".".join(item.references[0]) if reference else str(self.value(item))
            yield name.removeprefix("source.")

    def components(self) -> Iterator[Component]:
        """Every component that the parsed blocks use, nested and dynamic ones included."""
        for block in self.blocks:
            if block.type in ("source", "data") and block.labels:
                yield Component(f"{block.type}.{block.labels[0]}", block.where)
            if block.type == "build":
                yield from _components_inside(block)

    def value(self, expression: Expression | None, steps: int = MAX_STEPS) -> Any:
        """The Python value of an expression, or `Unknown`."""
        if expression is None or steps == 0:
            return Unknown()
        if expression.kind == "literal":
            return expression.value
        if expression.kind == "reference":
            return self._referenced(tuple(expression.references[0]), steps - 1)
        items = [self.value(item, steps - 1) for item in expression.items]
        if expression.kind in ("other", "call") or any(isinstance(each, Unknown) for each in items):
            return Unknown(expression.references)
        if expression.kind == "object":
            return dict(zip(expression.keys, items, strict=True))
        if expression.kind == "template":
            return "".join(_as_text(item) for item in items)
        return items

    def attribute(self, block: Block, name: str) -> Any:
        """The value of a block's attribute; None where it is not set."""
        return self.value(block.attributes[name]) if name in block.attributes else None

    def _referenced(self, path: Path, steps: int) -> Any:
        if len(path) == 2 and path[0] == "var" and path[1] in self.variables:
            default = self.variables[path[1]].attributes.get("default")
            return self.value(default, steps) if default else Unknown([path])
        if len(path) == 2 and path[0] == "local" and path[1] in self.locals:
            return self.value(self.locals[path[1]][0], steps)
        return Unknown([path])


def _components_inside(build: Block) -> Iterator[Component]:
    kinds = ("provisioner", "post-processor", "error-cleanup-provisioner", "source", "dynamic")
    for block in build.blocks:
        if block.type == "post-processors":
            yield from _components_inside(block)
        elif block.type in kinds and block.labels:
            name = ".".join(block.labels).removeprefix("source.").split(".")[0]
            if block.type == "dynamic":
                yield from _dynamic(block, name)
            else:
                yield Component(f"{block.type}.{name}", block.where)


def _dynamic(block: Block, kind: str) -> Iterator[Component]:
    """A `dynamic` block's labels may be computed; Packer's `inspect` lists most of what it makes."""
    if kind not in ("provisioner", "post-processor", "post-processors", "source"):
        yield Component(f"dynamic.{kind}", block.where)
    for content in block.all("content"):
        yield from _components_inside(content)


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def template_files(names: Any) -> list[str]:
    """Which of a workspace's files Packer loads as the template: those at its top."""
    return sorted(name for name in names if "/" not in name and name.endswith(TEMPLATE_SUFFIXES))
