"""Removes what killed builds have left, and nothing else."""

import sys
from datetime import datetime, timezone

import boto3
from botocore.exceptions import ClientError

ec2 = boto3.client("ec2")
now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
builders = {"Name": "tag:Builder", "Values": ["packer"]}
failed = False


def overdue(things):
    return [thing for thing in things if expires(thing) < now]


def expires(thing):
    tags = {tag["Key"]: tag["Value"] for tag in thing["Tags"]}
    return tags.get("ExpiresAt", "never")


def found(call, key, name, *values):
    """All builders' things of a kind, from every page of the answer."""
    filters = [builders, {"Name": name, "Values": values}] if name else [builders]
    return ec2.get_paginator(call).paginate(Filters=filters).search(key)


def mark(machine):
    """Write a machine's own tags on what goes with it: without the machine, nothing leads there."""
    named = [{"Name": "key-name", "Values": [machine.get("KeyName", "")]}]
    pairs = ec2.describe_key_pairs(Filters=named)["KeyPairs"]
    names = {pair["KeyPairId"]: pair["KeyName"] for pair in pairs}
    names |= {group["GroupId"]: group["GroupName"] for group in machine["SecurityGroups"]}
    temporary = [thing for thing, name in names.items() if name.startswith("packer_")]
    if temporary:
        tags = [tag for tag in machine["Tags"] if tag["Key"] in ("Builder", "ExpiresAt")]
        ec2.create_tags(Resources=temporary, Tags=tags)


def remove(call, **which):
    """What can't be removed is left to the next pass, and doesn't keep the rest from going."""
    global failed
    try:
        call(**which)
        print("removed", *which.values())
    except ClientError as error:
        print("janitor:", error, file=sys.stderr)
        failed = True


alive = ("pending", "running", "stopping", "stopped")
machines = overdue(
    found("describe_instances", "Reservations[].Instances[]", "instance-state-name", *alive)
)
for machine in machines:
    mark(machine)
if machines:
    ids = [machine["InstanceId"] for machine in machines]
    ec2.terminate_instances(InstanceIds=ids)
    ec2.get_waiter("instance_terminated").wait(InstanceIds=ids)

for pair in overdue(ec2.describe_key_pairs(Filters=[builders])["KeyPairs"]):
    remove(ec2.delete_key_pair, KeyName=pair["KeyName"])
for group in overdue(found("describe_security_groups", "SecurityGroups[]", "")):
    remove(ec2.delete_security_group, GroupId=group["GroupId"])
for volume in overdue(found("describe_volumes", "Volumes[]", "status", "available")):
    remove(ec2.delete_volume, VolumeId=volume["VolumeId"])

sys.exit(failed)
