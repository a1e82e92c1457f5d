"""Packer's verbs and what they answered, with real Packer where it can be asked."""

from __future__ import annotations

import json
import os
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packerlab.checks import Failure
from packerlab.errors import MachineError
from packerlab.packer import (
    ENVIRONMENT,
    NATIVE_PLUGINS,
    Answer,
    Packer,
    ask_version,
    fail_newer_blocks,
    version_of,
    without_required_plugins,
)
from packerlab.report import Where
from packerlab.sandbox import Sandbox
from packerlab.sandbox.base import Box
from packerlab.submissions import File
from packerlab.template import Block, Template
from tests.toy import COURSE, MESSAGE, Bench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from packerlab.submissions import Files

# --- versions ---


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


# --- what it said ---


def test_machine_readable_lines_are_messages() -> None:
    output = (
        "1600000000,,ui,say,a%!(PACKER_COMMA) b\\nc\\rd\n"
        "no line of Packer's\n"
        "1600000001,file.motd,artifact,0,files-count,1\n"
        "x,,ui,say,forged\n"
        "1600000002,only\n"
        "1600000003,,ui,say,e\u2028f\x85g\x1ch\n"
    )
    messages = Answer("build", 0, output).messages
    assert [(message.target, message.type, message.data) for message in messages] == [
        ("", "ui", ["say", "a, b\nc\rd"]),
        ("file.motd", "artifact", ["0", "files-count", "1"]),
        ("", "ui", ["say", "e\u2028f\x85g\x1ch"]),
    ]
    assert Answer("build", 0, output).text == "a, b\nc\rd\ne\u2028f\x85g\x1ch"
    assert Answer("validate", 0, "plain words\n").text == "plain words\n"


@given(text=st.text(st.characters(exclude_characters="\n\\", exclude_categories=["Cs"])))
def test_any_text_comes_through_as_one_message(text: str) -> None:
    escaped = text.replace(",", "%!(PACKER_COMMA)").replace("\r", "\\r")
    (message,) = Answer("build", 0, f"1600000000,,ui,say,{escaped}\n").messages
    assert message.data == ["say", text.replace("%!(PACKER_COMMA)", ",")]


GOLDEN = {
    # verb, template, what 1.6.6 says of it, and where
    "syntax": (
        "validate",
        "x = = 1\n",
        "Invalid expression\n1: x = = 1\n"
        "Expected the start of an expression, but found an invalid expression token.",
        Where("main.pkr.hcl", 1),
    ),
    "unset variable": (
        "validate",
        'variable "x" {\n  type = string\n}\nlocals {\n  y = var.x\n}\nNULL',
        'Unset variable "x"\nA used variable must be set or have a default value; see\n'
        "https://packer.io/docs/configuration/from-1.5/syntax for details.",
        None,
    ),
    "undeclared variable": (
        "validate",
        "locals {\n  y = var.x\n}\nNULL",
        'Unsupported attribute\nThis object does not have an attribute named "x".',
        Where("main.pkr.hcl", 2),
    ),
    "unknown argument": (
        "validate",
        'source "file" "x" {\n  target   = "x"\n  contents = ""\n}\n'
        'build {\n  sources = ["source.file.x"]\n}\n',
        'Unsupported argument\nAn argument named "contents" is not expected here. '
        'Did you mean "content"?',
        Where("main.pkr.hcl", 3),
    ),
    "unknown provisioner": (
        "validate",
        'NULLbuild {\n  sources = ["source.null.n"]\n  provisioner "shel" {\n  }\n}\n',
        'Unknown provisioner type "shel"\n'
        "known provisioners: ansible, ansible-local, azure-dtlartifact, breakpoint, chef-client, "
        "chef-solo, converge, file, inspec, powershell, puppet-masterless, puppet-server, "
        "salt-masterless, shell, shell-local, sleep, windows-restart, windows-shell.",
        Where("main.pkr.hcl", 9),
    ),
    "validation": (
        "validate",
        'variable "x" {\n  default = "a"\n  validation {\n    condition     = length(var.x) > 3\n'
        '    error_message = "The x must be long."\n  }\n}\nNULL',
        "Invalid value for default variable\nThe x must be long.\n"
        "This was checked by the validation rule at main.pkr.hcl:3,3-13.",
        Where("main.pkr.hcl", 2),
    ),
    "a script that fails": (
        "build",
        'NULLbuild {\n  sources = ["source.null.n"]\n  provisioner "shell-local" {\n'
        '    inline = ["exit 3"]\n  }\n}\n',
        "Script exited with non-zero exit status: 3.Allowed exit codes are: [0]",
        None,
    ),
}
NULL = (
    'source "null" "n" {\n  communicator = "none"\n}\nbuild {\n  sources = ["source.null.n"]\n}\n'
)


