"""A template in colours, as a notebook shows it: all of its text, and no markup of its own."""

from __future__ import annotations

import html
import re

import pytest

from packerlab.display.colours import coloured

TEMPLATE = """\
# a comment
source "file" "a" {
  content = "<b> ${var.x}"
  size    = 8
  text    = <<-EOF
    several "lines
    EOF
}
"""


def text_of(shown: str) -> str:
    return html.unescape(re.sub(r"</?span[^>]*>", "", shown))


def test_each_kind_of_word_has_a_colour() -> None:
    shown = coloured("main.pkr.hcl", TEMPLATE)
    assert text_of(shown) == TEMPLATE
    style = {text_of(part): css for css, part in re.findall(r'style="(.*?)">(.*?)</span>', shown)}
    told = [style[word] for word in ("# a comment", "source", "content", "8")]
    assert len(set(told)) == 4
    assert style['"<b> ${var.x}"'] == style['"file"']
    assert "border" not in shown, "nothing is taken for a mistake"


@pytest.mark.parametrize(
    "text", ["<script>", 'a = "<!--', "/* " * 2_000, '"' * 2_001, "<<E\n" * 2_000, "{\x1b]0;x\x07"]
)
def test_no_text_acts(text: str) -> None:
    for name in ("main.pkr.hcl", "notes.txt"):
        shown = coloured(name, text)
        assert not re.search(r"<(?!/?span\b)", shown)
        assert "\x1b" not in shown
