"""What of a template's text can be taken out or changed: its pieces, with their places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from packerlab.hcl.tree import end_of, file_tree, kind_of, solid, start_of, unwrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packerlab.source import Source


class Span(NamedTuple):
    """A stretch of a text."""

    start: int
    end: int


class Piece(NamedTuple):
    """A piece of HCL; `parts` are what it consists of, without punctuation.

    - `argument`: its value
    - `alike`: blocks of the same type beside each other, of which there are several
    - `block`
    - `items`: those of a `tuple` or an `object`, or a call's `arguments`
    - `string`: all between the quotes; `heredoc`: its lines
    - `text`: the literal text of a string, up to a sequence
    - `value`: an expression that stands alone, or in a sequence of a string
    - `call`: its arguments; `operation`: left, operator, right; `choice`: condition and values
    - `number`, `word` (such as `true`)

    `argument` is the name of the innermost argument around it, or its own; for a block it is the
    type of the block around.
    """

    kind: Literal[
        "argument", "alike", "block", "items", "string", "heredoc", "text", "value", "call",
        "operation", "choice", "number", "word",
    ]  # fmt: skip
    start: int
    end: int
    parts: tuple[Span, ...] = ()
    argument: str = ""
    name: str = ""


def pieces(source: Source) -> Iterator[Piece]:
    """The pieces of a file from its top, the outer before the inner; raises SourceError."""
    yield from _Walk(source).body(file_tree(source).children[0], "")


class _Walk:
    """Goes through the grammar's tree of one file."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def body(self, tree: Any, within: str) -> Iterator[Piece]:
        blocks: dict[str, list[Span]] = {}
        for child in tree.children:
            if kind_of(child) == "attribute":
                name = self._text(child.children[0])
                value = child.children[2]
                yield self._piece("argument", child, [value], name)
                yield from self.expression(value, name)
            elif kind_of(child) == "block":
                word = self._text(child.children[0])
                blocks.setdefault(word, []).append(_span(child))
                yield self._piece("block", child, [], within, word)
                yield from self.body(child.children[-2], word)
        for word, alike in blocks.items():
            if len(alike) > 1:
                yield Piece("alike", alike[0].start, alike[-1].end, tuple(alike), within, word)

    def expression(self, tree: Any, argument: str) -> Iterator[Piece]:
        inner = unwrapped(tree)
        kind = kind_of(inner)
        if kind not in _LITERALS:
            yield self._piece("value", tree, [], argument)
        yield from _INSIDE.get(kind, _Walk.others)(self, inner, argument)

    def others(self, tree: Any, argument: str) -> Iterator[Piece]:
        """What has no pieces of its own: the expressions inside are looked at."""
        for child in getattr(tree, "children", []):
            if kind_of(child) in ("expr_term", *_INSIDE):
                yield from self.expression(child, argument)
            else:
                yield from self.others(child, argument)

    def step(self, tree: Any, argument: str) -> Iterator[Piece]:
        """What leads into a value: of a name there is nothing more to say."""
        base, step = unwrapped(tree.children[0]), tree.children[1]
        yield from _INSIDE.get(kind_of(base), _Walk.others)(self, base, argument)
        yield from self.others(step, argument)

    def items(self, tree: Any, argument: str) -> Iterator[Piece]:
        items = solid(tree)
        yield self._piece("items", tree, items, argument, kind_of(tree))
        for item in items:
            value = item.children[2] if kind_of(item) == "object_elem" else item
            yield from self.expression(value, argument)

    def call(self, tree: Any, argument: str) -> Iterator[Piece]:
        lists = [part for part in tree.children if kind_of(part) == "arguments"]
        arguments = [item for part in lists for item in solid(part)]
        yield self._piece("call", tree, arguments, argument, self._text(tree.children[0]))
        for each in lists:
            yield from self.items(each, argument)

    def operation(self, tree: Any, argument: str) -> Iterator[Piece]:
        left, right = tree.children[0], tree.children[-1]
        operator, value = right.children[0], right.children[-1]
        yield self._piece("operation", tree, [left, operator, value], argument)
        yield from self.expression(left, argument)
        yield from self.expression(value, argument)

    def choice(self, tree: Any, argument: str) -> Iterator[Piece]:
        parts = [part for part in solid(tree) if kind_of(part) != "?"]
        yield self._piece("choice", tree, parts, argument)
        for part in parts:
            yield from self.expression(part, argument)

    def string(self, tree: Any, argument: str) -> Iterator[Piece]:
        opening, *parts, closing = tree.children
        heredoc = self._text(opening) != '"'
        inside = Span(end_of(opening), start_of(closing))
        kind: Any = "heredoc" if heredoc else "string"
        yield Piece(kind, *_span(tree), (inside,), argument)
        for part in parts:
            first = part.children[0]
            if not kind_of(first):
                yield self._piece("text", part, [], argument, "heredoc" if heredoc else "string")
            elif kind_of(first) == "interpolation":
                yield from self.expression(first.children[1], argument)

    def scalar(self, tree: Any, argument: str) -> Iterator[Piece]:
        digits = self._text(tree).lstrip("-").strip()[:1].isdigit()
        yield self._piece("number" if digits else "word", tree, [], argument)

    def _piece(
        self, kind: Any, tree: Any, parts: list[Any], argument: str, name: str = ""
    ) -> Piece:
        return Piece(kind, *_span(tree), tuple(map(_span, parts)), argument, name)

    def _text(self, node: Any) -> str:
        return self.source.text[start_of(node) : end_of(node)]


_LITERALS = ("string", "int_lit", "float_lit", "literal_value", "tuple", "object")
_INSIDE = {
    "tuple": _Walk.items,
    "object": _Walk.items,
    "function_call": _Walk.call,
    "get_attr_expr_term": _Walk.step,
    "index_expr_term": _Walk.step,
    "binary_op": _Walk.operation,
    "conditional": _Walk.choice,
    "string": _Walk.string,
    "int_lit": _Walk.scalar,
    "float_lit": _Walk.scalar,
    "literal_value": _Walk.scalar,
}


def _span(node: Any) -> Span:
    return Span(start_of(node), end_of(node))
