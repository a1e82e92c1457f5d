"""From text to blocks: HCL and Packer's JSON, parsed with python-hcl2's grammar.

`parse_untrusted` does it in a short-lived process with bounds, and takes JSON bytes from it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import select
import signal
import time
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from packerlab import state
from packerlab.errors import MachineError, RejectedError
from packerlab.report import Where
from packerlab.template import Block, Expression, SyntaxProblem, Template, template_files
from packerlab.text import visible

if TYPE_CHECKING:
    from lark import Lark, Tree

    from packerlab.submissions import Files
    from packerlab.template import Path

CPU_S = 10
MEMORY = 1_000_000_000
"""Bytes of address space beyond what the parent already has."""

MAX_DEPTH = 60
"""Blocks, lists, objects and calls inside each other; Packer's own templates nest about ten."""

MAX_ANSWER = 32_000_000


class HclError(Exception):
    """Text that is no HCL; `line` and `column` count from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


class _Answer(msgspec.Struct):
    blocks: list[Block] = []
    problem: SyntaxProblem | None = None
    refusal: str = ""


def parse_untrusted(files: Files) -> Template | SyntaxProblem:
    """Parse a learner's workspace in a process of its own.

    Raises RejectedError where the parser's bounds are hit or a file has what no template may have.
    """
    texts = {name: files[name].data for name in template_files(files)}
    answer = msgspec.json.decode(_in_child(texts), type=_Answer)
    if answer.refusal:
        raise RejectedError(answer.refusal)
    return answer.problem or Template(answer.blocks)


def parse_trusted(files: Files) -> Template:
    """Parse files of our own, such as a starter, here; a broken one is an empty template."""
    answer = _parse({name: files[name].data for name in template_files(files)})
    return Template(answer.blocks)


def _in_child(texts: dict[str, bytes]) -> bytes:
    """Fork, parse under bounds, and bring the JSON home."""
    grammar()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(OSError):
            os.close(reader)
            _bound()
            _send(writer, msgspec.json.encode(_parse(texts)))
        os._exit(0)
    os.close(writer)
    try:
        answer = _receive(reader, time.monotonic() + CPU_S * 4)
    finally:
        os.close(reader)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    if not answer:
        raise RejectedError("its HCL takes more time or memory to read than any template needs.")
    return answer


def _bound() -> None:
    pages = int(open("/proc/self/statm").read().split()[0]) if os.path.exists("/proc") else 0  # noqa: PTH110, PTH123, SIM115
    used = pages * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))


def _send(writer: int, data: bytes) -> None:
    with os.fdopen(writer, "wb") as stream:
        stream.write(data)


def _receive(reader: int, deadline: float) -> bytes:
    """All that the child says; nothing where it says too much or not in time."""
    chunks: list[bytes] = []
    size = 0
    while True:
        ready, _, _ = select.select([reader], [], [], max(deadline - time.monotonic(), 0))
        if not ready:
            return b""
        chunk = os.read(reader, 1 << 20)
        size += len(chunk)
        if size > MAX_ANSWER:
            return b""
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)


def _parse(texts: dict[str, bytes]) -> _Answer:
    answer = _Answer()
    for name, data in texts.items():
        try:
            answer.blocks += _file_blocks(name, data)
        except HclError as error:
            where = Where(name, error.line, error.column)
            return _Answer(problem=SyntaxProblem(str(error), where))
        except RejectedError as error:
            return _Answer(refusal=str(error))
        except (RecursionError, MemoryError):
            return _Answer(refusal=f"{visible(name)} nests too deep to be read.")
    return answer


def _file_blocks(name: str, data: bytes) -> list[Block]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise HclError("this is not UTF-8 text.", line, 1) from None
    if name.endswith(".json"):
        return _json_blocks(name, text)
    return _Reader(name).body(_tree(text).children[0])[1]


def warm_up() -> None:
    """Have the parser load all that a parse needs, once for many forks."""
    _parse({"main.pkr.hcl": b'a "b" {\n  c = "${d.e}" # f\n  g = [1, <<EOF\nh\nEOF\n  ]\n}\n'})


@cache
def grammar() -> Lark:
    """python-hcl2's grammar as a parser; its tables are kept in our cache, 2 s to make."""
    import hcl2  # noqa: PLC0415  (0.1 s that a command without templates does not pay)
    from hcl2.postlexer import PostLexer  # noqa: PLC0415
    from lark import Lark  # noqa: PLC0415

    parser: Lark = Lark.open(
        "hcl2.lark",
        rel_to=hcl2.__file__,
        parser="lalr",
        cache=str(state.cache_folder() / "hcl2-grammar.bin"),
        propagate_positions=True,
        postlex=PostLexer(),
    )
    return parser


def _tree(text: str) -> Tree[Any]:
    from lark.exceptions import UnexpectedInput  # noqa: PLC0415

    try:
        return grammar().parse(text + "\n")
    except UnexpectedInput as error:
        token = getattr(error, "token", None)
        if token is not None and token.type == "$END":
            line = text.count("\n") + 1
            raise HclError("the file ends inside a block or a string.", line, 1) from None
        found = str(token) if token is not None else text[error.pos_in_stream or 0]
        if not found.strip():
            raise HclError("the line ends too early.", error.line, error.column) from None
        shown = visible(found)[:40]
        raise HclError(f"`{shown}` can't stand here.", error.line, error.column) from None


