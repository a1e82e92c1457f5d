"""What one report asks: in which account each call runs, and what it finds there."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from packerlab.errors import BadInputError
from packerlab.hcl.parsing import parse_trusted
from packerlab.lab import Lab, Limits, Manifest
from packerlab.packer.environment import packer_version
from packerlab.packer.session import Session
from packerlab.packer.verbs import Packer
from packerlab.prepared_account import ACCESS_KEY, SECRET_KEY
from packerlab.sandbox import BACKENDS
from packerlab.sandbox.base import Sandbox
from packerlab.sandbox.box import Box
from packerlab.submissions.reader import File

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from packerlab.packer.answers import Answer

LIMITS = Limits(deadline_s=200, cpu_s=100, memory_mb=1024, disk_mb=128)
STATE: dict[str, Any] = {
    "format": 1,
    "access_key": ACCESS_KEY,
    "secret_key": SECRET_KEY,
    "image": [{"name": "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240501"}],
    "parameter": {"/channel": "stable"},
}
TEMPLATE = """
source "amazon-ebs" "app" {
  region        = "us-east-1"
  instance_type = "t3.micro"
  ami_name      = "app-${uuidv4()}"
  ssh_username  = "ubuntu"

  source_ami_filter {
    filters     = { name = "ubuntu/images/*" }
    owners      = ["099720109477"]
    most_recent = true
  }
}

variable "command" {
  default = "true"
}

build {
  sources = ["source.amazon-ebs.app"]

  provisioner "shell" {
    inline = [var.command]
  }
}
"""
ASK = """
import json, os, sys, urllib.request

def asked(service, action, **parameters):
    credential = f"{os.environ['AWS_ACCESS_KEY_ID']}/20240501/us-east-1/{service}/aws4_request"
    signed = "SignedHeaders=host, Signature=0"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, {signed}",
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": f"AmazonSSM.{action}",
        "X-Amz-Date": "20240501T000000Z",
    }
    url = f"https://{service}.us-east-1.amazonaws.com/"
    request = urllib.request.Request(url, json.dumps(parameters).encode(), headers)
    return json.load(urllib.request.urlopen(request))

found = asked("ssm", "GetParametersByPath", Path="/", Recursive=True)["Parameters"]
for each in sorted(found, key=lambda each: each["Name"]):
    print(each["Name"], each["Value"])
if sys.argv[1:]:
    asked("ssm", "PutParameter", Name=sys.argv[1], Value=sys.argv[2], Type="String")
"""
LOOK = r"""
grep -rasoE 'canary-[0-9]+' /proc/[0-9]*/cmdline /proc/[0-9]*/environ \
    /workspace /tmp /home /run /etc /opt /dev/shm 2>/dev/null
"""
KILL = """
sleep 71 &
packer build -color=false -var 'command=echo UP; sleep 70' . >/tmp/log &
until grep -q ' UP$' /tmp/log; do sleep 0.1; done
kill -9 $!
"""


@pytest.fixture(scope="module")
def sandbox(instance_base: Path) -> Iterator[Sandbox]:
    assert instance_base.is_dir()
    backend = BACKENDS["bubblewrap"]([])
    if reason := backend.unavailable() or backend.lacks("account"):
        pytest.skip(reason)
    with closing(Sandbox(backend, LIMITS, frozenset({"packer", "account"}))) as opened:
        yield opened


@pytest.fixture
def session(sandbox: Sandbox, tmp_path: Path) -> Iterator[Session]:
    """A report's session in a lab with an account, on a template and two scripts."""
    manifest = Manifest(
        format=1, title="A lab", minutes=5, packer=">=1.6.6", needs=["packer", "account"],
        components=["source.amazon-ebs", "provisioner.shell"], outputs=["out"], after=[],
        deadline_s=LIMITS.deadline_s, cpu_s=LIMITS.cpu_s, memory_mb=LIMITS.memory_mb,
        disk_mb=LIMITS.disk_mb,
    )  # fmt: skip
    texts = {"main.pkr.hcl": TEMPLATE, "ask.py": ASK, "look.sh": LOOK}
    files = {name: File(text.encode()) for name, text in texts.items()}
    box = Box(sandbox.channel(), LIMITS)
    packer = Packer(box, files, packer_version(sandbox), ["out"], STATE)
    yield Session(
        Lab("101_lab", tmp_path, tmp_path, tmp_path, manifest), packer, lambda: parse_trusted(files)
    )
    packer.leave()


def asked(session: Session, *words: str, **varied: Any) -> list[str]:
    """The lab's parameters, as a learner's script finds them; `words` put one more."""
    answer = run(session, *words, **varied)
    return answer.output.splitlines()


