"""The tools for scripts: the same on every row that offers them, and at home beside an account."""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from packerlab import state
from packerlab.course import default_root
from packerlab.inside.simulated import dispatch
from packerlab.lab import Limits
from packerlab.packer.environment import ENVIRONMENT, ask_version
from packerlab.packer.verbs import Packer
from packerlab.sandbox import BACKENDS, docker, host_tools
from packerlab.sandbox.base import PROGRAM, Sandbox
from packerlab.sandbox.box import Box
from packerlab.sandbox.wheels import download_wheels
from tests.sandbox.test_account import STATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from packerlab.packer.answers import Answer

ROWS = ["bubblewrap", "docker"]
LIMITS = Limits(deadline_s=120, cpu_s=60, memory_mb=1024, disk_mb=128)
RECIPE = default_root() / "sandbox"
SERVICES = {*dispatch.REGIONAL, *dispatch.GLOBAL}

EVERYTHING = r"""
for folder in /usr/local/bin /usr/bin /bin; do ls "$folder"; done
for program in aws bash curl git jq make python3; do "$program" --version 2>&1; done
ansible --version | sed 1q
python3 - <<END
import importlib.metadata as found
print(*sorted(f"{each.name} {each.version}" for each in found.distributions()), sep="\n")
END
"""


def opened(request: pytest.FixtureRequest, row: str, *needs: str) -> Sandbox:
    """A sandbox of a row, in which labs with these needs could be graded."""
    if row == "docker":
        kept = request.getfixturevalue("built_image")
        state.write_atomically(state.state_folder() / docker.IMAGE_STATE, kept)
    else:
        request.getfixturevalue("tools_root")
        request.getfixturevalue("instance_base")
    backend = BACKENDS[row]([])
    if reason := backend.unavailable() or " ".join(filter(None, map(backend.lacks, needs))):
        pytest.skip(f"{row}: {reason}")
    return Sandbox(backend, LIMITS, frozenset(needs))


