"""Packer's JSON has the blocks that the same template in HCL has."""

from __future__ import annotations

import json
import os
import re
import subprocess
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from packerlab.errors import RejectedError
from packerlab.hcl.json_form import json_body
from packerlab.hcl.template import Template, Unknown
from packerlab.json_text import parse
from packerlab.source import Source, SourceError

if TYPE_CHECKING:
    from pathlib import Path

    from packerlab.hcl.template import Block


def read(content: Any) -> list[Block]:
    text = content if isinstance(content, str) else json.dumps(content, indent=1)
    return json_body("main.pkr.json", text)[1]


def shape(blocks: list[Block]) -> list[Any]:
    return [(block.type, *block.labels, shape(block.blocks)) for block in blocks]


SOURCE = {"file": {"motd": {"content": "a", "target": "out/motd.txt"}}}
SHELL = {"inline": ["true"]}
FORMS: dict[str, tuple[Any, list[Any]]] = {
    "plain": (
        {"source": SOURCE, "build": {"sources": ["source.file.motd"]}},
        [("source", "file", "motd", []), ("build", [])],
    ),
    "lists of one": (
        {"source": [{"file": [{"motd": [{"target": "a"}]}]}], "build": [{"sources": []}]},
        [("source", "file", "motd", []), ("build", [])],
    ),
    "a list of labels": (
        {"source": {"file": [{"a": {"target": "a"}}, {"b": {"target": "b"}}]}},
        [("source", "file", "a", []), ("source", "file", "b", [])],
    ),
    "one label twice": (
        {"build": {"provisioner": [{"shell-local": SHELL}, {"shell-local": SHELL}]}},
        [("build", [("provisioner", "shell-local", []), ("provisioner", "shell-local", [])])],
    ),
    "one label, several bodies": (
        {"build": {"provisioner": {"shell-local": [SHELL, SHELL]}}},
        [("build", [("provisioner", "shell-local", []), ("provisioner", "shell-local", [])])],
    ),
    "several builds": ({"build": [{"name": "a"}, {"name": "b"}]}, [("build", []), ("build", [])]),
    "a body of several objects": (
        {"build": [[{"name": "a"}, {"provisioner": {"shell-local": SHELL}}]]},
        [("build", [("provisioner", "shell-local", [])])],
    ),
    "a file of several objects": (
        [{"source": SOURCE}, {"build": {"sources": []}}],
        [("source", "file", "motd", []), ("build", [])],
    ),
    "chains": (
        {"build": {"post-processors": [{"post-processor": [{"a": {}}, {"b": {}}]}, {}]}},
        [
            (
                "build",
                [
                    ("post-processors", [("post-processor", "a", []), ("post-processor", "b", [])]),
                    ("post-processors", []),
                ],
            )
        ],
    ),
    "a source in a build": (
        {"build": {"source": {"source.file.motd": {"name": "other"}}}},
        [("build", [("source", "source.file.motd", [])])],
    ),
    "dynamic": (
        {
            "build": {
                "dynamic": {
                    "post-processors": {
                        "for_each": [1],
                        "content": {"dynamic": {"post-processor": {"content": {}}}},
                    }
                }
            }
        },
        [
            (
                "build",
                [
                    (
                        "dynamic",
                        "post-processors",
                        [
                            (
                                "content",
                                [("dynamic", "post-processor", [("content", [])])],
                            )
                        ],
                    )
                ],
            )
        ],
    ),
    "comments": ({"//": "${", "build": {"//": {"provisioner": "${"}}}, [("build", [])]),
    "attributes with blocks' names": (
        {"source": {"file": {"a": {"content": "b", "source": "c", "build": {"name": "d"}}}}},
        [("source", "file", "a", [])],
    ),
    "variables": (
        {"variable": {"a": {"default": 1, "validation": {}}, "b": {}}, "locals": {"c": {}}},
        [("variable", "a", [("validation", [])]), ("variable", "b", []), ("locals", [])],
    ),
    "nothing": ({}, []),
    "nulls": ({"build": None, "source": {"file": None}}, []),
}


@pytest.mark.parametrize(("content", "blocks"), FORMS.values(), ids=FORMS)
def test_blocks_are_found_in_every_form(content: Any, blocks: list[Any]) -> None:
    assert shape(read(content)) == blocks


def test_lines_are_those_of_the_text() -> None:
    text = """

{
  "source": {
    "file": {
      "motd":
        {
        "content": "a",
        "target": "${var.a}/${upper(\\"b\\")}"
      }
    }
  },
  "build": [
    {"sources": ["source.file.motd"]},
    {
      "name": "b"
    }
  ]
}"""
    source, first, second = read(text)
    assert source.where.line == 7
    assert (source.place("content").line, source.place("target").line) == (8, 9)
    assert source.attributes["target"].references == [("var", "a")]
    assert (first.where.line, second.where.line) == (14, 15)
    assert second.place("name").line == 16


