"""What differs between Packer's versions, and that every place stays where it was."""

from __future__ import annotations

import json
import os
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from packerlab.checks import Failure
from packerlab.errors import MachineError
from packerlab.hcl.template import Block, Template
from packerlab.packer.versions import (
    fail_newer_blocks,
    version_of,
    without_required_plugins,
)
from packerlab.report import Where
from packerlab.submissions.reader import File
from tests.toy import MESSAGE

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("Packer v1.6.6\n", (1, 6, 6)),
        ("Packer v1.16.0\n", (1, 16, 0)),
        (">=1.7", (1, 7, 0)),
        ("Packer v1.11.0-dev\n\nYour version of Packer is out of date!", (1, 11, 0)),
    ],
)
def test_versions_are_numbers(text: str, version: tuple[int, int, int]) -> None:
    assert version_of(text) == version


@pytest.mark.parametrize("text", ["", "Packer", "bash: packer: not found"])
def test_what_tells_no_version_is_the_machine_s_fault(text: str) -> None:
    with pytest.raises(MachineError, match="does not tell its version"):
        version_of(text)


@pytest.mark.parametrize("kind", ["data", "local", "error-cleanup-provisioner"])
def test_a_block_that_is_too_new_is_called_so(kind: str) -> None:
    block = Block(kind, ["a", "b"], {}, [], Where("main.pkr.hcl", 3))
    build = Block("build", [], {}, [block], Where("main.pkr.hcl", 1))
    template = Template([build])
    fail_newer_blocks(template, (1, 16, 0))
    with pytest.raises(Failure, match=rf"A `{kind}` block needs Packer 1.7 .* here it is 1.6.6"):
        fail_newer_blocks(template, (1, 6, 6))


# --- required_plugins before 1.7 ---


def blanked(text: str, name: str = "main.pkr.hcl") -> str:
    return without_required_plugins({name: File(text.encode())})[name].data.decode()


PLUGINS = """\
# packer { required_plugins { } }
packer {
  required_version = ">= 1.6"
  required_plugins {
    amazon = { # the } is none
      source  = "github.com/hashicorp/amazon" /* } */
      version = ">= 1.2.8"
    }
  }
}

locals {
  text     = "packer {\\n  required_plugins {\\n  }\\n}"
  template = "${"packer { required_plugins { } }"}"
  heredoc  = <<EOT
packer {
  required_plugins {
  }
}
EOT
}
"""


@pytest.mark.parametrize("break_", ["\n", "\r\n"])
def test_the_block_alone_is_blanked_and_every_place_stays(break_: str) -> None:
    text = PLUGINS.replace("\n", break_)
    after = blanked(text)
    begin = text.index("required_plugins {" + break_ + "    am")
    end = text.index("}" + break_ + break_)
    first = text.count(break_, 0, begin)
    last = text.count(break_, 0, end)
    old, new = text.split(break_), after.split(break_)
    assert new[:first] == old[:first]
    assert new[first:last] == [""] * (last - first)
    assert new[last:] == old[last:]


def test_fmt_finds_nothing_to_say_of_it(tmp_path: Path) -> None:
    """As a learner's own script asks, on a Packer that does not know the block."""
    behind = PLUGINS.replace("  }\n}\n\nlocals", "  } # these\n}\n\nlocals", 1)
    short = "packer {\n  required_version = 1\n\n  required_plugins {} # none\n}\n"
    for number, text in enumerate([PLUGINS, PLUGINS.replace("\n", "\r\n"), behind, short]):
        (tmp_path / f"{number}.pkr.hcl").write_text(blanked(text), newline="")
    environment = {**os.environ, "CHECKPOINT_DISABLE": "1"}
    words = ["packer", "fmt", "-check", "-diff", "."]
    done = subprocess.run(
        words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert "# these" in (tmp_path / "2.pkr.hcl").read_text()


def test_packer_takes_what_is_left(tmp_path: Path) -> None:
    for text, name in [(PLUGINS + MESSAGE, "a.pkr.hcl"), (json.dumps(IN_JSON), "b.pkr.json")]:
        (tmp_path / name).write_text(blanked(text, name))
    environment = {**os.environ, "CHECKPOINT_DISABLE": "1"}
    subprocess.run(["packer", "validate", "."], cwd=tmp_path, env=environment, check=True)


@pytest.mark.parametrize(
    "text",
    [
        "packer {\n  required_version = 1\n}\n",
        "packer {\n  x = required_plugins\n}\nbuild {\n  a {\n  }\n}\n",
        "build {\n  required_plugins {\n  }\n}\n",
        "required_plugins {\n  a {\n  }\n}\n",
        "packer {\n  a {\n    required_plugins {\n    }\n  }\n}\n",
        'packer "x" {\n  required_plugins {\n  }\n}\n',
        "packer {\n  required_plugins {\n",
        "x = [",
    ],
)
def test_what_is_no_such_block_stays(text: str) -> None:
    assert blanked(text) == text


def test_several_blocks_and_a_mark_at_the_beginning() -> None:
    block = "packer {\n  required_plugins {\n    a = {\n    }\n  }\n}\n"
    after = blanked("\ufeff" + block + block)
    assert "required_plugins" not in after
    assert after.count("packer {") == 2


IN_JSON = {
    "locals": {"required_plugins": "kept", "packer": {"required_plugins": 1}},
    "packer": [
        {"required_version": ">= 1.6"},
        {"required_plugins": {"amazon": {"version": "1", "source": "a"}}},
    ],
}


def test_in_json_the_key_becomes_a_comment() -> None:
    text = json.dumps(IN_JSON, indent=2)
    after = blanked(text, "main.pkr.json")
    content = json.loads(after)
    assert content["packer"][1] == {"//": {"amazon": {"version": "1", "source": "a"}}}
    assert content["locals"] == IN_JSON["locals"]
    assert len(after) == len(text)


def test_other_files_and_other_bytes_stay() -> None:
    broken = File(b'locals {\n  x = "\xff"\n}\n', executable=True)
    files = {"notes.txt": File(PLUGINS.encode()), "main.pkr.hcl": broken}
    assert without_required_plugins(files) == files


def test_templates_in_folders_are_blanked_too() -> None:
    """A learner's script may build what lies there."""
    files = {"base/main.pkr.hcl": File(PLUGINS.encode())}
    expected = blanked(PLUGINS, "main.pkr.hcl")
    assert without_required_plugins(files)["base/main.pkr.hcl"].data.decode() == expected


ENDLESS = {
    "a word": "_" * 120_000,
    "a string": 'x = "' + "a" * 120_000 + '"\n',
    "spaces": " " * 120_000,
    "a comment": "/*" + " " * 120_000 + "*/",
    "braces": "{" * 60_000,
    "quotes": '"' * 60_000,
}


@pytest.mark.parametrize("text", ENDLESS.values(), ids=ENDLESS)
def test_blanking_takes_no_time(text: str) -> None:
    for name in ("main.pkr.hcl", "main.pkr.json"):
        begun = time.process_time()
        blanked(text, name)
        assert time.process_time() - begun < 3
