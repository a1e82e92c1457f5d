"""Packer's verbs and what they answered, with real Packer where it can be asked."""

from __future__ import annotations

import json
import os
import re
import subprocess
import uuid
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packerlab.checks import Failure
from packerlab.packer.answers import Answer
from packerlab.packer.environment import ENVIRONMENT, OWN_PROGRAMS, ask_version
from packerlab.packer.verbs import Packer
from packerlab.report import Where
from packerlab.sandbox import Sandbox
from packerlab.sandbox.base import PROGRAM
from packerlab.sandbox.box import Box
from packerlab.submissions.reader import File
from tests.toy import COURSE, MESSAGE, Bench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from packerlab.submissions.reader import Files

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
    inspected = asked.inspect({}, [])
    assert (inspected.exit, inspected.files.names()) == (0, [])
    assert "> builds:" in inspected.text


def test_a_verb_says_what_it_says_to_anybody(box: Box) -> None:
    """Packer that minds its own crashes, and Packer in whose place we do."""
    for text in (MESSAGE, "x = = 1\n", MESSAGE + "locals {\n  a = var.nothing\n}\n"):
        asked = packer(box, text)
        for verb, answer in (("validate", asked.validate({}, [])), ("fmt", asked.fmt())):
            words = ["-machine-readable"] if verb == "validate" else ["-check", "-diff"]
            files = {"main.pkr.hcl": File(text.encode())}
            alone = box.run([PROGRAM, verb, *words, "."], files, env=ENVIRONMENT)
            assert (answer.exit, steady(answer.output)) == (alone.exit, steady(alone.output))


def steady(output: str) -> str:
    """Without the time, and the name that `fmt` gives to its copy."""
    return re.sub(r"^\d+,|\d{6,}", "", output, flags=re.MULTILINE)


def test_every_run_of_a_build_has_an_id_of_its_own(box: Box) -> None:
    """As a manifest has it, no matter who made it up."""
    text = MESSAGE.rstrip().removesuffix("}") + (
        '  post-processor "manifest" {\n    output = "out/manifest.json"\n  }\n}\n'
    )
    ids = set()
    for _ in range(2):
        (built,) = packer(box, text).build({"name": "x"}, []).files.manifest("out/manifest.json")
        ids.add(uuid.UUID(built["packer_run_uuid"]))
    assert len(ids) == 2


def test_a_crash_is_told_with_what_was_said_last(box: Box) -> None:
    asked = packer(
        box, MESSAGE + 'build {\n  sources = ["source.null.n"]\n  provisioner "shell-local" {\n'
        '    inline  = ["true"]\n    timeout = "5 bananas"\n  }\n}\n'
        'source "null" "n" {\n  communicator = "none"\n}\n',
    )  # fmt: skip
    answer = asked.validate({}, [])
    assert "[INFO]" not in answer.output
    if asked.version < (1, 7, 0):  # its successors tell of it without
        assert answer.exit == 2
        said, _ = answer.error
        assert "Failed to parse timeout duration" in said
        assert re.search(r"^panic: runtime error: .* nil pointer dereference\Z", said, re.MULTILINE)
        assert "goroutine" not in said
    else:
        assert answer.exit == 1


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


def test_fmt_sees_the_bytes_that_were_submitted(box: Box) -> None:
    plugins = "packer {\n  required_plugins {\n    a = {}\n  }\n}\n\n"
    assert packer(box, plugins + MESSAGE).fmt().exit == 0
    untidy = packer(box, MESSAGE.replace("  type    =", "  type =")).fmt()
    assert untidy.exit != 0
    assert "+  type    = string" in untidy.output


def test_a_script_has_packer_and_nothing_of_ours(box: Box) -> None:
    answer = packer(box, make__sh="packer version; env").script(["sh", "make/sh"])
    assert answer.exit == 0
    assert "Packer v1." in answer.output
    named = {line.partition("=")[0] for line in answer.output.splitlines() if "=" in line}
    assert named - {"_", "SHLVL", "OLDPWD"} == {*ENVIRONMENT, *OWN_PROGRAMS}
