"""python-hcl2's grammar as a parser, with its tables kept in our cache as JSON.

The only importer of python-hcl2 and of lark. Lark's own cache is a pickle, which runs what it
holds; tables are data.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packerlab import state

if TYPE_CHECKING:
    from typing import TypeAlias

    from lark import Lark
    from lark import Token as _Token
    from lark import Tree as _Tree

    from packerlab.hcl.cursor import Terminal

    Token: TypeAlias = _Token
    Tree: TypeAlias = _Tree[Any]


def warm_up() -> None:
    """Have the parser ready for the forks of this process."""
    _parser()


def tree_of(text: str, tokens: list[Terminal]) -> Tree:
    """The grammar's tree of tokens that have its own names, each with its place in `text`."""
    from lark import Token

    parser = _parser().parse_interactive("")
    for name, start, end in tokens:
        parser.feed_token(Token(name, text[start:end], start, end_pos=end))
    tree: Tree = parser.feed_eof()  # type: ignore[no-untyped-call]
    return tree


@cache
def _parser() -> Lark:
    """The tables take seconds to make, and a moment to load."""
    import hcl2
    from lark import Lark

    source = Path(hcl2.__file__).with_name("hcl2.lark").read_text(encoding="utf-8")
    digest = hashlib.sha256(f"{version('lark')}\0{source}".encode()).hexdigest()[:16]
    path = state.cache_folder() / f"hcl2-grammar-{digest}.json"
    kept = _kept(path)
    if kept is None:
        made = Lark(source, parser="lalr", propagate_positions=True)
        kept = _tables(made)
        state.write_atomically(path, _sealed(json.dumps(kept).encode()))
        return made
    return Lark.load(kept)


def _tables(parser: Lark) -> dict[str, Any]:
    """All that a parser consists of, as numbers and texts."""
    from lark.grammar import Rule
    from lark.lexer import TerminalDef

    data, memo = parser.memo_serialize([TerminalDef, Rule])
    return {"data": data, "memo": memo}


def _sealed(tables: bytes) -> bytes:
    return hashlib.sha256(tables).hexdigest().encode() + b"\n" + tables


def _kept(path: Path) -> dict[str, Any] | None:
    """The tables in the cache, if they are there as they were written."""
    try:
        sealed = path.read_bytes()
    except FileNotFoundError:
        return None
    tables = sealed.partition(b"\n")[2]
    if sealed != _sealed(tables):
        return None
    kept: dict[str, Any] = json.loads(tables, object_hook=_numbered)
    return kept


def _numbered(item: dict[str, Any]) -> dict[str | int, Any]:
    """States, tokens and rules have numbers for names, which JSON turned to text."""
    return {int(name) if name.isdecimal() else name: value for name, value in item.items()}
