"""Snapshots and volumes: whose they are, who sees them, and what can be made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.inside.asking import Ask, Asker, only
from tests.inside.control_plane import UBUNTU, account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.inside.control_plane import Botocore, Control

SECOND = "444455556666"
OWNERS = "sort(Snapshots[].OwnerId)"
ZONE = {"AvailabilityZone": "us-east-1a"}
ASKS = [
    Ask("ec2.describe_snapshots", {"OwnerIds": ["self"]}, OWNERS, ["111122223333"]),
    Ask("ec2.describe_snapshots", {"OwnerIds": ["099720109477"]}, OWNERS, ["099720109477"]),
    Ask("ec2.describe_snapshots", {}, OWNERS, ["099720109477", "111122223333"]),
    Ask("ec2.describe_snapshots", {"RestorableByUserIds": ["self"]}, OWNERS, ["111122223333"]),
    Ask("ec2.describe_snapshots", {"Filters": only(owner_id="111122223333")}, OWNERS,
        ["111122223333"]),
    Ask("ec2.describe_snapshots", {"Filters": only(description="*{base}*")}, OWNERS,
        ["111122223333"]),
    Ask("ec2.describe_snapshots", {"Filters": only(volume_size="8", encrypted="true")}, OWNERS, []),
    Ask("ec2.describe_snapshots", {"Filters": only(start_time="1999*")}, OWNERS, []),
    Ask("ec2.describe_snapshots", {"SnapshotIds": ["snap-0123456789abcdef0"]}, "Error",
        "InvalidSnapshot.NotFound: The snapshot 'snap-0123456789abcdef0' does not exist."),
    Ask("ec2.describe_snapshots", {"SnapshotIds": ["snap-1"]}, "Error",
        "InvalidSnapshotID.Malformed: "),
    Ask("ec2.delete_snapshot", {"SnapshotId": "{its-snapshot}"}, "Error", "AuthFailure: "),
    Ask("ec2.create_volume", {**ZONE, "Size": 1, "VolumeType": "gp2"}, "VolumeType", "gp2"),
    Ask("ec2.create_volume", {**ZONE, "Size": 1, "VolumeType": "gp3"}, "Iops", 3000),
    Ask("ec2.create_volume", {**ZONE, "Size": 1, "VolumeType": "gp2", "Iops": 9}, "Error",
        "InvalidParameterCombination: The parameter iops is not supported for gp2 volumes."),
    Ask("ec2.create_volume", {**ZONE, "Size": 4, "VolumeType": "io2"}, "Error",
        "MissingParameter: The parameter iops must be specified for io2 volumes."),
    Ask("ec2.describe_volumes", {"VolumeIds": ["vol-0123456789abcdef0"]}, "Error",
        "InvalidVolume.NotFound: The volume 'vol-0123456789abcdef0' does not exist."),
    Ask("ec2.describe_volumes", {"VolumeIds": ["vol-x"]}, "Error", "InvalidVolumeID.Malformed: "),
    Ask("ec2.describe_volumes", {"Filters": only(status="in-use")}, "Volumes", []),
]  # fmt: skip


@pytest.fixture(scope="module")
def asker(control: Control, aws: Botocore) -> Iterator[Asker]:
    second = {"id": SECOND, "image": [{"name": "private", "public": False}]}
    with account(control, team_image=[{"name": "base"}], second_account=second):
        made = Asker(aws)
        made.learn_images()
        [jammy] = made.call("ec2.describe_images", ImageIds=[made.names[UBUNTU]])["Images"]
        made.names["its-snapshot"] = jammy["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
        yield made


@pytest.mark.parametrize("ask", ASKS, ids=str)
def test_what_is_answered(asker: Asker, ask: Ask) -> None:
    asker.check(ask)
