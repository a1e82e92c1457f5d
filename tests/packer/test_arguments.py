"""What a component may be given, and the ways around it that there are not."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from packerlab.checks import Failure
from packerlab.errors import RejectedError
from packerlab.hcl.parsing import parse_trusted
from packerlab.packer.arguments import HARMLESS, PROGRAMS, TABLE, refuse_arguments
from packerlab.submissions.reader import File

if TYPE_CHECKING:
    from packerlab.hcl.template import Template

LABS = Path(__file__).parents[2] / "labs"


def template(text: str, name: str = "main.pkr.hcl") -> Template:
    return parse_trusted({name: File(text.encode())})


def refusal(text: str, name: str = "main.pkr.hcl") -> str:
    with pytest.raises(RejectedError) as caught:
        refuse_arguments(template(text, name))
    return str(caught.value)


def test_every_component_that_a_lab_allows_was_read() -> None:
    allowed = {
        component
        for path in LABS.glob("*/lab.toml")
        for component in tomllib.loads(path.read_text(encoding="utf-8"))["components"]
    }
    unread = {name for name in allowed
              if name not in TABLE | dict.fromkeys(HARMLESS)
              and name.partition(".")[2] not in PROGRAMS}  # fmt: skip
    assert allowed
    assert unread == set()


def test_no_argument_is_in_two_columns() -> None:
    for row in TABLE.values():
        assert not row.harmless & row.refused.keys()


@pytest.mark.parametrize(
    ("component", "argument"),
    [(component, argument) for component, row in TABLE.items() for argument in row.refused],
)
def test_what_a_row_refuses_is_refused_however_it_is_written(component: str, argument: str) -> None:
    kind, _, own = component.partition(".")
    body = f"{{\n  {argument} = var.any\n}}"
    if kind == "post-processor":
        step = {kind: {own: {argument: "x"}}}
        texts = [
            f'build {{\n {kind} "{own}" {body}\n}}',
            f'build {{\n post-processors {{\n {kind} "{own}" {body}\n }}\n}}',
            f'build {{\n dynamic "{kind}" {{\n labels = ["{own}"]\n content {body}\n }}\n}}',
        ]
        blocks: dict[str, object] = {"build": {"post-processors": [step]}}
    else:
        texts = [
            f'{kind} "{own}" "x" {body}',
            f'{kind} "{own}" "x" {{\n {argument} {{\n }}\n}}',
            f'{kind} "{own}" "x" {{\n dynamic "{argument}" {{\n content {{\n }}\n }}\n}}',
        ]
        blocks = {kind: {own: {"x": [{}, {argument: "x"}]}}}
    if kind == "source":
        texts.append(f'build {{\n source "any.{own}.x" {body}\n}}')
        labels = f'labels = ["sources.{own}.x"]'
        texts.append(f'build {{\n dynamic "source" {{\n {labels}\n content {body}\n }}\n}}')
    for text in texts:
        assert f"`{argument}` " in refusal(text), text
    assert f"`{argument}` " in refusal(json.dumps(blocks), "main.pkr.json")


def test_a_dynamic_block_in_json_is_no_way_around() -> None:
    made = {"dynamic": {"vault_aws_engine": {"for_each": ["x"], "content": {"name": "x"}}}}
    for body in (made, [made]):
        text = json.dumps({"source": {"amazon-ebs": {"x": body}}})
        assert "`vault_aws_engine` takes the account's keys" in refusal(text, "main.pkr.json")


def test_the_sentence_says_what_and_where() -> None:
    assert refusal('source "amazon-ebs" "x" {\n  profile = "x"\n}\n') == (
        "`profile` takes the account's keys from elsewhere: leave it out, Packer has them "
        "(main.pkr.hcl:2)."
    )


def test_what_does_no_harm_is_taken() -> None:
    refuse_arguments(
        template("""
