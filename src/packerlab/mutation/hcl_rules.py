"""How a template is made wrong: each rule changes one piece of HCL in a way that a learner might.

A rule yields cuts of the text. What is no template afterwards is sorted out by who tries it.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from packerlab.hcl.pieces import Span, pieces
from packerlab.mutation.lines import doubled, dropped, swapped, words_dropped
from packerlab.variants.edits import Cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from packerlab.hcl.pieces import Piece
    from packerlab.source import Source

FOR_PEOPLE = ("description", "error_message")
"""Arguments whose words only people read: they are taken out, and never changed."""

SHELL = ("inline", "execute_command")
"""Arguments whose strings a shell runs."""

FIXED_TIME = '"2024-05-06T07:08:09Z"'
"""What stands for `timestamp()` where a value is written in its place."""


class Known(NamedTuple):
    """What the rules know beside the text.

    `values` has expressions as they are written, and their values as literals; `images` the names
    that a filter may be pinned to.
    """

    values: Mapping[str, str] = {}
    images: Sequence[str] = ()


def hcl_cuts(source: Source, known: Known) -> Iterator[tuple[str, Cut]]:
    """Every change that a rule makes of a file, with the rule's name."""
    for piece in pieces(source):
        if piece.argument in FOR_PEOPLE and piece.kind != "argument":
            continue
        for name, kinds, rule in RULES:
            if piece.kind in kinds:
                for cut in rule(source.text, piece, known):
                    yield name, cut


def expressions(source: Source) -> Iterator[str]:
    """What has a value that may be written in its place."""
    for piece in pieces(source):
        text = source.text[piece.start : piece.end]
        computed = piece.kind == "string" and "${" in text
        if (piece.kind == "value" or computed) and "\n" not in text:
            yield text


# --- what is taken out ----------------------------------------------------------------------------


def _drop(text: str, piece: Piece, _: Known) -> Iterator[Cut]:
    yield Cut(*whole_lines(text, piece.start, piece.end), "")


def whole_lines(text: str, start: int, end: int) -> Span:
    """A stretch with the rest of its lines, where there is nothing but blanks and a comment."""
    begin = text.rfind("\n", 0, start) + 1
    after = text.find("\n", end)
    stop = len(text) if after < 0 else after + 1
    rest = text[end:stop].strip()
    alone = not text[begin:start].strip() and (not rest or rest.startswith("#"))
    return Span(begin, stop) if alone else Span(start, end)


def _drop_item(_: str, piece: Piece, __: Known) -> Iterator[Cut]:
    for number, part in enumerate(piece.parts):
        last = number == len(piece.parts) - 1
        if not last:
            yield Cut(part.start, piece.parts[number + 1].start, "")
        elif number:
            yield Cut(piece.parts[number - 1].end, part.end, "")
        else:
            yield Cut(part.start, part.end, "")


def _drop_line(text: str, piece: Piece, _: Known) -> Iterator[Cut]:
    yield from dropped(*_lines(text, piece))


def _drop_word(text: str, piece: Piece, _: Known) -> Iterator[Cut]:
    (inside,) = piece.parts
    yield from words_dropped(text, inside.start, inside.end)


def _lines(text: str, piece: Piece) -> tuple[str, list[Span]]:
    """The text, and the lines in a string: those that it writes, or those of a heredoc."""
    (inside,) = piece.parts
    ends = r"\n" if piece.kind == "heredoc" else r"\\n"
    stops = [
        match.end()
        for match in re.finditer(ends, text[: inside.end])
        if match.start() >= inside.start
    ]
    stops = stops if stops and stops[-1] == inside.end else [*stops, inside.end]
    return text, [Span(*pair) for pair in pairwise([inside.start, *stops])]


# --- what is changed ------------------------------------------------------------------------------


def _change_text(text: str, piece: Piece, _: Known) -> Iterator[Cut]:
    """A letter too many at the beginning, or one too few at the end."""
    written = text[piece.start : piece.end]
    yield Cut(piece.start, piece.start, "x")
    last = 2 if len(written) > 1 and written[-2] == "\\" else 1
    yield Cut(piece.end - last, piece.end, "")


