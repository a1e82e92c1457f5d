"""Security groups, networks, key pairs, launch templates, parameters, keys and secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.inside.asking import Ask, Asker, only
from tests.inside.control_plane import UBUNTU, account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.inside.control_plane import Botocore, Control

NOBODY = "0123456789abcdef0"


def rule(cidr: str, protocol: str = "tcp", port: int = 22) -> dict[str, Any]:
    ports = {"FromPort": port, "ToPort": port}
    allowed = {"IpProtocol": protocol, **ports, "IpRanges": [{"CidrIp": cidr}]}
    return {"GroupId": "{web}", "IpPermissions": [allowed]}


ALLOW = "ec2.authorize_security_group_ingress"
GROUPS = [
    Ask("ec2.create_security_group", {"GroupName": "web", "Description": "d"}, "Error",
        "InvalidGroup.Duplicate: The security group 'web' already exists"),
    Ask("ec2.create_security_group", {"GroupName": "sg-1", "Description": "d"}, "Error",
        "InvalidParameterValue: "),
    Ask("ec2.create_security_group",
        {"GroupName": "far", "Description": "d", "VpcId": f"vpc-{NOBODY}"}, "Error",
        f"InvalidVpcID.NotFound: The vpc ID 'vpc-{NOBODY}' does not exist"),
    Ask("ec2.describe_security_groups", {"GroupNames": ["none"]}, "Error",
        "InvalidGroup.NotFound: The security group 'none' does not exist"),
    Ask("ec2.describe_security_groups", {"GroupIds": [f"sg-{NOBODY}"]}, "Error",
        f"InvalidGroup.NotFound: The security group 'sg-{NOBODY}' does not exist"),
    Ask("ec2.describe_security_groups", {"Filters": only(group_name=["we?", "x"])},
        "SecurityGroups[].GroupName", ["web"]),
    Ask(ALLOW, rule("10.0.0.0/8"), "Return", True),
    Ask(ALLOW, rule("10.0.0.0/8"), "Error", "InvalidPermission.Duplicate: "),
    Ask(ALLOW, rule("10.0.0.0/33"), "Error",
        "InvalidParameterValue: CIDR block 10.0.0.0/33 is malformed"),
    Ask(ALLOW, rule("home"), "Error", "InvalidParameterValue: CIDR block home is malformed"),
    Ask(ALLOW, rule("10.0.0.0/8", "ssh"), "Error",
        "InvalidParameterValue: Invalid value 'ssh' for IP protocol. Unknown protocol."),
    Ask(ALLOW, rule("10.0.0.0/8", port=70_000), "Error",
        "InvalidParameterValue: TCP/UDP port (70000) out of range"),
    Ask("ec2.describe_security_groups", {"GroupIds": ["{web}"]},
        "SecurityGroups[].IpPermissions[].IpRanges[].CidrIp", ["10.0.0.0/8"]),
    Ask("ec2.delete_security_group", {"GroupId": "{web}"}, "Error",
        "DependencyViolation: resource {web} has a dependent object"),
    Ask("ec2.delete_security_group", {"GroupName": "default"}, "Error", "CannotDelete: "),
    Ask("ec2.delete_security_group", {"GroupId": f"sg-{NOBODY}"}, "Error",
        "InvalidGroup.NotFound: "),
    Ask("ec2.modify_instance_attribute",
        {"InstanceId": "{instance}", "Groups": [f"sg-{NOBODY}"]}, "Error",
        f"InvalidGroup.NotFound: The security group 'sg-{NOBODY}' does not exist"),
    Ask("ec2.modify_instance_attribute", {"InstanceId": "{instance}", "Groups": ["{next}"]},
        "Error || 'moved'", "moved"),
    Ask("ec2.delete_security_group", {"GroupId": "{web}"}, "GroupId || 'gone'", "gone"),
    Ask("ec2.delete_security_group", {"GroupId": "{next}"}, "Error",
        "DependencyViolation: resource {next} has a dependent object"),
    Ask("ec2.terminate_instances", {"InstanceIds": ["{instance}"]},
        "length(TerminatingInstances)", 1),
    Ask("ec2.describe_instances", {"InstanceIds": ["{instance}"]},
        "Reservations[].Instances[].SecurityGroups[]", []),
    Ask("ec2.delete_security_group", {"GroupId": "{next}"}, "GroupId || 'gone'", "gone"),
]  # fmt: skip
OTHERS = [
    Ask("ec2.describe_vpcs", {"Filters": only(is_default="true")}, "length(Vpcs)", 1),
    # the names that Packer's source and documentation use
    Ask("ec2.describe_vpcs", {"Filters": [{"Name": "isDefault", "Values": ["false"]}]}, "Vpcs", []),
    Ask("ec2.describe_subnets",
        {"Filters": [{"Name": "availabilityZone", "Values": ["us-east-1a"]}]},
        "Subnets[].AvailabilityZone", ["us-east-1a"]),
    Ask("ec2.describe_vpcs", {"VpcIds": [f"vpc-{NOBODY}"]}, "Error",
        f"InvalidVpcID.NotFound: The vpc ID 'vpc-{NOBODY}' does not exist"),
    Ask("ec2.describe_subnets", {"Filters": only(availability_zone="us-east-1a")},
        "Subnets[].[DefaultForAz, MapPublicIpOnLaunch]", [[True, True]]),
    Ask("ec2.describe_key_pairs", {"Filters": only(key_name="k*")}, "KeyPairs[].KeyName",
        ["key-1", "key-2"]),
    Ask("ec2.describe_key_pairs", {"KeyPairIds": ["{key-2}"]}, "KeyPairs[].KeyName", ["key-2"]),
    Ask("ec2.describe_key_pairs", {"KeyPairIds": [f"key-{NOBODY}"]}, "Error",
        f"InvalidKeyPair.NotFound: The key pair ID 'key-{NOBODY}' does not exist"),
    Ask("ec2.describe_key_pairs", {"KeyNames": ["none"]}, "Error",
        "InvalidKeyPair.NotFound: The key pair 'none' does not exist"),
    Ask("ec2.create_key_pair", {"KeyName": "key-1"}, "Error", "InvalidKeyPair.Duplicate: "),
    Ask("ec2.import_key_pair", {"KeyName": "new", "PublicKeyMaterial": "nonsense"}, "Error",
        "InvalidKeyPair.Format: "),
    Ask("ec2.delete_key_pair", {"KeyPairId": "{key-1}"}, "[Return, KeyPairId]",
        [True, "{key-1}"]),
    Ask("ec2.delete_key_pair", {"KeyName": "none"}, "Return", True),
    Ask("ec2.describe_key_pairs", {}, "KeyPairs[].KeyName", ["key-2"]),
    Ask("ec2.create_launch_template",
        {"LaunchTemplateName": "web", "LaunchTemplateData": {"InstanceType": "t3.nano"}},
        "LaunchTemplate.DefaultVersionNumber", 1),
    Ask("ec2.create_launch_template_version",
        {"LaunchTemplateName": "web", "LaunchTemplateData": {"InstanceType": "t3.micro"}},
        "LaunchTemplateVersion.VersionNumber", 2),
    Ask("ec2.modify_launch_template", {"LaunchTemplateName": "web", "DefaultVersion": "2"},
        "LaunchTemplate.DefaultVersionNumber", 2),
    Ask("ec2.describe_launch_template_versions", {"LaunchTemplateName": "none"}, "Error",
        "InvalidLaunchTemplateName.NotFoundException: "),
    Ask("ec2.describe_launch_template_versions",
        {"LaunchTemplateName": "web", "Versions": ["$Default"]},
        "LaunchTemplateVersions[].LaunchTemplateData.InstanceType", ["t3.micro"]),
    Ask("ec2.describe_launch_template_versions",
        {"LaunchTemplateName": "web", "Filters": only(image_id="x")}, "Error",
        "UnsupportedOperation: The simulated account does not know the filter image-id."),
    Ask("ec2.run_instances", {"LaunchTemplate": {"LaunchTemplateName": "web", "Version": "9"},
                              "MinCount": 1, "MaxCount": 1}, "Error",
        "InvalidLaunchTemplateId.VersionNotFound: "),
    Ask("ssm.put_parameter", {"Name": "/p", "Value": "1", "Type": "String"}, "Version", 1),
    Ask("ssm.put_parameter", {"Name": "/p", "Value": "2", "Type": "String"}, "Error",
        "ParameterAlreadyExists: "),
    Ask("ssm.put_parameter", {"Name": "/aws/p", "Value": "2", "Type": "String"}, "Error",
        "AccessDeniedException: "),
    Ask("ssm.get_parameter", {"Name": "/p:9"}, "Error", "ParameterVersionNotFound: "),
    Ask("ssm.get_parameters", {"Names": ["/p", "/none"]},
        "[Parameters[].Value, InvalidParameters]", [["1"], ["/none"]]),
    Ask("kms.describe_key", {"KeyId": "alias/none"}, "Error", "NotFoundException: "),
    Ask("kms.describe_key", {"KeyId": "alias/app"}, "KeyMetadata.KeyManager", "CUSTOMER"),
    Ask("secretsmanager.get_secret_value", {"SecretId": "none"}, "Error",
        "ResourceNotFoundException: "),
    Ask("secretsmanager.get_secret_value", {"SecretId": "token"}, "SecretString", "s3"),
]  # fmt: skip


@pytest.fixture(scope="module")
def asker(control: Control, aws: Botocore) -> Iterator[Asker]:
    with account(control, key=[{"alias": "alias/app"}], secret={"token": "s3"}):
        made = Asker(aws)
        made.learn_images()
        for name in ("web", "next"):
            group = made.call("ec2.create_security_group", GroupName=name, Description="d")
            made.names[name] = group["GroupId"]
        launch = {"ImageId": f"{{{UBUNTU}}}", "InstanceType": "t3.nano", "MinCount": 1}
        said = made.call("ec2.run_instances", **launch, MaxCount=1, SecurityGroupIds=["{web}"])
        made.names["instance"] = said["Instances"][0]["InstanceId"]
        for name in ("key-1", "key-2"):
            pair = made.call("ec2.create_key_pair", KeyName=name, KeyType="ed25519")
            made.names[name] = pair["KeyPairId"]
        yield made


@pytest.mark.parametrize("asks", [GROUPS, OTHERS], ids=["groups", "others"])
def test_what_is_answered(asker: Asker, asks: list[Ask]) -> None:
    """In this order: the answers follow from each other."""
    for ask in asks:
        asker.check(ask)
