"""A template's text as HTML, in the colours of HCL: for notebooks, which know Python alone."""

from __future__ import annotations

import re

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import RegexLexer
from pygments.token import Comment, Keyword, Name, Number, String, Text

from packerlab.text import clean


class _Hcl(RegexLexer):  # type: ignore[misc]  # Pygments has no types
    """HCL as far as colours need it; Pygments itself knows Terraform's types of blocks alone."""

    flags = re.MULTILINE
    tokens = {  # noqa: RUF012  (as the base class has it)
        "root": [
            (r"#.*|//.*", Comment),
            (r"/\*[^*]*(?:\*(?!/)[^*]*)*\*/", Comment),
            (r"<<-?(\w+)\n(?:.*\n)*?\s*\1$", String),
            (r'"(?:\\.|[^"\\\n])*"', String),
            (r"\b\d+(?:\.\d+)?\b", Number),
            (r"\b(?:true|false|null|for|in|if)\b", Keyword),
            (r'[A-Za-z_][\w-]*(?=[ \t]+"[^"\n]*"[^=\n]*\{|[ \t]*\{)', Keyword),
            (r"[A-Za-z_][\w-]*(?=[ \t]*=[^=])", Name.Attribute),
            (r"[A-Za-z_]\w*(?=\()", Name.Function),
            (r"[A-Za-z_][\w-]*", Name),
            (r"\s+|.", Text),
        ]
    }


def coloured(name: str, text: str) -> Markup:
    """The file `name` as HTML without line breaks added; another than HCL has no colours."""
    text = clean(text, len(text))
    if not name.endswith((".pkr.hcl", ".pkrvars.hcl")):
        return Markup.escape(text)
    return Markup(highlight(text, _Hcl(), HtmlFormatter(noclasses=True, nowrap=True)))  # noqa: S704  (the formatter escapes)
