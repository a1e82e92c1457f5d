"""A learner's template as data: blocks, attributes and references, each with `file:line`.

It holds what Packer loads of a folder: `*.pkr.hcl`, `*.pkr.json`, and the variables' values in
`*.auto.pkrvars.hcl` and `.json`. It is no evaluator: literals, variables with literal values and
locals made of those have a value, all else is `Unknown` and is asked of Packer.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from packerlab.report import Where
from packerlab.submissions.reader import TEMPLATE_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Path = tuple[str, ...]
"""A reference's steps, such as ("source", "file", "motd")."""

COMPUTED = "dynamic"
"""The kind of a component whose type is not written in the template."""

MAX_DEPTH = 40
MAX_STEPS = 10_000
MAX_TEXT = 1_000_000
"""How deep, how far and to which length a value is followed; beyond, it is Packer's to tell."""


SYNTAX_HINTS = (
    "Look at this place and just before it. Is a comma, a quote, a bracket or an `=` missing, or "
    "is there one too many?",
    "An argument is `name = value` on a line of its own. A block is its type, its labels in quotes "
    "and a `{` on the same line, and its `}` stands below. The items of a list have commas between "
    "them.",
    "Comment out half of the block with `#` and check again. Where the message moves or goes away, "
    "the mistake is in the half that you commented out.",
)
"""Help with a template that can't be read, which the hints of the check that it fails do not."""


class SyntaxProblem(msgspec.Struct, frozen=True):
    """The first thing in a workspace that is no HCL, in one sentence."""

    message: str
    where: Where


class Expression(msgspec.Struct, frozen=True, array_like=True):
    """An attribute's right-hand side.

    A literal has its Python `value`; a template (a string with `${}`), a list and an object have
    `items`, an object also as many `keys`; a call has its function's name as `value` and the
    arguments as `items`; a reference is its path, the only one in `references`, which else lists
    all that occur anywhere in the expression. The `value` of any other is what the learner wrote.
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
    """A builder, provisioner, post-processor or data source in use, such as `source.file`.

    Its arguments are in `bodies`: the block, or each `content` of a `dynamic` one.
    """

    name: str
    where: Where
    bodies: list[Block] = []


class Template:
    """All template files of one folder together, as Packer merges them."""

    def __init__(self, blocks: list[Block], assigned: dict[str, Expression] | None = None) -> None:
        self.blocks = blocks
        self.assigned = assigned or {}

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

    @cached_property
    def _given(self) -> dict[str, Expression]:
        """The variables' values: what a file assigns, else the default."""
        older = [block.attributes for block in self.all("variables")]
        defaults = {
            name: block.attributes["default"]
            for name, block in self.variables.items()
            if "default" in block.attributes
        }
        return (
            {name: value for each in older for name, value in each.items()}
            | defaults
            | self.assigned
        )

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
        """What a build builds: (`type.name`, the top-level block, the block inside the build).

        Where the list is computed, every source at the top may be in it.
        """
        known = {".".join(block.labels): block for block in self.sources}
        names = self.listed_sources(build)
        listed = [(name, known.get(name), None) for name in (known if names is None else names)]
        inner = [(referred_source(label), block)
                 for block in build.all("source") for label in block.labels]  # fmt: skip
        return [*listed, *((name, known.get(name), block) for name, block in inner)]

    def listed_sources(self, build: Block) -> list[str] | None:
        """What a build has in `sources`, each as `type.name`, or empty where Packer alone knows it.

        None where it alone knows even how many there are.
        """
        expression = build.attributes.get("sources")
        if expression is None:
            return []
        whole = expression.kind != "list"
        given = self.value(expression) if whole else [self.value(item) for item in expression.items]
        if not isinstance(given, list):
            return None
        return [referred_source(name) if isinstance(name, str) else "" for name in given]

    def components(self) -> Iterator[Component]:
        """Every component that the parsed blocks use, nested and dynamic ones included."""
        for block in self.blocks:
            if block.type in ("source", "data") and block.labels:
                yield Component(f"{block.type}.{block.labels[0]}", block.where, [block])
            elif block.type == "build":
                yield from _components_inside(block)
            elif block.type == "dynamic":
                yield from _dynamic(block)

    def value(self, expression: Expression | None) -> Any:
        """The Python value of an expression, or `Unknown`."""
        return self._value(expression, iter(range(MAX_STEPS)), MAX_DEPTH)

    def _value(self, expression: Expression | None, steps: Iterator[int], depth: int) -> Any:
        """Each expression that is looked at takes a step, so that no doubling goes on for ever."""
        if expression is None or depth == 0 or next(steps, None) is None:
            return Unknown()
        if expression.kind == "literal":
            return expression.value
        if expression.kind == "reference":
            given = self._referenced(tuple(expression.references[0]))
            return self._value(given, steps, depth - 1) if given else Unknown(expression.references)
        make = _MAKE.get(expression.kind)
        items = [self._value(item, steps, depth - 1) for item in expression.items] if make else []
        if make is None or any(isinstance(item, Unknown) for item in items):
            return Unknown(expression.references)
        return make(expression, items)

    def attribute(self, block: Block, name: str) -> Any:
        """The value of a block's attribute; None where it is not set."""
        return self.value(block.attributes[name]) if name in block.attributes else None

    def _referenced(self, path: Path) -> Expression | None:
        """What a variable or a local is set to."""
        if len(path) == 2 and path[0] == "var":
            return self._given.get(path[1])
        if len(path) == 2 and path[0] == "local" and path[1] in self.locals:
            return self.locals[path[1]][0]
        return None