class _Reader:
    """Turns the grammar's tree of one file into blocks and expressions."""

    def __init__(self, file: str) -> None:
        self.file = file

    def body(self, tree: Tree[Any], depth: int = 0) -> tuple[dict[str, Expression], list[Block]]:
        attributes: dict[str, Expression] = {}
        blocks = []
        for child in tree.children:
            if _kind(child) == "attribute":
                name = str(child.children[0].children[0])
                attributes.setdefault(name, self.expression(child.children[2], depth))
            elif _kind(child) == "block":
                blocks.append(self.block(child, depth))
        return attributes, blocks

    def block(self, tree: Tree[Any], depth: int) -> Block:
        _check_depth(depth)
        words = []
        for child in tree.children[: tree.children.index("{")]:
            if _kind(child) == "string":
                words.append("".join(_plain(part) for part in child.children[1:-1]))
            elif _kind(child) in ("identifier", "keyword", "literal_value"):
                words.append(str(child.children[0]))
        attributes, blocks = self.body(tree.children[-2], depth + 1)
        return Block(words[0], words[1:], attributes, blocks, Where(self.file, tree.meta.line))

    def expression(self, tree: Tree[Any], depth: int) -> Expression:
        _check_depth(depth)
        line = tree.meta.line
        inner = _unwrapped(tree)
        kind = _kind(inner)
        if kind in _SCALARS:
            return Expression("literal", line, _SCALARS[kind](str(inner.children[0])))
        if kind in ("heredoc_template", "heredoc_template_trim"):
            return _heredoc(str(inner.children[0]), line)
        if kind == "string":
            return self._string(inner, line, depth)
        if kind == "tuple":
            return _compound("list", line, self._all(inner, depth))
        if kind == "object":
            elements = [child for child in inner.children if _kind(child) == "object_elem"]
            keys = [_object_key(element.children[0]) for element in elements]
            items = [self.expression(element.children[2], depth + 1) for element in elements]
            return _compound("object", line, items, keys=keys)
        if kind == "function_call":
            name = str(inner.children[0].children[0])
            lists = [part for part in inner.children if _kind(part) == "arguments"]
            items = [item for part in lists for item in self._all(part, depth)]
            return _compound("call", line, items, value=name)
        if path := _path(inner):
            return Expression("reference", line, references=[path])
        return Expression("other", line, references=_references(inner))

    def _all(self, tree: Tree[Any], depth: int) -> list[Expression]:
        return [self.expression(item, depth + 1) for item in _solid(tree)]

    def _string(self, tree: Tree[Any], line: int, depth: int) -> Expression:
        parts: list[Expression] = []
        for part in tree.children[1:-1]:
            inside = part.children[0]
            if _kind(inside) == "interpolation":
                parts.append(self.expression(inside.children[1], depth + 1))
            elif _kind(inside):
                return Expression("other", line, references=_references(tree))
            else:
                parts.append(Expression("literal", line, _unescape(str(inside))))
        if all(part.kind == "literal" for part in parts):
            return Expression("literal", line, "".join(str(part.value) for part in parts))
        return _compound("template", line, parts)


_SCALARS: dict[str, Any] = {
    "int_lit": int,
    "float_lit": float,
    "literal_value": {"true": True, "false": False, "null": None}.get,
}


def _kind(node: Any) -> str:
    return str(getattr(node, "data", ""))


