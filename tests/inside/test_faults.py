"""What goes wrong because the lab wants it: calls that fail or are late, and the web hook."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.inside.asking import Ask, Asker
from tests.inside.control_plane import account

if TYPE_CHECKING:
    from tests.inside.control_plane import Botocore, Control

BUSY = {"code": "RequestLimitExceeded", "message": "Request limit exceeded."}
CALL = "ec2.describe_vpcs"

POST = """
import ssl, sys, urllib.error, urllib.request
context = ssl.create_default_context(cafile=sys.argv[1])
for body in sys.argv[2:]:
    wanted = urllib.request.Request("https://hooks.example.com/chat?x=1", body.encode())
    try:
        print(urllib.request.urlopen(wanted, context=context).status)
    except urllib.error.HTTPError as error:
        print(error.code)
"""


def outcomes(aws: Botocore, calls: list[tuple[str, str]]) -> list[str]:
    """Of each call in a region: the error's code, or nothing."""
    said = [aws.call(name, region) for name, region in calls]
    return [str(answer.get("Error", "")).partition(":")[0] for answer in said]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"action": "ec2:DescribeVpcs"}, ["RequestLimitExceeded"] * 4),
        ({"action": "ec2:Describe*", "times": 1}, ["RequestLimitExceeded", "", "", ""]),
        ({"action": "*", "after": 1, "times": 2},
         ["", "RequestLimitExceeded", "RequestLimitExceeded", ""]),
        ({"action": "ec2:DescribeVpcs", "region": "eu-west-1"},
         ["", "", "RequestLimitExceeded", "RequestLimitExceeded"]),
        ({"action": "ec2:CopyImage"}, ["", "", "", ""]),
    ],
)  # fmt: skip
def test_calls_fail_as_the_lab_says(
    control: Control, aws: Botocore, fault: dict[str, Any], expected: list[str]
) -> None:
    with account(control, fault=[fault | BUSY]):
        assert outcomes(aws, [(CALL, "us-east-1")] * 2 + [(CALL, "eu-west-1")] * 2) == expected
        assert [call["error"] for call in control.tell()["calls"]] == expected


def test_an_error_has_the_lab_s_words(control: Control, aws: Botocore) -> None:
    fault = {"action": "ec2:DescribeVpcs", "code": "InternalError", "message": "Try <again>."}
    with account(control, fault=[fault]):
        Asker(aws).check(Ask(CALL, {}, "Error", "InternalError: Try <again>."))
        assert [call["status"] for call in control.tell()["calls"]] == [500]


def test_a_late_call_holds_nobody_else_up(control: Control, aws: Botocore) -> None:
    late = {"action": "ec2:DescribeVpcs", "delay_s": 1, "times": 1}
    with account(control, fault=[late]):
        outcomes(aws, [(CALL, "us-east-1"), ("ec2.describe_regions", "us-east-1")])
        first, second = control.tell()["calls"]
    assert first["seconds"] >= 1
    assert not first["error"] + second["error"]


@pytest.mark.parametrize(("hook", "status"), [({}, "200"), ({"status": 503}, "503")])
def test_a_hook_keeps_what_it_is_sent(control: Control, hook: dict[str, Any], status: str) -> None:
    with account(control, hook=hook):
        words = [sys.executable, "-c", POST, str(control.place.folder / "ca.pem"), "one", "zwei ü"]
        ran = subprocess.run(
            [*control.place.enter, *words], capture_output=True, text=True, check=True
        )
        posts = control.tell()["posts"]
    assert ran.stdout.split() == [status, status]
    assert [(post["path"], post["body"]) for post in posts] == [
        ("/chat?x=1", "one"),
        ("/chat?x=1", "zwei ü"),
    ]
