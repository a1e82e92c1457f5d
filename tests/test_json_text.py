"""JSON is read alike, and refused in the same words, on every Python."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

from packerlab import json_text
from packerlab.json_text import MAX_DEPTH, loads
from packerlab.source import SourceError
from tests.hcl.texts import Texts

MISTAKES = [
    ("", "expected a value, but the file ends here.", 1, 1),
    (" \n", "expected a value, but the file ends here.", 2, 1),
    ('{"a": 1,}', "JSON allows no comma before `}`.", 1, 8),
    ('{"a": 1\n,\n\n}', "JSON allows no comma before `}`.", 2, 1),
    ("[1,\n]", "JSON allows no comma before `]`.", 1, 3),
    ("[,]", "expected a value or `]`, but found `,`.", 1, 2),
    ("[1,,2]", "expected a value or `]`, but found `,`.", 1, 4),
    ('{"a": 1\n "b": 2}', "expected a comma before the next item.", 2, 2),
    ("[1 2]", "expected a comma before the next item.", 1, 4),
    ('{"a" 1}', "expected `:` and a value after the name, but found `1`.", 1, 6),
    ('{"a" = 1}', "JSON puts a `:` between a name and its value, not a `=`.", 1, 6),
    ('{"a": }', "expected a value, but found `}`.", 1, 7),
    ("{\n a: 1}", "expected a name in double quotes or `}`, but found `a`.", 2, 2),
    ("{'a': 1}", "put strings in double quotes, not in single quotes.", 1, 2),
    ("{\"a\": 'b'}", "put strings in double quotes, not in single quotes.", 1, 7),
    ('{"a": 1', "the `{` that begins here is not closed by `}`.", 1, 1),
    ('{"a": [1, 2', "the `[` that begins here is not closed by `]`.", 1, 7),
    ('{"a": [1}', "expected a comma or `]`, but found `}`.", 1, 9),
    ('{"a": "b', "the string that begins here is not closed on its line.", 1, 7),
    ('{"a": "b\nc"}', "the string that begins here is not closed on its line.", 1, 7),
    ('{"a": "b\tc"}', "there is a control character (U+0009) here: write it as an escape.", 1, 9),
    ('{"a": "C:\\dir"}', "`\\d` is not a JSON escape.", 1, 10),
    ('{"a": "\\u12"}', "`\\u` is not a JSON escape.", 1, 8),
    ('{"a": NaN}', "expected a value, but found `NaN`.", 1, 7),
    ('{"a": True}', "expected a value, but found `True`.", 1, 7),
    ('{"a": -}', "`-` is not a JSON number.", 1, 7),
    ('{"a": 01}', "`01` is not a JSON number.", 1, 7),
    ('{"a": .5}', "`.5` is not a JSON number.", 1, 7),
    ('{"a": 1} {}', "the JSON value ends before this, and a file holds only one.", 1, 10),
    ('{ // why\n"a": 1}', "JSON has no comments.", 1, 3),
    ("\N{SNOWMAN}", "expected a value, but found `\N{SNOWMAN}`.", 1, 1),
    ("[" * (MAX_DEPTH + 1), "it nests too deep to be read.", 1, 1),
    ("[\n" + "1" * 5_000 + "]", "this number is too large to be read.", 2, 1),
    ("[-1e999]", "this number is too large to be read.", 1, 2),
]


@pytest.mark.parametrize(("text", "message", "line", "column"), MISTAKES)
def test_a_mistake_has_its_place_and_says_what_was_expected(
    text: str, message: str, line: int, column: int
) -> None:
    with pytest.raises(SourceError) as caught:
        loads(text.encode())
    assert (str(caught.value), caught.value.line, caught.value.column) == (message, line, column)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_values_are_python_s_in_any_encoding(encoding: str) -> None:
    value: Any = {
        "a": [1, -2.5, 1e3, True, False, None, {}, [], ""],
        "é \U0001f600": 'b"\\/\b\n\u2028',
    }
    assert loads(json.dumps(value, ensure_ascii=False).encode(encoding)) == value
    assert loads(json.dumps(value, indent=2).encode(encoding)) == value


def test_a_key_that_stands_twice_is_refused() -> None:
    with pytest.raises(SourceError, match="`a` appears twice in this object"):
        json_text.loads(b'{"a": 1, "a": 2}')


def test_a_number_has_bounds() -> None:
    assert loads(b"1" * 300) == int("1" * 300)


def test_what_python_takes_we_take() -> None:
    """Mutants of a document: the verdict is the decoder's, but for what is no JSON at all."""
    text = '{"a": [1, -2.5e3, "b\\n\\u00e9"], "c": {"d": true, "e": null}, "f": ""}'
    random = Random(1)  # noqa: S311  (nothing secret)
    taken = 0
    for _ in range(3_000):
        pieces = list(text)
        for _ in range(random.randint(1, 2)):
            at = random.randrange(len(pieces))
            pieces[at : at + random.randint(0, 2)] = random.choice(("", *'{}[],:"\\0-.e \n/', "é"))
        mutant = "".join(pieces)
        assert reading(mutant) == decoding(mutant), mutant
        taken += reading(mutant) is not None
    assert taken > 100


def reading(text: str) -> Any:
    try:
        return loads(text.encode())
    except SourceError:
        return None


def decoding(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=once)
    except ValueError:
        return None


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError
    return dict(pairs)


def test_no_decoder_is_asked_for_words() -> None:
    """Of the decoder's there is none but for strings that were found right."""
    source = Path(json_text.__file__).read_text(encoding="utf-8")
    assert "JSONDecodeError" not in source
    assert source.count("json.loads(") == 1


# --- other Pythons --------------------------------------------------------------------------------

SCRIPT = """
import sys
sys.path[:0] = sys.argv[1:]
from packerlab.json_text import loads
from packerlab.source import Source, SourceError
from packerlab.hcl.syntax import terminals

for text in sys.stdin.buffer.read().split(b"\\0"):
    for read in (loads, lambda data: terminals(Source(data.decode(errors="surrogateescape")))):
        try:
            print(ascii(read(text)))
        except SourceError as error:
            print(error.line, error.column, ascii(str(error)))
        except RecursionError:
            print("too deep")
"""
"""Reads texts as JSON and as HCL, with the part of the package that needs no other."""


def other_pythons() -> list[str]:
    """Those on the path and those that lie beside this one, one of each version."""
    beside = Path(sys.base_prefix).parent.glob("*/bin/python3.1[1-9]")
    found = [*(shutil.which(f"python3.{minor}") for minor in range(11, 20)), *map(str, beside)]
    versions = {
        version: python
        for python in filter(None, found)
        if (version := asked(python, "import sys; print(sys.version_info[:2])"))
    }
    versions.pop(f"{sys.version_info[:2]}\n", None)
    return list(versions.values())


def asked(python: str, script: str, *arguments: str, given: bytes = b"") -> str:
    command = [python, "-I", "-c", script, *arguments]
    return subprocess.run(command, input=given, capture_output=True, check=False).stdout.decode()


def test_every_python_says_the_same() -> None:
    pythons = other_pythons()
    if not pythons:
        pytest.skip("there is no other Python here")
    texts = [text for text, *_ in MISTAKES]
    texts += [Texts(seed).mutant() for seed in range(300)]
    given = "\0".join(texts).encode()
    package = str(Path(json_text.__file__).parents[1])
    ours = asked(sys.executable, SCRIPT, package, given=given)
    assert len(ours.splitlines()) == 2 * len(texts)
    for python in pythons:
        assert asked(python, SCRIPT, package, given=given) == ours, python