@pytest.fixture(scope="module", params=ROWS)
def beside_account(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with closing(opened(request, request.param, "packer", "account", "tools")) as sandbox:
        yield sandbox


@pytest.fixture
def run(beside_account: Sandbox) -> Iterator[Callable[..., Answer]]:
    """`run(argv)`: a learner's program in the account `STATE`."""
    box = Box(beside_account.channel(), LIMITS)
    packer = Packer(box, {}, ask_version(box), [], STATE)
    yield packer.script
    packer.leave()


# --- the same everywhere --------------------------------------------------------------------------


def test_a_script_finds_the_same_programs_on_every_row(request: pytest.FixtureRequest) -> None:
    found = {}
    for row in ROWS:
        with closing(opened(request, row, "packer", "tools")) as sandbox:
            box = Box(sandbox.channel(), LIMITS)
            ran = box.run(["/bin/sh", "-c", EVERYTHING], {}, env=ENVIRONMENT)
            assert ran.exit == 0, ran.output
            found[row] = ran.output
    assert found["bubblewrap"] == found["docker"]
    lines = found["docker"].splitlines()
    assert {"aws", "ansible", "curl", "git", "jq", "make", "python3", "ssh"} <= set(lines)
    assert {"awscli 1", "boto3 1", "python-hcl2 8"} <= {line.split(".")[0] for line in lines}
    assert not {"bwrap", "packer", "podman"} & set(lines), "programs of the system around it"


@pytest.mark.parametrize("row", ROWS)
def test_nothing_of_it_can_be_changed(request: pytest.FixtureRequest, row: str) -> None:
    with closing(opened(request, row, "packer", "tools")) as sandbox:
        box = Box(sandbox.channel(), LIMITS)
        tried = [
            "rm /usr/bin/jq",
            "touch /usr/bin/mine",
            "chmod u+w /usr/bin",
            "ls /opt/packerlab/tools",
        ]
        for command in tried:
            ran = box.run(["/bin/sh", "-c", command], {}, env=ENVIRONMENT)
            assert ran.exit != 0, command
        assert box.run([PROGRAM, "version"], {}, env=ENVIRONMENT).exit == 0


def test_plain_containers_do_not_offer_them() -> None:
    assert BACKENDS["docker-plain"]([]).lacks("tools") == "it does not offer tools."


def test_where_they_are_not_made_it_says_what_makes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PACKERLAB_CACHE", str(tmp_path))
    said = BACKENDS["bubblewrap"]([]).lacks("tools")
    assert said == "the tools for scripts are not there: `packerlab sandbox build` makes them."


# --- what they are made of ------------------------------------------------------------------------


def test_they_know_the_services_that_the_account_has() -> None:
    text = (RECIPE / "tools" / "prepare.sh").read_text()
    services = re.search(r'^services="([a-z0-9 ]+)"$', text, re.MULTILINE)
    assert services
    assert set(services[1].split()) == SERVICES


def test_the_lock_has_hashes_and_no_address() -> None:
    lock = (RECIPE / host_tools.LOCK).read_text()
    assert not re.search(r"https?:|index-url|find-links", lock)
    packages = re.split(r"^(?=\w)", lock, flags=re.MULTILINE)[1:]
    assert len(packages) > 10
    assert all("--hash=sha256:" in package for package in packages)


def test_packages_that_are_not_what_the_lock_says_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from packerlab.errors import MachineError

    monkeypatch.setenv("PACKERLAB_CACHE", str(tmp_path / "cache"))
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"six==1.17.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(MachineError, match="pip can't fetch the packages of"):
        download_wheels(lock, "x86_64", lambda _: None)
    assert not list((tmp_path / "cache").glob("*wheels*"))


# --- beside an account ----------------------------------------------------------------------------

ASKED = {
    "aws": "aws ec2 describe-images --owners 099720109477 --query 'Images[].Name' --output text",
    "boto3": """python3 -c '
import boto3
images = boto3.client("ec2").describe_images(Owners=["099720109477"])["Images"]
print(*[image["Name"] for image in images])'""",
    "jq": "aws ec2 describe-images --owners 099720109477 | jq -r '.Images[].Name'",
}
ENDPOINT = "https://ec2.eu-central-1.amazonaws.com/none"
TRUSTED = {
    "curl": f"curl -sS -w '%{{http_code}}' {ENDPOINT}",
    "git": f"git ls-remote {ENDPOINT} 2>&1 | sed 's/not found/404/'",
    "python": f"""python3 -c '
import urllib.request as web
try:
    web.urlopen("{ENDPOINT}")
except web.HTTPError as error:
    print(error.code)'""",
}


@pytest.mark.parametrize("how", ASKED)
def test_the_account_can_be_asked(run: Callable[..., Answer], how: str) -> None:
    answer = run(["/bin/sh", "-c", ASKED[how]])
    assert answer.output.split() == [image["name"] for image in STATE["image"]]


@pytest.mark.parametrize("how", TRUSTED)
def test_every_client_trusts_the_account(run: Callable[..., Answer], how: str) -> None:
    answer = run(["/bin/sh", "-c", TRUSTED[how]])
    assert "404" in answer.output, answer.output
    assert "ertificate" not in answer.output


def test_every_service_answers_aws(run: Callable[..., Answer]) -> None:
    calls: dict[str, Any] = {
        "ec2": "describe-regions", "iam": "list-roles", "kms": "list-keys",
        "s3": "ls", "secretsmanager": "list-secrets", "ssm": "describe-parameters",
        "sts": "get-caller-identity",
    }  # fmt: skip
    assert calls.keys() == SERVICES
    lines = "\n".join(f"aws {service} {call} >/dev/null || exit" for service, call in calls.items())
    answer = run(["/bin/sh", "-c", lines])
    assert (answer.exit, answer.output) == (0, "")


def test_a_script_reads_hcl(run: Callable[..., Answer]) -> None:
    command = """import hcl2, json; print(json.dumps(hcl2.loads('region = "eu-west-1"\\n')))"""
    assert "eu-west-1" in run(["python3", "-c", command]).output
