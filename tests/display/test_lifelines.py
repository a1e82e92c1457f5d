"""Lifelines of accounts as no build of the notebook's leaves them."""

from __future__ import annotations

import json
from typing import Any

from packerlab.display.lifelines import Picture
from packerlab.evidence.account import AccountEvidence
from packerlab.writers.html_page import environment

MARKUP = "</svg><script>alert(1)</script>"


def call(action: str, error: str = "", **parameters: Any) -> dict[str, Any]:
    return {
        "service": "ec2", "action": action, "region": "eu-west-1", "status": 200, "error": error,
        "principal": "arn:aws:iam::111122223333:user/learner", "parameters": parameters,
        "seconds": 0.0,
    }  # fmt: skip


def picture(*calls: dict[str, Any], waiting: str = "", **kinds: Any) -> Picture:
    told = {"account": {"calls": calls, **kinds}, "disks": {}, "consoles": {}}
    return Picture(AccountEvidence(json.dumps(told).encode()), waiting)


def test_a_refused_call_makes_and_removes_nothing() -> None:
    drawn = picture(
        call("CreateKeyPair", "UnauthorizedOperation", KeyName="a"),
        call("CreateKeyPair", KeyName="a"),
        call("CreateSecurityGroup", GroupName="b", VpcId=""),
        call("DescribeSecurityGroups", GroupId="sg-0a"),
        call("DeleteSecurityGroup", "DependencyViolation", GroupId="sg-0a"),
        call("DeleteKeyPair", KeyName="a"),
    )
    assert drawn.lines()[:2] == [
        "key pair: made by call 2, removed by call 6",
        "security group: made by call 3, stays",
    ]
    assert drawn.others == [0, 3]
    assert [drawn.touched(place) for place in (0, 4)] == ["", "security group"]


def test_an_image_that_replaces_another_outlives_it() -> None:
    """The copy's snapshot is named before the first one's."""
    image = {"id": "ami-0b", "name": "web", "region": "eu-west-1"}
    drawn = picture(
        call("CreateImage", Name="x"),
        call("CopyImage", Name="web", SourceImageId="ami-0a"),
        call("CreateTags", **{"ResourceId.1": "ami-0b", "ResourceId.2": "snap-0b"}),
        call("DeregisterImage", ImageId="ami-0a"),
        call("DeleteSnapshot", SnapshotId="snap-0a"),
        images=[{**image, "block_devices": [{"snapshot": "snap-0b"}]}],
    )
    assert drawn.lines()[-4:] == [
        "snapshots: made by call 1, removed by call 5",
        "snapshots: made by call 2, stays",
        "AMI: made by call 1, removed by call 4",
        "AMI: made by call 2, stays",
    ]


def test_packer_waits_between_the_last_question_and_the_end() -> None:
    run = [call("RunInstances"), call("DescribeInstances", **{"InstanceId.1": "i-0a"})]
    end = call("TerminateInstances", **{"InstanceId.1": "i-0a"})
    drawn = picture(*run, end, waiting="provisioning")
    assert list(drawn.waits.values()) == [(1, 2)]
    assert drawn.x[2] - drawn.x[1] > drawn.x[1] - drawn.x[0] == drawn.x[3] - drawn.x[2]
    assert list(picture(*run, waiting="provisioning").waits.values()) == [(1, 2)]
    assert picture(*run, end).waits == {}


def test_what_a_call_says_is_shown_as_text() -> None:
    drawn = picture(call(MARKUP, MARKUP), {**call("\x1b[31m\u202eList"), "principal": MARKUP})
    shown = environment().get_template("lifelines.html").render(picture=drawn, verdict=MARKUP)
    assert MARKUP not in shown
    assert "<script" not in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert shown.count("&lt;script&gt;") == 6
