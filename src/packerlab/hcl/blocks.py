"""From the grammar's tree to blocks and expressions, which keep their places."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

import msgspec

from packerlab.hcl.literals import flushed, unescape, unescape_heredoc
from packerlab.hcl.template import Block, Expression
from packerlab.hcl.tree import (
    end_of,
    file_tree,
    kind_of,
    solid,
    start_of,
    template_tree,
    unwrapped,
)
from packerlab.json_text import WORDS
from packerlab.report import Where
from packerlab.source import Source

if TYPE_CHECKING:
    from packerlab.hcl.template import Path

MAX_DIGITS = 15
"""Numbers that are longer are no literal here: Packer's are exact, Python's floats are not."""

Body = tuple[dict[str, Expression], list[Block]]


def hcl_body(file: str, text: str) -> Body:
    """The attributes and blocks of an HCL file; raises SourceError where it is none."""
    source = Source(text)
    return _Reader(file, source).body(file_tree(source).children[0])


def template_expression(file: str, text: str, line: int) -> Expression:
    """The value of a text that is a template as a whole, and stands on one line of its file."""
    source = Source(text)
    whole = template_tree(source)
    return _Embedded(file, source, line).expression(whole.children[0].children[0].children[2])


def number(text: str, line: int) -> Expression | None:
    """A number as a literal; None for what only Packer can tell exactly."""
    match = _NUMBER.fullmatch(text)
    if not match or sum(map(str.isdigit, text)) > MAX_DIGITS:
        return None
    digits = text.replace(" ", "").replace("\t", "")
    return Expression("literal", line, float(digits) if match["fraction"] else int(digits))


class _Reader:
    """Turns the grammar's tree of one file into blocks and expressions."""

    def __init__(self, file: str, source: Source) -> None:
        self.file = file
        self.source = source
        self._readers = {
            "string": self._string,
            "tuple": self._list,
            "object": self._object,
            "function_call": self._call,
            "int_lit": self._scalar,
            "float_lit": self._scalar,
            "literal_value": self._scalar,
            "unary_op": self._scalar,
        }

    def body(self, tree: Any) -> Body:
        attributes: dict[str, Expression] = {}
        blocks = []
        for child in tree.children:
            if kind_of(child) == "attribute":
                name = self._source(child.children[0])
                attributes.setdefault(name, self.expression(child.children[2]))
            elif kind_of(child) == "block":
                blocks.append(self._block(child))
        return attributes, blocks

    def _block(self, tree: Any) -> Block:
        header = solid(tree)[:-1]
        words = [self._text(part) if kind_of(part) == "string" else self._source(part)
                 for part in header]  # fmt: skip
        attributes, blocks = self.body(tree.children[-2])
        return Block(words[0], words[1:], attributes, blocks, Where(self.file, self._line(tree)))

    def expression(self, tree: Any) -> Expression:
        inner = unwrapped(tree)
        return self._readers.get(kind_of(inner), self._reference)(inner)

    def _scalar(self, tree: Any) -> Expression:
        """A word, or a number with its sign."""
        text = self._source(tree)
        if text in WORDS:
            return Expression("literal", self._line(tree), WORDS[text])
        return number(text, self._line(tree)) or self._reference(tree)

    def _list(self, tree: Any) -> Expression:
        return self._compound("list", tree, self._all(tree))

    def _object(self, tree: Any) -> Expression:
        elements = [child for child in tree.children if kind_of(child) == "object_elem"]
        keys = [self._key(element.children[0].children[0]) for element in elements]
        if None in keys:
            return self._reference(tree)
        items = [self.expression(element.children[2]) for element in elements]
        return self._compound("object", tree, items, keys=keys)

    def _call(self, tree: Any) -> Expression:
        lists = [part for part in tree.children if kind_of(part) == "arguments"]
        items = [item for part in lists for item in self._all(part)]
        return self._compound("call", tree, items, value=self._source(tree.children[0]))

    def _reference(self, tree: Any) -> Expression:
        """A reference by itself, else what is looked at for its references alone."""
        path, _ = self._path(tree)
        if path:
            return Expression("reference", self._line(tree), references=[path])
        return self._other(tree)

    def _other(self, tree: Any) -> Expression:
        """What only Packer can evaluate, as the learner wrote it."""
        source, references = self._source(tree), self._references(tree)
        return Expression("other", self._line(tree), source, references=references)

    def _all(self, tree: Any) -> list[Expression]:
        return [self.expression(item) for item in solid(tree)]

    def _compound(
        self,
        kind: Any,
        tree: Any,
        items: list[Expression],
        *,
        keys: Any = (),
        value: str | None = None,
    ) -> Expression:
        paths = dict.fromkeys(path for item in items for path in item.references)
        return Expression(kind, self._line(tree), value, items, list(keys), list(paths))

    # --- strings and heredocs ---

    def _string(self, tree: Any) -> Expression:
        line = self._line(tree)
        parts: list[Expression] = []
        for part, text in zip(tree.children[1:-1], self._literals(tree), strict=True):
            inside = part.children[0]
            if text is not None:
                parts.append(Expression("literal", line, unicodedata.normalize("NFC", text)))
            elif kind_of(inside) == "interpolation" and not self._strips(inside):
                parts.append(self.expression(inside.children[1]))
            else:
                return self._other(tree)
        if len(parts) == 1:  # "${x}" is x itself
            return msgspec.structs.replace(parts[0], line=line)
        if all(part.kind == "literal" and isinstance(part.value, str) for part in parts):
            return Expression("literal", line, "".join(str(part.value) for part in parts))
        return self._compound("template", tree, parts)

    def _strips(self, interpolation: Any) -> bool:
        """Whether it is written with a `~`, which takes away space beside it."""
        text = self._source(interpolation)
        return "~" in (text[2], text[-2])

    def _literals(self, string: Any) -> list[str | None]:
        """The values of a string's literal parts; None for a part that is a sequence."""
        tokens = [part.children[0] for part in string.children[1:-1]]
        raw = [None if kind_of(token) else self._source(token) for token in tokens]
        opening = self._source(string.children[0])
        if opening.startswith("<<-"):
            raw = flushed(raw)
        read = unescape if opening == '"' else unescape_heredoc
        return [None if text is None else read(text) for text in raw]

    def _text(self, string: Any) -> str:
        """A string that is no template: a label, a key."""
        return "".join(text or "" for text in self._literals(string))

    # --- references ---

    def _path(self, tree: Any) -> tuple[Path, Any]:
        """The steps of a reference such as `source.file.motd`, else where it is none."""
        steps: list[str] = []
        while True:
            kind = kind_of(tree)
            if kind == "identifier":
                return (self._source(tree), *reversed(steps)), None
            if kind not in ("get_attr_expr_term", "index_expr_term"):
                return (), tree
            step = tree.children[1]
            index = unwrapped(solid(step)[0]) if solid(step) else step.children[-1]
            if kind_of(index) == "string" and None not in self._literals(index):
                steps.append(self._text(index))
            elif kind == "get_attr_expr_term" or kind_of(index) in ("", "int_lit"):
                steps.append(self._source(index))
            else:
                return (), tree
            tree = unwrapped(tree.children[0])

    def _references(self, tree: Any) -> list[Path]:
        """Every reference below `tree`, without recursion: an expression may be thousands deep."""
        found: dict[Path, None] = {}
        waiting = [tree]
        while waiting:
            node = waiting.pop()
            if (
                kind_of(node) == "object_elem_key"
                and kind_of(unwrapped(node.children[0])) in _NAMES
            ):
                continue
            if kind_of(node) == "expr_term":
                path, node = self._path(unwrapped(node))
                if path:
                    found[path] = None
            waiting += reversed(getattr(node, "children", []))
        return list(found)

    def _key(self, tree: Any) -> str | None:
        """An object's key; None for one that is computed."""
        inner = unwrapped(tree)
        if kind_of(inner) != "string":
            return None if self._source(tree).startswith("(") else self._source(inner)
        return None if None in self._literals(inner) else self._text(inner)

    # --- places ---

    def _line(self, node: Any) -> int:
        return self.source.line(start_of(node))

    def _source(self, node: Any) -> str:
        """What the learner wrote for a node."""
        return self.source.text[start_of(node) : end_of(node)]


class _Embedded(_Reader):
    """The template in a JSON string, which stands on one line of its file."""

    def __init__(self, file: str, source: Source, line: int) -> None:
        super().__init__(file, source)
        self._own_line = line

    def _line(self, _: Any) -> int:
        return self._own_line


_NAMES = ("identifier", "keyword")
_NUMBER = re.compile(
    r"-?[ \t]*[0-9]+(?P<fraction>\.[0-9]+([eE][+-]?[0-9]{1,2})?|[eE][+-]?[0-9]{1,2})?"
)
