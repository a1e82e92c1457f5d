"""Replays last night in the account, for real: python3 incident/replay.py [SERVICE [NAMES]]

SERVICE is the one whose production has the bad image now (web). All images of the night have names
that end with NAMES. The last line says what the pager says.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import boto3

HERE = Path(__file__).parent
HOME, OTHER = "eu-central-1", "us-east-1"
SERVICES = ["web", "shop", "mail"]

live, names = (*sys.argv[1:], *("web", "night")[len(sys.argv) - 1 :])
idle = SERVICES[(SERVICES.index(live) + 1) % 3]
ec2 = {region: boto3.client("ec2", region_name=region) for region in (HOME, OTHER)}
ssm = boto3.client("ssm", region_name=HOME)


def packer(*only):
    words = ["-color=false", f"-var=names={names}", "-only=" + ",".join(only), "."]
    return subprocess.Popen(
        ["packer", "build", *words],
        cwd=HERE,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )


def build(*only):
    process = packer(*only)
    said = process.communicate()[0]
    if process.returncode:
        sys.exit(said)


def image(name):
    asked = [{"Name": "name", "Values": [name]}]
    return ec2[HOME].describe_images(Owners=["self"], Filters=asked)["Images"][0]["ImageId"]


def launch(region, ami, **more):
    launched = ec2[region].run_instances(
        ImageId=ami, InstanceType="t3.micro", MinCount=1, MaxCount=1, **more
    )
    return launched["Instances"][0]["InstanceId"]


def made_by_hand(region, ami, name):
    """An image of a machine, as somebody makes one in the console: no Packer, no tags."""
    machine = launch(region, ami)
    ec2[region].get_waiter("instance_running").wait(InstanceIds=[machine])
    made = ec2[region].create_image(InstanceId=machine, Name=name)["ImageId"]
    ec2[region].get_waiter("image_available").wait(ImageIds=[made])
    ec2[region].terminate_instances(InstanceIds=[machine])
    ec2[region].get_waiter("instance_terminated").wait(InstanceIds=[machine])
    return made


def copied(region, ami, name):
    copy = ec2[region].copy_image(SourceRegion=HOME, SourceImageId=ami, Name=name)["ImageId"]
    ec2[region].get_waiter("image_available").wait(ImageIds=[copy])
    return copy


def promote(service, channel, ami):
    ssm.put_parameter(Name=f"/images/{service}/{channel}", Value=ami, Overwrite=True)


print("A colleague copies Ubuntu, to look for a fault.", flush=True)
build("amazon-ebs.debug")
print("The nightly job builds the base, and then the services on it.", flush=True)
build("amazon-ebs.base")
build(*(f"amazon-ebs.{service}" for service in SERVICES))
base, bad = image(f"base-{names}"), {each: image(f"{each}-{names}") for each in SERVICES}

print("People copy these images, and go on from them.", flush=True)
tools = made_by_hand(HOME, bad[live], f"tools-{names}")
copied(HOME, base, f"golden-{names}")
standby = copied(OTHER, bad[idle], f"standby-{names}")
made_by_hand(OTHER, standby, f"report-{names}")
copied(HOME, ssm.get_parameter(Name="/images/db/prod")["Parameter"]["Value"], f"db-{names}")

print(f"{live} goes to its canary and to production, and {idle} to its canary.", flush=True)
promote(live, "canary", bad[live])
promote(live, "prod", tools)
promote(live, "prod", bad[live])
promote(idle, "canary", bad[idle])
launch(HOME, bad[live], KeyName="operations")

print("The build of a fourth service hangs. After an hour, CI kills it.", flush=True)
hanging = packer("amazon-ebs.search")
for line in hanging.stdout:
    if "Connected to SSH" in line:
        break
os.killpg(hanging.pid, signal.SIGKILL)
hanging.wait()
print(f"\n{live} does not answer any more. The base {base} is bad.")
