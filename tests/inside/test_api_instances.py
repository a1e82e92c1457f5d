"""Launches: what EC2 refuses before anything starts, and what it reports of what runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.inside.asking import Ask, Asker, launch, only
from tests.inside.control_plane import UBUNTU, account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.inside.control_plane import Botocore, Control


def disk(name: str = "/dev/sda1", **ebs: Any) -> dict[str, Any]:
    return launch(BlockDeviceMappings=[{"DeviceName": name, "Ebs": ebs}])


def tagged(kind: str = "instance", **tags: str) -> dict[str, Any]:
    listed = [{"Key": key.replace("__", ":"), "Value": value} for key, value in tags.items()]
    return launch(TagSpecifications=[{"ResourceType": kind, "Tags": listed}])


NOBODY = "0123456789abcdef0"
REFUSED = [
    (launch(ImageId=f"ami-{NOBODY}"),
     f"InvalidAMIID.NotFound: The image id '[ami-{NOBODY}]' does not exist"),
    (launch(ImageId="jammy"), "InvalidAMIID.Malformed: "),
    (launch(ImageId="resolve:ssm:/none"), "InvalidParameterValue: The SSM parameter '/none'"),
    ({"MinCount": 1, "MaxCount": 1}, "MissingParameter: The request must contain the parameter "
                                     "ImageId"),
    (launch(InstanceType="t9.micro"),
     "InvalidParameterValue: Invalid value 't9.micro' for InstanceType."),
    (launch(InstanceType="t4g.micro"),
     "InvalidParameterValue: The architecture 'arm64' of the specified instance type does not "
     "match the architecture 'x86_64' of the specified AMI."),
    (launch(ImageId="{arm}"),
     "InvalidParameterValue: The architecture 'x86_64' of the specified instance type does not "
     "match the architecture 'arm64' of the specified AMI."),
    (launch(KeyName="none"), "InvalidKeyPair.NotFound: The key pair 'none' does not exist"),
    (launch(SecurityGroupIds=[f"sg-{NOBODY}"]),
     f"InvalidGroup.NotFound: The security group 'sg-{NOBODY}' does not exist"),
    (launch(SecurityGroupIds=["default"]),
     'InvalidGroupId.Malformed: Invalid id: "default" (expecting "sg-...")'),
    (launch(SecurityGroups=["web"]),
     "InvalidGroup.NotFound: The security group 'web' does not exist in default VPC 'vpc-"),
    (launch(MinCount=2), "InvalidParameterValue: "),
    (launch(SubnetId=f"subnet-{NOBODY}"),
     f"InvalidSubnetID.NotFound: The subnet ID 'subnet-{NOBODY}' does not exist"),
    (launch(IamInstanceProfile={"Name": "none"}),
     "InvalidParameterValue: Value (none) for parameter iamInstanceProfile.name is invalid. "
     "Invalid IAM Instance Profile name"),
    (disk(VolumeSize=4), "InvalidBlockDeviceMapping: Volume of size 4GB is smaller than snapshot "
                         "'{its-snapshot}', expect size >= 8GB"),
    (disk(VolumeType="gp9"), "InvalidParameterValue: Invalid value 'gp9' for VolumeType."),
    (disk(VolumeType="io1"),
     "MissingParameter: The parameter iops must be specified for io1 volumes."),
    (disk(VolumeType="gp2", Iops=3000),
     "InvalidParameterCombination: The parameter iops is not supported for gp2 volumes."),
    (disk("/dev/sdf"), "MissingParameter: The request must contain the parameter size or "
                       "snapshotId"),
    (disk("/dev/sda", VolumeSize=8), "InvalidBlockDeviceMapping: Invalid device name /dev/sda"),
    (disk("/dev/nvme1n1", VolumeSize=8), "InvalidBlockDeviceMapping: Invalid device name"),
    (disk("/dev/sdf", SnapshotId=f"snap-{NOBODY}"), "InvalidSnapshot.NotFound: "),
    (disk("/dev/sdf", VolumeSize=1, Encrypted=True, KmsKeyId="alias/none"),
     "InvalidKmsKey.NotFound: "),
    (tagged(aws__x="1"),
     "InvalidParameterValue: Tag keys starting with 'aws:' are reserved for internal use"),
    (tagged(Name="x" * 257),
     "InvalidParameterValue: Tag value exceeds the maximum length of 256 characters"),
    (tagged(**{"x" * 129: "1"}),
     "InvalidParameterValue: Tag key exceeds the maximum length of 128 characters"),
    (tagged(**{str(number): "" for number in range(51)}),
     "TagLimitExceeded: The maximum number of Tags for a resource has been reached."),
    (tagged("server", Name="x"), "InvalidParameterValue: 'server' is not a valid taggable resource "
                                 "type for this operation."),
]  # fmt: skip
INSTANCES = "sort(Reservations[].Instances[].Tags[].Value)"
TOLD = [
    Ask("ec2.describe_instances", {"InstanceIds": ["{one}"]}, INSTANCES, ["one"]),
    Ask("ec2.describe_instances", {"Filters": only(tag__Name=["o?e", "none"])}, INSTANCES, ["one"]),
    Ask("ec2.describe_instances", {"Filters": only(instance_state_name="running")}, INSTANCES,
        ["one", "two"]),
    Ask("ec2.describe_instances", {"Filters": only(instance_state_code="16")}, INSTANCES,
        ["one", "two"]),
    Ask("ec2.describe_instances", {"Filters": only(instance_type="t3.*")}, INSTANCES,
        ["one", "two"]),
    Ask("ec2.describe_instances", {"Filters": only(launch_time="20*")}, INSTANCES, ["one", "two"]),
    Ask("ec2.describe_instances", {"Filters": only(launch_time="1999*")}, INSTANCES, []),
    Ask("ec2.describe_instances",
        {"InstanceIds": ["{one}", "{two}"], "Filters": only(tag__Name="two")}, INSTANCES, ["two"]),
    Ask("ec2.describe_instances", {"Filters": only(affinity="x")}, "Error",
        "UnsupportedOperation: The simulated account does not know the filter affinity."),
    Ask("ec2.describe_instances", {"Filters": only(Name="x")}, "Error",
        "InvalidParameterValue: The filter 'Name' is invalid"),
    Ask("ec2.describe_instances", {"InstanceIds": [f"i-{NOBODY}"]}, "Error",
        f"InvalidInstanceID.NotFound: The instance ID 'i-{NOBODY}' does not exist"),
    Ask("ec2.describe_instances", {"InstanceIds": ["web"]}, "Error",
        'InvalidInstanceID.Malformed: Invalid id: "web" (expecting "i-...")'),
    Ask("ec2.describe_instance_status", {"InstanceIds": ["{one}"]},
        "InstanceStatuses[].[InstanceState.Name, InstanceStatus.Status, SystemStatus.Status]",
        [["running", "ok", "ok"]]),
    Ask("ec2.describe_tags", {"Filters": only(resource_id="{one}")}, "Tags[].[Key, Value]",
        [["Name", "one"]]),
    Ask("ec2.create_tags", {"Resources": [f"i-{NOBODY}"], "Tags": [{"Key": "a", "Value": "b"}]},
        "Error", f"InvalidInstanceID.NotFound: The instance ID 'i-{NOBODY}' does not exist"),
    Ask("ec2.create_tags", {"Resources": ["web"], "Tags": [{"Key": "a", "Value": "b"}]},
        "Error", "InvalidID: The ID 'web' is not valid"),
    Ask("ec2.create_tags", {"Resources": ["{one}"], "Tags": [{"Key": "AWS:a", "Value": "b"}]},
        "Error", "InvalidParameterValue: Tag keys starting with 'aws:'"),
    Ask("ec2.create_tags", {"Resources": ["{one}"], "Tags": [{"Key": "a", "Value": "1"},
                                                              {"Key": "a", "Value": "2"}]},
        "Error", "InvalidParameterValue: Duplicate tag key 'a' specified."),
    Ask("ec2.terminate_instances", {"InstanceIds": [f"i-{NOBODY}"]}, "Error",
        "InvalidInstanceID.NotFound: "),
    Ask("ec2.create_image", {"InstanceId": f"i-{NOBODY}", "Name": "app"}, "Error",
        "InvalidInstanceID.NotFound: "),
    Ask("ec2.create_image", {"InstanceId": "{one}", "Name": "a:b"}, "Error",
        "InvalidAMIName.Malformed: "),
    Ask("ec2.describe_instance_types", {"InstanceTypes": ["t3.micro"]},
        "InstanceTypes[].VCpuInfo.DefaultVCpus", [2]),
    Ask("ec2.describe_instance_types", {"InstanceTypes": ["t9.micro"]}, "Error",
        "InvalidInstanceType: The following supplied instance types do not exist: [t9.micro]"),
    Ask("ec2.describe_instance_type_offerings", {"Filters": only(instance_type="t3.micro")},
        "InstanceTypeOfferings[].[InstanceType, Location]", [["t3.micro", "us-east-1"]]),
]  # fmt: skip


@pytest.fixture(scope="module")
def asker(control: Control, aws: Botocore) -> Iterator[Asker]:
    with account(control, image=[{"name": UBUNTU}, {"name": "arm", "architecture": "arm64"}]):
        made = Asker(aws)
        made.learn_images()
        [jammy] = made.call("ec2.describe_images", ImageIds=[made.names[UBUNTU]])["Images"]
        made.names["its-snapshot"] = jammy["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
        for name in ("one", "two"):
            [instance] = made.call("ec2.run_instances", **tagged(Name=name))["Instances"]
            made.names[name] = instance["InstanceId"]
        yield made


@pytest.mark.parametrize(("asked", "says"), REFUSED, ids=lambda value: str(value)[:50])
def test_what_is_not_launched(asker: Asker, asked: dict[str, Any], says: str) -> None:
    asker.check(Ask("ec2.run_instances", asked, "Error", says))


@pytest.mark.parametrize("ask", TOLD, ids=str)
def test_what_is_told(asker: Asker, ask: Ask) -> None:
    asker.check(ask)


def test_what_is_refused_leaves_nothing(asker: Asker) -> None:
    """All of these tests launched two instances, and no call made half of a third."""
    asker.check(Ask("ec2.describe_instances", {}, INSTANCES, ["one", "two"]))
    asker.check(Ask("ec2.describe_volumes", {}, "length(Volumes)", 2))
