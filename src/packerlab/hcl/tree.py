"""The grammar's tree of a text: its parts, and where each stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packerlab.hcl.grammar import tree_of
from packerlab.hcl.syntax import template_terminals, terminals

if TYPE_CHECKING:
    from packerlab.hcl.grammar import Tree
    from packerlab.source import Source


def file_tree(source: Source) -> Tree:
    """The tree of an HCL file; raises SourceError where it is none."""
    return tree_of(source.text, terminals(source))


def template_tree(source: Source) -> Tree:
    """The tree of a text that is a template as a whole: the value of an attribute."""
    return tree_of(source.text, template_terminals(source))


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