@pytest.mark.parametrize(("verb", "template", "said", "where"), GOLDEN.values(), ids=GOLDEN)
def test_errors_of_1_6_6(
    tmp_path: Path, verb: str, template: str, said: str, where: Where | None
) -> None:
    if "1.6.6" not in ran(tmp_path, "version").output:
        pytest.skip("another Packer is installed")
    (tmp_path / "main.pkr.hcl").write_text(template.replace("NULL", NULL))
    colour = ["-color=false"] if verb == "build" else []
    answer = ran(tmp_path, verb, "-machine-readable", *colour, ".")
    assert answer.exit == 1
    assert answer.error == (said, where)
    with pytest.raises(Failure, match=f"`packer {verb}` fails.") as caught:
        answer.expect_success()
    assert (caught.value.found, caught.value.where) == (said, where)


def ran(folder: Path, *words: str) -> Answer:
    """The answer of the Packer that is installed, to a template of our own."""
    done = subprocess.run(
        ["packer", *words],
        cwd=folder,
        env={**os.environ, "CHECKPOINT_DISABLE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Answer(f"packer {words[0]}", done.returncode, done.stdout)


SAID = {
    "1.16.0, unknown provisioner": (
        '1600000000,,ui,error,Error: Unknown provisioner type "shel"\\n\\n  on main.pkr.hcl line 6:'
        '\\n  (source code not available)\\n\\nDid you mean to use "shell"?\\n\\n\n',
        'Unknown provisioner type "shel"\nDid you mean to use "shell"?',
        Where("main.pkr.hcl", 6),
    ),
    "1.16.0, no build": (
        "1600000000,,ui,error,Error: Missing build block\\n\\nA build block with one or more "
        "sources is required for executing a build.\\n\\n\n",
        "Missing build block\n"
        "A build block with one or more sources is required for executing a build.",
        None,
    ),
    "1.16.0, a script that fails": (
        "1600000000,,ui,error,Build 'null.n' errored after 10 milliseconds 982 microseconds: "
        "Script exited with non-zero exit status: 3. Allowed exit codes are: [0]\n"
        "1600000000,null.n,error,Script exited with non-zero exit status: 3. Allowed exit codes "
        "are: [0]\n"
        "1600000000,,ui,error,--> null.n: Script exited with non-zero exit status: 3.\n",
        "Script exited with non-zero exit status: 3. Allowed exit codes are: [0]",
        None,
    ),
    "an error of the interface alone": (
        "1600000000,,ui,error,Build 'null.n' errored after 1 minute 2 seconds: timed out\n",
        "Build 'null.n' errored: timed out",
        None,
    ),
    "what differs from run to run": (
        "1600000000,n,error,/tmp/packer-shell371950974 failed: {0x3441775e4970} "
        "0de9a7c2-3f0a-4a3b-8d4e-0123456789ab after 3 seconds\n",
        "/tmp/packer-shell failed: {<address>} <uuid>",
        None,
    ),
    "a place that is none": ("1600000000,n,error,on x line 99999999999999999999\n", "", None),
    "several complaints, in another order each time": (
        '1600000000,,ui,error,Error: Unset variable "b"\\n\\nSet it.\\n\\n'
        'Error: Unset variable "a"\\n\\nSet it.\\n\\n\n',
        'Unset variable "a"\nSet it.\nUnset variable "b"\nSet it.',
        None,
    ),
    "a learner's own script, in colours": (
        "\x1b[1;31mError: Unset variable\x1b[0m\n\n  on /workspace/main.pkr.hcl line 3:\n",
        "Unset variable",
        Where("main.pkr.hcl", 3),
    ),
    "no machine-readable line": ("panic: runtime error\n", "panic: runtime error", None),
}


@pytest.mark.parametrize(("output", "said", "where"), SAID.values(), ids=SAID)
def test_errors_in_other_words(output: str, said: str, where: Where | None) -> None:
    assert Answer("build", 1, output).error == (said, where)


def test_success_is_no_failure() -> None:
    Answer("build", 0, "").expect_success()


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
    assert after[:begin] == text[:begin]
    assert after[end:] == text[end:]
    assert after[begin:end].strip() == ""
    assert len(after) == len(text)
    assert after.count("\n") == text.count("\n")


def test_packer_takes_what_is_left(tmp_path: Path) -> None:
    for text, name in [(PLUGINS + MESSAGE, "a.pkr.hcl"), (json.dumps(IN_JSON), "b.pkr.json")]:
        (tmp_path / name).write_text(blanked(text, name))
    assert ran(tmp_path, "validate", ".").exit == 0


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


# --- the verbs, in a box ---


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    limits = COURSE.lab("101").limits
    sandbox = Sandbox(Bench().backend(), limits)
    yield Box(sandbox.channel(), limits)
    sandbox.close()


def packer(box: Box, text: str = MESSAGE, **others: str) -> Packer:
    files: Files = {"main.pkr.hcl": File(text.encode())}
    files |= {name.replace("__", "/"): File(other.encode()) for name, other in others.items()}
    return Packer(box, files, ask_version(box), ["out"])


def test_a_build_gives_its_outputs_and_begins_without_them(box: Box) -> None:
    asked = packer(box, out__stale="handed in")
    answer = asked.build({"name": "x, y"}, [])
    answer.expect_success()
    assert answer.files.names() == ["out/message.txt"]
    assert answer.files.text("out/message.txt") == "Hello, x, y!\n"


def test_validate_and_inspect_bring_nothing_out(box: Box) -> None:
    asked = packer(box)
    assert asked.validate({}, []).exit == 0
    assert asked.validate({"nobody": "x"}, []).exit == 1
    inspected = asked.inspect()
    assert (inspected.exit, inspected.files.names()) == (0, [])
    assert "> builds:" in inspected.text


def test_the_console_answers_all_in_one_batch(box: Box) -> None:
    asked = packer(box, MESSAGE + 'locals {\n  list = ["${var.name},", 1]\n}\n')
    assert asked.console(["local.list", "var.name", "1 + 1"], {"name": "x"}) == [
        ["x,", 1],
        "x",
        2,
    ]
    with pytest.raises(Failure, match="can't tell the values"):
        asked.console(["local.nothing"], {})


def test_a_template_can_t_answer_for_the_console(box: Box) -> None:
    """Packer before 1.7 wraps a warning so that a name in it stands on a line by itself."""
    name = f"{'a' * 78} [42] {'b' * 78}"
    files = {
        "main.pkr.hcl": File(MESSAGE.encode()),
        "x.auto.pkrvars.json": File(json.dumps({name: 1}).encode()),
    }
    asked = Packer(box, files, ask_version(box), ["out"])
    assert asked.console(["1"], {}) == [1]
    with pytest.raises(Failure, match="can't tell the values"):
        asked.console(["local.nothing"], {})


@pytest.mark.parametrize("kind", ["data", "local", "error-cleanup-provisioner"])
def test_a_block_that_is_too_new_is_called_so(kind: str) -> None:
    block = Block(kind, ["a", "b"], {}, [], Where("main.pkr.hcl", 3))
    build = Block("build", [], {}, [block], Where("main.pkr.hcl", 1))
    template = Template([build])
    fail_newer_blocks(template, (1, 16, 0))
    with pytest.raises(Failure, match=rf"A `{kind}` block needs Packer 1.7 .* here it is 1.6.6"):
        fail_newer_blocks(template, (1, 6, 6))


def test_fmt_sees_the_bytes_that_were_submitted(box: Box) -> None:
    plugins = "packer {\n  required_plugins {\n    a = {}\n  }\n}\n\n"
    assert packer(box, plugins + MESSAGE).fmt().exit == 0
    untidy = packer(box, MESSAGE.replace("  type    =", "  type =")).fmt()
    assert untidy.exit != 0
    assert "+  type    = string" in untidy.output


def test_init_succeeds_where_all_plugins_are_built_in(box: Box) -> None:
    asked = packer(box)
    if asked.version < NATIVE_PLUGINS:
        assert asked.init().exit == 0


def test_a_script_has_packer_and_nothing_of_ours(box: Box) -> None:
    answer = packer(box, make__sh="packer version; env").script(["sh", "make/sh"])
    assert answer.exit == 0
    assert "Packer v1." in answer.output
    named = {line.partition("=")[0] for line in answer.output.splitlines() if "=" in line}
    assert named - {"_", "SHLVL", "OLDPWD"} == set(ENVIRONMENT)
