"""What a lab prepared in an account: how old it is, what it refers to, and that its ids stay."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from packerlab.grader import prepared_id
from tests.inside.asking import Ask, Asker, only
from tests.inside.control_plane import account

if TYPE_CHECKING:
    from tests.inside.control_plane import Botocore, Control

HERE = "us-east-1"
STATE: dict[str, Any] = {
    "team_image": [
        {"name": "old", "created": "-95d",
         "tags": {"Next": "{image:new}", "Far": "{image:elsewhere}"}},
        {"name": "new", "shared_with": ["444455556666"], "protected": True, "disks": 2},
        {"name": "off", "state": "disabled"},
        {"name": "elsewhere", "regions": ["eu-west-1"]},
    ],
    "instance": [
        {"name": "web-1", "image": "old", "region": HERE, "created": "-3d",
         "tags": {"Ami": "{image:old}"}},
        {"name": "web-2", "image": "new", "region": HERE, "state": "stopped", "type": "t3.nano"},
        {"name": "gone", "image": "new", "region": HERE, "state": "terminated"},
        {"name": "far", "image": "elsewhere", "region": "eu-west-1"},
    ],
    "volume": [{"region": HERE, "size_gb": 5, "tags": {"Name": "left"}}],
    "snapshot": [{"region": HERE, "created": "-200d", "description": "orphan", "size_gb": 3}],
    "key_pair": [{"name": "packer_old", "region": HERE, "created": "-4d"}],
    "security_group": [{"name": "packer_old", "region": HERE, "tags": {"Owner": "ci"}}],
    "launch_template": [
        {"name": "web", "region": HERE, "image": "old"},
        {"name": "two", "region": HERE, "image": ["old", "new"]},
        {"name": "far", "region": "eu-west-1", "image": "elsewhere"},
    ],
    "parameter": {"/golden": ["{image:old}", "{image:new}"], "/far": "{image:elsewhere}"},
}  # fmt: skip
INSTANCES = "Reservations[].Instances[]"
TOLD = [
    Ask("ec2.describe_images", {"Owners": ["self"]}, "Images[].Name",
        ["old", "new"]),
    Ask("ec2.describe_images", {"Filters": only(tag__Next="{new}")}, "Images[].Tags[].Key",
        ["Next"]),
    Ask("ec2.describe_images", {"Owners": ["self"], "IncludeDisabled": True},
        "Images[?State=='disabled'].Name", ["off"]),
    Ask("ec2.describe_instances", {}, f"{INSTANCES}.[InstanceType, State.Name]",
        [["t3.micro", "running"], ["t3.nano", "stopped"], ["t3.micro", "terminated"]]),
    Ask("ec2.describe_instances", {"Filters": only(tag__Ami="{old}")}, f"{INSTANCES}.ImageId",
        ["{old}"]),
    Ask("ec2.describe_instances", {"Filters": only(image_id="{new}")},
        f"{INSTANCES}.Tags[?Key=='Name'].Value[]", ["web-2", "gone"]),
    Ask("ec2.describe_snapshots", {"OwnerIds": ["self"], "Filters": only(description="orphan")},
        "Snapshots[].VolumeSize", [3]),
    Ask("ec2.describe_volumes", {"Filters": only(status="available")},
        "Volumes[].[Size, Tags[0].Value]", [[5, "left"]]),
    Ask("ec2.describe_key_pairs", {}, "KeyPairs[].KeyName", ["packer_old"]),
    Ask("ec2.describe_security_groups", {"Filters": only(tag__Owner="ci")},
        "SecurityGroups[].GroupName", ["packer_old"]),
    Ask("ec2.describe_launch_template_versions", {"LaunchTemplateName": "web"},
        "LaunchTemplateVersions[].LaunchTemplateData.ImageId", ["{old}"]),
    Ask("ec2.describe_launch_template_versions", {"LaunchTemplateName": "two"},
        "LaunchTemplateVersions[].[LaunchTemplateData.ImageId, DefaultVersion]",
        [["{old}", True], ["{new}", False]]),
    Ask("ec2.describe_images", {"Owners": ["self"]}, "Images[].DeregistrationProtection",
        ["disabled", "enabled-without-cooldown"]),
    Ask("ec2.describe_images", {"Owners": ["self"]}, "Images[].length(BlockDeviceMappings)",
        [1, 2]),
    Ask("ec2.describe_image_attribute", {"ImageId": "{new}", "Attribute": "launchPermission"},
        "LaunchPermissions", [{"UserId": "444455556666"}]),
    Ask("ssm.get_parameter_history", {"Name": "/golden"}, "Parameters[].Value", ["{old}", "{new}"]),
    Ask("ssm.get_parameter", {"Name": "/far"}, "Error", "ParameterNotFound: "),
]  # fmt: skip


def ids(asker: Asker) -> list[str]:
    """The ids of all that was prepared."""
    asked: list[tuple[str, dict[str, Any], str, str]] = [
        ("ec2.describe_images", {"Owners": ["self"]}, "Images", "ImageId"),
        ("ec2.describe_snapshots", {"OwnerIds": ["self"]}, "Snapshots", "SnapshotId"),
        ("ec2.describe_key_pairs", {}, "KeyPairs", "KeyPairId"),
        ("ec2.describe_security_groups", {"GroupNames": ["packer_old"]}, "SecurityGroups",
         "GroupId"),
        ("ec2.describe_launch_templates", {}, "LaunchTemplates", "LaunchTemplateId"),
    ]  # fmt: skip
    found = []
    for call, more, kind, key in asked:
        found += [each[key] for each in asker.call(call, **more)[kind]]
    reservations = asker.call("ec2.describe_instances")["Reservations"]
    return found + [each["Instances"][0]["InstanceId"] for each in reservations]


def test_what_was_prepared_is_told_and_is_no_evidence(control: Control, aws: Botocore) -> None:
    with account(control, **STATE):
        asker = Asker(aws)
        asker.learn_images()
        for ask in TOLD:
            asker.check(ask)
        told = control.tell()
    assert {kind for kind, found in told.items() if isinstance(found, list) and found} == {"calls"}


def test_its_ids_are_the_same_in_every_account(control: Control, aws: Botocore) -> None:
    found = []
    for _ in range(2):
        with account(control, **STATE):
            found.append(ids(Asker(aws)))
    assert len(found[0]) == len(set(found[0])) == 2 + 5 + 1 + 1 + 2 + 3
    assert found[0] == found[1]


def test_a_grader_knows_the_ids_of_images(control: Control, aws: Botocore) -> None:
    with account(control, **STATE):
        told = Asker(aws).call("ec2.describe_images", Owners=["self"])["Images"]
    known = {prepared_id("old", "-95d", region=HERE), prepared_id("new", region=HERE)}
    assert {image["ImageId"] for image in told} == known


def test_ages_count_from_the_opening(control: Control, aws: Botocore) -> None:
    with account(control, **STATE):
        asker = Asker(aws)
        [image] = asker.call("ec2.describe_images", Filters=only(name="old"))["Images"]
        [snapshot] = asker.call(
            "ec2.describe_snapshots",
            SnapshotIds=[image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]],
        )["Snapshots"]
        [pair] = asker.call("ec2.describe_key_pairs")["KeyPairs"]
        told = control.tell()
    made = dt.datetime.fromisoformat(image["CreationDate"])
    assert snapshot["StartTime"][:19] == f"{made:%Y-%m-%d %H:%M:%S}"
    opened = made + dt.timedelta(days=95)
    assert abs(opened.timestamp() - told["began"]) < 5
    assert dt.datetime.fromisoformat(pair["CreateTime"]) == opened - dt.timedelta(days=4)


def test_an_instance_has_its_key_and_group_and_tags_may_be_moments(
    control: Control, aws: Botocore
) -> None:
    tags = {"Ends": "{now-90m}", "Next": "{now+1d}"}
    builder = {"name": "b", "image": "new", "region": HERE, "key_pair": "packer_old",
               "security_groups": ["packer_old"], "tags": tags}  # fmt: skip
    with account(control, **STATE | {"instance": [builder]}):
        asker = Asker(aws)
        [[told]] = [each["Instances"] for each in
                    asker.call("ec2.describe_instances")["Reservations"]]  # fmt: skip
        asker.call("ec2.terminate_instances", InstanceIds=[told["InstanceId"]])
        [[ended]] = [each["Instances"] for each in
                     asker.call("ec2.describe_instances")["Reservations"]]  # fmt: skip
        began = control.tell()["began"]
    assert told["KeyName"] == "packer_old"
    assert [group["GroupName"] for group in told["SecurityGroups"]] == ["packer_old"]
    assert not ended.get("SecurityGroups")
    moments = {tag["Key"]: dt.datetime.fromisoformat(tag["Value"]) for tag in told["Tags"]
               if tag["Key"] in tags}  # fmt: skip
    assert moments["Next"] - moments["Ends"] == dt.timedelta(days=1, minutes=90)
    assert abs(moments["Ends"].timestamp() + 90 * 60 - began) < 5


def test_a_prepared_instance_has_no_machine_and_can_still_be_used(
    control: Control, aws: Botocore
) -> None:
    with account(control, **STATE):
        asker = Asker(aws)
        first, second = ids(asker)[-3:-1]
        asker.call("ec2.create_image", InstanceId=first, Name="saved")
        asker.call("ec2.terminate_instances", InstanceIds=[first])
        asker.call("ec2.start_instances", InstanceIds=[second])
        told = control.tell()
    assert control.dos() == ["copy"]
    assert [image["name"] for image in told["images"]] == ["saved"]
    assert {each["state"] for each in told["instances"]} == {"terminated", "running"}
    assert all(each["prepared"] for each in told["instances"])


def test_parameters_and_templates_are_evidence(control: Control, aws: Botocore) -> None:
    with account(control, **STATE):
        asker = Asker(aws)
        asker.learn_images()
        put = {"Name": "/golden", "Value": "{old}", "Overwrite": True}
        asker.call("ssm.put_parameter", **put)
        label = {"Name": "/golden", "ParameterVersion": 3, "Labels": ["current"]}
        asker.call("ssm.label_parameter_version", **label)
        asker.call("ssm.put_parameter", Name="/secret", Value="s3", Type="SecureString")
        data = {"ImageId": "{new}", "InstanceType": "t3.nano"}
        template = {"LaunchTemplateName": "web"}
        asker.call("ec2.create_launch_template_version", **template, LaunchTemplateData=data)
        asker.call("ec2.modify_launch_template", **template, DefaultVersion="2")
        told = control.tell()
        old, new = asker.names["old"], asker.names["new"]
    changed = {each["name"]: each for each in told["parameters"]}
    assert set(changed) == {"/golden", "/secret"}
    assert (changed["/golden"]["value"], changed["/golden"]["prepared"]) == (old, True)
    assert [(each["value"], each["labels"]) for each in changed["/golden"]["history"]] == [
        (old, []),
        (new, []),
        (old, ["current"]),
    ]
    assert (changed["/secret"]["type"], changed["/secret"]["value"]) == ("SecureString", "s3")
    [web] = told["launch_templates"]
    assert (web["default_version"], [each["image"] for each in web["versions"]]) == (2, [old, new])
