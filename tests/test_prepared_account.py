"""What `account.toml` may hold, and what the control plane gets to know of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from packerlab.errors import BadInputError
from packerlab.prepared_account import load_account, state

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = """
format = 1
default_vpc = false
[[image]]
name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240501"
created = 2024-05-01T00:00:00Z
tags = { team = "web" }
[[team_image]]
name = "base-1"
regions = ["eu-west-1"]
deprecated_at = "2025-05-01T00:00:00+02:00"
[[key]]
alias = "alias/app"
[parameter]
"/app/version" = "1.2"
[secret]
token = "s3"
[quota]
instances = 1
[iam]
allow = ["ec2:Describe*", "*"]
deny = ["ec2:RunInstances"]
[second_account]
id = "444455556666"
[[second_account.image]]
name = "theirs"
public = false
shared = true
[[fault]]
action = "ec2:CopyImage"
region = "eu-west-1"
times = 1
code = "RequestLimitExceeded"
[hook]
status = 503
[machine]
boot_delay_s = 5
[[host]]
name = "web-1"
address = "10.0.0.9"
"""
LEFT = """
format = 1
[[team_image]]
name = "base-1"
created = "-95d"
state = "disabled"
shared_with = ["444455556666"]
protected = true
disks = 2
[[instance]]
name = "web"
image = "base-1"
state = "stopped"
created = "-3d"
tags = { Ami = "{image:base-1}" }
[[snapshot]]
region = "us-east-1"
description = "orphan"
created = 2024-05-01T00:00:00Z
[[key_pair]]
name = "packer_old"
created = "-12h"
[[security_group]]
name = "packer_old"
[[launch_template]]
name = "web"
image = "base-1"
[[launch_template]]
name = "batch"
image = ["base-1", "base-1"]
[parameter]
"/golden" = ["{image:base-1}", "ami-2"]
[second_account]
id = "444455556666"
roles = ["deployer"]
"""


WEB = """
format = 1
[[team_image]]
name = "base-1"
[[instance]]
name = "web"
image = "base-1"
"""


def test_whole_account(tmp_path: Path) -> None:
    path = tmp_path / "account.toml"
    path.write_text(WHOLE)
    told = state(load_account(path), "AKIA" + "A" * 16, "secret")
    assert json.loads(json.dumps(told)) == told
    assert told["image"] == [
        {
            "name": "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240501",
            "created": "2024-05-01T00:00:00Z",
            "tags": {"team": "web"},
        }
    ]
    assert told["team_image"][0]["deprecated_at"] == "2025-05-01T00:00:00+02:00"
    assert told["iam"] == {"allow": ["ec2:Describe*", "*"], "deny": ["ec2:RunInstances"]}
    assert told["second_account"]["image"] == [{"name": "theirs", "public": False, "shared": True}]
    assert told["access_key"].startswith("AKIA")


def test_what_somebody_left(tmp_path: Path) -> None:
    path = tmp_path / "account.toml"
    path.write_text(LEFT)
    told = state(load_account(path), "AKIA" + "A" * 16, "secret")
    assert json.loads(json.dumps(told)) == told
    assert told["team_image"][0]["created"] == "-95d"
    assert (told["team_image"][0]["protected"], told["team_image"][0]["disks"]) == (True, 2)
    assert [each["image"] for each in told["launch_template"]] == ["base-1", ["base-1", "base-1"]]
    assert told["instance"][0]["state"] == "stopped"
    assert told["snapshot"][0]["created"] == "2024-05-01T00:00:00Z"
    assert told["parameter"] == {"/golden": ["{image:base-1}", "ami-2"]}


def test_an_empty_table_of_rights_is_told(tmp_path: Path) -> None:
    """`[iam]` alone allows nothing, which is not the same as no `[iam]`."""
    path = tmp_path / "account.toml"
    path.write_text("format = 1\n[iam]\n")
    assert state(load_account(path), "", "")["iam"] == {}
    path.write_text("format = 1\n")
    assert "iam" not in state(load_account(path), "", "")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "format"),
        ("format = 2", "format"),
        ("format = 1\nregion = 'x'", "region"),
        ("format = 1\n[[image]]\nname = 'a'", "image"),
        ("format = 1\n[[image]]\nname = 'abc'\nregions = ['mars-1']", "regions"),
        ("format = 1\n[[image]]\nname = 'abc'\nowner = '12'", "owner"),
        ("format = 1\n[[team_image]]\nname = 'abc'\nowner = '123412341234'", "owner"),
        ("format = 1\n[[team_image]]\nname = 'abc'\ncreated = 2024-05-01T00:00:00", "created"),
        ("format = 1\n[[key]]\nalias = 'app'", "alias"),
        ("format = 1\n[[key]]\nalias = 'alias/a'\n[[key]]\nalias = 'alias/a'", "twice"),
        ("format = 1\n[quota]\ninstances = 21", "instances"),
        ("format = 1\n[iam]\nallow = ['RunInstances']", "allow"),
        ("format = 1\n[parameter]\na = 1", "parameter"),
        ("format = 1\n[second_account]\n", "id"),
        ("format = 1\n[[team_image]]\nname = 'abc'\ncreated = '-95'", "created"),
        ("format = 1\n[[team_image]]\nname = 'abc'\ncreated = 95", "created"),
        ("format = 1\n[[team_image]]\nname = 'abc'\ncreated = 'today'", "created"),
        ("format = 1\n[[instance]]\nname = 'web'\nimage = 'none'", "image `none`"),
        ("format = 1\n[[launch_template]]\nname = 'web'\nimage = 'none'", "image `none`"),
        (f"{WEB}key_pair = 'none'", "`web` has the key pair `none`, which is not there"),
        (f"{WEB}security_groups = ['none']", "in the security group `none`, which is not there"),
        ("format = 1\n[[launch_template]]\nname = 'web'\nimage = ['none']", "image `none`"),
        ("format = 1\n[[launch_template]]\nname = 'web'\nimage = []", "image"),
        ("format = 1\n[[team_image]]\nname = 'abc'\ndisks = 5", "disks"),
        ("format = 1\n[parameter]\na = '{image:none}'", "parameter.*no image `none`"),
        ("format = 1\n[[key_pair]]\nname = 'a'\ntags = { a = '{image:b}' }", "tags.*no image `b`"),
        ("format = 1\n[[key_pair]]\nname = 'a'\n[[key_pair]]\nname = 'a'", "twice"),
    ],
)
def test_mistakes_name_file_and_key(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "account.toml"
    path.write_text(text)
    with pytest.raises(BadInputError, match=says) as caught:
        load_account(path)
    assert str(path) in str(caught.value)
