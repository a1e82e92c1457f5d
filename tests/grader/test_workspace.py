"""What a learner has written: arguments, places, sources, keys; and how a script is called."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from packerlab.checks import Failure
from packerlab.grader import (
    Unknown,
    access_key_in,
    argument,
    elsewhere,
    found_in,
    sources_in_use,
    time_formats,
)
from packerlab.hcl.parsing import parse_trusted
from packerlab.report import Where
from packerlab.submissions.reader import File

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TEMPLATE = """\
locals {
  wait = format("%dm", 7)
}

source "amazon-ebs" "web" {
  ssh_timeout = local.wait
  plain       = "5m"
  inline      = format("%dm", length(["a", upper("b")]) + 4)
  data        = data.x.y.z
  text        = "${local.wait}-${var.a["b c"]} $${x} \\"q\\""
  many        = <<-EOT
    ${local.wait ~}
    x
  EOT
}

build {
  source "source.amazon-ebs.web" {
    name = "second"
  }
}
"""


class Console:
    """Tells what it was asked, or that Packer can't tell."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(
        self, expressions: list[str], variables: Mapping[str, str] | None = None, **varied: Any
    ) -> list[Any]:
        self.asked += expressions
        assert variables is None
        assert not varied
        if "data." in expressions[0]:
            raise Failure("Packer can't tell.")
        return ["told"]


@pytest.mark.parametrize(
    ("name", "value", "asked"),
    [
        ("plain", "5m", []),
        ("absent", None, []),
        ("ssh_timeout", "told", ["local.wait"]),
        ("inline", "told", ['format("%dm", length(["a", upper("b")]) + 4)']),
        ("data", Unknown(), ["data.x.y.z"]),
        ("text", "told", ['"${local.wait}${"-"}${var.a["b c"]}${" $${x} \\"q\\""}"']),
        ("many", Unknown(), []),
    ],
)
def test_an_argument_is_what_packer_has_for_it(name: str, value: Any, asked: list[str]) -> None:
    template = parse_trusted({"main.pkr.hcl": File(TEMPLATE.encode())})
    (blocks,) = sources_in_use(template, "amazon-ebs")
    assert [block.type for block in blocks] == ["source", "source"]
    console = Console()
    assert argument(template, console, blocks, name) == value
    assert console.asked == asked


def test_a_place_is_the_first_in_the_order_of_names() -> None:
    files = {"b": File(b"x"), "a": File(b"\n\n x"), "c": File(b"x")}
    assert found_in(files, rb"x") == Where("a", 3)
    assert found_in(files, rb"y") is None


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("AKIAPACKERLABLEARNER", True),
        ("ASIAPACKERLABLEARNER", True),
        ("AKIAIOSFODNN7EXAMPLE", False),
        ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", False),
        ('secret = "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"', True),
        ("Lab7kV2mQx9RtY4uPa6sDf8gHj3kLz5xCv1bNm0W1", False),
        ("da39a3ee5e6b4b0d3255bfef95601890afd80709", False),
        ("DA39A3EE5E6B4B0D3255BFEF95601890AFD80709", False),
        ("/usr/Share/Docs/Lab01/Packer/Images/2024a", False),
        ("usr/Share/Docs/Lab01/Packer/Images/2024ab", False),
        ("ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240612", False),
    ],
)
def test_a_key_is_told_from_what_looks_like_one(text: str, key: bool) -> None:
    assert bool(access_key_in({"env.sh": File(f"a\n{text}\n".encode())})) is key


def test_each_call_finds_the_script_and_gives_it_its_words(tmp_path: Path) -> None:
    """In folders of ours in place of the box's."""
    workspace = tmp_path / "workspace"
    places = {
        "cd / ": f"cd {tmp_path} ", "/workspace": str(workspace), "/tmp": str(tmp_path / "tmp")
    }  # fmt: skip
    for folder in (workspace, tmp_path / "tmp"):
        folder.mkdir()
    script = 'echo "$1 ${OLDPWD-no} $PWD"; cd "$(dirname "$0")" && cat here\n'
    (workspace / "ci.sh").write_text(script)
    (workspace / "here").write_text("found\n")
    for argv in elsewhere("ci.sh", "a b").values():
        call = re.sub("cd / |/workspace|/tmp", lambda found: places[found[0]], argv[2])
        ran = subprocess.run(
            [*argv[:2], call, *argv[3:]], capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr
        first, second = ran.stdout.splitlines()
        assert first.startswith("a b no ")
        assert second == "found"


def test_formats_of_a_time_are_found_through_locals() -> None:
    text = """\
locals {
  day   = "YYYY-MM-DD"
  stamp = formatdate("hhmmss", timestamp())
  name  = "a-${formatdate(local.day, timestamp())}-${local.stamp}"
  loop  = local.loop
}
"""
    template = parse_trusted({"main.pkr.hcl": File(text.encode())})
    name, loop = template.locals["name"][0], template.locals["loop"][0]
    assert time_formats(template, [name]) == ["YYYY-MM-DD", "hhmmss"]
    assert time_formats(template, [loop]) == []
