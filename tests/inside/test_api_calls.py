"""Every call that Packer's Amazon plugin and usual commands of `aws` make has an answer of its own.

What the answers say is in the tables beside this one. Here, each call is made of what it requires,
with ids of nothing: it succeeds, or is refused in EC2's own words.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest
from botocore import xform_name
from botocore.session import Session

from tests.inside.asking import Asker
from tests.inside.control_plane import account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.inside.control_plane import Botocore, Control

PLUGIN = {
    "ec2": """
        AttachVolume AuthorizeSecurityGroupIngress CopyImage CreateFleet CreateImage CreateKeyPair
        CreateLaunchTemplate CreateSecurityGroup CreateSnapshot CreateTags CreateVolume
        DeleteKeyPair DeleteLaunchTemplate DeleteSecurityGroup DeleteSnapshot DeleteTags
        DeleteVolume DeregisterImage DescribeImageAttribute DescribeImages DescribeInstanceStatus
        DescribeInstanceTypeOfferings DescribeInstances DescribeLaunchTemplates DescribeRegions
        DescribeSecurityGroups DescribeSnapshots DescribeSpotInstanceRequests DescribeSubnets
        DescribeVolumes DescribeVpcs DetachVolume DisableImageDeregistrationProtection
        EnableFastLaunch EnableImageDeprecation EnableImageDeregistrationProtection GetPasswordData
        ImportKeyPair ModifyImageAttribute ModifyInstanceAttribute ModifySnapshotAttribute
        RegisterImage RunInstances StopInstances TerminateInstances
    """,
    "iam": """
        AddRoleToInstanceProfile CreateInstanceProfile CreateRole DeleteInstanceProfile DeleteRole
        DeleteRolePolicy GetInstanceProfile GetRole PutRolePolicy RemoveRoleFromInstanceProfile
    """,
    "secretsmanager": "CreateSecret DeleteSecret GetSecretValue",
    "ssm": "DeleteParameter GetParameter PutParameter",
    "sts": "AssumeRole GetCallerIdentity",
}
"""The plugin's calls, from its source, version 1.8.2, but for importing images of other machines,
`DecodeAuthorizationMessage` and sessions of the Systems Manager, which this account has not."""

COMMAND_LINE = {
    "ec2": """
        AuthorizeSecurityGroupEgress CreateLaunchTemplateVersion CreateSnapshots DescribeAddresses
        DescribeAvailabilityZones DescribeInstanceAttribute DescribeInstanceTypes DescribeKeyPairs
        DescribeLaunchTemplateVersions DescribeNetworkInterfaces DescribeRouteTables
        DescribeSecurityGroupRules DescribeSnapshotAttribute DescribeTags DescribeVpcAttribute
        DisableImage DisableImageDeprecation EnableImage GetConsoleOutput ModifyLaunchTemplate
        RebootInstances RevokeSecurityGroupIngress StartInstances
    """,
    "iam": "AttachRolePolicy CreatePolicy GetUser ListInstanceProfiles ListRoles ListUsers",
    "kms": "CreateAlias CreateGrant CreateKey DescribeKey ListAliases ListGrants ListKeys",
    "secretsmanager": "DescribeSecret ListSecrets PutSecretValue",
    "ssm": """
        AddTagsToResource DescribeParameters GetParameterHistory GetParameters GetParametersByPath
        LabelParameterVersion
    """,
    "sts": "GetSessionToken",
}
CALLS = sorted(
    {f"{service}.{action}" for table in (PLUGIN, COMMAND_LINE)
     for service, actions in table.items() for action in actions.split()}
)  # fmt: skip
TEXTS = {
    "ImageId": "ami-0123456789abcdef0",
    "SourceImageId": "ami-0123456789abcdef0",
    "InstanceId": "i-0123456789abcdef0",
    "SnapshotId": "snap-0123456789abcdef0",
    "VolumeId": "vol-0123456789abcdef0",
    "VpcId": "vpc-0123456789abcdef0",
    "RoleArn": "arn:aws:iam::111122223333:role/none",
    "PolicyArn": "arn:aws:iam::aws:policy/None",
    "SourceRegion": "eu-west-1",
    "Attribute": "description",
    "ResourceType": "Parameter",
    "Operation": "Encrypt",
    "Type": "String",
}
SCALARS = {
    "integer": 1,
    "boolean": True,
    "timestamp": "2030-01-01T00:00:00Z",
    "blob": "c3NoLXJzYQ==",
}
NOT_HERE = ("InvalidAction", "InternalError", "UnknownOperationException")


@functools.cache
def model(service: str) -> Any:
    return Session().get_service_model(service)


def required(shape: Any, name: str = "") -> Any:
    """The least that a call needs."""
    match shape.type_name:
        case "structure":
            return {name: required(shape.members[name], name) for name in shape.required_members}
        case "list":
            return [required(shape.member, name.removesuffix("s"))]
        case "string":
            return TEXTS.get(name) or next(iter(shape.enum), "something")
        case kind:
            return SCALARS[kind]


@pytest.fixture(scope="module")
def asker(control: Control, aws: Botocore) -> Iterator[Asker]:
    with account(control):
        yield Asker(aws)


@pytest.mark.parametrize("call", CALLS)
def test_each_call_is_answered(asker: Asker, call: str) -> None:
    service, _, action = call.partition(".")
    shape = model(service).operation_model(action).input_shape
    parameters = required(shape) if shape else {}
    said = asker.call(f"{service}.{xform_name(action)}", **parameters)
    error = said.get("Error", "")
    assert not error.startswith(NOT_HERE), error
    assert "validation failed" not in error, error