source "amazon-ebs" "x" {
  ami_name = "x"
  tags = { profile = "x", docker_path = "y" }
  assume_role {
    role_arn = "x"
  }
  dynamic "tag" {
    for_each = ["profile"]
    content {
      key = tag.value
    }
  }
  ssh_bastion_host = "x"
}
source "file" "profile" {
  content = "profile"
}
data "amazon-ami" "x" {
  filters = { profile = "x" }
}
build {
  source "source.amazon-ebs.x" {
    name = "y"
  }
  provisioner "shell" {
    execute_command = "sudo sh {{ .Path }}"
    override        = merge({}, { y = { inline = [] } })
  }
  post-processor "docker-tag" {
    only                = ["x"]
    keep_input_artifact = true
  }
}
""")
    )


def test_an_argument_that_nobody_knows_fails_and_is_no_rejection() -> None:
    with pytest.raises(Failure) as caught:
        refuse_arguments(template('source "amazon-ebs" "x" {\n  instance_typ = "x"\n}\n'))
    assert caught.value.message == (
        "The source `amazon-ebs` has no argument that is called `instance_typ`."
    )
    assert caught.value.expected == "instance_type"
    assert caught.value.where
    assert caught.value.where.line == 2


def test_what_is_refused_comes_before_what_is_unknown() -> None:
    assert "`profile`" in refusal('source "amazon-ebs" "x" {\n  unknown = 1\n  profile = "x"\n}\n')


# --- run_command ---


def containers(words: str, image: str = '"debian:bookworm-slim"') -> str:
    return f'source "docker" "x" {{\n  image = {image}\n  run_command = {words}\n}}\n'


@pytest.mark.parametrize(
    "words",
    [
        '["-d", "-i", "-t", "--entrypoint=/bin/sh", "--", "{{.Image}}"]',
        '["-d", "-i", "-t", "{{ .Image }}", "/bin/bash", "--privileged"]',
        '["-dit", "--entrypoint", "/bin/sh", "--name=x", "--network=host", "debian:12"]',
        '["-e", "A=b", "--user", "root", "--rm", "--init", "--", "{{.Image}}", "sh", "-c", "x"]',
        "[]",
    ],
)
def test_a_container_s_own_settings_are_taken(words: str) -> None:
    refuse_arguments(template(containers(words)))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ('["-d", "--privileged", "--", "{{.Image}}"]', "`--privileged`"),
        ('["-d", "-v", "/:/host", "--", "{{.Image}}"]', "`-v`"),
        ('["-v/:/host", "{{.Image}}"]', "`-v/:/host`"),
        ('["--runtime=/workspace/own", "--", "{{.Image}}"]', "`--runtime=/workspace/own`"),
        ('["--conmon", "/workspace/own", "{{.Image}}"]', "`--conmon`"),
        ('["--init-path=/workspace/own", "--init", "{{.Image}}"]', "`--init-path=/workspace/own`"),
        ('["-dv", "/:/host", "{{.Image}}"]', "`-dv`"),
        ('["{{ `--privileged` }}", "{{.Image}}"]', "`{{ `--privileged` }}`"),
        ("local.words", "write out"),
        ('concat(["-d"], ["--privileged"])', "write out"),
        ('["-d", "${local.word}", "{{.Image}}"]', "write out"),
    ],
)
def test_what_leads_out_of_a_container_is_refused(words: str, said: str) -> None:
    assert said in refusal(containers(words))


def test_an_image_that_is_an_option() -> None:
    """Where the image's name is not written out, it could be one: `--` says that it is none."""
    for image in ('"--privileged"', "var.base"):
        words = '["-d", "{{.Image}}", "debian"]'
        assert "`{{.Image}}`" in refusal(containers(words, image))
        refuse_arguments(template(containers('["-d", "--", "{{.Image}}"]', image)))


def test_an_image_that_another_block_names() -> None:
    inner = 'build {\n source "docker.x" {\n run_command = ["{{.Image}}"]\n }\n}\n'
    outer = 'source "docker" "x" {\n image = "--privileged"\n}\n'
    assert "`{{.Image}}`" in refusal(outer + inner)
