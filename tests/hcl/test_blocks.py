"""What Packer takes, our reader takes, and sees the same in it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packerlab.hcl.blocks import hcl_body
from packerlab.hcl.cursor import MAX_DEPTH
from packerlab.hcl.template import Template, Unknown
from packerlab.source import SourceError

if TYPE_CHECKING:
    from pathlib import Path

    from packerlab.hcl.template import Block, Expression


def read(text: str) -> list[Block]:
    return hcl_body("main.pkr.hcl", text)[1]


def attribute(text: str) -> Expression:
    """The expression of `x` in `x = ...`."""
    return hcl_body("main.pkr.hcl", text)[0]["x"]


def value(text: str) -> Any:
    return Template([]).value(attribute(f"x = {text}"))


TAKEN = {
    # heredocs
    "heredoc": 'x = <<EOT\na "quote" } and ${upper("a")}\nEOT\n',
    "heredoc, indented": "x = <<-EOT\n    a\n      b\n    EOT\n",
    "heredoc, marker indented": "x = <<EOT\na\n  EOT\n",
    "heredoc, space after the marker": "x = <<EOT\na\nEOT  \t\n",
    "heredoc in a list": 'x = [<<EOT\na\nEOT\n, "b"]\n',
    "heredoc in a call": "x = upper(<<EOT\na\nEOT\n)\n",
    "heredoc in an object": "x = { a = <<E\nb\nE\n c = 1 }\n",
    "heredoc, empty": "x = <<E\nE\n",
    "heredoc, underscore": "x = <<_E_\na\n_E_\n",
    "heredoc, letters beyond ASCII": "x = <<ÄÖ\na\nÄÖ\n",
    "heredoc within a heredoc": "x = <<E\n${upper(<<F\na\nF\n)}\nE\n",
    "heredoc, directive": 'x = <<E\n%{ for y in ["a"] ~}\n${y}\n%{ endfor ~}\nE\n',
    "heredoc, interpolation of several lines": 'x = <<E\n${\nupper("a")\n}\nE\n',
    "heredoc, ends with a dollar": "x = <<E\ncost $\nE\n",
    "heredoc, CRLF": "x = <<E\r\na\r\n b\r\nE\r\n",
    # comments
    "comment before a brace": "locals /* { */ {\n}\n",
    "comments around an equals sign": "locals {\n a /* = */ = /* \n */ 1 // 2\n}\n",
    "comments in a list": "x = [ # [\n 1, // ]\n 2 /* ] */ , # 3\n]\n",
    "comments in an object": "x = { # }\n a = 1, # {\n # b = 2\n c = 3 # d\n}\n",
    "comments in a call": 'x = join(",", # )\n ["a"] // (\n)\n',
    "comments in parentheses": "x = ( # (\n 1 # )\n + # +\n 2 )\n",
    "comment in an interpolation": 'x = "a ${ /* } */ "b"}"\n',
    "comment at the end of the file": "locals {\n}\n# end",
    "comment of several lines": "/*\n locals {\n*/\nlocals {\n}\n",
    # strings
    "quotes in an interpolation": 'x = "a ${lookup({b = "c"}, "b", "d")} e"\n',
    "strings within strings": 'x = "a ${"b ${"c"}"}"\n',
    "brace in a string in an interpolation": 'x = "a ${ {b="}"}.b }"\n',
    "interpolation of several lines": 'x = "a ${\n "b"\n}"\n',
    "strip markers": 'x = "a ${~ "b" ~} c"\n',
    "directive": 'x = "%{ if true }a%{ else }b%{ endif }"\n',
    "directive with quotes": 'x = "%{ if "a" == "b" }c%{ endif }"\n',
    "directive, stripped": 'x = "%{~ for a, b in {c = 1} ~}${a}%{~ endfor ~}"\n',
    "escapes": 'x = "$${a} %%{b} \\" \\\\ \\n \\u00e9 \\U0001F600"\n',
    "escaped interpolation that does not close": 'x = "$${"\ny = "$${a"\nz = "b}"\n',
    "dollars and percents": 'x = ["$", "$$", "$a", "$(b)", "100%", "%%", "$$${c}"]\n',
    "unicode": 'größe = "héllo \u2603 \U0001f600"\nb = größe\n',
    # expressions
    "for, list": "x = [for a in [1, 2] : a * 2 if a > 1]\n",
    "for, object": "x = {for a, b in {c = 1} : a => b... if true}\n",
    "for over lines": "x = {\n for a, b in {c = 1} :\n a\n =>\n b\n if true\n}\n",
    "for with comments": "x = [ # for\n for a in [1] : # in\n a # if\n if a > 1 # ]\n ]\n",
    "splats": "x = [a[*].b, a.*.b, a[0].b, a.0.b, a.*.0, a[ * ].b]\n",
    "expansion": "x = max([1, 2]...)\n",
    "trailing commas": "x = max(\n1,\n2,\n)\ny = [1,]\nz = {\na = 1,\n}\n",
    "empty": 'x = [\n]\ny = {\n}\nz = timestamp(\n)\nw = ""\n',
    "commas on lines of their own": "x = [\n1\n,\n2\n]\n",
    "keys": 'x = { a : 1, "b" = 2, (upper("c")) = 3, "${"d"}e" = 4, 5 = 5, "f${1}" : 6 }\n',
    "words as keys": "x = { in = 1, if = 2, null = 3, true = 4, else = 5, forest = 6 }\n",
    "words as names": "in = 1\nfor = 2\nif = 3\n",
    "a block that begins with for": "locals {\n for = 1\n b = 2\n}\n",
    "operators": "x = 1 + 2 * 3 % 4 - 5 / 6 >= 7 && true || !false != true\n",
    "operators without spaces": "x = 1+2*3\ny = true?1:2\nz = 5-1\nw = a>1\n",
    "operators over lines": "x = (true\n ? 1\n : 2)\ny = (1\n -2)\n",
    "signs": "x = [!!true, - -5, -5, - 5, !(true), 1 - -1]\n",
    "conditions within conditions": "x = true ? false ? 1 : 2 : 3\n",
    "numbers": "x = [1.5e3, 1E2, 0.5, 10000000000000000000000, 010]\n",
    "a very long number": f"x = {'1' * 5000}\n",
    "names with dashes": "a-b = 1\nx = local.a-b\n",
    "indices": 'x = [a["b"], a[upper("b")], a[\n"b"\n], {a = 1}.a, [1][0]]\n',
    "a sign behind a reference": "x = var.n -1.5\ny = 2-1e3\nz = 2-1\n",
    "numbers as Go takes them": "x = [1.e5, 1e+5, 1E-5, 00.10, 1e99999]\n",
    "scopes": "x = a.true.null\ny = null(1)\nz = for[in].if\n",
    "splats in a row": "x = a.*.b.0\ny = a[*][*].b\nz = a.**b\n",
    "keys of any kind": "x = { -a = 1, [b] = 2\n(c) = 3\n[d] : 4, e ? f : g = 5 }\n",
    "a line break in brackets within an object": "x = { a = (\n1\n+ 2), b = [\n3] }\n",
    "labels of one sort and the other": 'a b "c" d {\n}\n',
    "letters of any script": "名前 = ä\nÉcole = é\u0301\n_ = 1\n",
    # blocks and files
    "CRLF": "locals {\r\n a = 1\r\n b = [\r\n 1,\r\n 2\r\n ]\r\n}\r\n",
    "a byte order mark": "\ufefflocals {\n a = 1\n}\n",
    "tabs": "locals\t{\n\ta\t=\t1\n}\n",
    "blocks on one line": 'variable "a" { default = 1 }\nlocals { b = { c = [] } }\nbuild {}\n',
    "labels without quotes": 'variable a {\n}\nsource null "b" {\n}\n',
    "labels with escapes": 'variable "\\u0061" {\n}\n',
    "nothing": "",
    "only a comment": "# nothing",
    "only line breaks": "\n\r\n\n",
    "nested": 'a {\n b "c" {\n  d "e" "f" {\n   g = 1\n  }\n }\n}\n',
    "Packer's older templates": 'x = "{{ timestamp }} {{ user `a` }} {{.Vars}}"\n',
}


@pytest.mark.parametrize("text", TAKEN.values(), ids=TAKEN)
def test_what_packer_takes_is_read(text: str) -> None:
    read(text.removeprefix("\ufeff"))


def test_packer_takes_all_of_it(tmp_path: Path) -> None:
    """`packer fmt` reads a folder's files as HCL, whatever they are for."""
    for number, text in enumerate(TAKEN.values()):
        (tmp_path / f"{number}.pkr.hcl").write_bytes(text.encode())
    answer = packer("fmt", cwd=tmp_path)
    assert "Error" not in answer.stdout + answer.stderr
    assert answer.returncode == 0


