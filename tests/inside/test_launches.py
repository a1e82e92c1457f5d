"""Launches of which each needs an account of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.inside.asking import Ask, Asker, launch
from tests.inside.control_plane import UBUNTU, account

if TYPE_CHECKING:
    from tests.inside.control_plane import Botocore, Control


def test_as_many_are_launched_as_are_asked_at_most(control: Control, aws: Botocore) -> None:
    with account(control):
        asker = Asker(aws)
        asker.learn_images()
        count = Ask("ec2.run_instances", launch(MaxCount=3), "length(Instances)", 3)
        asker.check(count)


def test_the_line_in_authorized_keys_ends_with_the_key_pair_s_name(
    control: Control, aws: Botocore
) -> None:
    """By that name Packer finds its key again, to remove it."""
    with account(control):
        asker = Asker(aws)
        asker.learn_images()
        material = (
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBDsWu6CNTQqfPkd0wWUxO0RMg7VZXy0wbVQwvVf5MYd"
        )
        key = f"{material} somebody@home".encode().decode()
        asker.call("ec2.import_key_pair", KeyName="packer_1", PublicKeyMaterial=key)
        asker.call("ec2.run_instances", **launch(KeyName="packer_1"))
        assert control.asks[0]["key"] == f"{material} packer_1"


def test_an_image_that_failed_is_listed_and_not_launched(control: Control, aws: Botocore) -> None:
    with account(control, image=[], team_image=[{"name": "torn", "state": "failed"}]):
        asker = Asker(aws)
        asker.learn_images()
        for ask in (
            Ask("ec2.describe_images", {"Owners": ["self"]}, "Images[].State", ["failed"]),
            Ask("ec2.run_instances", launch(ImageId="{torn}"), "Error",
                "InvalidAMIID.Unavailable: The image ID '{torn}' is not available"),
        ):  # fmt: skip
            asker.check(ask)


def test_a_launch_may_name_a_parameter(control: Control, aws: Botocore) -> None:
    with account(control, team_image=[{"name": "base"}]):
        asker = Asker(aws)
        asker.learn_images()
        template = {"LaunchTemplateName": "web"}
        resolved, data = "resolve:ssm:/golden", "LaunchTemplateVersions[].LaunchTemplateData"
        for ask in (
            Ask("ssm.put_parameter", {"Name": "/golden", "Value": f"{{{UBUNTU}}}",
                                      "Type": "String"}, "Version", 1),
            Ask("ssm.put_parameter", {"Name": "/golden", "Value": "{base}", "Overwrite": True},
                "Version", 2),
            Ask("ec2.run_instances", launch(ImageId=resolved), "Instances[].ImageId", ["{base}"]),
            Ask("ec2.run_instances", launch(ImageId=f"{resolved}:1"), "Instances[].ImageId",
                [f"{{{UBUNTU}}}"]),
            Ask("ec2.create_launch_template",
                {**template, "LaunchTemplateData": {"ImageId": resolved,
                                                    "InstanceType": "t3.nano"}},
                "LaunchTemplate.LatestVersionNumber", 1),
            Ask("ec2.describe_launch_template_versions", template, f"{data}.ImageId", [resolved]),
            Ask("ec2.describe_launch_template_versions", {**template, "ResolveAlias": True},
                f"{data}.ImageId", ["{base}"]),
            Ask("ec2.run_instances", {"LaunchTemplate": template, "MinCount": 1, "MaxCount": 1},
                "Instances[].[ImageId, InstanceType]", [["{base}", "t3.nano"]]),
        ):  # fmt: skip
            asker.check(ask)