def _check_depth(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise RecursionError


def _solid(tree: Any) -> list[Any]:
    """The parts of a node that are no punctuation and no comment."""
    return [child for child in tree.children if _kind(child) not in ("", "new_line_or_comment")]


def _unwrapped(tree: Any) -> Any:
    """Without the grammar's `expr_term` around a single thing, and without parentheses."""
    while _kind(tree) == "expr_term" and len(inside := _solid(tree)) == 1:
        tree = inside[0]
    return tree


def _compound(
    kind: Any, line: int, items: list[Expression], *, keys: Any = (), value: str | None = None
) -> Expression:
    paths = dict.fromkeys(path for item in items for path in item.references)
    return Expression(kind, line, value, items, list(keys), list(paths))


def _path(tree: Any) -> Path:
    """The steps of a reference such as `source.file.motd`; empty where it is none."""
    steps: list[str] = []
    while True:
        kind = _kind(tree)
        if kind == "identifier":
            return (str(tree.children[0]), *reversed(steps))
        if kind not in ("get_attr_expr_term", "index_expr_term"):
            return ()
        step = tree.children[1]
        if _kind(step) == "get_attr":
            steps.append(str(step.children[1].children[0]))
        else:
            index = [child for child in step.children if _kind(child) or str(child).isdigit()]
            steps.append("".join(_plain(token) for token in _tokens(index[0])).strip('"'))
        tree = _unwrapped(tree.children[0])


def _tokens(node: Any) -> list[Any]:
    return list(node.scan_values(lambda _: True)) if _kind(node) else [node]


def _references(tree: Any) -> list[Path]:
    """Every reference below `tree`, without recursion: an expression may be thousands deep."""
    found: dict[Path, None] = {}
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        path = _path(_unwrapped(node)) if _kind(node) == "expr_term" else ()
        if path:
            found[path] = None
        if _kind(node) in ("heredoc_template", "heredoc_template_trim"):
            found.update(dict.fromkeys(_mentioned(str(node.children[0]))))
        elif not path:
            waiting += reversed(getattr(node, "children", []))
    return list(found)


def _object_key(tree: Any) -> str:
    return "".join(_plain(token) for token in _tokens(tree) if str(token) != '"')


def _plain(node: Any) -> str:
    if _kind(node) == "string_part":
        return "".join(_unescape(str(token)) for token in _tokens(node))
    return str(node)


_ESCAPE = re.compile(r'\\(?:([nrt"\\/bf])|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))|\$\$\{|%%\{')
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def _unescape(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        simple, short, long = match.groups()
        if simple:
            return _ESCAPED.get(simple, simple)
        if short or long:
            number = int(short or long, 16)
            return chr(number) if number < 0x110000 else "\N{REPLACEMENT CHARACTER}"
        return match.group()[1:]

    return _ESCAPE.sub(one, text)


def _heredoc(token: str, line: int) -> Expression:
    opening, _, rest = token.replace("\r\n", "\n").partition("\n")
    body = rest[: rest.rstrip("\n").rfind("\n") + 1]
    if opening.startswith("<<-"):
        body = _flush(body)
    if re.search(r"(?<!\$)\$\{|(?<!%)%\{", body):
        return Expression("other", line, references=_mentioned(body))
    return Expression("literal", line, body.replace("$${", "${").replace("%%{", "%{"))


def _flush(body: str) -> str:
    """A `<<-` heredoc without the indentation that all its lines share."""
    lines = body.splitlines(keepends=True)
    margins = [len(text) - len(text.lstrip(" \t")) for text in lines if text.strip()]
    margin = min(margins, default=0)
    return "".join(text[margin:] if text.strip() else text.lstrip(" \t") for text in lines)


_MENTION = re.compile(r"\b(?:var|local|source|build|data|path|packer|each)(?:\.[A-Za-z_][\w-]*)+")


def _mentioned(text: str) -> list[Path]:
    """The references in a heredoc, which the grammar keeps as one token."""
    inside = re.findall(r"[$%]\{[^}]*\}", text)
    return [tuple(name.split(".")) for part in inside for name in _MENTION.findall(part)]


# --- Packer's JSON -------------------------------------------------------------------------------

_LABELS = {"source": 2, "data": 2, "variable": 1, "local": 1, "provisioner": 1, "post-processor": 1,
           "error-cleanup-provisioner": 1, "dynamic": 1}  # fmt: skip
_BLOCKS = {*_LABELS, "build", "locals", "packer", "variables", "required_plugins", "validation",
           "post-processors", "content", "hcp_packer_registry"}  # fmt: skip


def _json_blocks(name: str, text: str) -> list[Block]:
    """JSON's objects are HCL's object expressions, so that one tree keeps the places of both."""
    try:
        value = json.loads(text, object_pairs_hook=_no_twins)
    except json.JSONDecodeError as error:
        raise HclError(f"not JSON: {error.msg}.", error.lineno, error.colno) from None
    if not isinstance(value, dict):
        raise HclError("a template in JSON is one object.", 1, 1)
    reader = _Reader(name)
    attribute = _tree("x = " + text.strip()).children[0].children[0]
    shift = text[: len(text) - len(text.lstrip())].count("\n")
    whole = reader.expression(attribute.children[2], 0)
    return _json_body(whole, name, shift)[1]


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise RejectedError(f"the JSON key {json.dumps(visible(key))} is given twice.")
    return dict(pairs)


def _json_body(
    whole: Expression, file: str, shift: int
) -> tuple[dict[str, Expression], list[Block]]:
    attributes = {}
    blocks: list[Block] = []
    for key, value in zip(whole.keys, whole.items, strict=True):
        if key in _BLOCKS and value.kind in ("object", "list"):
            blocks += _json_block(key, [], value, file, shift)
        else:
            attributes[key] = value
    return attributes, blocks


def _json_block(
    kind: str, labels: list[str], value: Expression, file: str, shift: int
) -> list[Block]:
    """A block under its labels; a list stands for several."""
    if value.kind == "list":
        return [block for item in value.items
                for block in _json_block(kind, labels, item, file, shift)]
    if value.kind != "object":
        return []
    if len(labels) < _LABELS.get(kind, 0):
        return [block for label, inner in zip(value.keys, value.items, strict=True)
                for block in _json_block(kind, [*labels, label], inner, file, shift)]
    attributes, blocks = _json_body(value, file, shift)
    return [Block(kind, labels, attributes, blocks, Where(file, value.line + shift))]


__all__ = ["MachineError", "SyntaxProblem", "grammar", "parse_trusted", "parse_untrusted"]
