"""Who may do what: roles, the second account, tags at creation; and what publishers publish."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.inside.asking import Ask, Asker
from tests.inside.control_plane import KEY, account

if TYPE_CHECKING:
    from tests.inside.control_plane import Botocore, Control

JAMMY = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-2024"
NOBLE = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-20240720"
AMAZON = "al2023-ami-2023.5.20241001.1-kernel-6.1-x86_64"
SECOND = {"id": "444455556666", "roles": ["deployer"], "image": [{"name": "theirs"}]}
THEIR_ROLE = "arn:aws:iam::444455556666:role/deployer"


def as_role(aws: Botocore, arn: str) -> dict[str, str]:
    said = aws.call("sts.assume_role", RoleArn=arn, RoleSessionName="test")["Credentials"]
    return {"key": said["AccessKeyId"], "token": said["SessionToken"]}


@pytest.mark.parametrize(
    ("arn", "says"),
    [
        ("arn:aws:iam::111122223333:role/none",
         "AccessDenied: User: arn:aws:iam::111122223333:user/learner is not authorized to perform: "
         "sts:AssumeRole on resource: arn:aws:iam::111122223333:role/none"),
        ("arn:aws:iam::444455556666:role/admin", "AccessDenied: "),
        ("arn:aws:iam::777788889999:role/deployer", "AccessDenied: "),
        ("arn:aws:iam::111122223333:user/deployer", "ValidationError: "),
    ],
)  # fmt: skip
def test_roles_that_there_are_not(control: Control, aws: Botocore, arn: str, says: str) -> None:
    with account(control, second_account=SECOND):
        Asker(aws).check(
            Ask("sts.assume_role", {"RoleArn": arn, "RoleSessionName": "test"}, "Error", says)
        )


def test_the_second_account_sees_what_is_shared_with_it(control: Control, aws: Botocore) -> None:
    with account(control, image=[], team_image=[{"name": "base"}], second_account=SECOND):
        we = Asker(aws)
        we.learn_images()
        they = Asker(aws, we.names, who=as_role(aws, THEIR_ROLE))
        launch = {"ImageId": "{base}", "InstanceType": "t3.nano", "MinCount": 1, "MaxCount": 1}
        names, everything = "Images[].Name", "Reservations[].OwnerId"
        copy = {"SourceImageId": "{base}", "SourceRegion": "us-east-1", "Name": "copy"}
        for who, ask in (
            (they, Ask("sts.get_caller_identity", {}, "[Account, Arn]",
                       ["444455556666", "arn:aws:sts::444455556666:assumed-role/deployer/test"])),
            (they, Ask("ec2.describe_images", {}, names, ["theirs"])),
            (they, Ask("ec2.describe_images", {"Owners": ["self"]}, names, ["theirs"])),
            (they, Ask("ec2.run_instances", launch, "Error", "InvalidAMIID.NotFound: ")),
            (we, Ask("ec2.modify_image_attribute",
                     {"ImageId": "{base}", "LaunchPermission": {"Add": [{"UserId": SECOND["id"]}]}},
                     "@", {})),
            (they, Ask("ec2.describe_images", {"ExecutableUsers": ["self"]}, names, ["base"])),
            (they, Ask("ec2.run_instances", launch, "Instances[].ImageId", ["{base}"])),
            (they, Ask("ec2.describe_instances", {}, everything, ["444455556666"])),
            (we, Ask("ec2.describe_instances", {}, everything, [])),
            (they, Ask("ec2.deregister_image", {"ImageId": "{base}"}, "Error", "AuthFailure: ")),
            (they, Ask("ec2.copy_image", copy, "Error", "InvalidRequest: You do not have "
                       "permission to access the storage of this ami")),
            (we, Ask("ec2.deregister_image", {"ImageId": "{theirs}"}, "Error", "AuthFailure: ")),
        ):  # fmt: skip
            who.check(ask)
        [image] = we.call("ec2.describe_images", ImageIds=["{base}"])["Images"]
        shared = {"Add": [{"UserId": SECOND["id"]}]}
        we.call(
            "ec2.modify_snapshot_attribute",
            SnapshotId=image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"],
            CreateVolumePermission=shared,
        )
        they.check(Ask("ec2.copy_image", copy, "keys(@)", ["ImageId"]))
        told = control.tell()
    assert [(each["owner"], each["image_name"]) for each in told["instances"]] == [
        ("444455556666", "base")
    ]
    assert [(each["owner"], each["name"]) for each in told["images"]] == [
        ("111122223333", "base"),
        ("444455556666", "copy"),
    ]


TAGS = [{"Key": "Name", "Value": "web"}]
ARN = "on resource: arn:aws:ec2:us-east-1:111122223333"


@pytest.mark.parametrize(
    ("call", "kind", "more"),
    [
        ("run_instances", "instance", {"ImageId": "{base}", "MinCount": 1, "MaxCount": 1}),
        ("create_security_group", "security-group", {"GroupName": "g", "Description": "g"}),
        ("create_key_pair", "key-pair", {"KeyName": "k"}),
        ("create_volume", "volume", {"AvailabilityZone": "us-east-1a", "Size": 1}),
    ],
)
def test_tags_at_creation_need_their_permission(
    control: Control, aws: Botocore, call: str, kind: str, more: dict[str, Any]
) -> None:
    rights = {"allow": ["ec2:*"], "deny": ["ec2:CreateTags"]}
    with account(control, image=[], team_image=[{"name": "base"}], iam=rights):
        asker = Asker(aws)
        asker.learn_images()
        specified = [{"ResourceType": kind, "Tags": TAGS}]
        says = (
            "UnauthorizedOperation: You are not authorized to perform this operation. User: "
            "arn:aws:iam::111122223333:user/learner is not authorized to perform: ec2:CreateTags "
            f"{ARN}:{kind}/* with an explicit deny in an identity-based policy"
        )
        asker.check(Ask(f"ec2.{call}", {**more, "TagSpecifications": specified}, "Error", says))
        assert "Error" not in asker.call(f"ec2.{call}", **more)


@pytest.mark.parametrize("key", ["ec2:VolumeSize", "aws:SourceIp", "ec2:InstanceTyp"])
def test_a_condition_key_that_is_not_known_is_named(
    control: Control, aws: Botocore, key: str
) -> None:
    """It would be taken for missing, and a right policy for one that refuses."""
    condition = {"StringEquals": {"EC2:Region": "us-east-1", key: "8"}}
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    with account(control, iam={"document": json.dumps({"Statement": statement})}):
        says = f"UnsupportedOperation: The simulated account does not know the condition key {key}."
        Asker(aws).check(Ask("ec2.describe_images", {}, "Error", says))


def test_roles_and_profiles_that_there_are_not(control: Control, aws: Botocore) -> None:
    with account(control):
        for call, name, says in (
            ("get_role", "RoleName", "The role with name none cannot be found."),
            ("get_instance_profile", "InstanceProfileName",
             "Instance Profile none cannot be found."),
        ):  # fmt: skip
            Asker(aws).check(Ask(f"iam.{call}", {name: "none"}, "Error", f"NoSuchEntity: {says}"))


def test_unknown_keys_are_refused(control: Control, aws: Botocore) -> None:
    with account(control):
        assert KEY != "AKIAAAAAAAAAAAAAAAAA"
        asker = Asker(aws, who={"key": "AKIAAAAAAAAAAAAAAAAA"})
        asker.check(Ask("ec2.describe_images", {}, "Error", "AuthFailure: "))
        asker.check(Ask("sts.get_caller_identity", {}, "Error", "InvalidClientTokenId: "))


UBUNTU_NOW = "/aws/service/canonical/ubuntu/server"
AMAZON_NOW = "/aws/service/ami-amazon-linux-latest"
PUBLIC = [
    (f"{UBUNTU_NOW}/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id", f"{JAMMY}0701"),
    (f"{UBUNTU_NOW}/jammy/stable/current/amd64/hvm/ebs-gp2/ami-id", f"{JAMMY}0701"),
    (f"{UBUNTU_NOW}/22.04/stable/20240501/amd64/hvm/ebs-gp2/ami-id", f"{JAMMY}0501"),
    (f"{UBUNTU_NOW}/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id", NOBLE),
    (f"{AMAZON_NOW}/al2023-ami-kernel-6.1-x86_64", AMAZON),
    (f"{AMAZON_NOW}/al2023-ami-kernel-default-x86_64", AMAZON),
]


def test_publishers_parameters_name_images_that_there_are(control: Control, aws: Botocore) -> None:
    images = [
        {"name": f"{JAMMY}0501", "created": "2024-05-01T00:00:00Z"},
        {"name": f"{JAMMY}0701", "created": "2024-07-01T00:00:00Z"},
        {"name": f"{JAMMY}0801", "created": "2024-08-01T00:00:00Z", "owner": "444455556666"},
        {"name": NOBLE, "architecture": "arm64"},
        {"name": AMAZON, "owner": "137112412989"},
    ]
    with account(control, image=images):
        asker = Asker(aws)
        asker.learn_images()
        for name, image in PUBLIC:
            found = "[Parameter.Value, Parameter.DataType]"
            answer = [f"{{{image}}}", "aws:ec2:image"]
            asker.check(Ask("ssm.get_parameter", {"Name": name}, found, answer))
        for name in (
            f"{UBUNTU_NOW}/20.04/stable/current/amd64/hvm/ebs-gp2/ami-id",
            f"{AMAZON_NOW}/amzn2-ami-hvm-x86_64-gp2",
            "/none",
        ):
            asker.check(Ask("ssm.get_parameter", {"Name": name}, "Error", "ParameterNotFound: "))
        asker.check(
            Ask("ssm.get_parameters_by_path", {"Path": AMAZON_NOW}, "length(Parameters)", 2)
        )
