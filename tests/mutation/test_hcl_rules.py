"""What each rule makes of a template."""

from __future__ import annotations

import pytest

from packerlab.mutation.hcl_rules import RULES, Known, expressions, hcl_cuts
from packerlab.source import Source

KNOWN = Known({"var.env": '"dev"', "lower(var.env)": '"dev"'}, ["ubuntu-1", "ubuntu-2", "debian-1"])


def made(text: str, rule: str) -> list[str]:
    """The texts that a rule makes of one."""
    return [
        text[: cut.start] + cut.new + text[cut.end :]
        for name, cut in hcl_cuts(Source(text), KNOWN)
        if name == rule
    ]


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        ("drop-argument", "a = 1\nb = 2 # two\n", ["b = 2 # two\n", "a = 1\n"]),
        ("drop-argument", "a { b = 1 }\n", ["a {  }\n"]),
        ("drop-block", "a {\n}\nb = 1\n", ["b = 1\n"]),
        ("drop-item", "a = [1, 2]\n", ["a = [2]\n", "a = [1]\n"]),
        ("drop-item", "a = {\n  b = 1\n}\n", ["a = {\n  \n}\n"]),
        ("drop-line", 'a = "x\\ny\\n"\n', ['a = "y\\n"\n', 'a = "x\\n"\n']),
        ("drop-line", "a = <<E\nx\ny\nE\n", ["a = <<E\ny\nE\n", "a = <<E\nx\nE\n"]),
        ("drop-word", 'a = "x -y"\n', ['a = "-y"\n', 'a = "x "\n']),
        ("drop-call", "a = f(b, 1)\n", ["a = b\n", "a = 1\n"]),
        ("change-literal", 'a = "xy"\n', ['a = ""\n', 'a = "xxy"\n', 'a = "x"\n']),
        ("change-literal", "a = 8\n", ["a = 9\n", "a = 7\n"]),
        ("change-literal", "a = true\n", ["a = false\n"]),
        ("change-literal", "a = null\n", []),
        ("change-word", 'a = "ab cd"\n', [
            'a = "Ab cd"\n', 'a = "a cd"\n', 'a = "ab Cd"\n', 'a = "ab c"\n']),
        ("change-case", 'a = "x\\nY"\n', ['a = "X\\nY"\n', 'a = "x\\ny"\n']),
        ("change-case", "a = var.b\n", ["a = upper(var.b)\n", "a = lower(var.b)\n"]),
        ("transform-value", "a = local.b\n", [
            "a = trimspace(local.b)\n", "a = substr(local.b, 0, 4)\n",
            'a = replace(local.b, ".", "-")\n', 'a = replace(local.b, "-", "_")\n']),
        ("add-blank", 'a = "x"\n', ['a = " x"\n', 'a = "x "\n']),
        ("default-for-input", 'a = "x-${var.env}"\n', ['a = "x-${"dev"}"\n']),
        ("value-for-expression", "a = lower(var.env)\n", ['a = "dev"\n']),
        ("value-for-expression", "a = timestamp()\n", ['a = "2024-05-06T07:08:09Z"\n']),
        ("pin-filter", 'a = "ubuntu-*"\n', ['a = "ubuntu-1"\n', 'a = "ubuntu-2"\n']),
        ("widen-filter", 'a = "b-c*"\n', ['a = "*-c*"\n', 'a = "b-**"\n', 'a = "*"\n']),
        ("widen-filter", 'a = "b"\n', []),
        ("swap-items", "a = [1, 2]\n", ["a = [2, 1]\n"]),
        ("swap-items", "a = { b = 1, c = 2 }\n", []),
        ("swap-blocks", "a {\n}\na {\n}\n", []),
        ("swap-blocks", 'a {\n b "x" {}\n b "y" {}\n}\n', ['a {\n b "y" {}\n b "x" {}\n}\n']),
        ("swap-lines", 'a = "x\\ny\\n"\n', ['a = "y\\nx\\n"\n']),
        ("second-entry", "a = [1]\n", ["a = [1, 1]\n"]),
        ("second-entry", 'a = "b=1\\nc"\n', [
            'a = "b=1\\nb=1\\nc"\n', 'a = "b=1\\nb=other\\nc"\n', 'a = "b=1\\ncc"\n']),
        ("weaken-condition", "a = b >= 8\n", ["a = b > 8\n", "a = b <= 8\n", "a = b\n", "a = 8\n"]),
        ("weaken-condition", "condition = f(b)\n", ["condition = true\n", "condition = f(true)\n"]),
        ("weaken-condition", "a = b ? 1 : 2\n", ["a = 1\n", "a = 2\n"]),
        ("swallow-exit", 'inline = ["x"]\n', ['inline = ["x || true"]\n']),
        ("swallow-exit", 'a = ["x"]\n', []),
    ],
)  # fmt: skip
def test_a_rule(rule: str, text: str, expected: list[str]) -> None:
    assert made(text, rule) == expected


def test_more_owners() -> None:
    assert made('owners = ["1"]\n', "widen-filter")[0] == 'owners = ["1", "self"]\n'


def test_words_for_people_are_taken_out_and_never_changed() -> None:
    text = 'description = "An input."\n'
    assert [name for name, _ in hcl_cuts(Source(text), KNOWN)] == ["drop-argument"]


def test_what_may_have_a_value() -> None:
    text = 'a = "x-${var.b}"\nc = lower(var.d)\ne = "f"\n'
    assert list(expressions(Source(text))) == ['"x-${var.b}"', "var.b", "lower(var.d)", "var.d"]


def test_every_rule_has_a_test() -> None:
    (marker,) = test_a_rule.pytestmark  # type: ignore[attr-defined]
    assert {row[0] for row in marker.args[1]} == {name for name, _, _ in RULES}
