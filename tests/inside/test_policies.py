"""What policies allow: the evaluator by itself, and the account that asks it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from packerlab.inside.policies import PolicyError, Request, decide, like, read
from tests.inside.asking import Ask, Asker, launch
from tests.inside.control_plane import account

if TYPE_CHECKING:
    from tests.inside.control_plane import Botocore, Control

START = "arn:aws:ec2:eu-central-1:111122223333"


def policy(*statements: dict[str, Any]) -> str:
    """A document; each statement allows everything, but for what it says itself."""
    usual = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    whole = [usual | each for each in statements]
    for each in whole:
        for name in ("Action", "Resource"):
            if f"Not{name}" in each:
                del each[name]
    return json.dumps({"Version": "2012-10-17", "Statement": whole})


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("*", "", True), ("a*b", "ab", True), ("a*b", "a/x/b", True), ("a*b", "abc", False),
        ("ab*ba", "aba", False), ("?", "x", True), ("?", "", False), ("a?c*", "abcd", True),
        ("[ab]", "a", False), ("*x*y", "axby", True), ("a.c", "abc", False), ("", "", True),
    ],
)  # fmt: skip
def test_wildcards(pattern: str, text: str, expected: bool) -> None:
    assert like(pattern, text) is expected


def test_wildcards_take_no_time() -> None:
    assert not like("*a" * 5000 + "b", "a" * 5000)
    assert not like("*" + "?a*" * 3000 + "b", "a" * 5000)


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([], ""),
        ([{}], "Allow"),
        ([{"Action": "ec2:runinstances"}], "Allow"),
        ([{"Action": ["ec2:Stop*", "ec2:Run*"]}], "Allow"),
        ([{"Action": "ec2:StopInstances"}], ""),
        ([{"NotAction": "ec2:RunInstances"}], ""),
        ([{"NotAction": "iam:*"}], "Allow"),
        ([{}, {"Effect": "Deny", "Action": "ec2:*"}], "Deny"),
        ([{"Resource": f"{START}:instance/*"}], "Allow"),
        ([{"Resource": f"{START}:volume/*"}], ""),
        ([{"NotResource": f"{START}:instance/*"}], ""),
        ([{"Resource": "arn:aws:ec2:EU-central-1:*"}], ""),
        ([{"Condition": {"StringEquals": {"aws:requestedregion": "eu-central-1"}}}], "Allow"),
        ([{"Condition": {"StringEquals": {"aws:RequestedRegion": ["a", "eu-central-1"]}}}],
         "Allow"),
        ([{"Condition": {"StringNotEquals": {"aws:RequestedRegion": ["a", "eu-central-1"]}}}], ""),
        ([{"Condition": {"StringEquals": {"ec2:InstanceType": "t3.Micro"}}}], ""),
        ([{"Condition": {"StringEqualsIgnoreCase": {"ec2:InstanceType": "t3.Micro"}}}], "Allow"),
        ([{"Condition": {"StringLike": {"ec2:InstanceType": "t3.*"}}}], "Allow"),
        ([{"Condition": {"StringNotLike": {"ec2:InstanceType": "t3.*"}}}], ""),
        ([{"Condition": {"StringEquals": {"no:Key": "x"}}}], ""),
        ([{"Condition": {"StringNotEquals": {"no:Key": "x"}}}], "Allow"),
        ([{"Condition": {"StringEqualsIfExists": {"no:Key": "x"}}}], "Allow"),
        ([{"Condition": {"Null": {"no:Key": "true"}}}], "Allow"),
        ([{"Condition": {"Null": {"ec2:InstanceType": True}}}], ""),
        ([{"Condition": {"Bool": {"ec2:Public": False}}}], "Allow"),
        ([{"Condition": {"NumericLessThanEquals": {"ec2:VolumeSize": "8"}}}], "Allow"),
        ([{"Condition": {"NumericLessThan": {"ec2:VolumeSize": 8}}}], ""),
        ([{"Condition": {"NumericLessThan": {"ec2:InstanceType": 8}}}], ""),
        ([{"Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b", "c"]}}}], "Allow"),
        ([{"Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}}], ""),
        ([{"Condition": {"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}}}], "Allow"),
        ([{"Condition": {"ForAllValues:StringEquals": {"no:Key": ["a"]}}}], "Allow"),
        ([{"Condition": {"ForAnyValue:StringEquals": {"no:Key": ["a"]}}}], ""),
        ([{"Condition": {"StringLike": {"ec2:InstanceType": "t3.*", "no:Key": "*"}}}], ""),
    ],
)  # fmt: skip
def test_what_a_policy_allows(statements: list[dict[str, Any]], expected: str) -> None:
    context: dict[str, str | list[str]] = {
        "aws:RequestedRegion": "eu-central-1",
        "ec2:InstanceType": "t3.micro",
        "ec2:Public": "false",
        "ec2:VolumeSize": "8",
        "aws:TagKeys": ["a", "b"],
    }
    request = Request("ec2:RunInstances", f"{START}:instance/*", context)
    assert decide(read(policy(*statements)), request) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "not JSON"), ("[" * 5000, "not JSON"), ("[]", "no Statement"), ("{}", "no Statement"),
        ('{"Statement": [1]}', "not an object"), ("x" * 10_241, "at most 10240"),
        (policy({"Effect": "allow"}), "Allow or Deny"), (policy({"Actions": "*"}), "'Actions'"),
        (policy({"Action": "RunInstances"}), "'RunInstances' names no service"),
        (policy({"Resource": "i-1"}), "'i-1' is neither"), (policy({"Sid": "a b"}), "letters and"),
        (policy({"Sid": "a"}, {"Sid": "a"}), "Two statements have the Sid 'a'"),
        ('{"Version": "2026-11-30", "Statement": []}', "is 2012-10-17"),
        ('{"Statements": [], "Statement": []}', "no element 'Statements'"),
        (policy({"Action": []}), "Action is"), (policy({"Resource": 1}), "Resource is"),
        ('{"Statement": {"Effect": "Allow", "Action": "*"}}', "either Resource or NotResource"),
        (policy({"Condition": {"StringSame": {"a": "b"}}}), "'StringSame'"),
        (policy({"Condition": {"StringEquals": "b"}}), "operators"),
        (policy({"Condition": {"StringEquals": {"a": {}}}}), "texts"),
    ],
)  # fmt: skip
def test_what_is_no_policy(text: str, says: str) -> None:
    with pytest.raises(PolicyError, match=says):
        read(text)


def test_blanks_of_a_policy_do_not_count() -> None:
    assert len(read(policy({}, {}).replace(",", "," + " " * 10_000))) == 2


# --- the account ----------------------------------------------------------------------------------

RESOURCE = re.compile(r"on resource: arn:aws:ec2:us-east-1:\d*:(\S+) ")
IMAGES = [{"name": "base"}, {"name": "tagged", "tags": {"Builder": "packer"}}]
OTHERS = [{"name": "amazons", "owner": "137112412989"}]
KEY_PAIRS = [{"name": "deploy", "region": "us-east-1"}]
BACKUP = {"DeviceName": "/dev/sdf", "Ebs": {"SnapshotId": "snap-12345678"}}
EVERYTHING: dict[str, Any] = {}
TAGS = [{"Key": "Builder", "Value": "packer"}]
TAGGED = {"TagSpecifications": [{"ResourceType": "instance", "Tags": TAGS}]}
SMALL = {"StringEquals": {"ec2:InstanceType": "t3.micro"}}
OURS = {"StringEquals": {"aws:ResourceTag/Builder": "packer"}}
ASKED = {"StringEquals": {"aws:RequestTag/Builder": "packer"}}


def launching(**more: Any) -> dict[str, Any]:
    return launch(ImageId="{base}", **more)


def deny(**more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    return EVERYTHING, {"Effect": "Deny", **more}


@pytest.mark.parametrize(
    ("statements", "call", "parameters", "refused"),
    [
        (deny(Resource="arn:aws:ec2:*:*:key-pair/*"), "run_instances", launching(), ""),
        (deny(Resource="arn:aws:ec2:*:*:subnet/*"), "run_instances", launching(), "subnet/*"),
        (deny(Resource="arn:aws:ec2:*::image/{base}"), "run_instances",
         launching(), "image/{base}"),
        (({"NotAction": "ec2:RunInstances"}, {"Action": "ec2:RunInstances", "NotResource":
          "arn:aws:ec2:*:*:instance/*"}, {"Action": "ec2:RunInstances", "Condition": SMALL}),
         "run_instances", launching(InstanceType="t3.large"), "instance/*"),
        (deny(Action="ec2:*", Condition={"StringNotEquals": {"ec2:Region": "us-east-1"}}),
         "run_instances", launching(), ""),
        (deny(Condition={"StringEquals": {"ec2:Owner": "111122223333"}}),
         "deregister_image", {"ImageId": "{base}"}, "image/{base}"),
        (({"Condition": OURS},), "deregister_image", {"ImageId": "{base}"}, "image/{base}"),
        (({"Condition": OURS},), "deregister_image", {"ImageId": "{tagged}"}, ""),
        (({"NotAction": "ec2:CreateTags"}, {"Action": "ec2:CreateTags", "Condition":
          {"StringEquals": {"ec2:CreateAction": "RunInstances"}}}),
         "run_instances", launching(**TAGGED), ""),
        (({"NotAction": "ec2:CreateTags"},), "run_instances", launching(**TAGGED), "instance/*"),
        (deny(Resource="arn:aws:ec2:*::snapshot/*"), "run_instances",
         launching(BlockDeviceMappings=[BACKUP]), "snapshot/snap-12345678"),
        (deny(Resource="arn:aws:ec2:*::snapshot/*"), "run_instances", launching(), ""),
        (deny(Resource="arn:aws:ec2:*::snapshot/*"), "copy_image",
         {"SourceImageId": "{base}", "SourceRegion": "us-east-1", "Name": "copy"}, "snapshot/*"),
        (deny(Resource="arn:aws:ec2:*:*:key-pair/deploy"),
         "delete_key_pair", {"KeyPairId": "{deploy}"}, "key-pair/deploy"),
        (deny(Condition={"StringLike": {"ec2:KeyPairName": "dep*"}}),
         "delete_key_pair", {"KeyName": "deploy"}, "key-pair/deploy"),
        (deny(Condition={"StringEquals": {"ec2:Owner": "amazon"}}),
         "run_instances", launch(ImageId="{amazons}"), "image/{amazons}"),
        (deny(Action="ec2:CreateTags", Condition=ASKED),
         "create_tags", {"Resources": ["{base}"], "Tags": TAGS}, "image/{base}"),
    ],
)  # fmt: skip
def test_a_call_is_authorized_for_each_thing(
    control: Control, aws: Botocore, statements: tuple[dict[str, Any], ...], call: str,
    parameters: dict[str, Any], refused: str,
) -> None:  # fmt: skip
    things = {"team_image": IMAGES, "image": OTHERS, "key_pair": KEY_PAIRS}
    with account(control, **things):
        asker = Asker(aws)
        asker.learn_images()
        for pair in asker.call("ec2.describe_key_pairs")["KeyPairs"]:
            asker.names[pair["KeyName"]] = pair["KeyPairId"]
    document = policy(*statements)
    for name, thing in asker.names.items():
        document = document.replace(f"{{{name}}}", thing)
        refused = refused.replace(f"{{{name}}}", thing)
    with account(control, **things, iam={"document": document}):
        error = asker.call(f"ec2.{call}", **parameters).get("Error", "")
    assert error.startswith("UnauthorizedOperation: " if refused else ""), error
    assert RESOURCE.findall(error) == ([refused] if refused else []), error


def test_a_refusal_can_be_decoded(control: Control, aws: Botocore) -> None:
    with account(control, team_image=IMAGES, iam={"allow": ["sts:*", "ec2:Describe*"]}):
        asker = Asker(aws)
        asker.learn_images()
        error = asker.call("ec2.run_instances", **launching(**TAGGED))["Error"]
        message = error.partition("failure message: ")[2]
        told = asker.call("sts.decode_authorization_message", EncodedMessage=message)
        context = json.loads(told["DecodedMessage"])["context"]
        assert context["action"] == "ec2:RunInstances"
        assert context["resource"] == f"arn:aws:ec2:us-east-1::image/{asker.names['base']}"
        keys = {each["key"] for each in context["conditions"]["items"]}
        assert {"ec2:Region", "ec2:Owner", "aws:RequestedRegion"} <= keys
        bad = Ask("sts.decode_authorization_message", {"EncodedMessage": "x"}, "Error",
                  "InvalidAuthorizationMessageException: ")  # fmt: skip
        asker.check(bad)


def test_who_passes_a_role_needs_a_permission(control: Control, aws: Botocore) -> None:
    with account(
        control, team_image=IMAGES, iam={"document": policy({"NotAction": "iam:PassRole"})}
    ):
        asker = Asker(aws)
        asker.learn_images()
        asker.call("iam.create_role", RoleName="web", AssumeRolePolicyDocument="{}")
        asker.call("iam.create_instance_profile", InstanceProfileName="web")
        asker.call("iam.add_role_to_instance_profile", InstanceProfileName="web", RoleName="web")
        with_role = launching(IamInstanceProfile={"Name": "web"})
        error = asker.call("ec2.run_instances", **with_role)["Error"]
        assert "iam:PassRole on resource: arn:aws:iam::111122223333:role/web " in error


def test_a_policy_that_is_none_allows_nothing(control: Control, aws: Botocore) -> None:
    with account(control, iam={"document": "{"}):
        who = Ask("sts.get_caller_identity", {}, "Account", "111122223333")
        Asker(aws).check(who)
        says = "MalformedPolicyDocument: The policy is not JSON."
        Asker(aws).check(Ask("ec2.describe_images", {}, "Error", says))


@pytest.mark.parametrize(
    ("call", "parameters", "resource"),
    [
        ("ssm.get_parameter", {"Name": "/images/web"}, "parameter/images/web"),
        ("secretsmanager.get_secret_value", {"SecretId": "token"}, "secret:token-??????"),
        ("iam.get_role", {"RoleName": "web"}, "role/web"),
        ("kms.describe_key", {"KeyId": "1234"}, "key/1234"),
    ],
)
def test_other_services_have_resources_too(
    control: Control, aws: Botocore, call: str, parameters: dict[str, Any], resource: str
) -> None:
    with account(control, iam={"allow": ["ec2:*"]}):
        error = aws.call(call, **parameters)["Error"]
    assert f":{resource} because no identity-based policy allows" in error, error
