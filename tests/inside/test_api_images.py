"""Images: what Packer and the AWS command line ask of them, and what EC2 answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.inside.asking import Ask, Asker, only
from tests.inside.control_plane import account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.inside.control_plane import Botocore, Control

JAMMY, NEWER, ARM = "ubuntu/jammy-20240501", "ubuntu/jammy-20240701", "ubuntu/jammy-arm64"
SECOND = "444455556666"
STATE = {
    "image": [
        {"name": JAMMY, "tags": {"Series": "jammy"}},
        {"name": NEWER, "created": "2024-07-01T06:00:00Z"},
        {"name": ARM, "architecture": "arm64"},
        {"name": "al2023", "owner": "137112412989", "root_device": "/dev/xvda"},
        {"name": "sold", "owner": "679593333241"},
    ],
    "team_image": [
        {"name": "base-1", "tags": {"Tested": "true", "Team": "a"}},
        {"name": "base-[2]", "tags": {"Tested": "false"}},
        {"name": "old", "deprecated_at": "2020-01-01T00:00:00Z"},
    ],
    "second_account": {"id": SECOND, "image": [{"name": "private", "public": False}]},
    "key": [{"alias": "alias/app"}],
}
NAMES = "sort(Images[].Name)"
DESCRIBE = [
    Ask("ec2.describe_images", {"Owners": ["self"]}, NAMES, ["base-1", "base-[2]", "old"]),
    Ask("ec2.describe_images", {"Owners": ["amazon"]}, NAMES, ["al2023"]),
    Ask("ec2.describe_images", {"Owners": ["aws-marketplace"]}, NAMES, ["sold"]),
    Ask("ec2.describe_images", {"Owners": ["099720109477"]}, NAMES, [JAMMY, NEWER, ARM]),
    Ask("ec2.describe_images", {"Owners": ["canonical"]}, "Error", "InvalidUserID.Malformed: "),
    Ask("ec2.describe_images", {"Filters": only(owner_alias="amazon")}, NAMES, ["al2023"]),
    Ask("ec2.describe_images", {"ImageIds": ["{base-1}"]}, NAMES, ["base-1"]),
    # ids, owners and filters each leave something out
    Ask("ec2.describe_images",
        {"ImageIds": ["{base-1}", "{base-[2]}"], "Filters": only(tag__Tested="true")},
        NAMES, ["base-1"]),
    Ask("ec2.describe_images", {"ImageIds": ["{base-1}"], "Owners": ["amazon"]}, NAMES, []),
    Ask("ec2.describe_images", {"Filters": only(name="private")}, NAMES, []),
    Ask("ec2.describe_images", {"Filters": only(tag_key=["Tested", "Nothing"])}, NAMES,
        ["base-1", "base-[2]"]),
    Ask("ec2.describe_images", {"Filters": only(name="base-?")}, NAMES, ["base-1"]),
    Ask("ec2.describe_images", {"Filters": only(name="base-[2]")}, NAMES, ["base-[2]"]),
    Ask("ec2.describe_images", {"Filters": only(name="BASE-1")}, NAMES, []),
    Ask("ec2.describe_images", {"Filters": only(name="base-\\*")}, NAMES, []),
    Ask("ec2.describe_images", {"Filters": only(creation_date="2024-07-*")}, NAMES, [NEWER]),
    Ask("ec2.describe_images", {"Filters": only(architecture="arm64")}, NAMES, [ARM]),
    Ask("ec2.describe_images", {"Filters": only(is_public="false")}, NAMES,
        ["base-1", "base-[2]", "old"]),
    Ask("ec2.describe_images",
        {"Filters": only(virtualization_type="hvm", root_device_type="ebs", state="available",
                         root_device_name="/dev/xvda")}, NAMES, ["al2023"]),
    Ask("ec2.describe_images", {"Filters": only(nmae="x")}, "Error",
        "InvalidParameterValue: The filter 'nmae' is invalid"),
    Ask("ec2.describe_images", {"Filters": only(Name="x")}, "Error",
        "InvalidParameterValue: The filter 'Name' is invalid"),
    Ask("ec2.describe_images", {"Filters": only(image_allowed="true")}, "Error",
        "UnsupportedOperation: The simulated account does not know the filter image-allowed."),
    Ask("ec2.describe_images", {"Filters": only(name=["x"] * 201)}, "Error",
        "FilterLimitExceeded: "),
    Ask("ec2.describe_images", {"ImageIds": ["ami-12"]}, "Error",
        'InvalidAMIID.Malformed: Invalid id: "ami-12"'),
    Ask("ec2.describe_images", {"ImageIds": ["jammy"]}, "Error",
        'InvalidAMIID.Malformed: Invalid id: "jammy" (expecting "ami-...")'),
    Ask("ec2.describe_images", {"ImageIds": ["{base-1}", "ami-0123456789abcdef0"]}, "Error",
        "InvalidAMIID.NotFound: The image id '[ami-0123456789abcdef0]' does not exist"),
    Ask("ec2.describe_image_attribute", {"ImageId": "{base-1}", "Attribute": "launchPermission"},
        "LaunchPermissions", []),
    Ask("ec2.describe_image_attribute", {"ImageId": f"{{{JAMMY}}}", "Attribute": "description"},
        "Error", "AuthFailure: Not authorized for image"),
    Ask("ec2.modify_image_attribute",
        {"ImageId": "{base-1}", "LaunchPermission": {"Add": [{"UserId": "12"}]}}, "Error",
        "InvalidAMIAttributeItemValue: "),
    Ask("ec2.deregister_image", {"ImageId": f"{{{JAMMY}}}"}, "Error",
        "AuthFailure: Not authorized for image:ami-"),
    Ask("ec2.copy_image",
        {"SourceImageId": "{base-1}", "SourceRegion": "mars-1", "Name": "far"}, "Error",
        "InvalidRequest: "),
    Ask("ec2.copy_image",
        {"SourceImageId": "{base-1}", "SourceRegion": "us-east-1", "Name": "base-1"}, "Error",
        "InvalidAMIName.Duplicate: AMI name base-1 is already in use by AMI {base-1}"),
    Ask("ec2.copy_image",
        {"SourceImageId": "{base-1}", "SourceRegion": "us-east-1", "Name": "keyed",
         "Encrypted": True, "KmsKeyId": "alias/none"}, "Error", "InvalidKmsKey.NotFound: "),
    *(Ask("ec2.copy_image",
          {"SourceImageId": "{base-1}", "SourceRegion": "us-east-1", "Name": "keyed",
           "Encrypted": True, "KmsKeyId": f"arn:aws:kms:{place}:alias/app"}, "Error",
          "InvalidKmsKey.NotFound: ")
      for place in ("eu-west-1:111122223333", "us-east-1:777788889999", "us-east-1")),
]  # fmt: skip


@pytest.fixture(scope="module")
def asker(control: Control, aws: Botocore) -> Iterator[Asker]:
    with account(control, **STATE):
        made = Asker(aws)
        made.learn_images()
        yield made


@pytest.mark.parametrize("ask", DESCRIBE, ids=str)
def test_what_is_answered(asker: Asker, ask: Ask) -> None:
    asker.check(ask)


def copied(asker: Asker, name: str, **more: object) -> tuple[str, str]:
    """A copy of the first base: its id, and that of its snapshot."""
    image = asker.call(
        "ec2.copy_image", SourceImageId="{base-1}", SourceRegion="us-east-1", Name=name, **more
    )["ImageId"]
    [found] = asker.call("ec2.describe_images", ImageIds=[image])["Images"]
    return image, found["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]


def test_a_copy_may_name_its_key_by_an_arn(asker: Asker) -> None:
    arn = "arn:aws:kms:us-east-1:111122223333:alias/app"
    image, snapshot = copied(asker, "by ARN", Encrypted=True, KmsKeyId=arn)
    [found] = asker.call("ec2.describe_snapshots", SnapshotIds=[snapshot])["Snapshots"]
    assert found["KmsKeyId"].startswith("arn:aws:kms:us-east-1:111122223333:key/")
    said = asker.call(
        "ec2.copy_image",
        SourceImageId=image,
        SourceRegion="us-east-1",
        Name="plain",
        Encrypted=False,
    )
    assert said["Error"].startswith(f"InvalidRequest: Snapshot {snapshot} is encrypted. ")


def test_sharing(asker: Asker) -> None:
    """What AWS's own key encrypts is nobody else's; what one's own key does is never public."""
    plain, plain_snapshot = copied(asker, "plain")
    managed, managed_snapshot = copied(asker, "managed", Encrypted=True)
    own, own_snapshot = copied(asker, "own", Encrypted=True, KmsKeyId="alias/app")
    with_second, everybody = {"Add": [{"UserId": SECOND}]}, {"Add": [{"Group": "all"}]}
    for image, permission, refused in (
        (plain, with_second, ""),
        (plain, everybody, ""),
        (own, with_second, ""),
        (own, everybody, "UnsupportedOperation: Encrypted snapshots can't be shared publicly."),
        (managed, with_second, "InvalidParameter: Snapshots encrypted with the AWS Managed CMK"),
        (managed, everybody, "InvalidParameter: Snapshots encrypted with the AWS Managed CMK"),
    ):
        said = asker.call("ec2.modify_image_attribute", ImageId=image, LaunchPermission=permission)
        assert said.get("Error", "").startswith(refused)
        assert bool(refused) == ("Error" in said)
    for snapshot, permission, refused in (
        (plain_snapshot, with_second, ""),
        (plain_snapshot, everybody, ""),
        (own_snapshot, with_second, ""),
        (own_snapshot, everybody, "OperationNotPermitted: Encrypted snapshots cannot be shared"),
        (managed_snapshot, with_second, "OperationNotPermitted: Encrypted snapshots with EBS"),
    ):
        said = asker.call(
            "ec2.modify_snapshot_attribute",
            SnapshotId=snapshot,
            Attribute="createVolumePermission",
            CreateVolumePermission=permission,
        )
        assert said.get("Error", "").startswith(refused)
        assert bool(refused) == ("Error" in said)


