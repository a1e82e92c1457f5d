"""Which pieces a template has, and where they are."""

from __future__ import annotations

import pytest

from packerlab.hcl.pieces import pieces
from packerlab.source import Source

TEXT = """\
variable "size" {
  default = 8

  validation {
    condition     = var.size >= 8 && contains([1, -2], var.size)
    error_message = "No."
  }
}

source "file" "a" {
  content = "one ${lower(var.name)}\\n"
  target  = var.big ? "x" : local.names[0]
  tags    = { a = true, "b" = 1.5 }
  words   = <<-EOT
    a line
    ${var.x}
  EOT
}

build {
  provisioner "shell" {
  }
  provisioner "shell" {
  }
}
"""


def found(kind: str) -> list[tuple[str, ...]]:
    """The pieces of a kind: what surrounds them, then what they are, or their parts."""
    return [
        (
            piece.argument,
            *(TEXT[part.start : part.end] for part in piece.parts or [piece]),
        )
        for piece in pieces(Source(TEXT))
        if piece.kind == kind
    ]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (
            "number",
            [
                ("default", "8"),
                ("condition", "8"),
                ("condition", "1"),
                ("condition", "2"),
                ("target", "0"),
                ("tags", "1.5"),
            ],
        ),
        ("word", [("tags", "true")]),
        (
            "text",
            [
                ("error_message", "No."),
                ("content", "one "),
                ("content", "\\n"),
                ("target", "x"),
                ("words", "    a line\n    "),
                ("words", "\n"),
            ],
        ),
        ("call", [("condition", "[1, -2]", "var.size"), ("content", "var.name")]),
        (
            "operation",
            [
                ("condition", "var.size >= 8", "&&", "contains([1, -2], var.size)"),
                ("condition", "var.size", ">=", "8"),
            ],
        ),
        ("choice", [("target", "var.big", '"x"', "local.names[0]")]),
        (
            "items",
            [
                ("condition", "[1, -2]", "var.size"),
                ("condition", "1", "-2"),
                ("content", "var.name"),
                ("tags", "a = true", '"b" = 1.5'),
            ],
        ),
        ("heredoc", [("words", "    a line\n    ${var.x}\n")]),
    ],
)
def test_pieces_of_a_kind(kind: str, expected: list[tuple[str, ...]]) -> None:
    assert found(kind) == expected


def test_a_reference_is_one_value() -> None:
    values = [text for _, text in found("value")]
    assert "var.size" in values
    assert "local.names[0]" in values
    assert not {"var", "local", "local.names"} & set(values)


def test_blocks_beside_each_other() -> None:
    (alike,) = [piece for piece in pieces(Source(TEXT)) if piece.kind == "alike"]
    assert (alike.argument, alike.name, len(alike.parts)) == ("build", "provisioner", 2)
    blocks = [
        (piece.argument, piece.name) for piece in pieces(Source(TEXT)) if piece.kind == "block"
    ]
    assert blocks == [
        ("", "variable"), ("variable", "validation"), ("", "source"), ("", "build"),
        ("build", "provisioner"), ("build", "provisioner"),
    ]  # fmt: skip
