"""Plan which images go, write the plan down, and then carry it out."""

import json
import sys
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import boto3

YOUNG = timedelta(days=7)
TESTED = 3
VERSIONS = 3


@cache
def client(service, region):
    return boto3.client(service, region_name=region)


def pages(service, call, **words):
    return service.get_paginator(call).paginate(**words)


def tags(image):
    return {tag["Key"]: tag["Value"] for tag in image.get("Tags", [])}


# --- what names an image: all of these return ids ---


def of_machines(ec2):
    for page in pages(ec2, "describe_instances"):
        for reservation in page["Reservations"]:
            for machine in reservation["Instances"]:
                if machine["State"]["Name"] != "terminated":
                    yield machine["ImageId"]


def of_templates(ec2):
    for page in pages(ec2, "describe_launch_templates"):
        for template in page["LaunchTemplates"]:
            about = {"LaunchTemplateId": template["LaunchTemplateId"]}
            for versions in pages(ec2, "describe_launch_template_versions", **about):
                for version in versions["LaunchTemplateVersions"]:
                    yield version["LaunchTemplateData"].get("ImageId")


def of_channels(ssm):
    for page in pages(ssm, "get_parameters_by_path", Path="/images", Recursive=True):
        for parameter in page["Parameters"]:
            history = []
            for versions in pages(ssm, "get_parameter_history", Name=parameter["Name"]):
                history += versions["Parameters"]
            history.sort(key=lambda version: version["Version"])
            yield from (version["Value"] for version in history[-VERSIONS:])


def of_images(images):
    return (tags(image).get("BaseAMI") for image in images)


# --- what else keeps an image ---


def last_tested(images):
    tested = defaultdict(list)
    for image in sorted(images, key=lambda image: image["CreationDate"]):
        if image["State"] == "available" and tags(image).get("Tested") == "true":
            tested[tags(image).get("Service")].append(image["ImageId"])
    return (ami for service in tested.values() for ami in service[-TESTED:])


def young(images):
    limit = (datetime.now(UTC) - YOUNG).isoformat()
    return (image["ImageId"] for image in images if image["CreationDate"] > limit)


def reason_to_ask(ec2, image):
    """Why somebody has to decide about an image that nothing keeps."""
    if image["State"] == "disabled":
        return "disabled"
    if image.get("DeregistrationProtection", "disabled") != "disabled":
        return "protected"
    about = {"ImageId": image["ImageId"], "Attribute": "launchPermission"}
    if ec2.describe_image_attribute(**about)["LaunchPermissions"]:
        return "shared"
    return None


def planned(region):
    ec2, ssm = client("ec2", region), client("ssm", region)
    images = ec2.describe_images(Owners=["self"], IncludeDisabled=True)["Images"]
    kept = {
        *of_machines(ec2),
        *of_templates(ec2),
        *of_channels(ssm),
        *of_images(images),
        *last_tested(images),
        *young(images),
    }
    for image in images:
        if "Service" in tags(image) and image["ImageId"] not in kept:
            entry = {"image": image["ImageId"], "name": image["Name"], "region": region}
            why = reason_to_ask(ec2, image)
            yield {**entry, "do": "report", "why": why} if why else {**entry, "do": "remove"}


def main(words):
    dry_run = "--dry-run" in words
    plan = [entry for word in words if word != "--dry-run" for entry in planned(word)]
    Path("out").mkdir(exist_ok=True)
    Path("out/plan.json").write_text(json.dumps(plan, indent=2) + "\n")
    for entry in plan:
        print(entry["region"], entry["name"], entry["do"], entry.get("why", ""))
        if entry["do"] == "remove" and not dry_run:
            ec2 = client("ec2", entry["region"])
            ec2.deregister_image(ImageId=entry["image"], DeleteAssociatedSnapshots=True)


main(sys.argv[1:])
