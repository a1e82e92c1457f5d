"""Takes production off a bad base, and puts all that stands on it out of use."""

import json
import sys
from datetime import datetime, timezone
from pathlib import Path

import boto3

HOME = "eu-central-1"
ec2 = {region: boto3.client("ec2", region_name=region) for region in (HOME, "us-east-1")}
ssm = boto3.client("ssm", region_name=HOME)


def written(moment):
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def now():
    return written(datetime.now(timezone.utc))


def pages(client, call, key, **asked):
    return client.get_paginator(call).paginate(**asked).search(f"{key}[]")


# What stands on it: copies and images made by hand have no tags of ours, but each has its source.
images = {
    image["ImageId"]: {**image, "region": region}
    for region, client in ec2.items()
    for image in client.describe_images(Owners=["self"], IncludeDisabled=True)["Images"]
}
affected = []
found = [sys.argv[1]]
while found:
    affected += found
    found = [
        ami
        for ami, image in images.items()
        if image.get("SourceImageId") in affected and ami not in affected
    ]

# 1. Stop the bleeding: each channel goes back to its last good image.
began = []
for channel in pages(ssm, "get_parameters_by_path", "Parameters", Path="/images", Recursive=True):
    name = channel["Name"]
    history = list(pages(ssm, "get_parameter_history", "Parameters", Name=name))
    bad = [version["LastModifiedDate"] for version in history if version["Value"] in affected]
    if bad and name.endswith("/prod"):
        began.append(min(bad))
    if channel["Value"] not in affected:
        continue
    good = [
        version["Value"]
        for version in history
        if version["Value"] not in affected
        and images.get(version["Value"], {}).get("State") == "available"
    ]
    if good:
        ssm.put_parameter(Name=name, Value=good[-1], Overwrite=True)
        print(name, "names", good[-1], "again")
    else:
        print(name, "has no good image to go back to", file=sys.stderr)
safe = now()

# 2. Contain: nobody starts any of them again, and all of them can still be looked at.
for ami in affected:
    if images[ami]["State"] != "disabled":
        ec2[images[ami]["region"]].disable_image(ImageId=ami)
contained = now()

# 3. Clean up: builders on one of these images, and nobody else's.
asked = [
    {"Name": "image-id", "Values": affected},
    {"Name": "key-name", "Values": ["packer_*"]},
    {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]},
]
for client in ec2.values():
    builders = list(
        pages(client, "describe_instances", "Reservations[].Instances", Filters=asked)
    )
    ids = [builder["InstanceId"] for builder in builders]
    if not ids:
        continue
    client.terminate_instances(InstanceIds=ids)
    client.get_waiter("instance_terminated").wait(InstanceIds=ids)
    for builder in builders:
        client.delete_key_pair(KeyName=builder["KeyName"])
        for group in builder["SecurityGroups"]:
            if group["GroupName"].startswith("packer_"):
                client.delete_security_group(GroupId=group["GroupId"])

notes = {
    "bad_base": sys.argv[1],
    "affected": affected[1:],
    "began": written(min(began)),
    "safe": safe,
    "contained": contained,
}
Path("out/postmortem.json").write_text(json.dumps(notes, indent=2) + "\n")
