"""What Packer refuses, we refuse: at the same place, and saying what was expected."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, NamedTuple

import pytest

from packerlab.hcl.blocks import hcl_body
from packerlab.source import SourceError
from tests.hcl.texts import Texts

if TYPE_CHECKING:
    from pathlib import Path


def problem(text: str | bytes) -> SourceError | None:
    if isinstance(text, bytes):
        text = text.decode(errors="surrogateescape")
    try:
        hcl_body("main.pkr.hcl", text)
    except SourceError as error:
        return error
    return None


MISTAKES: list[tuple[str | bytes, str, int, int]] = [
    # between items
    ('x = [\n  "a"\n  "b"\n]\n', "expected a comma before the next item.", 3, 3),
    ("x = [1, }\n", "expected a value, but found `}`.", 1, 9),
    ("x = [1,, 2]\n", "expected a value, but found `,`.", 1, 8),
    ("x = [1; 2]\n", "HCL has no `;`", 1, 7),
    ('x = [\n  "a"\n}\n', "a comma or `]` (the `[` of line 1 is open), but found `}`.", 3, 1),
    ("x = f(1 2)\n", "expected a comma before the next item.", 1, 9),
    ("x = f(1 = 2)\n", "expected a comma or `)`, but found `=`.", 1, 9),
    ("x = f(a..., b)\n", "expected `)` after `...`, but found `,`.", 1, 11),
    ("x = {a = 1 b = 2}\n", "expected a comma, a line break or `}` after this item", 1, 12),
    ("x = {a = 1\n, b = 2}\n", "expected a value, but found `,`.", 2, 1),
    ("x = {a 1}\n", "expected `=` and a value after this key, but found `1`.", 1, 8),
    ("x = {a\n = 1}\n", "expected `=` and a value after this key, but the line ends here.", 1, 7),
    # arguments
    ("a = 1 b = 2\n", "expected a line break after the argument, but found `b`.", 1, 7),
    ('a = 1 "b"\n', 'expected a line break after the argument, but found `"b"`.', 1, 7),
    ("a = 1,\n", "no comma belongs here: arguments and blocks end with their line.", 1, 6),
    ("a = 1;\n", "HCL has no `;`: end the line here", 1, 6),
    ('"a" = 1\n', "write the names of arguments and blocks without quotes.", 1, 1),
    ('b {\n  "a": "c",\n}\n', "write the names of arguments and blocks without quotes.", 2, 3),
    ("a: 1\n", "expected `=` and a value after `a`, or a block's `{`, but found `:`.", 1, 2),
    ('a "b"\nc = 1\n', "expected `=` after `a`, or a block's `{` behind this.", 1, 3),
    ("a 5\n", "expected `=` and a value after `a`, or a block's `{`, but found `5`.", 1, 3),
    ("a\nb = 1\n", "or a block's `{`, but the line ends here.", 1, 2),
    ("a = 1\nb = 2\na = 3\n", "`a` is set twice, the first time in line 1.", 3, 1),
    ("b {\n  a = 1\n  a = 1\n}\n", "`a` is set twice, the first time in line 2.", 3, 3),
    ("a = = 1\n", "expected a value, but found `=`.", 1, 5),
    ("a =\n", "expected a value, but the line ends here.", 1, 4),
    ("a = ", "expected a value, but the file ends here.", 1, 5),
    # blocks
    ("b\n{\n}\n", "expected the block's `{` on the same line, but the line ends here.", 1, 2),
    ('b "c"\n\n{\n}\n', "expected the block's `{` on the same line", 1, 6),
    ('b "c" = {\n}\n', "a block has no `=` before its `{`.", 1, 7),
    ("b 'c' {\n}\n", 'put strings in double quotes, `"`, not in single quotes.', 1, 3),
    ('b "${c}" {\n}\n', "a label can't contain `${`: write `$${` instead.", 1, 4),
    ('b "c" [ {\n}\n', "expected the block's `{` or a label in quotes, but found `[`.", 1, 7),
    ("b { c = 1, d = 2 }\n", "for a block on one line has one argument, but found `,`.", 1, 10),
    ("b { c = 1\n}\n", "for a block on one line has one argument, but the line ends here.", 1, 10),
    ("b { c {} }\n", "expected `=` after `c`, but found `{`.", 1, 7),
    ("b {\n  c = 1 }\n", "expected a line break after the argument, but found `}`.", 2, 9),
    ("b {\n} c {\n}\n", "expected a line break after the block, but found `c`.", 2, 3),
    ("b {\n  c = 1\n", "the `{` that begins here is not closed by `}`.", 1, 3),
    ("}\n", "this `}` closes nothing: no `{` is open.", 1, 1),
    ('{"b": []}\n', "if this is JSON, name the file `*.pkr.json`.", 1, 1),
    ("[[]]\n", "expected the name of an argument or a block, but found `[`.", 1, 1),
    # values
    ("a = [1\n", "the `[` that begins here is not closed by `]`.", 1, 5),
    ("a = [[[[", "the `[` that begins here", 1, 8),
    ("a = (1\n}\n", "an operator or `)` (the `(` of line 1 is open), but found `}`.", 2, 1),
    ("a = 1 +\n", "expected a value, but the line ends here.", 1, 8),
    ("a = 1\n  + 2\n", "expected the name of an argument or a block, but found `+`.", 2, 3),
    ("a = b ? c\n", "expected `:` and the other value of this condition", 1, 10),
    ("a = b.\n", "expected a name after the dot, but the line ends here.", 1, 7),
    ("a = b.0.1\n", "expected a name after the dot, but found `0.1`.", 1, 7),
    ("a = b.*.*\n", "expected a name after the dot, but found `*`.", 1, 9),
    ("a = b[1\n", "the `[` that begins here is not closed by `]`.", 1, 6),
    ("a = b[* c]\n", "expected `]` after `[*`, but found `c`.", 1, 9),
    ("a = b::1\n", "expected a function's name after `::`, but found `1`.", 1, 8),
    ("a = b::c\n", "expected `(` after a function's name, but the line ends here.", 1, 9),
    ("a = 1.2.3\n", "`1.2.3` is not a number.", 1, 5),
    ("a = 1e9999999999\n", "`1e9999999999` is not a number.", 1, 5),
    ("a = [for b c : d]\n", "expected `in` after the names of this `for`, but found `c`.", 1, 12),
    ("a = [for 1 in c : d]\n", "a name for the values of this `for`, but found `1`.", 1, 10),
    ("a = [for b in c, d]\n", "expected `:` after what the `for` goes through", 1, 16),
    ("a = [for b in c : d e]\n", "expected `if` or the `]` of this `for`, but found `e`.", 1, 21),
    ("a = {for b in c : d}\n", "expected `=>` and a value after the key, but found `}`.", 1, 20),
    ("a = {for b in c : d => e\n", "the `{` that begins here is not closed by `}`.", 1, 5),
    ("a = {for = 1}\n", "expected a name for the values of this `for`, but found `=`.", 1, 10),
    ("a = b & c\n", "HCL has no `&`; do you mean `&&`?", 1, 7),
    ("a = ${b}\n", "`${` belongs inside a string; outside one, write the expression alone.", 1, 5),
    ("a = $B\n", "HCL has no `$`: a variable is `var.` and its name.", 1, 5),
    ("a = @\n", "HCL has no `@`.", 1, 5),
    # strings
    ("a = 'b'\n", "not in single quotes.", 1, 5),
    ("a = \u201cb\u201d\n", "this is a typographic quote", 1, 5),
    ('a = "b\nc"\n', 'the string that begins here is not closed by `"` on its line.', 1, 5),
    ('a = "C:\\dir"\n', "HCL has no escape `\\d`; a backslash is written `\\\\`.", 1, 8),
    ('a = "\\u12"\n', "`\\u` needs four hexadecimal digits after it.", 1, 6),
    ('a = "\\ud800"\n', "`\\ud800` is not a character.", 1, 6),
    ('a = "b ${c"\n', 'expected `}` after this value, but found `"`', 1, 11),
    ('a = "${"\n', "the `${` that begins here is not closed by `}`.", 1, 6),
    ('a = "${b\\n"\n', "the `${` that begins here is not closed by `}`.", 1, 6),
    ('a = "${b', "the `${` that begins here is not closed by `}`.", 1, 6),
    ('a = "${B:-c}"\n', "found `:`; a plain `${` is written `$${`.", 1, 9),
    ('a = "%{b}"\n', "found `b`; a value is written `${...}`, and a plain `%{` is `%%{`.", 1, 8),
    ('a = "%{}"\n', "expected `if` or `for` after `%{`, but found `}`", 1, 8),
    ('a = "%{ if b }c"\n', "the `%{` that begins here is not closed by `%{ endif }`.", 1, 6),
    ('a = "%{ if b c }d%{ endif }"\n', "expected `}`, but found `c`.", 1, 14),
    ('a = "%{ else }"\n', "this `else` belongs to no `%{ if }`.", 1, 9),
    ('a = "%{ for b in c }%{ endif }"\n', "this `endif` belongs to no `%{ if }`.", 1, 24),
    ("a = <<EOT\nb\n", "the `<<EOT` that begins here is not closed by a line with", 1, 5),
    ("a = <<EOT\nEOT", "is not closed by a line with `EOT` alone.", 1, 5),
    ("a = << EOT\nEOT\n", "expected a heredoc's marker as the last word of the line", 1, 5),
    # characters
    ("b = 1\n/* a\n", "the `/*` that begins here is not closed by `*/`.", 2, 1),
    ("a = [\N{ZERO WIDTH SPACE} b]\n", "an invisible character (U+200B)", 1, 6),
    ("a = \u00a01\n", "HCL does not accept this kind of space (U+00A0): type a plain one.", 1, 5),
    ("a = 1\rb = 2\n", "a carriage return has no line feed after it", 1, 6),
    ("a = <<E\nb\rc\nE\n", "a carriage return has no line feed after it", 2, 2),
    ("é\N{SNOWMAN} = 1\n", "HCL has no `\N{SNOWMAN}`.", 1, 2),
    ("\ufeffa = ?\n", "expected a value, but found `?`.", 1, 5),
    (b'a = "\xff"\n', "this is not UTF-8 text.", 1, 6),
    (b"a\xff = 1\n", "this is not UTF-8 text.", 1, 2),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message", "line", "column"), MISTAKES)
def test_a_problem_is_one_sentence_with_its_place(
    text: str | bytes, message: str, line: int, column: int
) -> None:
    error = problem(text)
    assert error
    assert message in str(error)
    assert (error.line, error.column) == (line, column)
    assert str(error).endswith((".", "?"))
    assert "\n" not in str(error)


def test_a_comment_may_be_in_any_encoding() -> None:
    assert problem(b"# gr\xfc\xdfe\n/* \xfc */\na = 1 // \xdf\n") is None


# --- beside Packer --------------------------------------------------------------------------------


class Place(NamedTuple):
    """Where Packer finds fault, and the short form of what it says."""

    line: int
    summary: str


def refused_by_packer(
    packer: str, texts: list[str | bytes], folder: Path
) -> dict[int, list[Place]]:
    """Which of the texts `packer fmt` can't read, and the places that a newer Packer names."""
    folder.mkdir()
    for number, text in enumerate(texts):
        data = text if isinstance(text, bytes) else text.encode()
        (folder / f"{number:05}.pkr.hcl").write_bytes(data)
    answer = subprocess.run(
        [packer, "fmt", "-check", "."],
        cwd=folder,
        env={**os.environ, "CHECKPOINT_DISABLE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    said = answer.stdout + answer.stderr
    refused: dict[int, list[Place]] = {
        int(number): [] for number in re.findall(r"formatting (\d{5})\.pkr\.hcl", said)
    }
    for number, line, summary in re.findall(r"\* (\d{5})\.pkr\.hcl:(\d+),\S+ ([^;]*);", said):
        refused[int(number)].append(Place(int(line), " ".join(summary.split())))
    return refused


PACKERS = sorted({"packer", os.environ.get("PACKERLAB_PACKER", "packer")})
BEHIND_IT = ("Missing close bracket", "Missing closing parenthesis", "Invalid 'for' expression")
"""Where Packer names a place behind or before the mistake; we name the mistake's."""


def compare(packer: str, texts: list[str | bytes], folder: Path) -> int:
    """Hold our verdict and place against Packer's; the number of texts that both refuse."""
    assert shutil.which(packer)
    theirs = refused_by_packer(packer, texts, folder)
    for number, text in enumerate(texts):
        ours = problem(text)
        assert (ours is not None) == (number in theirs), (text, ours, theirs.get(number))
        if ours is None or "that begins here" in str(ours) or not theirs[number]:
            continue
        places = theirs[number]
        away = all(place.line != ours.line for place in places)
        assert not away or any(place.summary.startswith(BEHIND_IT) for place in places), (
            text, ours, ours.line, places,
        )  # fmt: skip
    return len(theirs)


NEWER = ("a = b::c\n", "a = b::1\n")
"""Where an old Packer finds fault with the first `:`."""


@pytest.mark.parametrize("packer", PACKERS)
def test_packer_refuses_every_mistake(packer: str, tmp_path: Path) -> None:
    texts = [text for text, _, _, _ in MISTAKES if text not in NEWER]
    assert compare(packer, texts, tmp_path / "texts") == len(texts)


@pytest.mark.parametrize("packer", PACKERS)
def test_what_packer_takes_we_take(packer: str, tmp_path: Path) -> None:
    texts: list[str | bytes] = [Texts(seed).template() for seed in range(600)]
    assert compare(packer, texts, tmp_path / "texts") == 0


@pytest.mark.parametrize("packer", PACKERS)
def test_what_packer_refuses_we_refuse_at_the_same_line(packer: str, tmp_path: Path) -> None:
    texts: list[str | bytes] = [Texts(seed).mutant() for seed in range(2_000)]
    assert compare(packer, texts, tmp_path / "texts") > len(texts) / 2


@pytest.mark.parametrize("packer", PACKERS)
def test_a_text_cut_anywhere_is_judged_as_packer_does(packer: str, tmp_path: Path) -> None:
    text = (
        Texts(7).template()
        + 'b "c" {\n  d = "e ${f["g"]} %{ if h }i%{ endif }"\n  j = <<-E\n  k\n  E\n}\n'
    )
    compare(packer, [text[:end] for end in range(len(text))], tmp_path / "texts")
