from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packerlab.similarity.statements import LARGEST, MOST, of_hcl, of_lines, statements
from packerlab.submissions.reader import File

TEMPLATE = """\
variable "owner" {
  default = "platform"
}

locals {
  stamp = formatdate("YYYYMMDD", timestamp())
}

source "amazon-ebs" "web" {
  ami_name = "web-${local.stamp}"
  tags = {
    Owner = var.owner
    Base  = data.amazon-ami.ubuntu.id
  }
}

build {
  sources = ["source.amazon-ebs.web"]

  provisioner "shell" {
    inline = [
      "apt-get update",
      "echo ${var.owner}",
    ]
  }
}
"""


def said(text: str) -> set[int]:
    return {each.said for each in of_hcl(text)}


def same(one: str, other: str) -> bool:
    return said(one) == said(other)


def test_names_that_a_learner_chose_do_not_count() -> None:
    changed = TEMPLATE
    for name, new in (("owner", "boss"), ("stamp", "when"), ("web", "server"), ("ubuntu", "os")):
        for before, after in (('"', '"'), (".", ""), ("  ", " =")):
            changed = changed.replace(f"{before}{name}{after}", f"{before}{new}{after}")
    assert changed != TEMPLATE
    assert same(changed, TEMPLATE)


def test_what_names_stand_for_does() -> None:
    assert not same(TEMPLATE, TEMPLATE.replace('"platform"', '"web"'))
    assert not same(TEMPLATE, TEMPLATE.replace("var.owner", "local.owner"))


def test_order_comments_and_layout_do_not_count() -> None:
    blocks = TEMPLATE.split("\n\n")
    assert same("\n\n".join([*blocks[2:4], *blocks[:2], *blocks[4:]]), TEMPLATE)
    assert same(TEMPLATE.replace("  ", "\t").replace(" = ", "="), TEMPLATE)
    assert same(TEMPLATE.replace("{\n", "{ # mine\n/* all */ // of it\n"), TEMPLATE)
    assert same('a = ["one one", "two two"]', 'a = [\n  "two two", # !\n  "one one",\n]')
    assert same("a = { bcd = 12, efg : 34 }", "a = {\n  efg = 34\n  bcd = 12\n}")


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("one = 100\n\ntwo = 200\n", [(1, 1), (3, 3)]),
        ("all = merge(one, {\n  two = 2\n})\nthree = 3\n", [(1, 3), (4, 4)]),
        ("text = <<EOT\nfirst line\nof ${var.x} them\nEOT\n", [(2, 2), (3, 3)]),
        ('deep = "${one["${two}"]} ${three}"\nnext = 100', [(1, 1), (2, 2)]),
        ("picked = all[0].first\n", [(1, 1)]),
        ('{"variable": {"owner": {"default": "platform"}}}', [(1, 1)]),
    ],
)
def test_a_statement_knows_its_lines(text: str, places: list[tuple[int, int]]) -> None:
    assert [(each.first, each.last) for each in of_hcl(text)] == places


def test_where_hcl_ends_lines_begin() -> None:
    broken = TEMPLATE.replace('"shell" {', "'shell' {")
    assert len(said(broken) & said(TEMPLATE)) >= 6
    assert {each.first for each in of_hcl("one = 100\ntwo = 'two'\nthree = 3")} == {1, 2, 3}
    assert {each.first for each in of_hcl("one = 100\ntwo = max(2\nthree = 3")} == {1, 2, 3}


def test_other_texts_are_lines_without_comments() -> None:
    text = "#!/bin/sh\n# mine\n  apt-get   install nginx\n\nfi\n"
    assert [each.first for each in of_lines(text)] == [3]
    assert {each.said for each in of_lines(text)} == {
        each.said for each in of_lines("apt-get install nginx")
    }


def test_what_no_learner_typed_is_passed_over() -> None:
    files = {
        "big.sh": File(b"echo a line\n" * LARGEST),
        "main.pkr.hcl": File(b"".join(b"line_%d = 1\n" % number for number in range(MOST))),
        "z.bin": File(b"\0\1\2 a binary"),
        "z.sh": File(b"echo one more\n"),
    }
    found = statements(files)
    assert {name: len(each) for name, each in found.items()} == {"main.pkr.hcl": MOST, "z.sh": 0}


@settings(max_examples=100, deadline=None)
@given(text=st.text(alphabet='ab${}[]()"\n<=,#.*/ E\\', max_size=80))
def test_any_text_has_statements_in_its_lines(text: str) -> None:
    last = text.count("\n") + 1
    assert all(1 <= each.first <= each.last <= last for each in of_hcl(text))


@pytest.mark.parametrize(
    "part", ["{", "[", "(", '"${', "a = <<E\n", "a.", '"', "}", "a[", "\\", "var.", "source."]
)
def test_no_text_takes_long(part: str) -> None:
    began = time.process_time()
    for _ in of_hcl(part * (LARGEST // len(part))):
        pass
    assert time.process_time() - began < 5