def _components_inside(build: Block) -> Iterator[Component]:
    for block in build.blocks:
        if block.type == "post-processors":
            yield from _components_inside(block)
        elif block.type == "dynamic":
            yield from _dynamic(block)
        elif block.type in _LABELLED and block.labels:
            yield _component(block.type, block.labels[0], block, [block])


_LABELLED = ("provisioner", "post-processor", "error-cleanup-provisioner", "source")


def _component(kind: str, label: str, block: Block, bodies: list[Block]) -> Component:
    own = referred_source(label).partition(".")[0] if kind == "source" else label
    return Component(f"{kind}.{own}", block.where, bodies)


def _dynamic(block: Block) -> Iterator[Component]:
    """What a `dynamic` block makes, if its labels are written out.

    Computed ones may come out otherwise in a build than in `packer inspect`: they are a component
    that no lab allows.
    """
    kind = ".".join(block.labels)
    labels = block.attributes.get("labels")
    if kind == "post-processors" and labels is None:
        pass
    elif kind in _LABELLED and labels and [item.kind for item in labels.items] == ["literal"]:
        yield _component(kind, str(labels.items[0].value), block, block.all("content"))
    else:
        yield Component(f"{COMPUTED}.{kind}", block.where)
    for content in block.all("content"):
        yield from _components_inside(content)


def written(expression: Expression) -> str | None:
    """An expression in HCL on one line, to ask Packer for its value; None where that can't be."""
    items = [written(item) for item in expression.items]
    words = [word for word in items if word is not None]
    if len(words) < len(items):
        return None
    source = _WRITE[expression.kind](expression, words)
    return source if source and "\n" not in source else None


def _write_object(expression: Expression, words: list[str]) -> str:
    pairs = zip(expression.keys, words, strict=True)
    return "{" + ", ".join(f"{literal(key)} = {word}" for key, word in pairs) + "}"


def _write_reference(expression: Expression, _: list[str]) -> str:
    root, *steps = expression.references[0]
    return root + "".join(
        f".{step}" if _STEP.fullmatch(step) else f"[{literal(step)}]" for step in steps
    )


_WRITE: dict[str, Callable[[Expression, list[str]], str]] = {
    "literal": lambda expression, _: literal(expression.value),
    "reference": _write_reference,
    "call": lambda expression, words: f"{expression.value}({', '.join(words)})",
    "list": lambda _, words: f"[{', '.join(words)}]",
    "object": _write_object,
    "template": lambda _, words: '"' + "".join(f"${{{word}}}" for word in words) + '"',
    "other": lambda expression, _: str(expression.value),
}
_STEP = re.compile(r"[\w-]+")


def literal(value: Any) -> str:
    """A value as HCL has it: as in JSON, but that the marks of a template are doubled."""
    return json.dumps(value).replace("${", "$${").replace("%{", "%%{")


def _make_object(expression: Expression, items: list[Any]) -> Any:
    if any("${" in key or "%{" in key for key in expression.keys):  # JSON's may be templates
        return Unknown(expression.references)
    return dict(zip(expression.keys, items, strict=True))


def _make_text(expression: Expression, items: list[Any]) -> Any:
    texts = [text for item in items if (text := _as_text(item)) is not None]
    if len(texts) < len(items) or sum(map(len, texts)) > MAX_TEXT:
        return Unknown(expression.references)
    return "".join(texts)


_MAKE: dict[str, Callable[[Expression, list[Any]], Any]] = {
    "list": lambda _, items: items,
    "object": _make_object,
    "template": _make_text,
}


def _as_text(value: Any) -> str | None:
    """A value within a string, as Packer writes it; None for one that it does not."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int):
        return str(value)
    if isinstance(value, float):
        return format(Decimal(repr(value)).normalize(), "f")
    return None


def referred_source(reference: str) -> str:
    """The `type.name` of a reference to a source, by Packer's own rule; empty where it is none.

    Of three words, Packer passes over the first, whatever it is; of more, also those at the end.
    """
    words = reference.split(".")
    if len(words) > 2:
        words = words[1:3]
    return ".".join(words) if len(words) == 2 else ""


def template_files(names: Iterable[str]) -> list[str]:
    """Which of a workspace's files Packer loads as the template: those at its top."""
    return _loaded(names, TEMPLATE_SUFFIXES)


def assignment_files(names: Iterable[str]) -> list[str]:
    """Which files Packer takes variables' values from unasked; a later one wins."""
    return _loaded(names, (".auto.pkrvars.hcl", ".auto.pkrvars.json"))


def _loaded(names: Iterable[str], suffixes: tuple[str, ...]) -> list[str]:
    """The files at the top in the order in which Packer reads them: those in JSON at last."""
    top = sorted(name for name in names if "/" not in name)
    return [name for suffix in suffixes for name in top if name.endswith(suffix)]