def test_a_disabled_image_is_hidden_private_and_not_launched(asker: Asker) -> None:
    image, _ = copied(asker, "disabled")
    permission = {"Add": [{"UserId": SECOND}]}
    asker.call("ec2.modify_image_attribute", ImageId=image, LaunchPermission=permission)
    asker.names["disabled"] = image
    for ask in (
        Ask("ec2.disable_image", {"ImageId": "{disabled}"}, "Return", True),
        Ask("ec2.describe_images", {"ImageIds": ["{disabled}"]}, "Images", []),
        Ask("ec2.describe_images", {"Filters": only(state="disabled")}, "Images", []),
        Ask("ec2.describe_images", {"ImageIds": ["{disabled}"], "IncludeDisabled": True},
            "Images[].State", ["disabled"]),
        Ask("ec2.describe_image_attribute",
            {"ImageId": "{disabled}", "Attribute": "launchPermission"}, "LaunchPermissions", []),
        Ask("ec2.modify_image_attribute",
            {"ImageId": "{disabled}", "LaunchPermission": permission}, "Error",
            "OperationNotPermitted: "),
        Ask("ec2.run_instances", {"ImageId": "{disabled}", "MinCount": 1, "MaxCount": 1}, "Error",
            "InvalidAMIID.Unavailable: The image ID '{disabled}' is not available"),
        Ask("ec2.disable_image", {"ImageId": f"{{{JAMMY}}}"}, "Error", "AuthFailure: "),
        Ask("ec2.enable_image", {"ImageId": "{disabled}"}, "Return", True),
        Ask("ec2.describe_images", {"ImageIds": ["{disabled}"]}, "Images[].State", ["available"]),
    ):  # fmt: skip
        asker.check(ask)