def packer(verb: str, *, cwd: Path, given: str = "") -> subprocess.CompletedProcess[str]:
    """Packer itself, on texts of our own."""
    return subprocess.run(
        ["packer", verb, "."],
        input=given,
        cwd=cwd,
        env={**os.environ, "CHECKPOINT_DISABLE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


# --- blocks ---


def test_blocks_have_labels_attributes_and_places() -> None:
    text = (
        "# a comment\n\n"
        'source "file" /* not a label */ "motd" {\n'
        '  content = "a"\n\n'
        "  nested {\n    deep = 1\n  }\n"
        "}\n\n"
        "build {\n}\n"
    )
    source, build = read(text)
    assert (source.type, source.labels) == ("source", ["file", "motd"])
    assert (source.where.file, source.where.line) == ("main.pkr.hcl", 3)
    assert source.place("content").line == 4
    assert source.place("nothing").line == 3
    (nested,) = source.all("nested")
    assert nested.where.line == 6
    assert nested.place("deep").line == 7
    assert (build.type, build.labels, build.where.line) == ("build", [], 11)


@pytest.mark.parametrize("break_", ["\n", "\r\n"])
def test_lines_are_counted_behind_anything(break_: str) -> None:
    lines = [
        "/* a",
        "comment */",
        'a = "${',
        '  "b"',
        '}"',
        "c = <<EOT",
        "${",
        "x",
        "}",
        "EOT",
        "d = [",
        "  1,",
        "]",
        "e {",
        "  f = 1",
        "}",
    ]
    attributes, blocks = hcl_body("main.pkr.hcl", break_.join(lines) + break_)
    assert {name: each.line for name, each in attributes.items()} == {"a": 3, "c": 6, "d": 11}
    assert (blocks[0].where.line, blocks[0].place("f").line) == (14, 15)


# --- bounds ---


@pytest.mark.parametrize(
    "opening", ["a {\n", "a = [", "a = {b = ", "a = upper(", "a = (", 'a = "${']
)
def test_what_nests_without_end_is_refused(opening: str) -> None:
    closing = {"{": "}\n", "[": "]", "=": "}", "(": ")"}[opening.removesuffix("{ ").strip()[-1]]
    closing = '}"' if opening.endswith("${") else closing
    first, rest = opening, opening.removeprefix("a = ")
    deep = first + rest * (MAX_DEPTH + 5)
    deep += ("1" if closing != "}\n" else "") + closing * (MAX_DEPTH + 6)
    with pytest.raises(RecursionError):
        read(f"{deep}\n")


@given(text=st.text())
def test_any_text_is_read_or_has_a_problem(text: str) -> None:
    with contextlib.suppress(SourceError):
        read(text)


# --- values ---

VALUES = r"""
variable "word" {
  default = "dv"
}
variable "number" {
  default = 3
}
locals {
  quoted     = "$${x} %%{y} \" \\ \n \t \u00e9 \U0001F600"
  dollars    = ["$", "$$", "$x $(y) 100% %", "$$$x%%%", "$$${x}", "%%%{x}", "x$${", "$${}"]
  mixed      = "a${var.word}b"
  wrapped    = ["${var.word}", "${var.number}", "${["x"]}", "${1.0}"]
  texts      = "n=${var.number} ${true} ${1.50} ${10} ${1e3} ${0.000001} ${1.5e10} ${1e20}"
  list       = ["a", var.word, 1, 1.5, true, null]
  object     = { a = 1, "b" = var.word, c : [1, { d = "e" }] }
  signs      = [-5, - 5, -10.5, (5), ("a")]
  numbers    = [1e3, 010, 1.0, 100000000000000, 1.5e10]
  nested     = "${"in"}ner ${"ne${"sted"}"}"
  decomposed = "é"
  plain      = <<EOT
 line
   two ${var.word} $${x} back\nslash "q" % $ $$ %% %%{x}
EOT
  flush      = <<-EOT
    line

      two
SPACES
    three
    EOT
  flushed    = <<-EOT
    a ${var.word}
      ${var.word} b
    ${var.number}
    EOT
  not_flush  = <<-EOT
${var.word}
    x
    EOT
  tabs       = <<-E
TABtab
TAB  tab and spaces
  E
  marker     = <<E
a
 E
  empty      = ["", {}, [], <<E
E
  , <<-E
    E
  ]
  words      = { var = 1, true = 2, null = 3, 5 = 6, forest = 4 }
  reference  = local.mixed
}
"""


def test_values_are_packer_s(tmp_path: Path) -> None:
    (tmp_path / "main.pkr.hcl").write_text(VALUES)
    template = Template(read(VALUES))
    names = list(template.locals)
    asked = f"jsonencode([{', '.join(f'local.{name}' for name in names)}])\n"
    said = packer("console", cwd=tmp_path, given=asked).stdout.splitlines()[0]
    packers = dict(zip(names, json.loads(said.removeprefix("> ")), strict=True))
    ours = {name: template.value(expression) for name, (expression, _) in template.locals.items()}
    assert ours == packers


@pytest.mark.parametrize(
    "text",
    [
        "12345678901234567890",
        "0.12345678901234567",
        "1e999",
        '"${~ "a" ~} b"',
        '"%{ if true }a%{ endif }"',
        "!true",
        "- -5",
        '"a" == "b"',
        '[1, upper("a")]',
        "{ (var.a) = 1 }",
        '{ "${var.a}b" = 1 }',
        '"${null}a"',
        '"a${[1]}"',
        "[for a in [1] : a]",
        "local.nothing",
        "var.nothing",
        "each.value",
    ],
)
def test_what_only_packer_can_tell_is_unknown(text: str) -> None:
    assert isinstance(value(text), Unknown)


# --- references ---


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("source.file.motd", ["source.file.motd"]),
        ('local.a["b"].c', ["local.a.b.c"]),
        ("local.a[0].b.1", ["local.a.0.b.1"]),
        ("local.a[var.b]", ["local.a", "var.b"]),
        ('local.a["${var.b}"]', ["local.a", "var.b"]),
        ('local.a["${var.b}"].c', ["local.a", "var.b"]),
        ('local.a["x-${var.b}"].c[var.d]', ["local.a", "var.b", "var.d"]),
        ("var.a -1", ["var.a"]),
        ("var.a-1", ["var.a-1"]),
        ('"a ${var.b} ${"${var.c}"}"', ["var.b", "var.c"]),
        ("upper(var.a)", ["var.a"]),
        ("<<E\n${var.a} %{ if local.b }${var.c}%{ endif }\nE", ["var.a", "local.b", "var.c"]),
        ("[for a in var.b : a]", ["var.b", "a"]),
        ("{ a = var.b, (var.c) = 1 }", ["var.b", "var.c"]),
        ("var.a ? local.b : !var.c", ["var.a", "local.b", "var.c"]),
        ("var.a[*].b", ["var.a"]),
        ("[var.a, var.a]", ["var.a"]),
        ('"no.reference"', []),
    ],
)  # fmt: skip
def test_references_are_found(text: str, paths: list[str]) -> None:
    expression = attribute(f"x = {text}\n")
    assert [".".join(path) for path in expression.references] == paths
