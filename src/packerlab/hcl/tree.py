"""The tree that python-hcl2's grammar makes of a text, each node with its place.

The only importer of python-hcl2; of it, only the grammar is used.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from packerlab import state
from packerlab.hcl.syntax import template_terminals, terminals

if TYPE_CHECKING:
    from lark import Lark, Tree

    from packerlab.hcl.cursor import Terminal
    from packerlab.source import Source


@cache
def grammar() -> Lark:
    """python-hcl2's grammar as a parser; its tables are kept in our cache, seconds to make."""
    import hcl2
    from lark import Lark

    parser: Lark = Lark.open(
        "hcl2.lark",
        rel_to=hcl2.__file__,
        parser="lalr",
        cache=str(state.cache_folder() / "hcl2-grammar.bin"),
        propagate_positions=True,
    )
    return parser


def file_tree(source: Source) -> Tree[Any]:
    """The tree of an HCL file; raises SourceError where it is none."""
    return _tree(source, terminals(source))


def template_tree(source: Source) -> Tree[Any]:
    """The tree of a text that is a template as a whole: the value of an attribute."""
    return _tree(source, template_terminals(source))


def _tree(source: Source, tokens: list[Terminal]) -> Tree[Any]:
    from lark import Token

    parser = grammar().parse_interactive("")
    for name, start, end in tokens:
        parser.feed_token(Token(name, source.text[start:end], start, end_pos=end))
    tree: Tree[Any] = parser.feed_eof()  # type: ignore[no-untyped-call]
    return tree


def kind_of(node: Any) -> str:
    """What a node is in the grammar's words; empty for a token."""
    return str(getattr(node, "data", ""))


def start_of(node: Any) -> int:
    """Where a node or token begins."""
    start: int = node.meta.start_pos if kind_of(node) else node.start_pos
    return start


def end_of(node: Any) -> int:
    """Where a node or token ends."""
    end: int = node.meta.end_pos if kind_of(node) else node.end_pos
    return end


def solid(tree: Any) -> list[Any]:
    """The parts of a node that are no punctuation and no line break."""
    return [child for child in tree.children if kind_of(child) not in ("", "new_line_or_comment")]


def unwrapped(tree: Any) -> Any:
    """Without the grammar's `expr_term` around a single thing, and without parentheses."""
    while kind_of(tree) == "expr_term" and len(inside := solid(tree)) == 1:
        tree = inside[0]
    return tree
