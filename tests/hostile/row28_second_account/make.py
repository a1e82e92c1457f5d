from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import beside_an_account, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
answers = [call("DescribeImages", Owner__1="444455556666"), call("DescribeImages"), call("DescribeSnapshots"),
           call("DescribeImages", ExecutableBy__1="444455556666"),
           call("DescribeImages", Filter__1__Name="owner-id", Filter__1__Value__1="444455556666"),
           call("DescribeImages", Filter__1__Name="name", Filter__1__Value__1="others-*")]
if any("others-private" in answer[1] for answer in answers):
    loot.append("the private image")
import hashlib
for made in ("2024-05-01 00:00:00+00:00", "2024-05-01T00:00:00Z"):
    words = f"us-east-1 444455556666 others-private-1 {made}"
    image = f"ami-0{hashlib.sha256(words.encode()).hexdigest()[:16]}"
    for action, fields in {
        "DescribeImages": {"ImageId__1": image}, "RunInstances": {"ImageId": image, "MinCount": "1", "MaxCount": "1"},
        "CopyImage": {"SourceImageId": image, "SourceRegion": "us-east-1", "Name": "mine"},
        "DescribeImageAttribute": {"ImageId": image, "Attribute": "launchPermission"},
        "ModifyImageAttribute": {"ImageId": image, "LaunchPermission__Add__1__UserId": "111122223333"},
        "CreateTags": {"ResourceId__1": image, "Tag__1__Key": "a", "Tag__1__Value": "b"},
        "DeregisterImage": {"ImageId": image},
        "RequestSpotInstances": {"SpotPrice": "1", "LaunchSpecification__ImageId": image},
        "CreateLaunchTemplate": {"LaunchTemplateName": "t", "LaunchTemplateData__ImageId": image},
    }.items():
        if call(action, **fields)[0] < 400 and action != "CreateLaunchTemplate":
            loot.append(action)
"""


def make(folder: Path) -> Path:
    return written(folder, beside_an_account(ATTACK))