def _change_words(text: str, piece: Piece, _: Known) -> Iterator[Cut]:
    """A letter is missing in a word of several, or is another one."""
    words = list(_WORD.finditer(text, piece.start, piece.end))
    for word in words if len(words) > 1 else ():
        first = word[0][0]
        yield Cut(word.start(), word.start() + 1, first.swapcase())
        yield Cut(word.end() - 1, word.end(), "")


_WORD = re.compile(r"(?<!\\)[A-Za-z]{2,}")


def _add_blank(_: str, piece: Piece, __: Known) -> Iterator[Cut]:
    yield Cut(piece.start, piece.start, " ")
    yield Cut(piece.end, piece.end, " ")


def _empty(_: str, piece: Piece, __: Known) -> Iterator[Cut]:
    (inside,) = piece.parts
    if inside.start < inside.end:
        yield Cut(inside.start, inside.end, "")


def _change_number(text: str, piece: Piece, _: Known) -> Iterator[Cut]:
    written = text[piece.start : piece.end]
    if written.lstrip("-").isdigit():
        for near in (int(written) + 1, int(written) - 1):
            yield Cut(piece.start, piece.end, str(near))


def _flip(text: str, piece: Piece, _: Known) -> Iterator[Cut]:
    other = {"true": "false", "false": "true"}.get(text[piece.start : piece.end])
    if other:
        yield Cut(piece.start, piece.end, other)


def _change_case(text: str, piece: Piece, _: Known) -> Iterator[Cut]:
    parts = re.split(r"(\\.)", text[piece.start : piece.end])
    for change in (str.upper, str.lower):
        yield Cut(piece.start, piece.end, "".join(
            part if part.startswith("\\") else change(part) for part in parts))  # fmt: skip


def _case_of_value(text: str, piece: Piece, _: Known) -> Iterator[Cut]:
    yield from _wrapped(text, piece, ("upper({})", "lower({})"))


def _transform(text: str, piece: Piece, _: Known) -> Iterator[Cut]:
    forms = ("trimspace({})", "substr({}, 0, 4)", 'replace({}, ".", "-")', 'replace({}, "-", "_")')
    yield from _wrapped(text, piece, forms)


def _wrapped(text: str, piece: Piece, forms: Sequence[str]) -> Iterator[Cut]:
    written = text[piece.start : piece.end]
    if re.match(r"(var|local)\.", written):
        for form in forms:
            yield Cut(piece.start, piece.end, form.format(written))


def _unwrap(text: str, piece: Piece, _: Known) -> Iterator[Cut]:
    for part in piece.parts:
        yield Cut(piece.start, piece.end, text[part.start : part.end])


# --- what is pinned -------------------------------------------------------------------------------


def _default(text: str, piece: Piece, known: Known) -> Iterator[Cut]:
    written = text[piece.start : piece.end]
    if written.startswith("var.") and written in known.values:
        yield Cut(piece.start, piece.end, known.values[written])


def _value(text: str, piece: Piece, known: Known) -> Iterator[Cut]:
    written = text[piece.start : piece.end]
    if written == "timestamp()":
        yield Cut(piece.start, piece.end, FIXED_TIME)
    elif not written.startswith("var.") and written in known.values:
        yield Cut(piece.start, piece.end, known.values[written])


def _pin(text: str, piece: Piece, known: Known) -> Iterator[Cut]:
    (inside,) = piece.parts
    pattern = text[inside.start : inside.end]
    if "*" in pattern:
        for name in known.images:
            if fnmatchcase(name, pattern):
                yield Cut(inside.start, inside.end, name)


def _widen(text: str, piece: Piece, _: Known) -> Iterator[Cut]:
    """A filter that finds more: a word of a pattern, or the pattern, is any."""
    (inside,) = piece.parts
    pattern = text[inside.start : inside.end]
    if "*" not in pattern or " " in pattern:
        return
    for word in re.finditer(r"[^-/*]+", pattern):
        yield Cut(inside.start + word.start(), inside.start + word.end(), "*")
    if pattern != "*":
        yield Cut(inside.start, inside.end, "*")


def _more_owners(_: str, piece: Piece, __: Known) -> Iterator[Cut]:
    if piece.argument == "owners":
        for owner in ("self", "amazon", "aws-marketplace", "444455556666"):
            yield Cut(piece.parts[-1].end, piece.parts[-1].end, f', "{owner}"')


# --- order, second entries ------------------------------------------------------------------------