def test_a_deregistered_image_is_gone_and_can_take_its_snapshots_along(asker: Asker) -> None:
    image, snapshot = copied(asker, "short-lived")
    asker.names |= {"gone": image, "its-snapshot": snapshot}
    for ask in (
        Ask("ec2.delete_snapshot", {"SnapshotId": "{its-snapshot}"}, "Error",
            "InvalidSnapshot.InUse: "),
        Ask("ec2.deregister_image", {"ImageId": "{gone}", "DeleteAssociatedSnapshots": True},
            "DeleteSnapshotResults", [{"SnapshotId": "{its-snapshot}", "ReturnCode": "success"}]),
        Ask("ec2.describe_images", {"ImageIds": ["{gone}"]}, "Images", []),
        Ask("ec2.describe_snapshots", {"SnapshotIds": ["{its-snapshot}"]}, "Error",
            "InvalidSnapshot.NotFound: The snapshot '{its-snapshot}' does not exist."),
        Ask("ec2.run_instances", {"ImageId": "{gone}", "MinCount": 1, "MaxCount": 1}, "Error",
            "InvalidAMIID.Unavailable: "),
        Ask("ec2.deregister_image", {"ImageId": "{gone}"}, "Error", "InvalidAMIID.Unavailable: "),
    ):  # fmt: skip
        asker.check(ask)