@pytest.mark.parametrize("break_", ["\r\n", "\n"])
def test_line_breaks_may_be_of_any_kind(break_: str) -> None:
    (build,) = read('{ "build" : {"name":"a"' + break_ + ', "description"' + break_ + ':"b" } }')
    assert (build.where.line, build.place("description").line) == (1, 3)


VALUES = {
    "text": 'a \u00e9 \U0001f600 \t " / \\',
    "escaped": "$${a} %%{b} $ %",
    "template": "a ${var.a} b",
    "whole": "${var.a}",
    "quotes": '${"a"} "b" ${"c${"d"}"}',
    "numbers": [1, -2, 1.5, 1e3, -2.5e-3],
    "words": [True, False, None],
    "nested": {"a": [{"b": "c"}], "//": "kept"},
}


def test_values_are_packer_s(tmp_path: Path) -> None:
    content = {"variable": {"a": {"default": "of a"}}, "locals": VALUES}
    (tmp_path / "main.pkr.json").write_text(json.dumps(content))
    said = subprocess.run(
        ["packer", "console", "."],
        input=f"jsonencode([{', '.join(f'local.{name}' for name in VALUES)}])\n",
        cwd=tmp_path,
        env={**os.environ, "CHECKPOINT_DISABLE": "1"},
        capture_output=True,
        text=True,
        check=False,
    ).stdout.splitlines()[0]
    template = Template(read(content))
    ours = [template.value(expression) for expression, _ in template.locals.values()]
    assert ours == json.loads(said.removeprefix("> "))


@pytest.mark.parametrize("text", ["${upper(a)}", "%{ if a }b%{ endif }", {"${a}": 1}, 10**20])
def test_what_only_packer_can_tell_is_unknown(text: Any) -> None:
    template = Template(read({"locals": {"x": text}}))
    assert isinstance(template.value(template.locals["x"][0]), Unknown)


def test_half_a_pair_is_no_character() -> None:
    template = Template(read('{"locals": {"x": "a\\ud800b"}}'))
    assert template.value(template.locals["x"][0]) == "a\N{REPLACEMENT CHARACTER}b"


@pytest.mark.parametrize(
    "text",
    [
        '{"build": {"provisioner": {"a": {}}, "provisioner": {"b": {}}}}',
        '{"build": {}, "bu\\u0069ld": {}}',
        '{"locals": {"a": [{"b": 1, "b": 1}]}}',
    ],
)
def test_one_key_twice_is_rejected(text: str) -> None:
    with pytest.raises(RejectedError, match=r'main.pkr.json gives the JSON key "\w+" twice'):
        read(text)


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        ("", "expected a value, but the file ends here.", 1, 1),
        ('{"a": 1,\n}', "JSON allows no comma before `}`.", 1, 8),
        ("1", "a template in JSON is one object.", 1, 1),
        ('\n"a"', "a template in JSON is one object.", 2, 1),
        ('\ufeff{"a": 1}', "save as UTF-8 without it.", 1, 1),
        ('{"a": "${b"}', "in this string, the `${` that begins here is not closed", 1, 7),
        ('{"a": 1,\n "b": "${1 +}"}', "in this string, expected a value, but found `}`.", 2, 7),
    ],
)
def test_a_problem_is_one_sentence_with_its_place(
    text: str, message: str, line: int, column: int
) -> None:
    with pytest.raises(SourceError) as caught:
        read(text)
    assert message in str(caught.value)
    assert (caught.value.line, caught.value.column) == (line, column)


# --- beside Packer --------------------------------------------------------------------------------

SYNTAX = re.compile(
    r"Error: (Invalid (start of value|object property name|array value|JSON \w+)|Root value must|"
    r"Missing (JSON value|array element|value|object value|property value|attribute seperator)|"
    r"Trailing comma|Unclosed object|Mismatched \w+|Extraneous data)"
)
"""What Packer calls the mistakes in JSON itself; its lines are often those of the next thing."""

TEXT = """{
  "locals": {
    "a": [1, -2.5e3, "b\\n"],
    "c": {"d": true, "e": null}
  },
  "variable": {"f": {"default": ""}}
}
"""


def test_the_json_that_packer_refuses_we_refuse(tmp_path: Path) -> None:
    random = Random(3)  # noqa: S311  (nothing secret)
    refused = 0
    for number in range(120):
        pieces = list(TEXT)
        at = random.randrange(len(pieces))
        pieces[at : at + random.randint(0, 1)] = random.choice(("", *'{}[],:"\\0-.x \n'))
        text = "".join(pieces)
        (tmp_path / f"{number}.pkr.json").write_text(text)
        theirs = SYNTAX.search(packer("inspect", tmp_path / f"{number}.pkr.json"))
        assert is_json(text) == (theirs is None), text
        refused += theirs is not None
    assert refused > 30


def is_json(text: str) -> bool:
    try:
        parse(Source(text))
    except SourceError:
        return False
    return True


def packer(verb: str, file: Path) -> str:
    return subprocess.run(
        ["packer", verb, str(file)],
        env={**os.environ, "CHECKPOINT_DISABLE": "1"},
        capture_output=True,
        text=True,
        check=False,
    ).stdout