def _swap_items(text: str, piece: Piece, _: Known) -> Iterator[Cut]:
    """An object has no order."""
    if piece.name != "object":
        yield from swapped(text, piece.parts)


def _swap_blocks(text: str, piece: Piece, _: Known) -> Iterator[Cut]:
    """At the top of a template blocks have no order."""
    if piece.argument:
        yield from swapped(text, piece.parts)


def _swap_lines(text: str, piece: Piece, _: Known) -> Iterator[Cut]:
    yield from swapped(*_lines(text, piece))


def _double_item(text: str, piece: Piece, _: Known) -> Iterator[Cut]:
    """A second entry of an object has the other's key."""
    for part in piece.parts if piece.name == "tuple" else ():
        yield Cut(part.end, part.end, f", {text[part.start : part.end]}")


def _double_line(text: str, piece: Piece, _: Known) -> Iterator[Cut]:
    yield from doubled(*_lines(text, piece))


def _double_block(text: str, piece: Piece, _: Known) -> Iterator[Cut]:
    written = text[piece.start : piece.end]
    yield Cut(piece.start, piece.end, f"{written}\n{written}")


# --- what is weakened -----------------------------------------------------------------------------

OTHER_OPERATORS = {
    ">=": (">", "<="), ">": (">=", "<"), "<=": ("<", ">="), "<": ("<=", ">"), "==": ("!=",),
    "!=": ("==",), "&&": ("||",), "||": ("&&",), "+": ("-",), "-": ("+",), "*": ("/",),
    "/": ("*",),
}  # fmt: skip


def _operators(text: str, piece: Piece, _: Known) -> Iterator[Cut]:
    operator = piece.parts[1]
    for other in OTHER_OPERATORS.get(text[operator.start : operator.end], ()):
        yield Cut(operator.start, operator.end, other)


def _one_side(text: str, piece: Piece, _: Known) -> Iterator[Cut]:
    for part in (piece.parts[0], piece.parts[-1]):
        yield Cut(piece.start, piece.end, text[part.start : part.end])


def _always(_: str, piece: Piece, __: Known) -> Iterator[Cut]:
    if piece.argument == "condition":
        yield Cut(piece.start, piece.end, "true")


def _choose(text: str, piece: Piece, _: Known) -> Iterator[Cut]:
    for part in piece.parts[1:]:
        yield Cut(piece.start, piece.end, text[part.start : part.end])


def _swallow(_: str, piece: Piece, __: Known) -> Iterator[Cut]:
    (inside,) = piece.parts
    if piece.argument in SHELL:
        yield Cut(inside.end, inside.end, " || true")


RULES: list[tuple[str, tuple[str, ...], Callable[[str, Piece, Known], Iterator[Cut]]]] = [
    ("drop-argument", ("argument",), _drop),
    ("drop-block", ("block",), _drop),
    ("drop-item", ("items",), _drop_item),
    ("drop-line", ("string", "heredoc"), _drop_line),
    ("drop-word", ("string", "heredoc"), _drop_word),
    ("drop-call", ("call",), _unwrap),
    ("change-literal", ("text",), _change_text),
    ("change-literal", ("string",), _empty),
    ("change-word", ("text",), _change_words),
    ("add-blank", ("text",), _add_blank),
    ("change-literal", ("number",), _change_number),
    ("change-literal", ("word",), _flip),
    ("change-case", ("text",), _change_case),
    ("change-case", ("value",), _case_of_value),
    ("transform-value", ("value",), _transform),
    ("default-for-input", ("value",), _default),
    ("value-for-expression", ("value", "string"), _value),
    ("pin-filter", ("string",), _pin),
    ("widen-filter", ("string",), _widen),
    ("widen-filter", ("items",), _more_owners),
    ("swap-items", ("items",), _swap_items),
    ("swap-blocks", ("alike",), _swap_blocks),
    ("swap-lines", ("string", "heredoc"), _swap_lines),
    ("second-entry", ("items",), _double_item),
    ("second-entry", ("string", "heredoc"), _double_line),
    ("second-entry", ("block",), _double_block),
    ("weaken-condition", ("operation",), _operators),
    ("weaken-condition", ("operation",), _one_side),
    ("weaken-condition", ("value",), _always),
    ("weaken-condition", ("choice",), _choose),
    ("swallow-exit", ("string",), _swallow),
]
"""Each rule: its name, the kinds of pieces that it changes, and how."""
