"""A learner's templates are parsed in a process that can neither hang nor harm its parent."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packerlab.errors import MachineError, RejectedError, SandboxError
from packerlab.hcl import parsing
from packerlab.hcl.parsing import Bounds, parse_trusted, parse_untrusted
from packerlab.hcl.template import SyntaxProblem, Template
from packerlab.submissions.reader import WORKSPACE, File

if TYPE_CHECKING:
    from packerlab.report import Where
    from packerlab.submissions.reader import Files


def files(**texts: str | bytes) -> Files:
    """A workspace; `__` in a name is a dot."""
    return {
        name.replace("__", "."): File(text.encode() if isinstance(text, str) else text)
        for name, text in texts.items()
    }


def parsed(text: str | bytes) -> Template | SyntaxProblem:
    return parse_untrusted(files(main__pkr__hcl=text))()


def problem(workspace: Files) -> tuple[str, Where]:
    found = parse_untrusted(workspace)()
    assert isinstance(found, SyntaxProblem)
    return found.message, found.where


def test_the_files_that_packer_loads_are_read_together() -> None:
    workspace = files(
        b__pkr__hcl="locals {\n}\n",
        a__pkr__hcl='variable "x" {\n}\n',
        c__pkr__json='{"build": {}}',
        _hidden__pkr__hcl="packer {\n}\n",
        other__hcl="= no template",
        other__json="no template",
        vars__pkrvars__hcl="= not loaded unasked",
    ) | {"inside/d.pkr.hcl": File(b"= not at the top")}
    template = parse_untrusted(workspace)()
    assert isinstance(template, Template)
    assert [block.type for block in template.blocks] == ["packer", "variable", "locals", "build"]
    assert [block.where.file for block in template.blocks] == [
        "_hidden.pkr.hcl",
        "a.pkr.hcl",
        "b.pkr.hcl",
        "c.pkr.json",
    ]


def test_a_workspace_without_templates_is_an_empty_one() -> None:
    template = parse_untrusted(files(readme__md="hello"))()
    assert isinstance(template, Template)
    assert template.blocks == []


def test_a_later_assignment_wins_and_json_is_last() -> None:
    workspace = files(
        main__pkr__hcl='variable "x" {\n default = "d"\n}\nlocals {\n y = var.x\n}\n',
        a__auto__pkrvars__json='{"x": "of JSON"}',
        b__auto__pkrvars__hcl='x = "b"',
        c__auto__pkrvars__hcl='x = "c"',
    )
    template = parse_untrusted(workspace)()
    assert isinstance(template, Template)
    assert template.value(template.locals["y"][0]) == "of JSON"


def test_a_problem_names_its_file() -> None:
    text, where = problem(files(a__pkr__hcl="locals {\n}\n", b__pkr__hcl="locals {\n a = }\n"))
    assert text == "expected a value, but found `}`."
    assert (where.file, where.line, where.column) == ("b.pkr.hcl", 2, 6)


@pytest.mark.parametrize("name", ["a.auto.pkrvars.hcl", "a.auto.pkrvars.json"])
def test_a_problem_may_be_in_the_variables(name: str) -> None:
    _, where = problem({name: File(b"x = [")})
    assert where.file == name


def test_what_is_not_utf_8_has_a_place() -> None:
    text, where = problem(files(main__pkr__hcl=b'locals {\n a = "\xff"\n}\n'))
    assert text == "this is not UTF-8 text."
    assert (where.line, where.column) == (2, 7)


def test_a_program_is_no_template() -> None:
    with Path("/proc/self/exe").open("rb") as program:
        head = program.read(4096)
    text, where = problem(files(main__pkr__hcl=head))
    assert text == "there is an invisible character (U+007F) here: delete it."
    assert (where.line, where.column) == (1, 1)


FULL = WORKSPACE.hcl
PART = FULL // 4
HOSTILE = {
    "open lists": "x = " + "[" * (FULL - 4),
    "lists": "x = " + "[" * (PART // 2) + "]" * (PART // 2),
    "objects": "x = " + "{a=" * (PART // 4) + "1" + "}" * (PART // 4),
    "open objects after a key": "{a=" + "[" * (FULL - 3),
    "a sum": "x = 1" + "+1" * (PART // 2),
    "parentheses": "x = " + "(" * (PART // 2) + "1" + ")" * (PART // 2),
    "open interpolations": 'x = "' + "${" * (FULL // 2 - 5),
    "interpolations": 'x = "' + '${"' * (PART // 5) + '"}' * (PART // 5) + '"',
    "blocks": "a {\n" * (FULL // 5) + "}\n" * 100,
    "quotes": '"' * FULL,
    "dollars": 'x = "' + "$" * (FULL - 8) + '"\n',
    "heredocs": "x = <<A\n" * (FULL // 8),
    "comments": "/*" * (FULL // 2),
    "braces with comments": "{/**/" * (FULL // 5),
    "sequences in a line": "x = <<E\n" + "${a}" * (FULL // 4 - 4) + "\nE\n",
    "directives": 'x = "' + "%{if a}" * (FULL // 7 - 2) + '"\n',
    "letters of other scripts": "x = " + "\u00e9" * (PART * 2 - 4) + "\n",
    "dots behind a number": "x = 1" + "." * (FULL - 8) + "\n",
    "a number of parts": "x = " + "1." * (FULL // 2 - 4) + "\n",
    "markers": "x = " + "<<a" * (FULL // 3 - 4) + "\n",
    "items": "x = [" + '"${a}",' * (FULL // 7 - 2) + "]\n",
    "steps": "x = a" + ".b" * (PART // 2),
    "indices": "x = a" + "[0]" * (PART // 3),
    "indices in indices": "x = " + "a[" * (PART // 3) + "0" + "]" * (PART // 3),
    "steps behind a call": "x = f()" + ".b" * (PART // 2),
    "conditions": "x = " + "a?" * (PART // 4) + "1" + ":1" * (PART // 4),
    "signs": "x = " + "!" * (FULL - 8) + "a\n",
    "labels": "a " * (FULL // 2),
    "digits": "x = " + "1" * (FULL - 8) + "\n",
    "names": "\n".join(f"a{number} = 1" for number in range(FULL // 12)),
    "line breaks": "\n" * FULL,
    "carriage returns": "\r" * FULL,
    "nothing": "\0" * FULL,
    "half pairs": 'x = "' + "\\ud800" * (FULL // 6 - 4) + '"\n',
}
HOSTILE_JSON = {
    "lists": "[" * (FULL // 2) + "]" * (FULL // 2),
    "objects": '{"a":' * 20_000 + "1" + "}" * 20_000,
    "open": '{"a":[' * (FULL // 6),
    "digits": '{"a":' + "1" * (FULL - 8) + "}",
    "keys": "{" + ",".join(f'"{number}":1' for number in range(FULL // 12)) + "}",
    "half pairs": '{"a":"' + "\\ud800" * (FULL // 6 - 4) + '"}',
    "interpolations": '{"a":"' + "${" * (FULL // 2 - 8) + '"}',
}


@pytest.mark.parametrize(
    ("name", "text"),
    [("main.pkr.hcl", text) for text in HOSTILE.values()]
    + [("main.pkr.json", text) for text in HOSTILE_JSON.values()],
    ids=[*HOSTILE, *(f"JSON: {name}" for name in HOSTILE_JSON)],
)
def test_hostile_text_ends_in_a_verdict(name: str, text: str) -> None:
    """Read, a problem, or a refusal; in bounded time, and never a crash."""
    assert len(text) <= FULL
    used = os.times().children_user
    try:
        parse_untrusted({name: File(text.encode())})()
    except RejectedError as error:
        refusal = str(error)
    else:
        refusal = f"{name} nests too deep to be read."
    assert refusal.endswith((f"{name} nests too deep to be read.", "any template needs."))
    assert os.times().children_user - used <= Bounds().cpu_s + 2


@pytest.mark.parametrize("bounds", [Bounds(cpu_s=1), Bounds(cpu_s=3, memory=20_000_000)])
def test_a_parser_at_its_bounds_rejects(bounds: Bounds) -> None:
    text = "x = a" + "[0]" * (FULL // 3 - 4)
    begun = time.monotonic()
    with pytest.raises(RejectedError, match="than any template needs"):
        parse_untrusted(files(main__pkr__hcl=text), bounds)()
    assert time.monotonic() - begun < bounds.wall_s


def test_a_parser_at_its_bounds_rejects_whatever_is_ignored() -> None:
    """Else the machine would seem to have ended it, which is no verdict."""
    before = signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGXCPU})
    try:
        test_a_parser_at_its_bounds_rejects(Bounds(cpu_s=1))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        signal.signal(signal.SIGXCPU, before)


def test_an_answer_that_is_too_long_rejects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "MAX_ANSWER", 1_000)
    with pytest.raises(RejectedError, match="than any template needs"):
        parsed("locals {\n" + "".join(f" a{number} = 1\n" for number in range(1_000)) + "}\n")


def test_a_parser_that_breaks_is_our_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """And only its own process ends."""

    def broken(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(parsing, "hcl_body", broken)
    parent = os.getpid()
    with pytest.raises(MachineError, match="parser broke"):
        parsed("x = 1\n")
    assert os.getpid() == parent


def test_what_the_machine_ends_is_not_the_templates_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried once more: a neighbour took the memory, or the time."""
    monkeypatch.setattr(parsing, "hcl_body", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(SandboxError, match="ended the template's parser"):
        parsed("x = 1\n")
    monkeypatch.setattr(parsing, "hcl_body", lambda *_: signal.pause())
    with pytest.raises(SandboxError, match="too busy"):
        parse_untrusted(files(main__pkr__hcl="x = 1\n"), Bounds(cpu_s=0))()


def test_nothing_of_the_process_is_left() -> None:
    descriptors = Path("/proc/self/fd")
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    before = len(list(descriptors.iterdir()))
    others = children.read_text()
    for _ in range(3):
        parsed("x = [")
        parsed("locals {\n}\n")
    assert len(list(descriptors.iterdir())) == before
    assert children.read_text() == others


@settings(max_examples=25)
@given(data=st.binary(max_size=200), name=st.sampled_from(["a.pkr.hcl", "a.pkr.json"]))
def test_any_bytes_end_in_a_verdict(data: bytes, name: str) -> None:
    try:
        found = parse_untrusted({name: File(data)})()
    except RejectedError:
        return
    assert isinstance(found, Template | SyntaxProblem)


def test_a_starter_that_is_broken_is_an_empty_template() -> None:
    assert parse_trusted(files(main__pkr__hcl="x = [")).blocks == []
    assert len(parse_trusted(files(main__pkr__hcl="locals {\n}\n")).blocks) == 1