def run(session: Session, *words: str, **varied: Any) -> Answer:
    answer = session.run(["python3", "ask.py", *words], **varied)
    assert answer.exit == 0, answer.output
    return answer


def test_another_account_for_one_call(session: Session) -> None:
    more = {"parameter": {"/fleet": "3"}}
    assert asked(session) == ["/channel stable"]
    assert asked(session, account=more) == ["/channel stable", "/fleet 3"]
    assert asked(session, "/a", "1") == ["/channel stable"]
    none = {"parameter": {"/channel": "beta"}, "image": []}
    assert asked(session, account=none) == ["/channel beta"]
    build = session.build(account=none)
    assert build.exit == 1
    assert "No AMI was found" in build.text
    assert "RunInstances" not in {call.action for call in build.account.calls}


def test_nothing_of_it_is_seen_but_by_asking(session: Session) -> None:
    hidden = {"parameter": {"/hidden": "canary-1"}, "secret": {"hidden": "canary-2"}}
    look = ["sh", "look.sh"]
    assert session.run(look, account=hidden).output == ""
    assert session.run(look, after=run(session, account=hidden)).output == ""


def test_a_call_goes_on_where_another_one_ended(session: Session) -> None:
    first = run(session, "/first", "1", account={"parameter": {"/fleet": "3"}})
    second = run(session, "/second", "2", after=first)
    assert second.output == "/channel stable\n/first 1\n/fleet 3\n"
    assert asked(session, after=second) == ["/channel stable", "/first 1", "/fleet 3", "/second 2"]
    assert run(session, "/second", "2", after=first) is second
    assert asked(session) == ["/channel stable"]
    assert asked(session, "/again", "1", after=second)[-1] == "/second 2"


def test_what_runs_in_an_account_and_in_the_box_afterwards(session: Session) -> None:
    """A killed build's machine runs on; what a verb left in the background is gone."""
    left = session.run(["sh", "-c", KILL])
    (instance,) = left.account.instances
    assert instance["state"] == "running"
    after = session.run(["sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"], after=left)
    assert "sleep 7" not in after.output
    assert [each["id"] for each in after.account.instances] == [instance["id"]]
    assert after.account.instances[0]["state"] == "running"


def test_after_a_build_that_failed(session: Session) -> None:
    failed = session.build({"command": "false"})
    assert failed.exit == 1
    assert asked(session, "/seen", "1", after=failed) == ["/channel stable"]
    built = session.build(after=failed)
    built.expect_success()
    assert len(built.account.images) == 1
    called = [call.action for call in built.account.calls]
    assert called[: len(failed.account.calls)] == [call.action for call in failed.account.calls]


def test_an_account_that_is_gone_is_made_again_but_not_with_its_names(session: Session) -> None:
    first = session.build()
    image = first.account.image().name
    assert len(session.run(["echo", image], after=first).account.images) == 1
    assert session.run(["true"]).account.images == []
    assert len(session.run(["true"], after=first).account.images) == 1
    with pytest.raises(ValueError, match=f"after=: {image[:12]} is gone, because"):
        session.run(["echo", "again", image], after=first)


def test_the_verbs_that_only_look(session: Session) -> None:
    """They leave an account as it is, and need none."""
    first = run(session, "/first", "1")
    assert session.validate(after=first).exit == 0
    assert session.console(["1 + 1"], after=first) == [2]
    assert session.validate().account.calls == []
    assert asked(session, "/b", "1", after=first) == ["/channel stable", "/first 1"]
    assert session.validate(account={"image": []}).exit == 0
    assert asked(session, "/c", "1", after=first) == ["/channel stable", "/first 1"]


@pytest.mark.parametrize(
    ("account", "words"),
    [
        ({"imagge": []}, "account=: Object contains unknown field `imagge`"),
        ({"quota": {"images": 101}}, r"account=: key `quota.images`: Expected `int` <= 100"),
        (
            {"team_image": [{"name": "a.b"}, {"name": "a.b"}]},
            "account=: key `team_image`: `a.b` is",
        ),
    ],
)
def test_an_account_that_can_t_be(session: Session, account: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        session.build(account=account)


def test_the_largest_account(session: Session) -> None:
    """It is as much as may be given, and the account tells it again."""
    values = {f"/p/{number:03}": "x" * 4000 for number in range(240)}
    names = {line.split()[0] for line in asked(session, account={"parameter": values})}
    assert len(names) >= 10
    fleet = [{"name": f"web-{number}", "tags": {"Team": "x" * 200}} for number in range(100)]
    account = {"team_image": fleet}
    assert len(json.dumps(account)) < len(msgspec.json.encode({"parameter": values})) < 1_000_000
    assert run(session, account=account).account.images == []
